"""The records that API v1 accepts in place of ids, and the maker of its endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harvest_async.client.endpoints import Endpoints, Format
from harvest_async.client.references import References
from harvest_async.client.validation import since
from harvest_async.v1 import models
from harvest_async.v1.roots import root_of

__all__ = ["ENDPOINTS", "OF_USER", "REFERENCES", "SINCE"]

REFERENCES: Final = References(
    {
        "category": (models.InvoiceItemCategory,),
        "client": (models.Client,),
        "contact": (models.Contact,),
        "entry": (models.DayEntry, models.ReportEntry),
        "expense": (models.Expense,),
        "expense_category": (models.ExpenseCategory,),
        "invoice": (models.Invoice,),
        "message": (models.InvoiceMessage,),
        "payment": (models.InvoicePayment,),
        "person": (models.Person, models.Me),
        "project": (models.Project, models.TrackableProject),
        "task": (models.Task, models.TrackableTask),
        "task_assignment": (models.TaskAssignment,),
        "user_assignment": (models.UserAssignment,),
    },
    aliases={"of_user": "person", "user": "person"},
)

ENDPOINTS: Final = Endpoints(REFERENCES, root_of)

OF_USER: Final[Mapping[str, Format]] = {"of_user": REFERENCES.segment}
"""The parameter with which an administrator acts for another person. It belongs in the query, never in the body."""

SINCE: Final[Mapping[str, Format]] = {"updated_since": since}
"""The parameter of lists that leaves out what has not changed since a time (UTC, whole minutes)."""
