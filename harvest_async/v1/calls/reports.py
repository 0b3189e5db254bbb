"""Reports: an endpoint a function.

Rules of this room: see `calls`.
"""

from __future__ import annotations

from harvest_async.call import Call, Page
from harvest_async.client import builders as frame
from harvest_async.client.builders import SAFE, Id, Query
from harvest_async.client.results import Many
from harvest_async.v1.models import Expense, ReportEntry

__all__ = [
    "project_entries",
    "project_expenses",
    "user_entries",
    "user_expenses",
]

TIME = Many(ReportEntry, "day_entry")
EXPENSES = Many(Expense, "expense")


def project_entries(project: Id, query: Query) -> Call[Page[ReportEntry]]:
    """Contract: reports.project_entries."""
    return Call(
        "reports.project_entries", "GET", frame.place("/projects/{project}/entries", project), TIME, SAFE, query
    )


def user_entries(person: Id, query: Query) -> Call[Page[ReportEntry]]:
    """Contract: reports.user_entries."""
    return Call("reports.user_entries", "GET", frame.place("/people/{person}/entries", person), TIME, SAFE, query)


def project_expenses(project: Id, query: Query) -> Call[Page[Expense]]:
    """Contract: reports.project_expenses."""
    where = frame.place("/projects/{project}/expenses", project)
    return Call("reports.project_expenses", "GET", where, EXPENSES, SAFE, query)


def user_expenses(person: Id, query: Query) -> Call[Page[Expense]]:
    """Contract: reports.user_expenses: below the person (user_expenses_wrong_path)."""
    where = frame.place("/people/{person}/expenses", person)
    return Call("reports.user_expenses", "GET", where, EXPENSES, SAFE, query)
