"""Values of API v1 whose form differs from the neutral one: currencies, roles, terms of payment, lines, recipients.

Notes:
    A blank text and none mean the same in the fields where servers send the one or the other for "not set".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from email.utils import getaddresses
from functools import partial
from typing import Any, Final

from attrs import asdict

from harvest_async.client.neutral import FieldShape, Neutral, Rule, renamed
from harvest_async.errors import DecodeError
from harvest_async.v1.models import (
    Currency,
    LineItem,
    days_until_due,
    due_in_words,
    iana_name,
    read_lines,
    write_lines,
)

__all__ = [
    "ADDRESS",
    "ADDRESS_RULE",
    "CURRENCY",
    "INVOICE",
    "LINE",
    "RECIPIENTS",
    "ROLES",
    "RUNNING",
    "TERM",
    "TIMEZONE",
    "access",
    "texts",
]

_NAMES: Final = {
    "AUD": "Australian Dollar", "BRL": "Brazilian Real", "CAD": "Canadian Dollar", "CHF": "Swiss Franc",
    "CNY": "Chinese Renminbi Yuan", "CZK": "Czech Koruna", "DKK": "Danish Krone", "EUR": "Euro",
    "GBP": "British Pound", "HKD": "Hong Kong Dollar", "HUF": "Hungarian Forint", "INR": "Indian Rupee",
    "JPY": "Japanese Yen", "MXN": "Mexican Peso", "NOK": "Norwegian Krone", "NZD": "New Zealand Dollar",
    "PLN": "Polish Złoty", "SEK": "Swedish Krona", "SGD": "Singapore Dollar", "USD": "United States Dollar",
    "ZAR": "South African Rand",
}  # fmt: skip
"""Usual names of currencies by code. Accounts may have other names for a code."""


def _code(name: str | None, _: Neutral) -> str | None:
    return None if name is None else Currency(name).code or name


def _currency(code: str | None, _: Neutral) -> str | None:
    return f"{_NAMES[code]} - {code}" if code in _NAMES else code


def _same_code(one: str, other: str | None) -> bool:
    return _code(one, {}) == _code(other, {})


CURRENCY: Final = FieldShape("currency", "currency", _code, _currency, _same_code)


def _filled(text: str | None, _: Neutral) -> str | None:
    return text or None


def _same_text(one: str, other: str | None) -> bool:
    """Return whether a text is kept; a blank one has nothing to keep."""
    return not one or one == other


def texts(*names: str, **other_paths: str) -> tuple[FieldShape, ...]:
    """Return texts that are blank or None if they are not set."""
    paths = dict(zip(names, names, strict=True)) | other_paths
    return tuple(FieldShape(own, neutral, _filled, same=_same_text) for own, neutral in paths.items())


def _address(details: str | None, client: Neutral) -> str | None:
    return details or client["address"] or None


def _is_moved(address: str, client: Neutral) -> bool:
    """Return whether the address of a client is in the neutral record: it is if there are no other details."""
    return address == (client["details"] or address)


ADDRESS: Final = (
    FieldShape("details", "address", _address, same=_same_text),
    *renamed(address="address_beside_details"),
)
"""The texts of a client: `details` is what newer versions call the address; few accounts have another address."""

ADDRESS_RULE: Final[dict[str, Rule]] = {"address": _is_moved}


# People


def _roles(values: Neutral) -> tuple[str, ...] | None:
    """Return the access roles of a person, as far as the flags have them; None if they are unknown."""
    is_admin, is_manager = values["is_admin"], values["is_project_manager"]
    if is_admin:
        return ("administrator",)
    return None if is_admin is None or is_manager is None else ("manager" if is_manager else "member",)


def _has_role(role: str, flag: bool | None, values: Neutral) -> bool | None:
    """Return a flag; one that is unknown by the access roles, of which administrators have no other."""
    roles = values.get("access_roles")
    if flag is not None or roles is None or (role not in roles and "administrator" in roles):
        return flag
    return role in roles


_FLAGS: Final = (("is_admin", "administrator"), ("is_project_manager", "manager"))
ROLES: Final = {"access_roles": _roles}


def access(**own: str) -> tuple[FieldShape, ...]:
    """Return the flags of a person, which newer versions have as roles; `own` has the paths of the record."""
    return tuple(FieldShape(own.get(flag, flag), flag, write=partial(_has_role, role)) for flag, role in _FLAGS)


def _identifier(_: Any, values: Neutral) -> str | None:
    return None if values.get("timezone") is None else iana_name(values["timezone"])


# Invoices

LINE: Final = ("kind", "description", "quantity", "unit_price", "amount", "taxed", "taxed2", "project.id")


def _term(words: str | None, invoice: Neutral) -> str | None:
    days = None if words is None else days_until_due(words)
    if words is None:
        return None if invoice["due_at"] is None else "custom"
    return words if days is None else due_in_words(days).lower()


def _due_words(term: str | None, _: Neutral) -> str | None:
    days = None if term is None else days_until_due(term)
    return None if term == "custom" else term if days is None else due_in_words(days)


def _same_term(one: str, other: str | None) -> bool:
    return _term(one, {}) == _term(other, {"due_at": None})


def _state(state: str | None, _: Neutral) -> str | None:
    return "open" if state == "partial" else state


def _partial(state: str | None, invoice: Neutral) -> str | None:
    amount, due = invoice.get("amount"), invoice.get("due_amount")
    is_paid_in_part = state == "open" and amount is not None and due is not None and 0 < due < amount
    return "partial" if is_paid_in_part else state


def _lines(text: str | None, invoice: Neutral) -> tuple[Neutral, ...] | None:
    try:
        lines = read_lines(text or "")
    except ValueError as error:
        raise DecodeError(f"invoice {invoice['id']}: {error}") from error
    return tuple(_line(line) for line in lines) or None


def _line(line: LineItem) -> Neutral:
    values = asdict(line, recurse=False)
    values["project.id"] = values.pop("project_id")
    return {name: value for name, value in values.items() if value is not None and (name != "extra" or value)}


def _table(lines: tuple[Neutral, ...] | None, _: Neutral) -> str | None:
    if lines is None:
        return None
    rows = [{name.replace(".id", "_id"): line[name] for name in LINE if name in line} for line in lines]
    return write_lines(LineItem(**row) for row in rows)


def _same_lines(one: str, other: str | None) -> bool:
    return read_lines(one) == read_lines(other or "")


_SPECIAL: Final = re.compile(r'[][\\\\()<>@,:;".]|^ | $')
"""Characters that need quotes in a name."""


def _recipients(text: str | None, _: Neutral) -> tuple[Neutral, ...] | None:
    pairs = getaddresses([text or ""])
    return tuple({"name": name or email, "email": email} for name, email in pairs if email) or None


def _listed(recipients: tuple[Neutral, ...] | None, _: Neutral) -> str | None:
    return (
        None if recipients is None else ", ".join(_written(each.get("name"), each.get("email")) for each in recipients)
    )


def _written(name: str | None, email: str | None) -> str:
    if not name or name == email:
        return email or ""
    if not _SPECIAL.search(name):
        return f"{name} <{email or ''}>"
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{email or ""}>'


def _same_people(one: str, other: str | None) -> bool:
    return _recipients(one, {}) == _recipients(other, {})


# Fields

TERM: Final = FieldShape("due_at_human_format", "payment_term", _term, _due_words, _same_term)

INVOICE: Final = (
    CURRENCY,
    TERM,
    FieldShape("state", "state", _state, _partial),
    FieldShape("csv_line_items", "line_items", _lines, _table, _same_lines),
)
"""The fields of an invoice."""

RECIPIENTS: Final = FieldShape("full_recipient_list", "recipients", _recipients, _listed, _same_people)

TIMEZONE: Final = FieldShape("timezone_identifier", "timezone_identifier", write=_identifier)
"""The IANA name of a time zone, which the name that accounts use has already."""

RUNNING: Final[dict[str, Callable[[Neutral], Any]]] = {
    "is_running": lambda values: values["timer_started_at"] is not None
}
"""Whether the timer of an entry runs: only then the server sends when it was started."""
