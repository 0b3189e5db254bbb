"""Files -> rows: time entries as people export them from time trackers.

Rules of this room: pure; bytes in, rows and problems out. The format, the encoding and the delimiter are found in the
file itself. Every bad cell is told, with line, row, column and reason. Hours depend on the row alone.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any, Final

from attrs import field, frozen

from harvest_async.errors import InvalidArgument

__all__ = ["FORMATS", "ROUNDINGS", "Fill", "Problem", "Row", "Sheet", "read_sheet"]

ROUNDINGS: Final = {
    "half-up": ROUND_HALF_UP,
    "half-even": ROUND_HALF_EVEN,
    "up": ROUND_CEILING,
    "down": ROUND_FLOOR,
}
"""How hours are brought to two decimals."""

_CENT: Final = Decimal("0.01")
_LONGEST_DAY: Final = 24 * 31
_LONGEST_CELL: Final = 1_000_000
_DURATION: Final = re.compile(r"(\d{1,4}):([0-5]\d):([0-5]\d)")
_CLOCK: Final = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?")
_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_US: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_DOTS: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_NUMBER: Final = re.compile(r"\d{1,5}(?:[.,]\d{1,10})?")


@frozen
class Problem:
    """Why a row can't be imported.

    Attributes:
        line: the line of the file on which the row begins; 0 where it concerns the whole file.
        row: the row's number, the first below the header is 1.
        column: the column's name; empty where it concerns the whole row.
        reason: what is wrong, and what would help.
    """

    line: int
    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        where = f"line {self.line}, row {self.row}"
        return f"{where}, {self.column}: {self.reason}" if self.column else f"{where}: {self.reason}"


@frozen
class Row:
    """One time entry.

    Attributes:
        line, row: where it stands in the file (see `Problem`).
        client, project, task: names.
        notes: what was done; empty where nothing is said.
        day: the day it belongs to; of an entry over midnight the day on which it began.
        exact: hours as the file has them.
        hours: hours as they are sent: to two decimals.
        person: the person's name; empty where only the e-mail is known.
        email: the person's e-mail address; empty where only the name is known.
        started, ended: times of day; None where the file has none.
    """

    line: int
    row: int
    client: str
    project: str
    task: str
    notes: str
    day: date
    exact: Fraction
    hours: Decimal
    person: str
    email: str
    started: time | None = None
    ended: time | None = None


@frozen
class Fill:
    """What is put where a file has nothing; None leaves it empty."""

    client: str | None = None
    project: str | None = None
    task: str | None = None
    person: str | None = None


@frozen
class Sheet:
    """A file that was read.

    Attributes:
        format: one of `FORMATS`.
        encoding, delimiter: as they were found.
        rows: the good rows.
        problems: what is wrong with the others.
    """

    format: str
    encoding: str
    delimiter: str
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]

    @property
    def exact_hours(self) -> Fraction:
        """The sum of the good rows, as the file has it."""
        return sum((row.exact for row in self.rows), Fraction())

    @property
    def hours(self) -> Decimal:
        """The sum of the good rows, each as it is sent."""
        return sum((row.hours for row in self.rows), Decimal())


@frozen
class _Format:
    """A kind of file: the columns that it is told by, and how its rows are read."""

    name: str
    title: str
    needed: frozenset[str]
    read: Callable[[_Cells], Row | None] = field(repr=False)


class _Cells:
    """One row of a file while it is read: gives cells by the column's name, gathers what is wrong."""

    def __init__(
        self, line: int, row: int, cells: Mapping[str, str], names: Mapping[str, str], fill: Fill, rounding: str
    ) -> None:
        self.line = line
        self.row = row
        self.rounding = rounding
        self.problems: list[Problem] = []
        self._cells = cells
        self._names = names
        self._fill = fill

    def text(self, column: str) -> str:
        """A cell as it stands; empty where the column is not there."""
        return self._cells.get(column, "")

    def wrong(self, column: str, reason: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(self.line, self.row, self._names.get(column, column.capitalize()), reason))

    def named(self, column: str) -> str:
        """A name that has to be there: from the cell, or from the option of the same name."""
        name = " ".join(self.text(column).split()) or (getattr(self._fill, column) or "").strip()
        if not name:
            self.wrong(column, f"is empty: give --{column} NAME for rows that have none")
        return name

    def day(self, column: str, *forms: tuple[re.Pattern[str], str]) -> date | None:
        """A day in one of the forms that the file may have."""
        text = self.text(column).strip()
        for pattern, order in forms:
            if match := pattern.fullmatch(text):
                parts = dict(zip(order, map(int, match.groups()), strict=True))
                try:
                    return date(parts["y"], parts["m"], parts["d"])
                except ValueError:
                    break
        self.wrong(column, f"{text!r} is no date: write 2026-01-31" if text else "is empty: a date is needed")
        return None

    def clock(self, column: str) -> time | None:
        """A time of day; None where there is none."""
        text = self.text(column).strip()
        if not text:
            return None
        match = _CLOCK.fullmatch(text)
        if match is None or int(match[1]) > 23:  # noqa: PLR2004 - the last hour of a day
            self.wrong(column, f"{text!r} is no time of day: write 13:45:00")
            return None
        return time(int(match[1]), int(match[2]), int(match[3] or 0))

    def duration(self, column: str) -> Fraction | None:
        """A duration HH:MM:SS, in hours."""
        text = self.text(column).strip()
        match = _DURATION.fullmatch(text)
        if match is None:
            self.wrong(column, f"{text!r} is no duration: write 01:30:00" if text else "is empty: a duration is needed")
            return None
        hours, minutes, seconds = map(int, match.groups())
        return self._sane(column, Fraction(hours * 3600 + minutes * 60 + seconds, 3600))

    def decimal(self, column: str) -> Fraction | None:
        """Decimal hours, with a point or a comma."""
        text = self.text(column).strip()
        if not _NUMBER.fullmatch(text):
            self.wrong(column, f"{text!r} is no number of hours: write 1.5" if text else "is empty: hours are needed")
            return None
        return self._sane(column, Fraction(text.replace(",", ".")))

    def _sane(self, column: str, hours: Fraction) -> Fraction | None:
        if hours > _LONGEST_DAY:
            self.wrong(column, f"{float(hours):g} hours are more than one entry can have")
            return None
        return hours

    def entry(
        self,
        day: date | None,
        exact: Fraction | None,
        *,
        notes: str,
        person: str,
        email: str,
        started: time | None = None,
        ended: time | None = None,
    ) -> Row | None:
        """The row, if nothing is wrong with it."""
        client, project, task = (self.named(column) for column in ("client", "project", "task"))
        person, email = self._who(person, email)
        if self.problems or day is None or exact is None:
            return None
        hours = (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(_CENT, self.rounding)
        return Row(self.line, self.row, client, project, task, notes, day, exact, hours, person, email, started, ended)

    def _who(self, person: str, email: str) -> tuple[str, str]:
        person, email = " ".join(person.split()), email.strip().lower()
        if not person and not email:
            given = (self._fill.person or "").strip()
            if not given:
                self.wrong("person", "is empty: give --person EMAIL or NAME for rows that have none")
            return ("", given.lower()) if "@" in given else (given, "")
        if email and ("@" not in email or any(letter.isspace() for letter in email)):
            self.wrong("email", f"{email!r} is no e-mail address")
        return person, email


def _read_toggl(cells: _Cells) -> Row | None:
    return cells.entry(
        cells.day("start date", (_ISO, "ymd")),
        cells.duration("duration"),
        notes=cells.text("description"),
        person=cells.text("user"),
        email=cells.text("email"),
        started=cells.clock("start time"),
        ended=cells.clock("end time"),
    )


def _read_harvest(cells: _Cells) -> Row | None:
    return cells.entry(
        cells.day("date", (_ISO, "ymd"), (_US, "mdy"), (_DOTS, "dmy")),
        cells.decimal("hours"),
        notes=cells.text("notes") or cells.text("note"),
        person=f"{cells.text('first name')} {cells.text('last name')}",
        email="",
    )


FORMATS: Final = {
    each.name: each
    for each in (
        _Format(
            "toggl",
            "Toggl Track, detailed report",
            frozenset({"user", "project", "description", "start date", "duration"}),
            _read_toggl,
        ),
        _Format(
            "harvest-report",
            "Harvest, detailed time report",
            frozenset({"date", "client", "project", "project code", "task", "hours", "first name", "last name"}),
            _read_harvest,
        ),
        _Format(
            "harvest",
            "Harvest, time import (8 columns)",
            frozenset({"date", "client", "project", "task", "hours", "first name", "last name"}),
            _read_harvest,
        ),
    )
}
"""The kinds of file, the more particular first."""


def read_sheet(content: bytes, *, format: str = "auto", fill: Fill = Fill(), rounding: str = "half-up") -> Sheet:
    """Read a file.

    Args:
        content: the file's bytes.
        format: one of `FORMATS`; `auto` finds it by the columns.
        fill: what stands in for empty cells.
        rounding: one of `ROUNDINGS`.

    Raises:
        InvalidArgument: it is no table of a known format.
    """
    text, encoding = _decode(content)
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header, numbered = _lines(reader)
    names = _columns(header)
    kind = _detect(names, format)
    rows, problems = [], []
    for number, (line, cells) in enumerate(numbered, 1):
        found, wrong = _row(kind, line, number, cells, names, fill, rounding)
        problems += wrong
        rows += [found] if found is not None else []
    return Sheet(kind.name, encoding, delimiter, tuple(rows), tuple(problems))


def _row(
    kind: _Format, line: int, number: int, cells: list[str], names: dict[str, str], fill: Fill, rounding: str
) -> tuple[Row | None, list[Problem]]:
    if len(cells) > len(names):
        reason = f"has {len(cells)} cells under {len(names)} columns: is a cell with the delimiter not quoted?"
        return None, [Problem(line, number, "", reason)]
    one = _Cells(line, number, dict(zip(names, cells, strict=False)), names, fill, ROUNDINGS[rounding])
    return kind.read(one), one.problems


def _decode(content: bytes) -> tuple[str, str]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        if not text.strip():
            raise InvalidArgument("the file is empty")
        return text, encoding.removesuffix("-sig")
    raise InvalidArgument("the file is no text in UTF-8, UTF-16 or Windows-1252: export it as CSV again")


def _delimiter(text: str) -> str:
    first = text.lstrip("\r\n").splitlines()[0]
    return max(",;\t", key=first.count)


def _lines(reader: Any) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header, and each row with the line on which it begins; blank rows are passed over."""
    header: list[str] | None = None
    rows: list[tuple[int, list[str]]] = []
    begin = 1
    csv.field_size_limit(_LONGEST_CELL)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if header is None:
                    header = cells
                else:
                    rows.append((begin, cells))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise InvalidArgument(f"line {begin}: the file is no table: {error}") from error
    if header is None or not rows:
        raise InvalidArgument("the file has no rows below its header")
    return header, rows


def _columns(header: list[str]) -> dict[str, str]:
    """The columns by their plain names, each with the name that it has in the file."""
    names: dict[str, str] = {}
    for cell in header:
        plain = " ".join(cell.split()).lower()
        if plain in names and plain:
            raise InvalidArgument(f"line 1: the column {cell.strip()!r} is there twice")
        names[plain or f"#{len(names)}"] = cell.strip()
    return names


def _detect(names: Mapping[str, str], format: str) -> _Format:
    if format != "auto":
        kind = FORMATS[format]
        if missing := sorted(kind.needed - names.keys() - {"client", "project", "task"}):
            raise InvalidArgument(f"line 1: a file of {kind.title} needs the columns {', '.join(missing)}")
        return kind
    for kind in FORMATS.values():
        if kind.needed <= names.keys():
            return kind
    known = "; ".join(f"{kind.title} ({kind.name})" for kind in FORMATS.values())
    found = ", ".join(names.values())
    raise InvalidArgument(f"line 1: the columns ({found}) are of no known format: {known}. Name it with --format")
