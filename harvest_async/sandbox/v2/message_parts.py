"""The parts of messages that those of invoices and estimates have in common."""

from __future__ import annotations

from email.utils import formataddr, getaddresses

from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal

__all__ = ["read_recipients", "show_message"]

_KEPT = (
    "id", "sent_by", "sent_by_email", "sent_from", "sent_from_email", "subject", "body", "send_me_a_copy", "event_type",
    "created_at", "updated_at",
)  # fmt: skip


def read_recipients(body: Record) -> list[str]:
    """Return the recipients of a message, as `Name <address>`.

    Raises:
        Refusal: there are none, or one has no address.
    """
    given = body.get("recipients")
    if not isinstance(given, list) or not given:
        raise Refusal(422, "Recipients can't be blank")
    recipients = [each if isinstance(each, dict) else {"email": each} for each in given]
    if not all(str(each.get("email") or "").strip() for each in recipients):
        raise Refusal(422, "Recipients email can't be blank")
    return [_written(str(each.get("name") or ""), str(each["email"]).strip()) for each in recipients]


def show_message(message: Record) -> Record:
    """Return the fields that both kinds of messages have."""
    pairs = getaddresses([message["full_recipient_list"]])
    recipients = [{"name": name or email, "email": email} for name, email in pairs if email]
    return {**{name: message[name] for name in _KEPT}, "recipients": recipients}


def _written(name: str, email: str) -> str:
    return formataddr((name.strip(), email), "utf-8") if name.isascii() else f'"{name.replace(chr(34), "")}" <{email}>'
