"""Known file formats, and the detection of a file's format by its columns.

Formats are listed with the more specific ones first. If several plain formats fit a file, it is refused: the caller
chooses with an option.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Final

from attrs import frozen

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.columns import KINDS, Kind
from harvest_async.importer.sources.fieldlist import deciding, field_named, unknown_field
from harvest_async.importer.sources.kinds import Notice
from harvest_async.importer.sources.options import DateOrder, Fill, Options
from harvest_async.importer.sources.summaries import refuse_summary, refuse_week
from harvest_async.importer.sources.words import FILLED, plain, readable

__all__ = ["FORMATS", "Format", "Layout", "lay_out"]


@frozen(eq=False)
class Format:
    """A file format.

    Attributes:
        name, title: its names in options and in messages.
        kind: the kind of its rows.
        signs: sets of columns; a file with all columns of one set has this format. Plain formats have none.
        dates: the order of its dates with the year last, if it prescribes one.
        passed: prefixes of columns that are not imported, besides those of the kind.
        blank: a text that means an empty cell.
    """

    name: str
    title: str
    kind: Kind
    signs: tuple[frozenset[str], ...] = ()
    dates: DateOrder | None = None
    passed: tuple[str, ...] = ()
    blank: str = ""


def _signs(*columns: str) -> frozenset[str]:
    return frozenset(columns)


_TIME: Final = KINDS["time_entries"]

_PLAIN: Final = {
    "time": ("time_entries", "time entries"),
    "expenses": ("expenses", "expenses"),
    "clients": ("clients", "clients"),
    "contacts": ("contacts", "contacts of clients"),
    "projects": ("projects", "projects"),
    "tasks": ("tasks", "tasks"),
    "people": ("people", "people"),
    "task-assignments": ("task_assignments", "tasks of projects"),
    "user-assignments": ("user_assignments", "people of projects"),
    "expense-categories": ("expense_categories", "categories of expenses"),
    "invoice-item-categories": ("invoice_item_categories", "categories of invoice items"),
    "invoices": ("invoices", "invoices"),
    "invoice-messages": ("invoice_messages", "messages about invoices"),
    "invoice-payments": ("invoice_payments", "payments of invoices"),
}

FORMATS: Final = {
    each.name: each
    for each in (
        Format(
            "toggl", "Toggl Track, detailed report", _TIME,
            (
                _signs("user", "project", "description", "start date", "duration"),
                _signs("member", "start date", "duration"),
                _signs("start date", "stop date", "duration"),
                _signs("start date", "stop time", "duration"),
            ),
            passed=("amount",), blank="-",
        ),
        Format(
            "clockify", "Clockify, detailed report", _TIME,
            (
                _signs("user", "project", "description", "start date", "duration (h)"),
                _signs("user", "project", "description", "start date", "duration (decimal)"),
                _signs("user", "project", "description", "start date", "time (h)"),
            ),
            passed=("billable rate", "billable amount", "amount", "cost rate", "cost amount"),
        ),
        Format(
            "harvest-report", "Harvest, detailed time report", _TIME,
            (_signs("date", "client", "project", "project code", "task", "hours", "first name", "last name"),),
        ),
        Format(
            "harvest", "Harvest, time import (8 columns)", _TIME,
            (_signs("date", "client", "project", "task", "hours", "first name", "last name"),), dates="mdy",
        ),
        Format(
            "harvest-expenses", "Harvest, expense import (10 columns)", KINDS["expenses"],
            (_signs("date", "amount", "units", "client", "project", "category", "first name", "last name"),),
            dates="mdy",
        ),
        Format(
            "harvest-expense-report", "Harvest, detailed expense report", KINDS["expenses"],
            (
                _signs("date", "client", "project", "category", "amount", "first name", "last name"),
                _signs("date", "client", "project", "expense category", "amount", "first name", "last name"),
                _signs("date", "client", "project", "expense category", "total cost", "first name", "last name"),
                _signs("date", "client", "project", "category", "total cost", "first name", "last name"),
            ),
        ),
        Format(
            "harvest-projects", "Harvest, projects import (6 columns)", KINDS["projects"],
            (_signs("client", "project", "project code", "start date", "end date", "project notes"),),
        ),
        *(Format(name, f"plain {title}", KINDS[kind]) for name, (kind, title) in _PLAIN.items()),
    )
}  # fmt: skip
"""The formats by their names."""

_MOST_COLUMNS: Final = 1 << 14
_BY_STEM: Final = {kind: name for name, (kind, _) in _PLAIN.items()} | {"time": "time", "users": "people"}
_ROOTS: Final = {
    "client": "clients", "contact": "contacts", "project": "projects", "task": "tasks", "user": "people",
    "users": "people",
    "task_assignment": "task-assignments", "user_assignment": "user-assignments", "day_entry": "time",
    "expense_category": "expense-categories", "expense": "expenses", "invoice": "invoices", "invoices": "invoices",
    "invoice_category": "invoice-item-categories", "invoice_item_category": "invoice-item-categories",
    "message": "invoice-messages", "payment": "invoice-payments",
}  # fmt: skip


@frozen(eq=False)
class Layout:
    """The columns of a file and the fields that they are read as.

    Attributes:
        format: the format.
        places: field -> index of its column.
        titles: the file's column names, with single blanks.
        notices: columns that are not read.
        opposites: fields whose column holds the opposite, as `is_active` does for `archived`.
    """

    format: Format
    places: Mapping[str, int]
    titles: Sequence[str]
    notices: tuple[Notice, ...]
    opposites: frozenset[str] = frozenset()

    def title(self, name: str) -> str:
        """Return the name of a field's column for messages."""
        if name in self.places:
            return self.titles[self.places[name]]
        return self.format.kind.titles.get(name, name.capitalize())


def lay_out(header: Sequence[str], line: int, options: Options, file: str = "", root: str = "") -> Layout:
    """Detect the format of a header and the fields of its columns.

    Args:
        header: its cells.
        line: its line, for messages.
        options: the format and the mapped columns, if they are given.
        file: the file's name, which may be the name of a resource.
        root: the singular name that wraps the records.

    Raises:
        InvalidArgument: a column occurs twice, or no format or more than one fits the columns.
    """
    if len(header) > _MOST_COLUMNS:
        raise InvalidArgument(f"line {line}: the header has {len(header):,} columns: is --delimiter right?")
    titles = [readable(cell) for cell in header]
    names = [plain(title) for title in titles]
    mapped = _mapped(options, names, titles)
    refuse_week(names, mapped, titles, line)
    chosen = _choose(names, mapped, options, file, root, titles, line)
    _refuse_doubles(chosen.kind, names, titles, line)
    layout = _place(chosen, names, titles, mapped)
    _refuse_filled(layout, names, mapped, options.fill, line)
    return layout


def _refuse_doubles(kind: Kind, names: Sequence[str], titles: Sequence[str], line: int) -> None:
    """Refuse a header in which a column that is read occurs twice."""
    seen: set[str] = set()
    fields = kind.names()
    for name, title in zip(names, titles, strict=True):
        if name in fields and name in seen:
            raise InvalidArgument(f"line {line}: the column {title!r} is there twice: rename one of them")
        seen.add(name)


def _refuse_filled(layout: Layout, names: Sequence[str], mapped: Mapping[int, str], fill: Fill, line: int) -> None:
    """Refuse an option that would replace the values of an unread column: see `words`."""
    read = set(layout.places.values())
    for field, words in FILLED.items():
        given = getattr(fill, field)
        if not given or (field == "person" and layout.format.kind.name == "people"):
            continue
        for index, name in enumerate(names):
            if name in words and index not in read and index not in mapped:
                title = layout.titles[index]
                raise InvalidArgument(
                    f"line {line}: --{field} {given!r} would override the column {title!r}, which is not "
                    f"read: read it with --map '{title}={field}' in place of --{field}, or ignore it with "
                    f"--map '{title}='"
                )


def _mapped(options: Options, names: Sequence[str], titles: Sequence[str]) -> dict[int, str]:
    """Return the fields of the mapped columns by the index of the column."""
    chosen = FORMATS.get(options.format)
    kinds = [chosen.kind] if chosen is not None else list(KINDS.values())
    found: dict[int, str] = {}
    for column, target in options.columns.items():
        if plain(column) not in names:
            raise InvalidArgument(
                f"--map {column}={target}: Column {column!r} not found. Available: {', '.join(titles)}"
            )
        name = field_named(kinds, target) if target.strip() else ""
        if name is None:
            raise InvalidArgument(unknown_field(column, target, kinds))
        if name and name in found.values():
            raise InvalidArgument(f"--map {column}={target}: another column is mapped to {name}, too: leave one out")
        found[names.index(plain(column))] = name
    return found


def _choose(
    names: Sequence[str],
    mapped: Mapping[int, str],
    options: Options,
    file: str,
    root: str,
    titles: Sequence[str],
    line: int,
) -> Format:
    if options.format != "auto":
        if options.format not in FORMATS:
            raise InvalidArgument(f"{options.format!r} is no format; there are: auto, {', '.join(FORMATS)}")
        chosen = FORMATS[options.format]
    else:
        chosen = _by_signs(names) or _by_name(file, root) or _by_fields(names, mapped, titles, line)
    read = chosen.kind.names()
    is_of_records = chosen.kind.name not in ("time_entries", "expenses")
    if is_of_records and options.format == "auto":
        refuse_summary(read, names, mapped, titles, line)
    if missing := _missing(chosen.kind, names, mapped):
        required = ", ".join(" or ".join(chosen.kind.titles.get(one, one) for one in group) for group in missing)
        raise InvalidArgument(
            f"line {line}: a file of {chosen.title} needs the columns {required}, and has {', '.join(titles)}: "
            "name them with --map COLUMN=FIELD, or another format with --format"
        )
    if is_of_records:
        refuse_summary(read, names, mapped, titles, line)
    return chosen


def _by_signs(names: Sequence[str]) -> Format | None:
    there = frozenset(names)
    return next((each for each in FORMATS.values() if any(signs <= there for signs in each.signs)), None)


def _by_name(file: str, root: str) -> Format | None:
    name = _ROOTS.get(root) or _BY_STEM.get(root) or _BY_STEM.get(PurePath(file).stem.lower().replace("-", "_"))
    return FORMATS[name] if name else None


def _by_fields(names: Sequence[str], mapped: Mapping[int, str], titles: Sequence[str], line: int) -> Format:
    """Return the plain format that has fields for the most columns."""
    plain_ones = [FORMATS[name] for name in _PLAIN]
    fitting = [each for each in plain_ones if not _missing(each.kind, names, mapped)]
    known = {each.name: len(_fields(each.kind, names, mapped)) for each in fitting}
    best = [each for each in fitting if known[each.name] == max(known.values())]
    if "time" in known and "category" not in _fields(KINDS["expenses"], names, mapped):
        best = [each for each in best if each.name != "expenses"] or [FORMATS["time"]]  # timesheets have amounts, too
    if len(best) == 1:
        return best[0]
    columns = ", ".join(titles)
    if best:
        raise InvalidArgument(
            f"line {line}: the columns ({columns}) may be {' or '.join(each.name for each in best)}: "
            "choose with --format, or map a column with --map to a field that only one of them has "
            f"({deciding([each.kind for each in best])})"
        )
    hint = "; if the header is on a later line, delete the lines above it" if len(titles) == 1 else ""
    some = "; ".join(f"{each.title} ({each.name})" for each in FORMATS.values() if each.signs)
    raise InvalidArgument(
        f"line {line}: the columns ({columns}) are of no known format: {some}; plain "
        f"{', '.join(_PLAIN)}. Name it with --format, and columns with --map COLUMN=FIELD{hint}"
    )


def _fields(kind: Kind, names: Sequence[str], mapped: Mapping[int, str]) -> set[str]:
    spellings = kind.names()
    own = {spellings[name] for index, name in enumerate(names) if index not in mapped and name in spellings}
    return own | {name for name in mapped.values() if name in kind.titles or name in kind.fields}


def _missing(kind: Kind, names: Sequence[str], mapped: Mapping[int, str]) -> list[tuple[str, ...]]:
    there = _fields(kind, names, mapped)
    return [group for group in kind.needed if there.isdisjoint(group)]


def _place(chosen: Format, names: Sequence[str], titles: Sequence[str], mapped: Mapping[int, str]) -> Layout:
    kind, spellings = chosen.kind, {**chosen.kind.opposites, **chosen.kind.names()}
    places: dict[str, int] = {}
    notices: list[Notice] = []
    for index, target in mapped.items():
        if target and target not in kind.titles and target not in kind.fields:
            raise InvalidArgument(unknown_field(titles[index], target, [kind]))
        if target:
            places[target] = index
    for index, name in enumerate(names):
        if index in mapped or not name:
            continue
        target = spellings.get(name, "")
        if target and target not in places:
            places[target] = index
        elif target and name not in kind.passed:
            notices.append(Notice(titles[index], f"is not read: {titles[places[target]]!r} is read as {target}"))
        elif not target and name not in kind.passed and not name.startswith(chosen.passed or ("\0",)):
            notices.append(Notice(titles[index], "is not read: no field of that name is known; see --map"))
    opposites = {field for field, index in places.items() if kind.opposites.get(names[index]) == field}
    return Layout(chosen, places, titles, tuple(notices), frozenset(opposites))
