"""Reports: time and expenses over any stretch of days.

Rules of this room: see `resources`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from harvest_async.client import validation as checks
from harvest_async.client.resource import Listing, Resource
from harvest_async.v1 import calls
from harvest_async.v1.fields import Day, PersonRef, ProjectRef
from harvest_async.v1.models import Expense, ReportEntry

__all__ = ["Reports"]


class Reports(Resource):
    """Time and expenses of a project or a person over days, both ends included; for administrators.

    Records have ids in place of names. Moments in `updated_since` are aware. `only_billed` and `only_unbilled` leave
    the others out; without either all come (contract: yes_only).
    """

    __slots__ = ()

    def project_entries(
        self,
        project_id: ProjectRef,
        from_: Day,
        to: Day,
        *,
        user_id: PersonRef | None = None,
        billable: bool | None = None,
        only_billed: bool = False,
        only_unbilled: bool = False,
        is_closed: bool | None = None,
        updated_since: datetime | None = None,
    ) -> Listing[ReportEntry]:
        """A project's entries (contract: reports.project_entries)."""
        query = _range(from_, to, user_id=user_id, billable=billable, is_closed=is_closed)
        query += _only(only_billed=only_billed, only_unbilled=only_unbilled, updated_since=updated_since)
        return self._list(calls.project_entries(project_id, query))

    def user_entries(
        self,
        user_id: PersonRef,
        from_: Day,
        to: Day,
        *,
        project_id: ProjectRef | None = None,
        billable: bool | None = None,
        only_billed: bool = False,
        only_unbilled: bool = False,
        is_closed: bool | None = None,
        updated_since: datetime | None = None,
    ) -> Listing[ReportEntry]:
        """A person's entries (contract: reports.user_entries)."""
        query = _range(from_, to, project_id=project_id, billable=billable, is_closed=is_closed)
        query += _only(only_billed=only_billed, only_unbilled=only_unbilled, updated_since=updated_since)
        return self._list(calls.user_entries(user_id, query))

    def project_expenses(
        self,
        project_id: ProjectRef,
        from_: Day,
        to: Day,
        *,
        only_billed: bool = False,
        only_unbilled: bool = False,
        is_closed: bool | None = None,
        updated_since: datetime | None = None,
    ) -> Listing[Expense]:
        """A project's expenses (contract: reports.project_expenses)."""
        query = _range(from_, to, is_closed=is_closed)
        query += _only(only_billed=only_billed, only_unbilled=only_unbilled, updated_since=updated_since)
        return self._list(calls.project_expenses(project_id, query))

    def user_expenses(
        self,
        user_id: PersonRef,
        from_: Day,
        to: Day,
        *,
        is_closed: bool | None = None,
        updated_since: datetime | None = None,
    ) -> Listing[Expense]:
        """A person's expenses (contract: reports.user_expenses)."""
        query = _range(from_, to, is_closed=is_closed)
        query += _only(only_billed=False, only_unbilled=False, updated_since=updated_since)
        return self._list(calls.user_expenses(user_id, query))


def _range(from_: Day, to: Day, **filters: Any) -> calls.Query:
    """Both days, and the filters that were given (contract: dates.report_range, yes_no, entries_without_range)."""
    begin, end = checks.order("from_", from_, "to", to)
    given = tuple((name, _filter(name, value)) for name, value in filters.items() if value is not None)
    return (("from", f"{begin:%Y%m%d}"), ("to", f"{end:%Y%m%d}"), *given)


def _filter(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(checks.reference(name, value))


def _only(*, only_billed: bool, only_unbilled: bool, updated_since: datetime | None) -> calls.Query:
    """Contract: yes_only: these two know no `no`."""
    flags = tuple((name, "yes") for name, on in (("only_billed", only_billed), ("only_unbilled", only_unbilled)) if on)
    return flags if updated_since is None else (*flags, ("updated_since", checks.since(updated_since)))
