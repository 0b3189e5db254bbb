"""Invoices of a sandbox by its API v1."""

from harvest_async.sandbox.lines import HEADER
from tests.support.sandbox import reason

HEAD = ",".join(HEADER)
LINES = f"{HEAD}\nService,Work,2,50,,true,false,\nProduct,Paper,1,9.99,9.99,false,true,\n"


def shown(studio, number):
    """Return an invoice as the API shows it."""
    return studio.call.get(f"/invoices/{number}").json()["invoice"]


def change(studio, invoice, /, **fields):
    """Update an invoice."""
    return studio.call.put(f"/invoices/{invoice}", {"invoice": fields})


def outcome(response):
    """Return the status of a response, and the reason of a refusal."""
    return response.status_code, reason(response)


def pay(studio, number, amount, **fields):
    """Record a payment of an invoice."""
    return studio.call.post(
        f"/invoices/{number}/payments", {"payment": {"amount": amount, "paid_at": "2026-01-05T12:00:00Z"} | fields}
    )
