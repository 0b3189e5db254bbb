"""Small files for tests of sources."""

import csv
import io

from harvest_async.importer.sources import Options, Problem, open_source

TOGGL = ("User", "Email", "Client", "Project", "Task", "Description", "Start date", "Start time", "Duration")
HARVEST = ("Date", "Client", "Project", "Task", "Notes", "Hours", "First name", "Last name")


def table(header, *rows, delimiter=",", encoding="utf-8"):
    """The bytes of a file."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([header, *rows])
    return text.getvalue().encode(encoding)


def toggl(**cells):
    """One row of a Toggl file; what is not given is good."""
    good = {
        "user": "Person One", "email": "one@example.com", "client": "ACME", "project": "Website", "task": "Design",
        "description": "Daily meeting", "start_date": "2026-01-05", "start_time": "09:00:00", "duration": "00:30:00",
    }  # fmt: skip
    return tuple((good | cells).values())


def harvest(**cells):
    """One row of a Harvest time import; what is not given is good."""
    good = {
        "date": "2026-01-05", "client": "ACME", "project": "Website", "task": "Design", "notes": "", "hours": "1.5",
        "first_name": "Person", "last_name": "One",
    }  # fmt: skip
    return tuple((good | cells).values())


def opened(content, **options):
    """What is found out about a file, and all that it gives."""
    with open_source(io.BytesIO(content), Options(**options)) as source:
        return source.found[0], list(source)


def rows_of(content, **options):
    """The rows of a file that has no problem."""
    _, items = opened(content, **options)
    assert [str(item) for item in items if isinstance(item, Problem)] == []
    return items


def problems_of(content, **options):
    """What is wrong with a file."""
    return [item for item in opened(content, **options)[1] if isinstance(item, Problem)]
