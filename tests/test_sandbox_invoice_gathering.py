"""Invoices of the sandbox whose lines are gathered from time entries and expenses."""

from datetime import date

import pytest

from harvest_async.sandbox.lines import read_lines
from tests.support.invoices import shown


@pytest.fixture
def worked(studio):
    """Three billable entries at 100 an hour, of two people and two tasks, and two expenses."""
    call, base = studio.call, f"/projects/{studio.project}"
    call.put(base, {"project": {"client_id": studio.client, "bill_by": "Project", "hourly_rate": 100}})
    link = call.make(f"{base}/task_assignments/add_with_create_new_task", root="task", name="Build")
    task = call.sandbox.world.find("task_assignment", link)["task_id"]
    studio.log_time(notes="one", spent_at="2026-01-01")
    studio.log_time(of_user=2, spent_at="2026-01-02")
    studio.log_time(task_id=task, hours="0.5", spent_at="2026-02-01")
    meals, travel = (
        call.make("/expense_categories", root="expense_category", name=name) for name in ("Meals", "Travel")
    )
    studio.spend(expense_category_id=meals, spent_at="2026-01-03")
    studio.spend(expense_category_id=travel, spent_at="2026-02-03", total_cost=7)
    studio.spend(expense_category_id=travel, spent_at="2026-02-03", total_cost=1000, billable=False)
    return studio


def lines_of(studio, number):
    return [
        (line.description, str(line.quantity), str(line.amount))
        for line in read_lines(shown(studio, number)["csv_line_items"])
    ]


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("project", [("Rocket", "2.50", "250.00")]),
        ("task", [("Rocket: Design", "2.00", "200.00"), ("Rocket: Build", "0.50", "50.00")]),
        ("people", [("Rocket: Ada Sandbox", "1.50", "150.00"), ("Rocket: Uli Sandbox", "1.00", "100.00")]),
        (
            "detailed",
            [
                ("Rocket: Design: Ada Sandbox: 2026-01-01: one", "1.00", "100.00"),
                ("Rocket: Design: Uli Sandbox: 2026-01-02", "1.00", "100.00"),
                ("Rocket: Build: Ada Sandbox: 2026-02-01", "0.50", "50.00"),
            ],
        ),
    ],
)
def test_hours_are_put_together_by_kind(worked, kind, lines):
    """All unbilled hours of the client's projects, each at its rate."""
    number = worked.invoice(kind=kind, import_hours="all")

    assert lines == lines_of(worked, number)
    assert (250, kind) == (
        shown(worked, number)["amount"],
        worked.call.get(f"/clients/{worked.client}").json()["client"]["last_invoice_kind"],
    )


@pytest.mark.parametrize(
    ("summary", "lines"),
    [
        ("project", [("Rocket", "1", "19.50")]),
        ("people", [("Rocket: Ada Sandbox", "1", "19.50")]),
        (None, [("Rocket: Meals", "1", "12.50"), ("Rocket: Travel", "1", "7.00")]),
        (
            "detailed",
            [
                ("Rocket: Meals: Ada Sandbox: 2026-01-03", "1", "12.50"),
                ("Rocket: Travel: Ada Sandbox: 2026-02-03", "1", "7.00"),
            ],
        ),
    ],
)
def test_expenses_are_put_together_by_their_summary(worked, summary, lines):
    """Only what is billable."""
    number = worked.invoice(kind="project", import_expenses="all", expense_summary_type=summary)

    assert lines == lines_of(worked, number)


def test_yes_takes_what_lies_in_the_period(worked):
    """Hours and expenses have one each."""
    number = worked.invoice(
        kind="project",
        projects_to_invoice=f"{worked.project}",
        import_hours="yes",
        period_start="2026-01-01",
        period_end="2026-01-31",
        import_expenses="yes",
        expense_period_start="2026-02-01",
        expense_period_end="2026-02-28",
    )

    assert lines_of(worked, number) == [("Rocket", "2.00", "200.00"), ("Rocket: Travel", "1", "7.00")]
    assert (shown(worked, number)["period_start"], shown(worked, number)["period_end"]) == ("2026-01-01", "2026-01-31")


def test_what_was_gathered_is_billed_until_the_invoice_goes(worked):
    """It is gathered once, locked meanwhile, and free again afterwards."""
    number = worked.invoice(kind="project", import_hours="all", import_expenses="all")
    again = worked.invoice(kind="project", import_hours="all", import_expenses="all")
    report = f"/projects/{worked.project}/entries?from=20260101&to=20260301&only_unbilled=yes"
    between = worked.call.get(report).json()
    expenses = worked.call.get("/people/1/expenses?from=20260101&to=20260301").json()
    worked.call.delete(f"/invoices/{number}")

    assert (lines_of(worked, again), between) == ([], [])
    assert [(number, True), (number, True), (None, False)] == [
        (each["expense"]["invoice_id"], each["expense"]["is_billed"]) for each in expenses
    ]
    assert len(worked.call.get(report).json()) == 3


def test_nothing_is_gathered_unasked(worked):
    """no, and nothing said, gather nothing; a free form never does."""
    numbers = [
        worked.invoice(kind="task", import_hours="no"),
        worked.invoice(kind="task"),
        worked.invoice(kind="free-form", import_hours="all"),
    ]

    assert [lines_of(worked, number) for number in numbers] == [[], [], []]


def test_hours_without_a_rate_cost_nothing(studio):
    """bill_by none has no rate."""
    studio.log_time()

    assert lines_of(studio, studio.invoice(kind="project", import_hours="all")) == [("Rocket", "1.00", "0.00")]


def test_a_day_is_a_day(studio):
    """Records keep days as days, in any form they came in."""
    number = studio.invoice(issued_at="20260110")

    assert date(2026, 1, 10) == studio.call.sandbox.world.find("invoice", number)["issued_at"]
