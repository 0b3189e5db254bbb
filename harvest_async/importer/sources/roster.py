"""Checks across rows: names and e-mail addresses of people, and hours per person and day.

Memory grows with the people and their days, not with the rows.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from attrs import define, field

from harvest_async.importer.match import key_of
from harvest_async.importer.sources.cells import clean
from harvest_async.importer.sources.kinds import Notice

__all__ = ["CommaDetector", "DayTotals", "Roster", "Shared", "full_name", "split_comma"]

_DAY: Final = 24 * 3600
_TITLES_TEXT: Final = """
    jr sr ii iii iv phd md mba esq cpa pmp msc bsc ma ba ms mr mrs dr prof dds dvm rn pe inc ltd llc gmbh ag kg
"""
_TITLES: Final = frozenset(_TITLES_TEXT.split())
"""Titles that may follow a name and a comma; they are not first names."""


def split_comma(name: str) -> tuple[str, str] | None:
    """Return the first and the last name of a name in the form Last, First; None if it has another form."""
    last, comma, first = (part.strip() for part in clean(name).partition(","))
    if not (comma and last and first) or "," in first or "@" in name:
        return None
    return None if first.casefold().replace(".", "") in _TITLES else (first, last)


def full_name(name: str) -> str:
    """Return a person's name in the form First Last."""
    return " ".join(split_comma(name) or (clean(name),)) if "," in name else clean(name)


@define
class CommaDetector:
    """Finds names in the form Last, First, which are read as First Last."""

    _first: tuple[str, str] | None = None

    def look(self, _: int, column: str, text: str) -> None:
        """Look at one cell."""
        if self._first is None and "," in text and split_comma(text):
            self._first = (column, clean(text))

    def settle(self) -> Notice | None:
        """Return the notice, if there was such a name."""
        if self._first is None:
            return None
        column, text = self._first
        return Notice(column, f"{text!r} is read as {full_name(text)!r}")


class Roster:
    """The people of an import by name and by e-mail address."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._known: set[tuple[str, str]] = set()

    def doubt(self, person: str, email: str) -> str:
        """Return why a name and an address contradict earlier rows; empty if they don't."""
        if not person or not email or (person, email) in self._known:
            return ""
        key = key_of(person)
        name = self._names.setdefault(email, person)
        address = self._addresses.setdefault(key, email)
        if key_of(name) != key:
            return (
                f"{person!r} has the e-mail address of {name!r}, {email}: correct one of them, or identify people by "
                "e-mail address alone with --people-by-email"
            )
        if address != email:
            return (
                f"{person!r} has two e-mail addresses, {address} and {email}: correct one, or treat them as two "
                "people with --people-by-email"
            )
        self._known.add((person, email))
        return ""


class DayTotals:
    """The seconds of each person on each day."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, date], int] = {}

    def add(self, who: str, day: date, seconds: int) -> str:
        """Add an entry; if the day gets longer than 24 hours, return the reason and don't add it."""
        whole = self._seconds.get((who, day), 0) + seconds
        if whole <= _DAY:
            self._seconds[who, day] = whole
            return ""
        if seconds > _DAY:
            said = f"{seconds / 3600:g} h exceeds 24 h per day"
        else:
            said = f"with this row {who} has {whole / 3600:g} h on {day}, which exceeds 24 h per day"
        return f"{said}: correct the row, split entries at midnight with --midnight split, or allow it with --long-days"


@define
class Shared:
    """The state that all files of an import share while they are read."""

    roster: Roster = field(factory=Roster)
    day_totals: DayTotals = field(factory=DayTotals)
