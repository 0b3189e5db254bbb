"""Variants in which the documentation's samples contradict each other, shown only on request.

`QUIRKS` lists them. All other peculiarities of the API are always shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

__all__ = ["QUIRKS", "read_quirks"]

QUIRKS: Final = {
    "add_reply_root": "a new time entry is below `add` in XML, not below `timer`",
    "add_reply_short": "a new time entry lacks user_id, project_id, task_id, spent_at and its times",
    "bare_ampersand": "an ampersand in a time zone is not escaped in XML",
    "body_or_no_body": "creates and updates return the whole record, not one blank",
    "csv_decimal_comma": "the account writes numbers with a decimal comma, also in line items",
    "currency_names": "the default currency is United States Dollars - USD",
    "datetime_case": "times have the type dateTime in XML, not datetime",
    "duplicate_elements": "created-at and updated-at occur twice in XML, the true one last",
    "expense_location": "the Location of a new expense is /expenses, without its id",
    "flat_json_timer": "a time entry is below day_entry in JSON, as in XML",
    "free_form_spelling": "a client's last kind of invoice reads free-form",
    "invoice_id_zero": "records that are not invoiced have the invoice id 0, not null",
    "list_sample_is_single": "a list of one record is that record alone",
    "location_form": "Location is an absolute address",
    "message_list_root": "messages are below invoice-messages in XML, not below invoice-message",
    "minus_zero_zone": "times of time entries end in -0000 in XML, not in +0000",
    "missing_ids_in_samples": "expenses and their categories have no id",
    "missing_type_array": "lists have no type=array in XML",
    "nil_classes": "an empty list of any kind is nil-classes in XML",
    "nil_with_text": "tax2-amount has a text in XML though it is nil",
    "padded_values": "booleans and dates are padded with blanks and line breaks in XML",
    "read_only_back": "an update that holds a read-only field is refused",
    "references_dropped": "external references of time entries are not kept",
    "references_truncated": "ids of external references are cut to 12 characters",
    "report_times_missing": "stopped entries in reports have no start and end on accounts that track time by them",
    "task_delete_status": "deleting a task that has hours is refused; otherwise the task is archived",
    "tax2_amount_spelling": "lists of invoices have tax_amount2, not tax2_amount, as the documentation's sample does",
    "throttle_status_503": "the rate limiter responds with 429, not 503",
    "user_assignment_location": "changing a user's assignment gives it another id",
    "who_am_i_names": "who_am_i returns only the fields of company and person that the sign-in page's sample has",
    "weekday_mismatch": "for_day names a wrong day of the week in XML",
}


def read_quirks(names: Iterable[str]) -> frozenset[str]:
    """Return the names of quirks as a set.

    Raises:
        ValueError: a name is unknown.
    """
    given = frozenset(names)
    if unknown := given - QUIRKS.keys():
        msg = f"Unknown quirk: {', '.join(sorted(unknown))}. Choose from: {', '.join(QUIRKS)}."
        raise ValueError(msg)
    return given
