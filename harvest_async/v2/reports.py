"""Reports: sums of hours and expenses, what is not invoiced, and budgets. They have a budget of calls of their own."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from typing import Any, Final, TypeVar, Unpack

from harvest_async.call import Call, Page
from harvest_async.client.endpoints import Endpoint, Format
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.validation import order
from harvest_async.errors import InvalidArgument
from harvest_async.v2.references import ENDPOINTS, PAGES, Day, Paging, day_text, true_false
from harvest_async.v2.report_records import ExpenseReportRow, ProjectBudgetRow, TimeReportRow, UninvoicedRow, joined

__all__ = ["ReportsResource"]

T = TypeVar("T")

_LONGEST: Final = timedelta(days=365)
"""The longest time between the first and the last day of a report."""

_RANGE: Final[Mapping[str, Format]] = {"from": day_text, "to": day_text}
_FIXED: Final[Mapping[str, Format]] = {**_RANGE, "include_fixed_fee": true_false, **PAGES}


def _report(
    name: str, operation: str, path: str, model: type[T], parameters: Mapping[str, Format]
) -> Endpoint[Page[T]]:
    """Return the endpoint of a report."""
    required = frozenset({"from", "to"} & parameters.keys())
    return ENDPOINTS.listing(
        f"reports.{name}",
        operation,
        f"/reports/{path}",
        model,
        parameters,
        key="results",
        required=required,
        budget="reports",
    )


_MONEY: Final[Mapping[str, Format]] = {**_RANGE, **PAGES}
TIME_CLIENTS: Final = _report("time_by_client", "clientsTimeReport", "time/clients", TimeReportRow, _FIXED)
TIME_PROJECTS: Final = _report("time_by_project", "projectsTimeReport", "time/projects", TimeReportRow, _FIXED)
TIME_TASKS: Final = _report("time_by_task", "tasksReport", "time/tasks", TimeReportRow, _FIXED)
TIME_TEAM: Final = _report("time_by_user", "teamTimeReport", "time/team", TimeReportRow, _FIXED)
EXPENSE_CLIENTS: Final = _report(
    "expenses_by_client", "clientsExpensesReport", "expenses/clients", ExpenseReportRow, _MONEY
)
EXPENSE_PROJECTS: Final = _report(
    "expenses_by_project", "projectsExpensesReport", "expenses/projects", ExpenseReportRow, _MONEY
)
EXPENSE_CATEGORIES: Final = _report(
    "expenses_by_category", "expenseCategoriesReport", "expenses/categories", ExpenseReportRow, _MONEY
)
EXPENSE_TEAM: Final = _report("expenses_by_user", "teamExpensesReport", "expenses/team", ExpenseReportRow, _MONEY)
UNINVOICED: Final = _report("uninvoiced", "uninvoicedReport", "uninvoiced", UninvoicedRow, _FIXED)
PROJECT_BUDGET: Final = _report(
    "project_budget", "projectBudgetReport", "project_budget", ProjectBudgetRow, {**PAGES, "is_active": true_false}
)


class JoinedListing(Listing[T]):
    """A report of several years: its rows are added up once all years are read."""

    __slots__ = ("_calls",)

    def __init__(self, resource: Resource, calls: list[Call[Page[T]]]) -> None:
        super().__init__(resource, calls[0])
        self._calls = calls

    async def __aiter__(self) -> AsyncIterator[T]:
        rows = [row for call in self._calls async for row in Listing(self._resource, call)]
        for row in joined(rows):
            yield row


class ReportsResource(Resource):
    """Reports. Both days of a range are included. Reports have a budget of their own: 100 calls in 15 minutes.

    Time and expense reports of more than 366 days are read by the year, and their rows are added up.

    https://help.getharvest.com/api-v2/reports-api/reports/time-reports/
    """

    __slots__ = ()

    def time_by_client(
        self, from_: Day, to: Day, *, include_fixed_fee: bool | None = None, **paging: Unpack[Paging]
    ) -> Listing[TimeReportRow]:
        """Report the hours of each client.

        Args:
            from_: the first day.
            to: the last day.
            include_fixed_fee: whether the amounts of fixed-fee projects are counted, too.
            paging: `page` and `per_page`; `page` only for at most 366 days.

        Raises:
            InvalidArgument: `from_` is after `to`.
        """
        return self._sums(TIME_CLIENTS, from_, to, {"include_fixed_fee": include_fixed_fee, **paging})

    def time_by_project(
        self, from_: Day, to: Day, *, include_fixed_fee: bool | None = None, **paging: Unpack[Paging]
    ) -> Listing[TimeReportRow]:
        """Report the hours of each project, named `[CODE] Name`; for the arguments see `time_by_client`."""
        return self._sums(TIME_PROJECTS, from_, to, {"include_fixed_fee": include_fixed_fee, **paging})

    def time_by_task(
        self, from_: Day, to: Day, *, include_fixed_fee: bool | None = None, **paging: Unpack[Paging]
    ) -> Listing[TimeReportRow]:
        """Report the hours of each task; for the arguments see `time_by_client`."""
        return self._sums(TIME_TASKS, from_, to, {"include_fixed_fee": include_fixed_fee, **paging})

    def time_by_user(
        self, from_: Day, to: Day, *, include_fixed_fee: bool | None = None, **paging: Unpack[Paging]
    ) -> Listing[TimeReportRow]:
        """Report the hours of each person; for the arguments see `time_by_client`."""
        return self._sums(TIME_TEAM, from_, to, {"include_fixed_fee": include_fixed_fee, **paging})

    def expenses_by_client(self, from_: Day, to: Day, **paging: Unpack[Paging]) -> Listing[ExpenseReportRow]:
        """Report the expenses of each client; for the arguments see `time_by_client`."""
        return self._sums(EXPENSE_CLIENTS, from_, to, {**paging})

    def expenses_by_project(self, from_: Day, to: Day, **paging: Unpack[Paging]) -> Listing[ExpenseReportRow]:
        """Report the expenses of each project; for the arguments see `time_by_client`."""
        return self._sums(EXPENSE_PROJECTS, from_, to, {**paging})

    def expenses_by_category(self, from_: Day, to: Day, **paging: Unpack[Paging]) -> Listing[ExpenseReportRow]:
        """Report the expenses of each category; for the arguments see `time_by_client`."""
        return self._sums(EXPENSE_CATEGORIES, from_, to, {**paging})

    def expenses_by_user(self, from_: Day, to: Day, **paging: Unpack[Paging]) -> Listing[ExpenseReportRow]:
        """Report the expenses of each person; for the arguments see `time_by_client`."""
        return self._sums(EXPENSE_TEAM, from_, to, {**paging})

    def uninvoiced(
        self, from_: Day, to: Day, *, include_fixed_fee: bool | None = None, **paging: Unpack[Paging]
    ) -> Listing[UninvoicedRow]:
        """Report what is not invoiced, for each project, also those with nothing to invoice.

        Args:
            from_: the first day.
            to: the last day, at most 365 days later.
            include_fixed_fee: whether fixed-fee projects are listed; the server's default is True.
            paging: `page` and `per_page`.

        Raises:
            InvalidArgument: `from_` is after `to`, or the range is too long.
        """
        first, last = order("from_", from_, "to", to)
        if last - first > _LONGEST:
            raise InvalidArgument(
                f"reports.uninvoiced: {first} to {last} is more than 365 days, and the amounts of several ranges can't "
                "be added up: give a shorter range"
            )
        query: dict[str, Any] = {"from": first, "to": last, "include_fixed_fee": include_fixed_fee, **paging}
        return self._list(UNINVOICED(**query))

    def project_budget(self, *, is_active: bool | None = None, **paging: Unpack[Paging]) -> Listing[ProjectBudgetRow]:
        """Report the budget of each project.

        Args:
            is_active: list only active projects, or only archived ones; None lists both.
            paging: `page` and `per_page`.
        """
        return self._list(PROJECT_BUDGET(is_active=is_active, **paging))

    def _sums(self, report: Endpoint[Page[T]], from_: Day, to: Day, query: Mapping[str, Any]) -> Listing[T]:
        """Return a report whose rows may be added up, by the year where its range is too long."""
        ranges = _years(*order("from_", from_, "to", to))
        if len(ranges) > 1 and query.get("page") is not None:
            raise InvalidArgument(
                f"{report.name}: page: a report of more than 365 days is read as a whole: leave page out"
            )
        calls = [report(**{"from": first, "to": last, **query}) for first, last in ranges]
        return self._list(calls[0]) if len(calls) == 1 else JoinedListing(self, calls)


def _years(first: date, last: date) -> list[tuple[date, date]]:
    """Split a range of days into ranges that a report accepts."""
    ranges = []
    while last - first > _LONGEST:
        ranges.append((first, first + _LONGEST))
        first += _LONGEST + timedelta(days=1)
    return [*ranges, (first, last)]
