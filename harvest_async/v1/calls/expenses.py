"""Expenses, their categories and receipts: an endpoint a function.

Rules of this room: see `calls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from harvest_async.call import Call, Created, DeleteResult, Page, Upload, path
from harvest_async.client import builders as frame
from harvest_async.client.builders import IDEMPOTENT, SAFE, Id
from harvest_async.client.results import Done, One, Raw
from harvest_async.v1.models import Expense, ExpenseCategory

__all__ = [
    "attach_receipt",
    "create_expense",
    "create_expense_category",
    "delete_expense",
    "delete_expense_category",
    "get_expense",
    "get_expense_category",
    "get_receipt",
    "list_expense_categories",
    "list_expenses",
    "update_expense",
    "update_expense_category",
]

CATEGORY = One(ExpenseCategory, "expense_category")
EXPENSE = One(Expense, "expense")

UPLOAD: Final = 300.0
"""Seconds that sending a receipt may take."""


def list_expense_categories(updated_since: datetime | None = None) -> Call[Page[ExpenseCategory]]:
    """Contract: expense_categories.list."""
    return frame.listing("expense_categories.list", "/expense_categories", CATEGORY, updated_since)


def get_expense_category(id: Id) -> Call[ExpenseCategory]:
    """Contract: expense_categories.get."""
    return frame.get("expense_categories.get", frame.place("/expense_categories/{expense_category}", id), CATEGORY)


def create_expense_category(fields: Mapping[str, Any]) -> Call[Created[ExpenseCategory]]:
    """Contract: expense_categories.create."""
    return frame.create("expense_categories.create", "/expense_categories", CATEGORY, fields)


def update_expense_category(id: Id, fields: Mapping[str, Any]) -> Call[ExpenseCategory | None]:
    """Contract: expense_categories.update."""
    where = frame.place("/expense_categories/{expense_category}", id)
    return frame.update("expense_categories.update", where, CATEGORY, fields)


def delete_expense_category(id: Id) -> Call[DeleteResult]:
    """Contract: expense_categories.delete."""
    return frame.delete("expense_categories.delete", frame.place("/expense_categories/{expense_category}", id))


def list_expenses(day: date | None, of_user: Id | None) -> Call[Page[Expense]]:
    """Contract: expenses.list, expenses.list_for_date: the day of the year comes first (day_then_year)."""
    query = frame.of_user(of_user)
    if day is None:
        return frame.listing("expenses.list", "/expenses", EXPENSE, query=query)
    where = path("/expenses/{}/{}", day.timetuple().tm_yday, day.year)
    return frame.listing("expenses.list_for_date", where, EXPENSE, query=query)


def get_expense(id: Id, of_user: Id | None) -> Call[Expense]:
    """Contract: expenses.get."""
    return frame.get("expenses.get", frame.place("/expenses/{expense}", id), EXPENSE, frame.of_user(of_user))


def create_expense(fields: Mapping[str, Any], of_user: Id | None) -> Call[Created[Expense]]:
    """Contract: expenses.create: `Location` may be without an id (expense_location)."""
    return frame.create("expenses.create", "/expenses", EXPENSE, fields, frame.of_user(of_user))


def update_expense(id: Id, fields: Mapping[str, Any], of_user: Id | None) -> Call[Expense | None]:
    """Contract: expenses.update."""
    where = frame.place("/expenses/{expense}", id)
    return frame.update("expenses.update", where, EXPENSE, fields, frame.of_user(of_user))


def delete_expense(id: Id, of_user: Id | None) -> Call[DeleteResult]:
    """Contract: expenses.delete."""
    return frame.delete("expenses.delete", frame.place("/expenses/{expense}", id), frame.of_user(of_user))


def attach_receipt(id: Id, upload: Upload, of_user: Id | None) -> Call[None]:
    """Contract: receipts.attach."""
    where = frame.place("/expenses/{expense}/receipt", id)
    return Call("receipts.attach", "POST", where, Done(), IDEMPOTENT, frame.of_user(of_user), upload, deadline=UPLOAD)


def get_receipt(id: Id, of_user: Id | None, largest: int) -> Call[Any]:
    """Contract: receipts.get: the answer is an image whatever `Accept` says (receipt_get_binary)."""
    where = frame.place("/expenses/{expense}/receipt", id)
    return Call("receipts.get", "GET", where, Raw(), SAFE, frame.of_user(of_user), largest=largest)
