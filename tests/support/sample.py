"""A team's export with the mess of a real one, made up from a seed.

`python -m tests.support.sample FILE` writes the sample that ships with the package.
"""

import csv
import io
import random
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

HEADER = [
    "User",
    "Email",
    "Client",
    "Project",
    "Task",
    "Description",
    "Billable",
    "Start date",
    "Start time",
    "End date",
    "End time",
    "Duration",
    "Tags",
    "Amount (USD)",
]
PEOPLE = ("Person One", "Person Two", "Person Three", "Person Four", "Person Five")
WHAT = (
    "Daily meeting", "Review of #42", 'Pairing on "import"', "Prüfung der Schnittstelle", "Write tests, fix tests",
    "Plan; estimate; plan again", "Read the docs ", "", "Meeting\nwith the client", "Ticket 7/8 – follow-up",
)  # fmt: skip
TAGS = ("", "Meeting", "Meeting, Team Meeting", "Reading", "Implementation")


def make_rows(count, seed=2016, people=PEOPLE, project="Development Studio"):
    """Return rows as they are in the file, without two that are wholly equal."""
    chance = random.Random(seed)
    day, rows, seen = date(2026, 1, 5), [], set()
    while len(rows) < count:
        start = datetime(
            day.year, day.month, day.day, chance.randint(7, 23), chance.randint(0, 59), chance.randint(0, 59)
        )
        seconds = chance.choice([23, 79, 900, 1800, 3600, 5400, 6305, 9127, 25127, chance.randint(60, 20_000)])
        end = start + timedelta(seconds=seconds)
        person = chance.choice(people)
        row = (
            person, f"{person.split()[-1].lower()}@example.com", "", project, "", chance.choice(WHAT), "Yes",
            start.date().isoformat(), f"{start:%H:%M:%S}", end.date().isoformat(), f"{end:%H:%M:%S}",
            f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}", chance.choice(TAGS), "0.00",
        )  # fmt: skip
        if row not in seen:
            seen.add(row)
            rows.append(row)
        if chance.random() < 0.2:
            day += timedelta(days=1)
    return rows


def write_csv(rows, header=HEADER, delimiter=","):
    """The bytes of a file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(write_csv(make_rows(250)))
