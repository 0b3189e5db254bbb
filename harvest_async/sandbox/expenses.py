"""The rules for expenses and their receipts.

With units the cost is units times the category's unit price. A receipt is a record of its own, because it is never
listed with the others.
"""

from __future__ import annotations

import base64
import mimetypes
import re
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import PurePosixPath
from typing import Final

from harvest_async.sandbox.locks import may_change, open_fields
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.world import World

__all__ = ["Expenses"]

_REQUIRED: Final = ("project_id", "expense_category_id", "spent_at")
_CENT: Final = Decimal("0.01")
_IMAGE: Final = re.compile(r"image/[a-z0-9.+-]+")
_PAGE: Final = "https://sandbox.harvestapp.com/expenses/{}/receipt"


class Expenses:
    """Read and change the expenses of people."""

    def __init__(self, world: World) -> None:
        self._world = world

    def show(self, person: Record, number: int) -> Record:
        """Return one of a person's expenses, or refuse with 404."""
        expense = self._world.find("expense", number)
        if expense["user_id"] != person["id"]:
            raise Refusal(404)
        return expense

    def week(self, person: Record, day: date) -> list[Record]:
        """Return a person's expenses of the week that contains a day; weeks begin on Monday."""
        monday = day - timedelta(days=day.weekday())
        expenses = self._world.having("expense", user_id=person["id"])
        return [expense for expense in expenses if monday <= expense["spent_at"] < monday + timedelta(days=7)]

    def create(self, person: Record, given: Record, now: datetime) -> Record:
        """Create an expense."""
        values = dict(given)
        for name in _REQUIRED:
            if not values.get(name):
                raise Refusal(400, f"{name} is missing.")
        if values.get("total_cost") is None and values.get("units") is None:
            raise Refusal(400, "total_cost or units is missing.")
        self._check(person, values)
        if values.get("billable") is None:
            values["billable"] = self._world.tables["project"][values["project_id"]]["billable"]
        values |= self._cost(values) | {"user_id": person["id"]}
        expense = self._world.add("expense", values, now)
        self._world.renew_hints(expense["project_id"], now)
        return expense

    def update(self, expense: Record, given: Record, now: datetime, requester: Record) -> Record:
        """Set the given values; null leaves a field unchanged, except the notes and the units."""
        may_change(expense, requester)
        values = {name: value for name, value in given.items() if value is not None or name in {"notes", "units"}}
        values = open_fields("expense", expense, values)
        if values.keys() & {"project_id", "expense_category_id"}:
            self._check(self._world.tables["user"][expense["user_id"]], expense | values)
        if values.keys() & {"units", "expense_category_id"} and "total_cost" not in values:
            values |= self._cost({**expense, **values})
        return self._world.change("expense", expense, values, now)

    def delete(self, expense: Record, requester: Record) -> None:
        """Delete an expense and its receipt."""
        may_change(expense, requester)
        for receipt in self._world.having("receipt", expense_id=expense["id"]):
            self._world.drop("receipt", receipt)
        self._world.drop("expense", expense)

    def attach(
        self, expense: Record, filename: str, media: str, content: bytes, now: datetime, *, documents: bool = False
    ) -> None:
        """Store a receipt in place of any earlier one.

        Args:
            expense: the expense.
            filename: the name of the file.
            media: its type; if it is empty, the name decides.
            content: the bytes.
            now: the current time.
            documents: whether it may also be a PDF document.
        """
        suffix = PurePosixPath(filename.replace("\0", "")).suffix
        media = media or mimetypes.guess_type(f"receipt{suffix}")[0] or ""
        if not _IMAGE.fullmatch(media) and not (documents and media == "application/pdf"):
            raise Refusal(400, "The receipt is not an image.")
        fields = {"media": media, "content": base64.b64encode(content).decode(), "filename": filename}
        for receipt in self._world.having("receipt", expense_id=expense["id"]):
            self._world.change("receipt", receipt, fields, now)
            break
        else:
            self._world.add("receipt", {"expense_id": expense["id"], **fields}, now)
        shown = {"has_receipt": True, "receipt_url": _PAGE.format(expense["id"])}
        self._world.change("expense", expense, shown, now)

    def detach(self, expense: Record, now: datetime) -> None:
        """Delete the receipt of an expense, if there is one."""
        for receipt in self._world.having("receipt", expense_id=expense["id"]):
            self._world.drop("receipt", receipt)
        self._world.change("expense", expense, {"has_receipt": False, "receipt_url": ""}, now)

    def receipt(self, expense: Record) -> tuple[str, bytes]:
        """Return the type and the bytes of a receipt, or refuse with 404."""
        for receipt in self._world.having("receipt", expense_id=expense["id"]):
            return receipt["media"], base64.b64decode(receipt["content"])
        raise Refusal(404)

    # Internals

    def _check(self, person: Record, values: Record) -> None:
        project = self._world.tables["project"].get(values["project_id"])
        if project is None or not project["active"]:
            raise Refusal(400, "There is no such project.")
        if not self._world.is_assigned("user_assignment", project["id"], person["id"]):
            raise Refusal(400, "The person is not assigned to the project.")
        category = self._world.tables["expense_category"].get(values["expense_category_id"])
        if category is None or category["deactivated"]:
            raise Refusal(400, "There is no such category.")

    def _cost(self, values: Record) -> Record:
        price = self._world.tables["expense_category"][values["expense_category_id"]]["unit_price"]
        cost, units = values.get("total_cost"), values.get("units")
        if units is not None and price is not None:
            cost = units * price
        if cost is None:
            raise Refusal(400, "The category has no unit price, so total_cost is needed.")
        return {"total_cost": cost.quantize(_CENT, ROUND_HALF_UP)}
