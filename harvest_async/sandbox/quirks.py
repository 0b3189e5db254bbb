"""The quirks that an account shows only when it is told to: where the documentation's samples differ among themselves.

Rules of this room: `VARIANTS` is the whole table, by the contract's names. All other quirks are always shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

__all__ = ["VARIANTS", "read_variants"]

VARIANTS: Final = {
    "add_reply_root": "a new time entry comes below `add` in XML, not below `timer`",
    "add_reply_short": "a new time entry comes without user_id, project_id, task_id, spent_at and its moments",
    "bare_ampersand": "an ampersand in a time zone is not escaped in XML",
    "body_or_no_body": "creates and updates answer with the whole record, not with one blank",
    "csv_decimal_comma": "the account writes numbers with a comma: in line items, too",
    "currency_names": "the default currency is United States Dollars - USD",
    "datetime_case": "moments have the type dateTime in XML, not datetime",
    "duplicate_elements": "created-at and updated-at come twice in XML, the true one last",
    "expense_location": "the Location of a new expense is /expenses, without its id",
    "flat_json_timer": "a time entry comes below day_entry in JSON, as in XML",
    "free_form_spelling": "a client's last kind of invoice reads free-form",
    "invoice_id_zero": "what is not invoiced has the invoice id 0, not null",
    "list_sample_is_single": "a list of one record is that record alone",
    "location_form": "Location is an absolute address",
    "message_list_root": "messages come below invoice-messages in XML, not below invoice-message",
    "minus_zero_zone": "moments of time entries end in -0000 in XML, not in +0000",
    "missing_ids_in_samples": "expenses and their categories come without id",
    "missing_type_array": "lists come without type=array in XML",
    "nil_classes": "an empty list reads nil-classes in XML, whatever it is a list of",
    "nil_with_text": "tax2-amount has a text in XML though it is nil",
    "padded_values": "booleans and dates are padded with blanks and line breaks in XML",
    "read_only_back": "an update that holds a read-only field is refused",
    "report_times_missing": "stopped entries in reports come without start and end, by which the account tracks time",
    "task_delete_status": "removing a task that has hours is refused, not turned into archiving",
    "tax2_amount_spelling": "lists of invoices have tax_amount2, not tax2_amount, as the documentation's sample does",
    "throttle_status_503": "the throttle answers 429, not 503",
    "user_assignment_location": "changing a user's assignment gives it another id",
    "who_am_i_names": "who_am_i tells no more of company and person than the sign-in page's sample does",
    "weekday_mismatch": "for_day names a wrong day of the week in XML",
}


def read_variants(names: Iterable[str]) -> frozenset[str]:
    """Check the names of quirks.

    Raises:
        ValueError: there is no such quirk to switch on.
    """
    given = frozenset(names)
    if unknown := given - VARIANTS.keys():
        msg = f"quirks: give some of {', '.join(VARIANTS)}, not {', '.join(sorted(unknown))}"
        raise ValueError(msg)
    return given
