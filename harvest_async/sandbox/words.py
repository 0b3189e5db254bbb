"""The fields that take one of a set of words, and the words.

The server answers 400 to any other word. Case does not matter where the documentation itself spells a word in two ways.
"""

from __future__ import annotations

from typing import Final

from harvest_async.sandbox.reading import Refusal
from harvest_async.sandbox.records import FIELDS, Record

__all__ = ["WORDS", "check_words", "read_choice"]

_BUDGET_BY: Final = ("project", "project_cost", "task", "task_fees", "person", "none")

WORDS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    # (kind, field): its words
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


def check_words(kind: str, values: Record) -> Record:
    """Give the values of a write, blank words replaced by what a new record has.

    Raises:
        Refusal: a value is none of its field's words.
    """
    checked = dict(values)
    for name in values:
        if (kind, name) in WORDS and read_choice(kind, name, values[name]) is None:
            checked[name] = FIELDS[kind][name][1]
    return checked


def read_choice(kind: str, name: str, value: object) -> str | None:
    """Read one of a field's words; None where it is blank.

    Raises:
        Refusal: it is none of them.
    """
    given = "" if value is None else str(value).strip()
    if not given:
        return None
    words = WORDS[kind, name]
    text = _SPELLINGS.get(given, given)
    if (kind, name) in _ANY_CASE:
        text = next((word for word in words if word.lower() == text.lower()), text)
    if text not in words:
        raise Refusal(400, f"{name} is invalid.")
    return text
