"""Reports: time over any stretch of days.

Rules of this room: see `resources`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from harvest_async.errors import InvalidArgument
from harvest_async.v1 import calls, checks
from harvest_async.v1.models import ReportEntry
from harvest_async.v1.section import Id, Listing, Section

__all__ = ["Reports"]


class Reports(Section):
    """Time of a project or a person over any stretch of days, both ends included; for administrators."""

    __slots__ = ()

    def project_entries(
        self,
        project_id: Id,
        from_: date,
        to: date,
        *,
        user_id: int | None = None,
        billable: bool | None = None,
        only_billed: bool = False,
        only_unbilled: bool = False,
        is_closed: bool | None = None,
        updated_since: datetime | None = None,
    ) -> Listing[ReportEntry]:
        """A project's entries (contract: reports.project_entries)."""
        query = _range(from_, to, user_id=user_id, billable=billable, is_closed=is_closed)
        query += _only(only_billed=only_billed, only_unbilled=only_unbilled, updated_since=updated_since)
        return Listing(self._exchange, calls.project_entries(project_id, query))

    def user_entries(
        self,
        user_id: Id,
        from_: date,
        to: date,
        *,
        project_id: int | None = None,
        billable: bool | None = None,
        only_billed: bool = False,
        only_unbilled: bool = False,
        is_closed: bool | None = None,
        updated_since: datetime | None = None,
    ) -> Listing[ReportEntry]:
        """A person's entries (contract: reports.user_entries)."""
        query = _range(from_, to, project_id=project_id, billable=billable, is_closed=is_closed)
        query += _only(only_billed=only_billed, only_unbilled=only_unbilled, updated_since=updated_since)
        return Listing(self._exchange, calls.user_entries(user_id, query))


def _range(from_: date, to: date, **filters: Any) -> calls.Query:
    """Contract: dates.report_range, yes_no."""
    begin, end = checks.day("from_", from_), checks.day("to", to)
    if begin > end:
        raise InvalidArgument(f"from_={begin} lies after to={end}")
    words = {True: "yes", False: "no"}
    given = tuple(
        (name, words[value] if isinstance(value, bool) else str(value))
        for name, value in filters.items()
        if value is not None
    )
    return (("from", f"{begin:%Y%m%d}"), ("to", f"{end:%Y%m%d}"), *given)


def _only(*, only_billed: bool, only_unbilled: bool, updated_since: datetime | None) -> calls.Query:
    """Contract: yes_only: these two know no `no`."""
    flags = tuple((name, "yes") for name, on in (("only_billed", only_billed), ("only_unbilled", only_unbilled)) if on)
    return flags if updated_since is None else (*flags, ("updated_since", checks.since(updated_since)))
