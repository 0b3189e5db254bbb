"""The rules for estimates, their totals, and the messages that change their state."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Final, NamedTuple

from harvest_async.sandbox.lines import line_ids, read_lines, totals
from harvest_async.sandbox.payments import message_values
from harvest_async.sandbox.records import Record, read_id
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.world import World

__all__ = ["EVENTS", "Estimates"]


class Event(NamedTuple):
    """A change of an estimate's state: the states before, the state after, and the time that it sets."""

    before: frozenset[str]
    after: str
    time: str = ""


EVENTS: Final = {
    "send": Event(frozenset({"draft"}), "sent", "sent_at"),
    "accept": Event(frozenset({"sent"}), "accepted", "accepted_at"),
    "decline": Event(frozenset({"sent"}), "declined", "declined_at"),
    "re-open": Event(frozenset({"accepted", "declined"}), "sent"),
}
_CLEARED: Final = frozenset({"subject", "notes", "purchase_order", "tax", "tax2", "discount"})
"""The fields that null clears."""


class Estimates:
    """Create, change, send and delete estimates."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, given: Record, now: datetime, requester: Record) -> Record:
        """Create an estimate."""
        values = dict(given)
        client = self._client(values)
        self._check_number(values.get("number") or "")
        values["number"] = values.get("number") or self._next_number()
        values["currency"] = values.get("currency") or client["currency"]
        values["issued_at"] = values.get("issued_at") or now.date()
        values |= {"created_by_id": requester["id"], "client_key": secrets.token_hex(20)}
        return self.recalculate(self._world.add("estimate", values, now), now)

    def update(self, estimate: Record, given: Record, now: datetime) -> Record:
        """Set the given values; null clears only optional fields and leaves the others unchanged."""
        values = {name: given[name] for name in given if given[name] is not None or name in _CLEARED}
        if "client_id" in values:
            self._client(values)
        if values.get("number", estimate["number"]) != estimate["number"]:
            self._check_number(values["number"])
        self._world.change("estimate", estimate, values, now)
        return self.recalculate(estimate, now)

    def delete(self, estimate: Record) -> None:
        """Delete an estimate with its messages."""
        for message in self._world.having("estimate_message", estimate_id=estimate["id"]):
            self._world.drop("estimate_message", message)
        self._world.drop("estimate", estimate)

    def recalculate(self, estimate: Record, now: datetime) -> Record:
        """Recalculate the totals of an estimate."""
        worth = totals(read_lines(estimate["csv_line_items"]), estimate)
        return self._world.change("estimate", estimate, {**worth, **line_ids(estimate)}, now)

    def send(self, estimate: Record, recipients: list[str], values: Record, now: datetime, sender: Record) -> Record:
        """Send an estimate to e-mail addresses; a draft becomes sent."""
        addresses = [*recipients, sender["email"]] if values.get("send_me_a_copy") else recipients
        message = self._add_message(estimate, values | {"full_recipient_list": ", ".join(addresses)}, now, sender)
        if estimate["state"] == "draft":
            self._world.change("estimate", estimate, {"state": "sent", "sent_at": now}, now)
        return message

    def execute(self, name: str, estimate: Record, values: Record, now: datetime, sender: Record) -> Record:
        """Change an estimate's state by one of `EVENTS` and return the message."""
        event = EVENTS[name]
        if estimate["state"] not in event.before:
            raise Refusal(400, f"The estimate is {estimate['state']}.")
        message = self._add_message(estimate, values | {"event_type": name}, now, sender)
        times = {event.time: now} if event.time else {"accepted_at": None, "declined_at": None}
        self._world.change("estimate", estimate, {"state": event.after, **times}, now)
        return message

    # Internals

    def _client(self, values: Record) -> Record:
        client = self._world.tables["client"].get(values.get("client_id") or 0)
        if client is None:
            raise Refusal(400, "There is no such client.")
        return client

    def _next_number(self) -> str:
        numbers = (read_id(each["number"]) for each in self._world.all("estimate"))
        return str(max((number for number in numbers if number is not None), default=0) + 1)

    def _check_number(self, number: str) -> None:
        if self._world.has("estimate", number=number):
            raise Refusal(400, "number is taken.")

    def _add_message(self, estimate: Record, values: Record, now: datetime, sender: Record) -> Record:
        given = {"subject": f"Estimate #{estimate['number']} from Sandbox"} | message_values(values, sender)
        return self._world.add("estimate_message", given | {"estimate_id": estimate["id"]}, now)
