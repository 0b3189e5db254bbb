"""Enumerations of field values, and currencies.

A field of such a type has the enumeration's value if the server's value is known, in any case, and the server's text
otherwise, so that a new value is no error.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Self

__all__ = [
    "BillBy",
    "BudgetBy",
    "Clock",
    "ColorScheme",
    "Currency",
    "ExpenseSummary",
    "ImportChoice",
    "InvoiceKind",
    "InvoiceState",
    "InvoiceStatus",
    "TimeFormat",
    "WeekStartDay",
]

_CODE = re.compile(r"\b[A-Z]{3}\Z")


class _Words(StrEnum):
    """Values that are compared regardless of case, and of dashes or underscores."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        wanted = _plain(value)
        return next((word for word in cls if _plain(word) == wanted), None)


def _plain(word: str) -> str:
    return word.strip().replace("-", "_").lower()


class BillBy(_Words):
    """The rate at which a project's hours are billed."""

    TASKS = "Tasks"
    PEOPLE = "People"
    PROJECT = "Project"
    NONE = "none"


class BudgetBy(_Words):
    """The unit of a project's budget: hours or money, in total or per task or person."""

    PROJECT = "project"
    PROJECT_COST = "project_cost"
    TASK = "task"
    TASK_FEES = "task_fees"
    PERSON = "person"
    NONE = "none"


class InvoiceState(_Words):
    """The state of an invoice; changed only by messages and payments."""

    OPEN = "open"
    DRAFT = "draft"
    PARTIAL = "partial"
    PAID = "paid"
    CLOSED = "closed"


class InvoiceStatus(_Words):
    """The statuses that invoices are filtered by; not the same values as their states."""

    OPEN = "open"
    PARTIAL = "partial"
    DRAFT = "draft"
    PAID = "paid"
    UNPAID = "unpaid"
    PASTDUE = "pastdue"
    CLOSED = "closed"


class InvoiceKind(_Words):
    """The source of the lines of an invoice: its own lines, or hours, grouped in one of four ways."""

    FREE_FORM = "free_form"
    PROJECT = "project"
    TASK = "task"
    PEOPLE = "people"
    DETAILED = "detailed"


class ImportChoice(_Words):
    """The hours or expenses that a generated invoice includes."""

    ALL = "all"
    YES = "yes"
    NO = "no"


class ExpenseSummary(_Words):
    """The grouping of expenses on a generated invoice."""

    PROJECT = "project"
    PEOPLE = "people"
    CATEGORY = "category"
    DETAILED = "detailed"


class WeekStartDay(_Words):
    """The first day of the account's weeks."""

    SATURDAY = "Saturday"
    SUNDAY = "Sunday"
    MONDAY = "Monday"


class TimeFormat(_Words):
    """The format in which the account shows hours."""

    DECIMAL = "decimal"
    HOURS_MINUTES = "hours_minutes"


class Clock(_Words):
    """The format in which the account shows times of day."""

    HALF = "12h"
    FULL = "24h"


class ColorScheme(_Words):
    """The color scheme of the account's pages."""

    ORANGE = "orange"
    SPRING = "spring"
    GREEN = "green"
    LEGACY = "legacy"
    BEHANCE = "behance"
    BLUE = "blue"
    PURPLE = "purple"
    RED = "red"
    LIGHT_GRAY = "lt-grey"
    GRAY = "gray"


class Currency(str):
    """A currency by the account's name of it: `United States Dollar - USD`.

    The name may differ between accounts; compare `code`.
    """

    __slots__ = ()

    @property
    def code(self) -> str | None:
        """The ISO code at the end of the name; None if there is none."""
        found = _CODE.search(self)
        return found[0] if found else None
