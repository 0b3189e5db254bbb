"""Reports of API v2."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.errors import InvalidArgument
from harvest_async.v2 import reports
from tests.support.v2_responses import Account, page

pytestmark = pytest.mark.anyio

SUMS = {
    "time_by_client": "time/clients",
    "time_by_project": "time/projects",
    "time_by_task": "time/tasks",
    "time_by_user": "time/team",
    "expenses_by_client": "expenses/clients",
    "expenses_by_project": "expenses/projects",
    "expenses_by_category": "expenses/categories",
    "expenses_by_user": "expenses/team",
}


@pytest.mark.parametrize("name", SUMS)
async def test_a_report_is_one_call(name):
    """A range of 366 days is one call, and its rows are records."""
    path = f"/v2/reports/{SUMS[name]}"
    account = Account({f"GET {path}": page("results", {"client_id": 1, "billable_amount": 1.5, "currency": "EUR"})})
    async with account.client() as harvest:
        (row,) = await getattr(harvest.reports, name)("2026-01-01", "2027-01-01")

    assert (row.client_id, row.billable_amount, row.currency) == (1, Decimal("1.5"), "EUR")
    assert (account.calls, account.query) == ([f"GET {path}"], {"from": "2026-01-01", "to": "2027-01-01"})


async def test_rows_of_several_years_are_added_up():
    """Rows of the same client and currency become one; others stay apart."""
    rows = [
        page(
            "results",
            {"client_id": 1, "client_name": "Old", "total_hours": 1.5, "billable_amount": 2, "currency": "EUR"},
            {"client_id": 2, "total_hours": 1, "billable_amount": None, "currency": "EUR"},
        ),
        page(
            "results",
            {"client_id": 1, "client_name": "New", "total_hours": 2.25, "billable_amount": 3, "currency": "EUR"},
            {"client_id": 1, "total_hours": 4, "billable_amount": 5, "currency": "USD"},
            {"client_id": 2, "total_hours": 1, "billable_amount": None, "currency": "EUR"},
        ),
    ]
    account = Account({"GET /v2/reports/time/clients": rows})
    async with account.client() as harvest:
        report = harvest.reports.time_by_client("2025-01-01", "2026-12-31", include_fixed_fee=True)
        found = await report

    assert [(row.client_id, row.client_name, row.total_hours, row.billable_amount) for row in found] == [
        (1, "New", Decimal("3.75"), Decimal(5)),
        (2, None, Decimal(2), None),
        (1, None, Decimal(4), Decimal(5)),
    ]
    assert [dict(each.url.params) for each in account.requests] == [
        {"from": "2025-01-01", "to": "2026-01-01", "include_fixed_fee": "true"},
        {"from": "2026-01-02", "to": "2026-12-31", "include_fixed_fee": "true"},
    ]


@given(first=st.dates(date(2000, 1, 1), date(2020, 1, 1)), length=st.integers(0, 3000))
def test_a_range_is_split_without_gaps(first, length):
    """The ranges follow each other, cover all days, and none is longer than 365 days."""
    last = first + timedelta(days=length)

    ranges = reports._years(first, last)

    assert (ranges[0][0], ranges[-1][1]) == (first, last)
    assert all(end - begin <= timedelta(days=365) for begin, end in ranges)
    assert all(b[0] - a[1] == timedelta(days=1) for a, b in pairwise(ranges))


async def test_an_uninvoiced_report_of_more_than_a_year_is_refused():
    """Its amounts can't be added up."""
    account = Account({})
    async with account.client() as harvest:
        with pytest.raises(InvalidArgument, match="more than 365 days"):
            harvest.reports.uninvoiced("2025-01-01", "2026-01-02")

    assert account.requests == []


async def test_a_page_of_several_years_is_refused():
    """The rows of a page are no sums."""
    async with Account({}).client() as harvest:
        with pytest.raises(InvalidArgument, match="leave page out"):
            harvest.reports.time_by_task("2024-01-01", "2026-01-02", page=2)


async def test_a_range_in_the_wrong_order_is_refused():
    """The first day must not be after the last."""
    async with Account({}).client() as harvest:
        with pytest.raises(InvalidArgument, match="lies after"):
            harvest.reports.time_by_task("2026-01-02", "2026-01-01")


async def test_what_is_not_invoiced_and_budgets_are_reported():
    """Amounts may be negative; a budget report has no range."""
    account = Account(
        {
            "GET /v2/reports/uninvoiced": page("results", {"project_id": 1, "uninvoiced_amount": -5.5}),
            "GET /v2/reports/project_budget": page("results", {"project_id": 1, "budget_by": "project", "budget": 50}),
        }
    )
    async with account.client() as harvest:
        (open_row,) = await harvest.reports.uninvoiced("2026-01-01", "2026-12-31", include_fixed_fee=False)
        assert account.query == {"from": "2026-01-01", "to": "2026-12-31", "include_fixed_fee": "false"}
        (budget,) = await harvest.reports.project_budget(is_active=True)

    assert (open_row.uninvoiced_amount, budget.budget) == (Decimal("-5.5"), Decimal(50))
    assert account.query == {"is_active": "true"}


async def test_reports_have_a_budget_of_their_own():
    """A report leaves the general budget as it is."""
    account = Account({"GET /v2/reports/time/team": page("results")})
    async with account.client() as harvest:
        before = harvest.throttle.snapshot()
        assert await harvest.reports.time_by_user("2026-01-01", "2026-01-31") == []

        assert reports.TIME_TEAM.budget == "reports"
        assert harvest.throttle.snapshot().free == before.free
