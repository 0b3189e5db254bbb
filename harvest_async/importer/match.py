"""When two things are the same one: names, records, time entries, expenses.

Rules of this room: pure, and one function for both sides, the file's and the account's.
- Names are compared without regard to case, white space, invisible letters (zero-width spaces and joiners, soft
  hyphens, marks of direction) and the two Unicode forms of an accented letter.
- A client, a task or a category is known by its name; a project by its code within its client where the file gives one,
  else by its name there; a person by the e-mail address, else by the name; a contact by its client and e-mail address,
  else its name.
- A time entry is (person, project, task, day, notes) and its hours, or on accounts that track by start and end these
  two, to the minute (contract: duration accounts return no start and end). An expense is (person, project, category,
  day, notes) and its cost. Equal ones are counted: they are a multiset.
- Line ends and white space around notes are the server's to change, so they don't count.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final
from unicodedata import category, normalize

from harvest_async.importer.account_records import LoggedEntry

__all__ = ["differing", "entry_key", "expense_key", "key_of", "logged_key", "payment_key", "plain_notes"]

_INVISIBLE: Final = frozenset({"\u034f", "\u115f", "\u1160", "\u3164", "\uffa0", *map(chr, range(0xFE00, 0xFE10))})
"""Joiners, fillers and variation selectors, which Unicode has in other classes than the format letters."""
_CENT: Final = Decimal("0.01")


def key_of(name: str) -> str:
    """A name as it is compared."""
    if name.isascii():
        return " ".join(name.split()).lower()
    visible = "".join(letter for letter in normalize("NFD", name) if not _is_invisible(letter))
    return normalize("NFC", " ".join(visible.split()).casefold())


def _is_invisible(letter: str) -> bool:
    """Whether a letter takes no room and changes nothing that is seen."""
    return category(letter) == "Cf" or letter in _INVISIBLE


def plain_notes(notes: str) -> str:
    """Notes as they are compared."""
    return normalize("NFC", notes.replace("\r\n", "\n").replace("\r", "\n")).strip()


def entry_key(
    person: int,
    project: int,
    task: int,
    day: date,
    notes: str,
    *,
    hours: Decimal | None = None,
    span: tuple[time | None, time | None] | None = None,
) -> str:
    """What two equal time entries have in common; `span` on accounts that track by start and end, else `hours`."""
    if span is not None:
        size = "/".join(f"{moment:%H:%M}" if moment is not None else "" for moment in span)
    else:
        size = str((hours or Decimal()).quantize(_CENT))
    return _digest("entry", person, project, task, day.isoformat(), size, plain_notes(notes))


def expense_key(person: int, project: int, category: int, day: date, notes: str, cost: Decimal) -> str:
    """What two equal expenses have in common."""
    return _digest("expense", person, project, category, day.isoformat(), cost.quantize(_CENT), plain_notes(notes))


def payment_key(invoice: int, amount: Decimal, moment: datetime, notes: str) -> str:
    """What two equal payments of an invoice have in common."""
    return _digest("payment", invoice, amount.quantize(_CENT), moment.astimezone(UTC).isoformat(), plain_notes(notes))


def logged_key(
    kind: str, person: int, logged: LoggedEntry, numbers: Mapping[tuple[str, int], int], *, timestamps: bool
) -> str | None:
    """What an entry or an expense of the account is known by; None where no row of the file can be equal to it.

    Args:
        kind: entry or expense.
        person: whose it is, by the account's number.
        logged: what the account has.
        numbers: the steps of the account's records, by kind and record.
        timestamps: whether the account tracks time by start and end.
    """
    who, project = numbers.get(("person", person)), numbers.get(("project", logged.project))
    other = numbers.get(("task" if kind == "entry" else "category", logged.other))
    if who is None or project is None or other is None:
        return None
    if kind == "expense":
        return expense_key(who, project, other, logged.day, logged.notes, logged.cost)
    span = (logged.start, logged.end) if timestamps else None
    return entry_key(who, project, other, logged.day, logged.notes, hours=logged.hours, span=span)


def differing(wanted: dict[str, Any], there: dict[str, Any]) -> dict[str, Any]:
    """The fields that have to be changed, and what they are to be."""
    return {name: value for name, value in wanted.items() if _plain(value) != _plain(there.get(name))}


def _plain(value: Any) -> Any:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal):
        return Decimal(str(value)).normalize()
    if isinstance(value, str):
        return plain_notes(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value


def _digest(*parts: object) -> str:
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=15).hexdigest()
