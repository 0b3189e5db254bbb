"""Reports: the time entries and expenses of a project or a person in a range of days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from harvest_async.client.endpoints import Format, digits, only, yes_no
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.results import One
from harvest_async.client.validation import order
from harvest_async.v1.fields import Day, PersonRef, ProjectRef
from harvest_async.v1.models import Expense, ReportEntry
from harvest_async.v1.references import ENDPOINTS, REFERENCES, SINCE

__all__ = ["Reports"]


def _id(name: str, value: object) -> str:
    return str(REFERENCES.reference(name, value))


_DAYS: Final[Mapping[str, Format]] = {"from": digits, "to": digits}
_BILLED: Final[Mapping[str, Format]] = {"only_billed": only("yes"), "only_unbilled": only("yes")}
_NEEDED: Final = frozenset(_DAYS)

ENTRY: Final = One(ReportEntry, "day_entry")
PROJECT_ENTRIES: Final = ENDPOINTS.listing(
    "reports.project_entries",
    "/projects/{project}/entries",
    ENTRY,
    parameters={**_DAYS, "user_id": _id, "billable": yes_no, "is_closed": yes_no, **_BILLED, **SINCE},
    required=_NEEDED,
)
USER_ENTRIES: Final = ENDPOINTS.listing(
    "reports.user_entries",
    "/people/{person}/entries",
    ENTRY,
    parameters={**_DAYS, "project_id": _id, "billable": yes_no, "is_closed": yes_no, **_BILLED, **SINCE},
    required=_NEEDED,
)

EXPENSE: Final = One(Expense, "expense")
PROJECT_EXPENSES: Final = ENDPOINTS.listing(
    "reports.project_expenses",
    "/projects/{project}/expenses",
    EXPENSE,
    parameters={**_DAYS, "is_closed": yes_no, **_BILLED, **SINCE},
    required=_NEEDED,
)
USER_EXPENSES: Final = ENDPOINTS.listing(
    "reports.user_expenses",
    "/people/{person}/expenses",
    EXPENSE,
    parameters={**_DAYS, "is_closed": yes_no, **SINCE},
    required=_NEEDED,
)


class Reports(Resource):
    """Reports on a project or a person; for administrators.

    Both days of a range are included. Records have ids instead of names. Without `only_billed` and
    `only_unbilled`, all are listed.
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
        """List the time entries of a project.

        Args:
            project_id: the project.
            from_: the first day.
            to: the last day.
            user_id: list only entries of this person.
            billable: list only entries that are billable, or only those that are not.
            only_billed: list only entries that are on an invoice.
            only_unbilled: list only entries that are not on an invoice.
            is_closed: list only entries of approved timesheets, or only those of others.
            updated_since: list only entries that were changed since then; a datetime with a time zone.

        Raises:
            InvalidArgument: `from_` is after `to`.
        """
        return self._list(
            PROJECT_ENTRIES(
                project_id,
                **_days(from_, to),
                user_id=user_id,
                billable=billable,
                only_billed=only_billed,
                only_unbilled=only_unbilled,
                is_closed=is_closed,
                updated_since=updated_since,
            )
        )

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
        """List the time entries of a person.

        Args:
            user_id: the person.
            from_: the first day.
            to: the last day.
            project_id: list only entries of this project.
            billable: list only entries that are billable, or only those that are not.
            only_billed: list only entries that are on an invoice.
            only_unbilled: list only entries that are not on an invoice.
            is_closed: list only entries of approved timesheets, or only those of others.
            updated_since: list only entries that were changed since then; a datetime with a time zone.

        Raises:
            InvalidArgument: `from_` is after `to`.
        """
        return self._list(
            USER_ENTRIES(
                user_id,
                **_days(from_, to),
                project_id=project_id,
                billable=billable,
                only_billed=only_billed,
                only_unbilled=only_unbilled,
                is_closed=is_closed,
                updated_since=updated_since,
            )
        )

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
        """List the expenses of a project; for the arguments see `project_entries`."""
        return self._list(
            PROJECT_EXPENSES(
                project_id,
                **_days(from_, to),
                only_billed=only_billed,
                only_unbilled=only_unbilled,
                is_closed=is_closed,
                updated_since=updated_since,
            )
        )

    def user_expenses(
        self,
        user_id: PersonRef,
        from_: Day,
        to: Day,
        *,
        is_closed: bool | None = None,
        updated_since: datetime | None = None,
    ) -> Listing[Expense]:
        """List the expenses of a person; for the arguments see `user_entries`."""
        query = _days(from_, to)
        return self._list(USER_EXPENSES(user_id, **query, is_closed=is_closed, updated_since=updated_since))


def _days(from_: Day, to: Day) -> dict[str, Any]:
    """Return the parameters of a range of days."""
    begin, end = order("from_", from_, "to", to)
    return {"from": begin, "to": end}
