"""What only many rows together show: who is who, and how long a person's day is; and names in the form Last, First.

Rules of this room: pure. What is held grows with the people and their days, not with the rows.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from attrs import define, field

from harvest_async.importer.match import key_of
from harvest_async.importer.sources.cells import clean
from harvest_async.importer.sources.kinds import Notice

__all__ = ["CommaWitness", "DayBook", "Roster", "Shared", "full_name", "split_comma"]

_DAY: Final = 24 * 3600
_TITLES_TEXT: Final = """
    jr sr ii iii iv phd md mba esq cpa pmp msc bsc ma ba ms mr mrs dr prof dds dvm rn pe inc ltd llc gmbh ag kg
"""
_TITLES: Final = frozenset(_TITLES_TEXT.split())
"""What stands behind a name and a comma, and is no first name."""


def split_comma(name: str) -> tuple[str, str] | None:
    """The first and the last name of a name in the form Last, First; None if it has another form."""
    last, comma, first = (part.strip() for part in clean(name).partition(","))
    if not (comma and last and first) or "," in first or "@" in name:
        return None
    return None if first.casefold().replace(".", "") in _TITLES else (first, last)


def full_name(name: str) -> str:
    """A person's name as First Last."""
    return " ".join(split_comma(name) or (clean(name),)) if "," in name else clean(name)


@define
class CommaWitness:
    """Looks at names of people: reports that Last, First is read as First Last."""

    _first: tuple[str, str] | None = None

    def look(self, _: int, column: str, text: str) -> None:
        """Look at one cell."""
        if self._first is None and "," in text and split_comma(text):
            self._first = (column, clean(text))

    def settle(self) -> Notice | None:
        """The notice, if there was such a name."""
        if self._first is None:
            return None
        column, text = self._first
        return Notice(column, f"{text!r} is read as {full_name(text)!r}")


class Roster:
    """The people of a file by name and by e-mail address; the first spelling counts."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._known: set[tuple[str, str]] = set()

    def doubt(self, person: str, email: str) -> str:
        """What is doubtful about a person; empty where nothing is."""
        if not person or not email or (person, email) in self._known:
            return ""
        key = key_of(person)
        name = self._names.setdefault(email, person)
        address = self._addresses.setdefault(key, email)
        if key_of(name) != key:
            return (
                f"{person!r} has the e-mail address of {name!r}, {email}: mend one of them, or let the address alone "
                "tell who it is with --people-by-email"
            )
        if address != email:
            return (
                f"{person!r} has two e-mail addresses, {address} and {email}: mend one of them, or take them for two "
                "people with --people-by-email"
            )
        self._known.add((person, email))
        return ""


class DayBook:
    """How many seconds each person has on each day."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, date], int] = {}

    def add(self, who: str, day: date, seconds: int) -> str:
        """Add an entry; what is wrong with the day then, empty where nothing is, and the entry is not kept."""
        whole = self._seconds.get((who, day), 0) + seconds
        if whole <= _DAY:
            self._seconds[who, day] = whole
            return ""
        if seconds > _DAY:
            said = f"{seconds / 3600:g} hours are more than a day has"
        else:
            said = f"with this row {who} has {whole / 3600:g} hours on {day}, more than a day has"
        return f"{said}: mend it, split entries at midnight with --midnight split, or allow it with --long-days"


@define
class Shared:
    """What all files of an import have in common while they are read."""

    roster: Roster = field(factory=Roster)
    book: DayBook = field(factory=DayBook)
