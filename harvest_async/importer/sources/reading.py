"""Access to the cells of a row by field, and collection of the row's problems.

All problems of a row are collected, each with the column and the text of the file. Names of records in other files are
looked up through `Names`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, Protocol, TypeVar

from harvest_async.importer.sources.cells import Bad, clean
from harvest_async.importer.sources.formats import Layout
from harvest_async.importer.sources.kinds import Problem
from harvest_async.importer.sources.limits import LONGEST_VALUE
from harvest_async.importer.sources.options import Fill
from harvest_async.importer.sources.roster import full_name

__all__ = ["Cells", "Names", "cached"]

T = TypeVar("T")

_CACHED: Final = 1 << 16
_SHOWN: Final = 40
_NONE: Final = frozenset({
    "-", "--", "---", "\u2013", "\u2014", "n/a", "n.a.", "null", "undefined", "(none)", "(null)", "(blank)",
    "(empty)", "(unassigned)", "(not set)",
})  # fmt: skip
_NO_RECORD: Final = re.compile(
    r"\(?(?:no|without|kein|keine|ohne|sin|sans) (?:an? )?(?:client|customer|project|task|activity|category|user|"
    r"person|code|kunde|projekt|aufgabe|cliente|proyecto|projet|t\u00e2che)(?: assigned| set)?\)?",
    re.IGNORECASE,
)
"""What exports put where a name is missing: no record has such a name."""
_ERROR: Final = re.compile(
    r"#[\u00a1\u00bf]?(?:REF|NAME|VALUE|DIV/0|NUM|NULL|SPILL|CALC|FIELD|BUSY|CONNECT|BLOCKED|UNKNOWN|ERROR|BEZUG|WERT|ZAHL"
    r"|\u00dcBERLAUF|NOM|VALEUR|NOMBRE|NUL|VALOR|NULO|RIF|NOME|VALORE|NULLO|VERW|NAAM|WAARDE|GETAL|LEEG|ADR|NAZWA|ARG"
    r"|LICZBA)[!?]|#N/[AD]|#NV|Err:[0-9]{3}|Loading\.{3}"
)
"""The errors of spreadsheet programs in several languages, as they are in text files."""
_ADDRESS: Final = re.compile(r"[^\s@,;<>()\[\]\"]+@[^\s@,;<>()\[\]\"]+")
_PARTS: Final = frozenset({"first_name", "last_name"})
"""Fields in which a dash is kept: an account uses it for an unknown last name, which can't be empty."""


class Names(Protocol):
    """Looks up records by their ids in the account that a file comes from."""

    def record(self, kind: str, number: str) -> dict[str, str] | None:
        """Return the cells of a record by their fields; None if it is unknown."""
        ...


def cached(read: Callable[[str], T]) -> Callable[[str], T]:
    """Return a cached version of a reader, because cells repeat."""
    return lru_cache(_CACHED)(read)


_clean: Final = cached(clean)


class Cells:
    """The cells of the current row.

    Args:
        layout: the columns.
        fill: values for empty cells.
        names: the records beside the file.
        file: the file's name.
        nested: whether names and ids come from one record, so that the id is preferred where it is known: records that
            were exported earlier have the names of that time.

    Attributes:
        line, row: the place of the row.
        problems: the problems of the row.
    """

    def __init__(self, layout: Layout, fill: Fill, names: Names, file: str, *, nested: bool = False) -> None:
        self._layout = layout
        self._places = layout.places
        self._width = len(layout.titles)
        self._blank = layout.format.blank
        self._fill = fill
        self._names = names
        self._nested = nested
        self.file = file
        self.line = self.row = 0
        self.dropped = False
        self.problems: list[Problem] = []
        self._cells: Sequence[str] = ()

    def turn(self, line: int, row: int, cells: Sequence[str]) -> None:
        """Make the next row the current one."""
        if len(cells) < self._width:
            cells = [*cells, *[""] * (self._width - len(cells))]
        if self._blank and self._blank in cells:
            cells = ["" if cell == self._blank else cell for cell in cells]
        self.line, self.row, self._cells = line, row, cells
        self.dropped = False
        if self.problems:
            self.problems = []

    def has(self, field: str) -> bool:
        """Return whether the file has such a column."""
        return field in self._places

    def is_opposite(self, field: str) -> bool:
        """Return whether the column of a field holds the opposite."""
        return field in self._layout.opposites

    def title(self, field: str) -> str:
        """Return the name of a field's column as the file spells it."""
        return self._layout.title(field)

    def text(self, field: str) -> str:
        """Return the text of a cell; empty if there is no such column."""
        place = self._places.get(field)
        return "" if place is None else self._cells[place]

    def name(self, field: str) -> str:
        """Return a name with single blanks; empty if it is missing."""
        text = self.text(field)
        if not text or self._is_error(field, text):
            return text
        return _clean(text) if field in _PARTS else _clean_name(text)

    def notes(self) -> str:
        """Return the notes."""
        text = self.text("notes")
        self._is_error("notes", text)
        return text

    def _is_error(self, field: str, text: str) -> bool:
        """Return whether a cell holds an error of a spreadsheet program; the first time, add a problem."""
        if len(text) > _SHOWN or _ERROR.fullmatch(text.strip()) is None:
            return False
        if not any(each.column == self._layout.title(field) for each in self.problems):
            self.wrong(field, f"holds the error {text.strip()} of a spreadsheet program: correct it in the sheet")
        return True

    def wrong(self, field: str, reason: str) -> None:
        """Drop the row and add a problem; without a reason a problem of the whole file reports it."""
        self.dropped = True
        if reason:
            title, text = self._layout.title(field), self.text(field)
            self.problems.append(Problem(self.line, self.row, title, reason, text, self.file))

    def value(self, field: str, read: Callable[[str], T | Bad], limit: int = LONGEST_VALUE) -> T | None:
        """Read a cell; if it can't be read, add a problem and return None."""
        text = self.text(field)
        found: T | Bad
        if len(text) > limit and read is not str:
            found = Bad(f"{text[:_SHOWN]!r}... has {len(text):,} characters, too many for a value: correct it")
        else:
            try:
                found = read(text)
            except (ArithmeticError, ValueError) as error:
                found = Bad(f"{text!r} can't be read: {error}")
        if isinstance(found, Bad):
            self.wrong(field, found.reason)
            return None
        return found

    def required(self, field: str) -> str:
        """Return a required name from the cell, or from the option of the same name."""
        name = self.name(field) or clean(getattr(self._fill, field, None) or "")
        if not name:
            option = f"give --{field} NAME for rows that have none" if hasattr(self._fill, field) else "it is needed"
            text = clean(self.text(field))
            self.wrong(field, f"{f'{text!r} is no name' if text else 'is empty'}: {option}")
        return name

    def where(self) -> tuple[str, str, str]:
        """Return the client, the project and the project's code."""
        client, project, code = self.name("client"), self.name("project"), self.name("project_code")
        if self._goes_by_id("projects", "project_id", is_named=bool(client and project)):
            known = self.looked_up("projects", "project_id")
            return self._owned(known) if known is not None else ("", "", "")
        return client or self.required("client"), project or self.required("project"), code

    def _owned(self, project: dict[str, str]) -> tuple[str, str, str]:
        """Return the names of a project that was looked up, and of its client."""
        known = self._names.record("clients", project.get("client_id", "")) or {}
        owner = known.get("name", "") or project.get("client", "")
        if not owner:
            self.wrong("project_id", "the client of this project is not in clients beside this file; name it in words")
        return owner, project.get("name", ""), project.get("code", "")

    def client(self) -> str:
        """Return the name of the client."""
        if self._goes_by_id("clients", "client_id", is_named=bool(self.name("client"))):
            known = self.looked_up("clients", "client_id")
            return known.get("name", "") if known else ""
        return self.required("client")

    def named(self, field: str, kind: str, number: str) -> str:
        """Return a record's name from the cell, or by the record's id."""
        if self._goes_by_id(kind, number, is_named=bool(self.name(field))):
            known = self.looked_up(kind, number)
            return known.get("name", "") if known else ""
        return self.required(field)

    def _goes_by_id(self, kind: str, field: str, *, is_named: bool) -> bool:
        """Return whether a record is looked up by the id in a cell, rather than by its name."""
        return bool(self.text(field).strip()) and (not is_named or (self._nested and bool(self.known(kind, field))))

    def known(self, kind: str, field: str) -> dict[str, str]:
        """Return the record with the id in a cell; an empty one if it is unknown."""
        number = self.text(field).strip()
        return (self._names.record(kind, number) or {}) if number else {}

    def looked_up(self, kind: str, field: str) -> dict[str, str] | None:
        """Return the record with the id in a cell; if it is unknown, add a problem and return None."""
        number = self.text(field).strip()
        known = self._names.record(kind, number)
        if known is None:
            self.wrong(field, f"{number}: there is no such record in {kind} beside this file; name it in words instead")
        return known

    def who(self) -> tuple[str, str]:
        """Return a person's name and e-mail address, at least one of them."""
        person = full_name(self.name("person")) or clean(f"{self.name('first_name')} {self.name('last_name')}")
        email = self.text("email").strip().lower()
        if self._goes_by_id("people", "user_id", is_named=bool(person or email)):
            known = self.looked_up("people", "user_id") or {}
            return clean(f"{known.get('first_name', '')} {known.get('last_name', '')}"), known.get("email", "").lower()
        if not person and not email:
            person, email = self._filled_person()
        self.check_address(email)
        return person, email

    def check_address(self, email: str) -> None:
        """Add a problem if the e-mail address of the row is not a single address."""
        if email and not is_address(email):
            several = email.count("@") > 1
            reason = "holds several e-mail addresses: give one" if several else "is no e-mail address: correct it"
            self.wrong("email", f"{email!r} {reason}")

    def _filled_person(self) -> tuple[str, str]:
        given = clean(self._fill.person or "")
        if not given:
            self.wrong("person", "is empty: give --person EMAIL or NAME for rows that have none")
        return ("", given.lower()) if "@" in given else (given, "")


@cached
def _clean_name(text: str) -> str:
    """Return a name with single blanks; empty if it is a placeholder: `(no project)`, `N/A` or a dash."""
    name = clean(text)
    return "" if name.casefold() in _NONE or _NO_RECORD.fullmatch(name) else name


@lru_cache(1 << 14)
def is_address(email: str) -> bool:
    """Return whether a text is one e-mail address."""
    return _ADDRESS.fullmatch(email) is not None
