"""Reports: an endpoint a function.

Rules of this room: see `calls`.
"""

from __future__ import annotations

from harvest_async.call import Call, Page
from harvest_async.v1.calls import frame
from harvest_async.v1.calls.frame import SAFE, Id, Query
from harvest_async.v1.models import ReportEntry
from harvest_async.v1.results import Many

__all__ = ["project_entries", "user_entries"]

REPORT = Many(ReportEntry, "day_entry")


def project_entries(id: Id, query: Query) -> Call[Page[ReportEntry]]:
    """Contract: reports.project_entries."""
    return Call("reports.project_entries", "GET", frame.place("/projects/{}/entries", id), REPORT, SAFE, query)


def user_entries(id: Id, query: Query) -> Call[Page[ReportEntry]]:
    """Contract: reports.user_entries."""
    return Call("reports.user_entries", "GET", frame.place("/people/{}/entries", id), REPORT, SAFE, query)
