"""Decide when two records are the same: names, records, time entries, expenses.

Rules, for the file and the account alike:

- Names are compared without regard to case, white space, invisible letters (zero-width spaces and joiners, soft
  hyphens, marks of direction) and the two Unicode forms of an accented letter.
- A client, a task or a category is identified by its name; a project by its code within its client where the file gives
  one, else by its name there; a person by the e-mail address, else by the name; a contact by its client and e-mail
  address, else its name.
- A time entry is identified by person, project, task, day, notes and hours; on accounts that track time by start and
  end, by these two to the minute instead of the hours. An expense is identified by person, project, category, day,
  notes and cost. Equal ones are counted: they are a multiset.
- Hours, costs and amounts are compared in hundredths, half of one rounded up as the account does.
- Line ends and white space around notes are not compared, since the server may change them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from hashlib import blake2b
from typing import Any, Final
from unicodedata import category, normalize

from harvest_async.importer.account_records import LoggedEntry

__all__ = ["differing", "entry_key", "expense_key", "in_cents", "key_of", "logged_key", "payment_key", "plain_notes"]

_INVISIBLE: Final = frozenset({"\u034f", "\u115f", "\u1160", "\u3164", "\uffa0", *map(chr, range(0xFE00, 0xFE10))})
"""Joiners, fillers and variation selectors, which Unicode has in other classes than the format letters."""
_CENT: Final = Decimal("0.01")


def key_of(name: str) -> str:
    """Return a name in the form in which it is compared."""
    if name.isascii():
        return " ".join(name.split()).lower()
    visible = "".join(letter for letter in normalize("NFD", name) if not _is_invisible(letter))
    return normalize("NFC", " ".join(visible.split()).casefold())


def _is_invisible(letter: str) -> bool:
    """Return whether a letter is invisible."""
    return category(letter) == "Cf" or letter in _INVISIBLE


def in_cents(amount: Decimal) -> Decimal:
    """Return an amount or hours rounded to two decimals, half of a hundredth up."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def plain_notes(notes: str) -> str:
    """Return notes in the form in which they are compared."""
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
    """Return the key of a time entry, by `span` on accounts that track time by start and end, else by `hours`."""
    if span is not None:
        size = "/".join(f"{moment:%H:%M}" if moment is not None else "" for moment in span)
    else:
        size = str(in_cents(hours or Decimal()))
    return _digest("entry", person, project, task, day.isoformat(), size, plain_notes(notes))


def expense_key(person: int, project: int, category: int, day: date, notes: str, cost: Decimal) -> str:
    """Return the key of an expense."""
    return _digest("expense", person, project, category, day.isoformat(), in_cents(cost), plain_notes(notes))


def payment_key(invoice: int, amount: Decimal, moment: datetime, notes: str) -> str:
    """Return the key of a payment of an invoice."""
    return _digest("payment", invoice, in_cents(amount), moment.astimezone(UTC).isoformat(), plain_notes(notes))


def logged_key(
    kind: str, person: int, logged: LoggedEntry, numbers: Mapping[tuple[str, int], int], *, timestamps: bool
) -> str | None:
    """Return the key of an entry or expense of the account; None if no row of the file can be equal to it.

    Args:
        kind: entry or expense.
        person: the id of its person.
        logged: the entry or expense.
        numbers: the step numbers of the account's records, by kind and id.
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


def differing(wanted: dict[str, Any], present: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that differ, with the values that they should have."""
    return {name: value for name, value in wanted.items() if _plain(value) != _plain(present.get(name))}


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
