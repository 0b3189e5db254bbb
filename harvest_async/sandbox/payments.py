"""Messages and payments of invoices, and what they do to the invoice's state.

Rules of this room: pure, over a `World`. `MARKS` is the table of state changes; all but opening again leave a message
(contract: invoice_messages). No mail is ever sent.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from harvest_async.sandbox.invoices import Invoices
from harvest_async.sandbox.reading import Refusal, read_values
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.world import World

__all__ = ["MARKS", "Payments"]


class Mark(NamedTuple):
    """A change of how an invoice stands: from where it is allowed, where it leads, and whether it leaves a message."""

    stands: str
    becomes: str
    message: bool = True


MARKS: Final = {
    "mark_as_sent": Mark("draft", "open"),
    "mark_as_closed": Mark("open", "closed"),
    "re_open": Mark("closed", "open", message=False),
    "mark_as_draft": Mark("open", "draft"),
}
_CENT: Final = Decimal("0.01")


class Payments:
    """What can be done to an invoice's state in a world."""

    def __init__(self, world: World, invoices: Invoices) -> None:
        self._world = world
        self._invoices = invoices

    def of(self, kind: str, invoice: Record, number: int) -> Record:
        """A message or payment of an invoice, or 404."""
        record = self._world.find(kind, number)
        if record["invoice_id"] != invoice["id"]:
            raise Refusal(404)
        return record

    def send(self, invoice: Record, fields: Record, now: datetime, asker: Record) -> Record:
        """Send an invoice; a draft becomes open (contract: invoice_messages.send)."""
        names = [name.strip() for name in str(fields.get("recipients") or "").split(",") if name.strip()]
        if not names:
            raise Refusal(400, "recipients is missing.")
        values = read_values("message", fields, ("body", "send_me_a_copy", "include_pay_pal_link"))
        if values.get("send_me_a_copy"):
            names.append(asker["email"])
        listed = ", ".join(self._named(name, invoice) for name in names)
        message = self._note(invoice, values | {"full_recipient_list": listed}, now, asker)
        if invoice["standing"] == "draft":
            self._stand(invoice, "open", now)
        return message

    def mark(self, name: str, invoice: Record, fields: Record, now: datetime, asker: Record) -> None:
        """Change how an invoice stands (contract: invoice_messages)."""
        mark = MARKS[name]
        if invoice["standing"] != mark.stands or invoice["state"] == "paid":
            raise Refusal(400, f"The invoice is {invoice['state']}.")
        if mark.message:
            self._note(invoice, read_values("message", fields, ("body",)), now, asker)
        self._stand(invoice, mark.becomes, now)

    def pay(self, invoice: Record, fields: Record, now: datetime, asker: Record) -> Record:
        """Record a payment (contract: invoice_payments.create)."""
        values = read_values("payment", fields, ("paid_at", "amount", "notes"))
        for name in ("paid_at", "amount"):
            if values.get(name) is None:
                raise Refusal(400, f"{name} is missing.")
        values["amount"] = values["amount"].quantize(_CENT, ROUND_HALF_UP)
        amount, due = values["amount"], invoice["due_amount"]
        fits = 0 < amount <= due or amount == invoice["amount"] == due == 0
        if not fits or invoice["standing"] == "closed":
            raise Refusal(400, "That much is not due.")
        values |= {"invoice_id": invoice["id"], "recorded_by": _full_name(asker), "recorded_by_email": asker["email"]}
        payment = self._world.add("payment", values, now)
        self._invoices.settle(invoice, now)
        return payment

    def take_back(self, invoice: Record, payment: Record, now: datetime) -> None:
        """Remove a payment; what it did to the invoice is undone (contract: payment_delete_text)."""
        self._world.drop("payment", payment)
        self._invoices.settle(invoice, now)

    # Inside

    def _stand(self, invoice: Record, standing: str, now: datetime) -> None:
        self._world.change("invoice", invoice, {"standing": standing}, now)
        self._invoices.settle(invoice, now)

    def _note(self, invoice: Record, values: Record, now: datetime, asker: Record) -> Record:
        sender = {"sent_by": _full_name(asker), "sent_by_email": asker["email"]}
        sender |= {"sent_from": sender["sent_by"], "sent_from_email": sender["sent_by_email"]}
        values = {name: value for name, value in values.items() if value is not None}
        values["body"] = values.get("body", "").replace("\r\n", "\n").replace("\n", "\r\n")
        values |= {"invoice_id": invoice["id"], "subject": f"Invoice #{invoice['number']} from Sandbox"}
        return self._world.add("message", {**sender, **values}, now)

    def _named(self, address: str, invoice: Record) -> str:
        """An address with the name of the contact or person whose it is."""
        for contact in self._world.having("contact", client_id=invoice["client_id"]):
            if (contact["email"] or "").lower() == address.lower():
                return f"{_full_name(contact)} <{address}>"
        for person in self._world.having("user", email=address):
            return f"{_full_name(person)} <{address}>"
        return address


def _full_name(person: Record) -> str:
    return f"{person['first_name']} {person['last_name']}"
