"""Reports of the sandbox: ranges, filters, rates."""

import pytest

from tests.support.sandbox import USER, Caller, clock_of

SPAN = "from=20260105&to=20260107"


def ids(response):
    return [record["id"] for each in response.json() for record in each.values()]


@pytest.mark.parametrize(
    "path", ["/projects/3001/entries", "/people/1/entries", "/people/1/expenses", "/projects/3001/expenses"]
)
def test_both_ends_of_the_range_are_needed_and_included(studio, path):
    """One alone, none, and what is no day are refused; an unpadded one and one with dashes are read."""
    category = studio.call.make("/expense_categories", root="expense_category", name="Meals")
    for day in ("2026-01-04", "2026-01-05", "2026-01-07", "2026-01-08"):
        studio.log_time(spent_at=day)
        studio.spend(expense_category_id=category, spent_at=day)
    found = ids(studio.call.get(f"{path}?{SPAN}"))

    assert len(found) == 2
    assert found == ids(studio.call.get(f"{path}?from=2026-1-5&to=2026/01/07"))
    assert studio.call.get(f"{path}?from=20260107&to=20260105").json() == []
    assert [
        studio.call.get(f"{path}{query}").status_code
        for query in ("", "?from=20260105", "?to=20260105&user_id=1", "?from=20261305&to=20260105")
    ] == [400, 400, 400, 400]


def test_entries_are_filtered(studio):
    """Yes and no for some; only yes for others, whose no returns everything."""
    sandbox = studio.call.sandbox
    plain, approved, billed = (studio.log_time()["id"] for _ in range(3))
    sandbox.lock("entry", approved)
    world, now = sandbox.world, clock_of(sandbox).today()
    world.change("entry", world.find("entry", billed), {"is_billed": True}, now)

    def found(query):
        return ids(studio.call.get(f"/projects/{studio.project}/entries?{SPAN}&{query}"))

    assert [approved] == found("is_closed=yes")
    assert [plain, billed] == found("is_closed=no")
    assert [billed] == found("only_billed=yes")
    assert [plain, approved] == found("only_unbilled=yes")
    assert [plain, approved, billed] == found("only_billed=no") == found("only_unbilled=no") == found("is_closed=maybe")
    assert [plain] == found("is_closed=no&only_unbilled=yes")
    assert ([plain, approved, billed], []) == (found("billable=yes"), found("billable=no"))


def test_billable_is_the_tasks_and_the_projects(studio):
    """Either can take it away."""
    studio.log_time()
    [link] = studio.call.sandbox.world.assignments("task_assignment", studio.project)
    path = f"/projects/{studio.project}"
    report = f"{path}/entries?{SPAN}&billable=no"
    before = ids(studio.call.get(report))
    studio.call.put(f"{path}/task_assignments/{link['id']}", {"task_assignment": {"billable": False}})
    by_task = ids(studio.call.get(report))
    studio.call.put(f"{path}/task_assignments/{link['id']}", {"task_assignment": {"billable": True}})
    studio.call.put(path, {"project": {"client_id": studio.client, "billable": False}})

    assert (before, by_task, ids(studio.call.get(report))) == ([], [70001], [70001])


def test_entries_are_found_by_person_and_by_project(studio):
    """user_id within a project, project_id within a person's."""
    mine = studio.log_time()["id"]
    theirs = studio.log_time(Caller(studio.call.sandbox, USER))["id"]
    project = f"/projects/{studio.project}/entries?{SPAN}"
    person = f"/people/1/entries?{SPAN}"

    assert ([mine], [theirs]) == tuple(ids(studio.call.get(f"{project}&user_id={number}")) for number in (1, 2))
    assert ([mine], []) == tuple(
        ids(studio.call.get(f"{person}&project_id={number}")) for number in (studio.project, 9)
    )
    assert [studio.call.get(path).status_code for path in (f"{project}&user_id=x", f"{person}&project_id=x")] == [
        400,
        400,
    ]
    assert [studio.call.get(f"/{path}/entries?{SPAN}").status_code for path in ("projects/9", "people/9")] == [404, 404]


def test_reports_are_in_order_of_days(studio):
    """In any order of logging."""
    second, first = studio.log_time(spent_at="2026-01-06")["id"], studio.log_time(spent_at="2026-01-05")["id"]

    assert [first, second] == ids(studio.call.get(f"/people/1/entries?{SPAN}"))


def test_expenses_are_filtered(studio):
    """A person's know no only_billed; a project's do."""
    sandbox = studio.call.sandbox
    category = studio.call.make("/expense_categories", root="expense_category", name="Meals")
    plain, closed = (studio.spend(expense_category_id=category) for _ in range(2))
    sandbox.lock("expense", closed)
    project, person = f"/projects/{studio.project}/expenses?{SPAN}", f"/people/1/expenses?{SPAN}"

    assert (
        [closed] == ids(studio.call.get(f"{project}&is_closed=yes")) == ids(studio.call.get(f"{person}&is_closed=yes"))
    )
    assert ids(studio.call.get(f"{project}&only_billed=yes")) == []
    assert [plain, closed] == ids(studio.call.get(f"{person}&only_billed=yes"))


def test_what_was_changed_since_is_found(studio):
    """updated_since combines with the range."""
    old = studio.log_time()["id"]
    clock_of(studio.call.sandbox).advance(3600)
    new = studio.log_time()["id"]
    path = f"/projects/{studio.project}/entries?{SPAN}&updated_since=2026-01-05+15%3A00"
    before = ids(studio.call.get(path))
    studio.call.post(f"/daily/update/{old}", {"hours": 2})

    assert ([new], [old, new]) == (before, ids(studio.call.get(path)))


def test_a_running_timer_is_reported_with_its_hours(studio):
    """Hours and hours_with_timer both have it."""
    studio.log_time(hours="")
    clock_of(studio.call.sandbox).advance(3600)
    [entry] = [each["day_entry"] for each in studio.call.get(f"/projects/{studio.project}/entries?{SPAN}").json()]

    assert (entry["hours"], entry["hours_with_timer"], entry["timer_started_at"]) == (1, 1, "2026-01-05T14:30:00Z")


@pytest.mark.parametrize(
    ("bill_by", "rate"), [("none", None), ("Project", 10), ("project", 10), ("Tasks", 20), ("People", 30)]
)
def test_the_rate_is_where_bill_by_says(studio, bill_by, rate):
    """On the project, on the task's assignment or on the person's."""
    world, base = studio.call.sandbox.world, f"/projects/{studio.project}"
    [task], [person, _] = (world.assignments(f"{kind}_assignment", studio.project) for kind in ("task", "user"))
    fields = {"client_id": studio.client, "bill_by": bill_by, "hourly_rate": 10}
    studio.call.put(base, {"project": fields})
    studio.call.put(f"{base}/task_assignments/{task['id']}", {"task_assignment": {"hourly_rate": 20}})
    studio.call.put(f"{base}/user_assignments/{person['id']}", {"user_assignment": {"hourly_rate": 30}})
    studio.log_time(hours="")
    [entry] = studio.call.get(f"{base}/entries?{SPAN}").json()

    assert rate == entry["day_entry"]["billable_rate"]
