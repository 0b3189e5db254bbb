"""What only many rows together show: who is who, and how long a person's day is.

Rules of this room: pure. What is held grows with the people and their days, not with the rows.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from harvest_async.bulk.match import key_of

__all__ = ["DayBook", "Roster"]

_DAY: Final = 24 * 3600


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
