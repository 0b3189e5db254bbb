"""Expenses and receipts (contract: expenses, receipts).

Rules of this room: pure. Everybody has expenses of their own; of_user names another's.
"""

from __future__ import annotations

from typing import Final

from harvest_async.sandbox.multipart import read_parts
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.roles import Role
from harvest_async.sandbox.v1.base import Query, Reply, Route, Services
from harvest_async.sandbox.zones import local

__all__ = ["ROUTES"]


def list_week(office: Services, asked: Query) -> Reply:
    """Contract: expenses.list, which shows the present week, and expenses.list_for_date."""
    person = office.whose(asked)
    day = asked.day() if asked.words else local(person, asked.now).date()
    return office.many("expense", office.expenses.week(person, day), asked)


def get(office: Services, asked: Query) -> Reply:
    """Contract: expenses.get."""
    return office.one("expense", _expense(office, asked), asked)


def create(office: Services, asked: Query) -> Reply:
    """Contract: expenses.create."""
    expense = office.expenses.create(office.whose(asked), asked.fields("expense"), asked.now)
    short = "expense_location" in office.world.quirks
    return office.made("expense", expense, asked, "/expenses" if short else _path(expense))


def update(office: Services, asked: Query) -> Reply:
    """Contract: expenses.update."""
    expense = office.expenses.update(_expense(office, asked), asked.fields("expense"), asked.now, asked.person)
    return office.written("expense", expense, asked, _path(expense))


def delete(office: Services, asked: Query) -> Reply:
    """Contract: expenses.delete."""
    office.expenses.delete(_expense(office, asked), asked.person)
    return Reply()


def attach(office: Services, asked: Query) -> Reply:
    """Contract: receipts.attach."""
    expense = _expense(office, asked)
    office.expenses.attach(expense, read_parts(asked.media, asked.content), asked.now)
    return Reply(location=f"{_path(expense)}/receipt")


def receipt(office: Services, asked: Query) -> Reply:
    """Contract: receipts.get: the image, whatever was asked for (receipt_get_binary)."""
    media, content = office.expenses.receipt(_expense(office, asked))
    return Reply(content=content, media=media)


def _expense(office: Services, asked: Query) -> Record:
    return office.expenses.show(office.whose(asked), asked.id)


def _path(expense: Record) -> str:
    return f"/expenses/{expense['id']}"


ROUTES: Final = (
    Route("GET", "/expenses", Role.SELF, list_week),
    Route("GET", "/expenses/{day}/{year}", Role.SELF, list_week),
    Route("POST", "/expenses", Role.SELF, create),
    Route("GET", "/expenses/{id}", Role.SELF, get),
    Route("PUT", "/expenses/{id}", Role.SELF, update),
    Route("DELETE", "/expenses/{id}", Role.SELF, delete),
    Route("POST", "/expenses/{id}/receipt", Role.SELF, attach),
    Route("GET", "/expenses/{id}/receipt", Role.SELF, receipt),
)
