"""The fields that accept only certain values, and these values.

Another value gets 400. Case is ignored where the documentation itself spells a value in two ways.
"""

from __future__ import annotations

from typing import Final

from harvest_async.sandbox.records import FIELDS, Record
from harvest_async.sandbox.refusal import Refusal

__all__ = ["CHOICES", "check_choices", "read_choice"]

_BUDGET_BY: Final = ("project", "project_cost", "task", "task_fees", "person", "none")

CHOICES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    # (kind, field): its values
    ("project", "bill_by"): ("Tasks", "People", "Project", "none"),
    ("project", "budget_by"): _BUDGET_BY,
    ("project", "estimate_by"): _BUDGET_BY,
    ("invoice", "kind"): ("free_form", "project", "task", "people", "detailed"),
    ("invoice", "import_hours"): ("all", "yes", "no"),
    ("invoice", "import_expenses"): ("all", "yes", "no"),
    ("invoice", "expense_summary_type"): ("project", "people", "category", "detailed"),
}
_SPELLINGS: Final = {"free-form": "free_form"}
_ANY_CASE: Final = frozenset({("project", "bill_by")})


def check_choices(kind: str, values: Record) -> Record:
    """Return the values of a write, with the default in place of a blank choice.

    Raises:
        Refusal: a value is not among its field's choices.
    """
    checked = dict(values)
    for name in values:
        if (kind, name) in CHOICES and read_choice(kind, name, values[name]) is None:
            checked[name] = FIELDS[kind][name][1]
    return checked


def read_choice(kind: str, name: str, value: object) -> str | None:
    """Return one of a field's choices; None if it is blank.

    Raises:
        Refusal: it is not among them.
    """
    given = "" if value is None else str(value).strip()
    if not given:
        return None
    choices = CHOICES[kind, name]
    text = _SPELLINGS.get(given, given)
    if (kind, name) in _ANY_CASE:
        text = next((choice for choice in choices if choice.lower() == text.lower()), text)
    if text not in choices:
        raise Refusal(400, f"{name} is invalid.")
    return text
