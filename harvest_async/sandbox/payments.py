"""The rules for messages and payments of invoices, and their effect on the invoice's state.

`MARKS` lists the changes of state; each but opening again adds a message. No mail is ever sent.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from harvest_async.sandbox.invoices import Invoices
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.world import World

__all__ = ["MARKS", "Payments", "message_values"]


class Mark(NamedTuple):
    """A change of an invoice's state: the state before, the state after, whether it adds a message, and its event."""

    before: str
    after: str
    message: bool = True
    event: str = ""


MARKS: Final = {
    "mark_as_sent": Mark("draft", "open", event="send"),
    "mark_as_closed": Mark("open", "closed", event="close"),
    "re_open": Mark("closed", "open", message=False, event="re-open"),
    "mark_as_draft": Mark("open", "draft", event="draft"),
}
_CENT: Final = Decimal("0.01")


class Payments:
    """Send and pay invoices and change their state."""

    def __init__(self, world: World, invoices: Invoices) -> None:
        self._world = world
        self._invoices = invoices

    def of(self, kind: str, invoice: Record, number: int) -> Record:
        """Return a message or payment of an invoice, or refuse with 404."""
        record = self._world.find(kind, number)
        if record["invoice_id"] != invoice["id"]:
            raise Refusal(404)
        return record

    def send(self, invoice: Record, recipients: list[str], values: Record, now: datetime, requester: Record) -> Record:
        """Send an invoice to e-mail addresses; a draft becomes open."""
        addresses = [*recipients, requester["email"]] if values.get("send_me_a_copy") else recipients
        listed = ", ".join(self._named(address, invoice) for address in addresses)
        message = self._add_message(invoice, values | {"full_recipient_list": listed}, now, requester)
        if invoice["standing"] == "draft":
            self._change_state(invoice, "open", now)
        return message

    def mark(self, name: str, invoice: Record, values: Record, now: datetime, requester: Record) -> None:
        """Change an invoice's state by one of `MARKS`; `values` are those of the message."""
        mark = self._allowed(name, invoice)
        if mark.message:
            self._add_message(invoice, values | {"event_type": mark.event}, now, requester)
        self._change_state(invoice, mark.after, now)

    def execute(self, name: str, invoice: Record, values: Record, now: datetime, requester: Record) -> Record:
        """Change an invoice's state by one of `MARKS` and return the message, which every change adds."""
        mark = self._allowed(name, invoice)
        message = self._add_message(invoice, values | {"event_type": mark.event}, now, requester)
        self._change_state(invoice, mark.after, now)
        return message

    def _allowed(self, name: str, invoice: Record) -> Mark:
        mark = MARKS[name]
        if invoice["standing"] != mark.before or invoice["state"] == "paid":
            raise Refusal(400, f"The invoice is {invoice['state']}.")
        return mark

    def pay(self, invoice: Record, given: Record, now: datetime, requester: Record) -> Record:
        """Add a payment."""
        values = dict(given)
        for name in ("paid_at", "amount"):
            if values.get(name) is None:
                raise Refusal(400, f"{name} is missing.")
        values["amount"] = values["amount"].quantize(_CENT, ROUND_HALF_UP)
        amount, due = values["amount"], invoice["due_amount"]
        fits = 0 < amount <= due or amount == invoice["amount"] == due == 0
        if not fits or invoice["standing"] == "closed":
            raise Refusal(400, "amount exceeds the due amount.")
        values |= {
            "invoice_id": invoice["id"],
            "recorded_by": _full_name(requester),
            "recorded_by_email": requester["email"],
        }
        payment = self._world.add("payment", values, now)
        self._invoices.recalculate(invoice, now)
        return payment

    def remove_payment(self, invoice: Record, payment: Record, now: datetime) -> None:
        """Delete a payment and undo its effect on the invoice."""
        self._world.drop("payment", payment)
        self._invoices.recalculate(invoice, now)

    # Internals

    def _change_state(self, invoice: Record, standing: str, now: datetime) -> None:
        times = {"closed_at": now if standing == "closed" else None}
        if standing == "draft" or invoice["standing"] == "draft":
            times["sent_at"] = now if standing == "open" else None
        self._world.change("invoice", invoice, {"standing": standing, **times}, now)
        self._invoices.recalculate(invoice, now)

    def _add_message(self, invoice: Record, values: Record, now: datetime, requester: Record) -> Record:
        given = {"subject": f"Invoice #{invoice['number']} from Sandbox"} | message_values(values, requester)
        return self._world.add("message", given | {"invoice_id": invoice["id"]}, now)

    def _named(self, address: str, invoice: Record) -> str:
        """Return an address with the name of its contact or person."""
        for contact in self._world.having("contact", client_id=invoice["client_id"]):
            if (contact["email"] or "").lower() == address.lower():
                return f"{_full_name(contact)} <{address}>"
        for person in self._world.having("user", email=address):
            return f"{_full_name(person)} <{address}>"
        return address


def message_values(values: Record, sender: Record) -> Record:
    """Return the values of a message with its sender, and with line breaks as mails have them."""
    name, email = _full_name(sender), sender["email"]
    given = {name: value for name, value in values.items() if value is not None}
    given["body"] = given.get("body", "").replace("\r\n", "\n").replace("\n", "\r\n")
    return {"sent_by": name, "sent_by_email": email, "sent_from": name, "sent_from_email": email, **given}


def _full_name(person: Record) -> str:
    return f"{person['first_name']} {person['last_name']}"
