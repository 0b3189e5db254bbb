"""Fields with a set of known words, and currencies.

Rules of this room: see `models`. A field of such a type holds the enumeration's word if the server's is known, whatever
its case, and else the server's own text: a new word breaks nothing (contract: bill_by, unpaid_pastdue).
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
    """Words that are compared without regard to case, and to whether they have dashes or underscores."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        wanted = _plain(value)
        return next((word for word in cls if _plain(word) == wanted), None)


def _plain(word: str) -> str:
    return word.strip().replace("-", "_").lower()


class BillBy(_Words):
    """What rate a project's hours are billed at (contract: projects.bill_by)."""

    TASKS = "Tasks"
    PEOPLE = "People"
    PROJECT = "Project"
    NONE = "none"


class BudgetBy(_Words):
    """What a project's budget is counted in: hours or money, whole or by task or person (contract: budget_by)."""

    PROJECT = "project"
    PROJECT_COST = "project_cost"
    TASK = "task"
    TASK_FEES = "task_fees"
    PERSON = "person"
    NONE = "none"


class InvoiceState(_Words):
    """How an invoice stands; changed by messages and payments alone (contract: invoices.state)."""

    OPEN = "open"
    DRAFT = "draft"
    PARTIAL = "partial"
    PAID = "paid"
    CLOSED = "closed"


class InvoiceStatus(_Words):
    """By what invoices are filtered; not the same words as their states (contract: status_vs_state, unpaid_pastdue)."""

    OPEN = "open"
    PARTIAL = "partial"
    DRAFT = "draft"
    PAID = "paid"
    UNPAID = "unpaid"
    PASTDUE = "pastdue"
    CLOSED = "closed"


class InvoiceKind(_Words):
    """What an invoice is made from: lines of its own, or hours, summed in one of four ways (contract: kind)."""

    FREE_FORM = "free_form"
    PROJECT = "project"
    TASK = "task"
    PEOPLE = "people"
    DETAILED = "detailed"


class ImportChoice(_Words):
    """Which hours or expenses a generated invoice takes (contract: import_hours, import_expenses, yes_no.all_too)."""

    ALL = "all"
    YES = "yes"
    NO = "no"


class ExpenseSummary(_Words):
    """How a generated invoice sums expenses up (contract: expense_summary_type)."""

    PROJECT = "project"
    PEOPLE = "people"
    CATEGORY = "category"
    DETAILED = "detailed"


class WeekStartDay(_Words):
    """The day on which the account's weeks begin (contract: account.company)."""

    SATURDAY = "Saturday"
    SUNDAY = "Sunday"
    MONDAY = "Monday"


class TimeFormat(_Words):
    """How the account shows hours (contract: account.company)."""

    DECIMAL = "decimal"
    HOURS_MINUTES = "hours_minutes"


class Clock(_Words):
    """How the account shows times of day (contract: account.company)."""

    HALF = "12h"
    FULL = "24h"


class ColorScheme(_Words):
    """How the account's pages look (contract: account.company)."""

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
    """A currency as the account names it: `United States Dollar - USD`.

    The name is not sure to be the same in two accounts; compare `code` (contract: currencies, currency_names).
    """

    __slots__ = ()

    @property
    def code(self) -> str | None:
        """The ISO code at its end, None where there is none."""
        found = _CODE.search(self)
        return found[0] if found else None
