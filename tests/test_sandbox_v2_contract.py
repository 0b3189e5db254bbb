"""Every operation of API v2 of the sandbox: its response has the fields that the published list gives it."""

import re

import pytest

from harvest_async.sandbox.v2.router import SECTIONS
from tests.contract.v2 import operations, records
from tests.support.sandbox import new_sandbox
from tests.support.v2_sandbox import new_v2_studio

RANGE = {"from": "2026-01-01", "to": "2026-06-30"}
RECEIPT = b"\x89PNG\r\n\x1a\n" + b"0" * 32
PAGING = {"per_page", "total_pages", "total_entries", "next_page", "previous_page", "page", "links"}

REPORTED = {
    "clientsExpensesReport": "client_id client_name total_amount billable_amount currency",
    "projectsExpensesReport": "client_id client_name project_id project_name total_amount billable_amount currency",
    "expenseCategoriesReport": "expense_category_id expense_category_name total_amount billable_amount currency",
    "teamExpensesReport": "user_id user_name is_contractor total_amount billable_amount currency",
    "clientsTimeReport": "client_id client_name total_hours billable_hours currency billable_amount",
    "projectsTimeReport": "client_id client_name project_id project_name total_hours billable_hours currency "
    "billable_amount",
    "tasksReport": "task_id task_name total_hours billable_hours currency billable_amount",
    "teamTimeReport": "user_id user_name weekly_capacity avatar_url is_contractor total_hours billable_hours currency "
    "billable_amount",
}
"""The fields of the reports, which share one record in the list but group by different ones."""


@pytest.fixture(scope="module")
def account():
    """Return a caller and the paths' ids of an account with at least one record of each kind."""
    studio = new_v2_studio(new_sandbox(calls=100_000, report_calls=100_000))
    call = studio.call
    reference = {"id": "r1", "group_id": "g1", "permalink": "https://example.com/1"}
    entry = studio.log_time(external_reference=reference)
    expense = call(
        "POST",
        "/expenses",
        data={
            "project_id": studio.project,
            "expense_category_id": call.make("/expense_categories", name="Fuel", unit_name="km", unit_price=2)["id"],
            "spent_date": "2026-01-05",
            "units": 3,
        },
        files={"receipt": ("a.png", RECEIPT, "image/png")},
    ).json()
    estimate = studio.estimate()
    invoice = studio.invoice(estimate_id=estimate["id"])
    call.make(f"/invoices/{invoice['id']}/messages", event_type="send")
    role = call.make("/roles", name="Designer", user_ids=[1])
    call.patch("/users/2", access_roles=["manager"])
    assert call.patch("/users/2/teammates", teammate_ids=[1]).status_code == 200
    ids = {
        "clientId": studio.client,
        "contactId": call.make("/contacts", client_id=studio.client, first_name="A", last_name="B")["id"],
        "projectId": studio.project,
        "taskId": studio.task,
        "timeEntryId": entry["id"],
        "expenseId": expense["id"],
        "expenseCategoryId": expense["expense_category"]["id"],
        "estimateId": estimate["id"],
        "estimateItemCategoryId": call.make("/estimate_item_categories", name="Hardware")["id"],
        "invoiceId": invoice["id"],
        "invoiceItemCategoryId": call.make("/invoice_item_categories", name="Hardware")["id"],
        "roleId": role["id"],
        "userId": 1,
        "billableRateId": call.make("/users/1/billable_rates", amount=90)["id"],
        "costRateId": call.make("/users/1/cost_rates", amount=40)["id"],
        "taskAssignmentId": call.get(f"/projects/{studio.project}/task_assignments").json()["task_assignments"][0][
            "id"
        ],
        "userAssignmentId": call.get(f"/projects/{studio.project}/user_assignments").json()["user_assignments"][0][
            "id"
        ],
    }
    call.make(f"/estimates/{estimate['id']}/messages", recipients=[{"name": "A", "email": "a@example.com"}])
    call.make(f"/invoices/{invoice['id']}/payments", amount=10, notes="part")
    return call, ids


def fields_of(name):
    """Return the fields of a record, those of nested records by the name of their field."""
    found = {}
    for each in records()[name]:
        plain, _, inner = each.partition("{")
        found[plain] = inner.rstrip("}").split(",") if inner else []
    return found


def check(record, name, operation):
    """Compare a record with the list: no field is missing, and none is there that the list does not know."""
    if operation in REPORTED:
        assert set(record) == set(REPORTED[operation].split())
        return
    expected = fields_of(name)
    assert set(expected) - set(record) == set(), "missing"
    assert set(record) - set(expected) == set(), "in excess"
    for field, inner in expected.items():
        if inner and record[field] is not None:
            assert set(inner) - set(record[field]) == set(), f"missing in {field}"


READS = sorted(name for name, each in operations().items() if each.method == "GET")


@pytest.mark.parametrize("name", READS)
def test_a_read_has_the_fields_of_the_list(account, name):
    """Compares each record that a read returns, and the envelope of lists; none is empty."""
    call, ids = account
    operation = operations()[name]
    ids = ids | ({"userId": 2} if "teammates" in operation.path else {})
    needed = {each: RANGE[each] for each in operation.query if each in operation.required}
    response = call.get(operation.path.format(**ids), **needed)
    assert response.status_code == 200, response.text

    key, _, record = operation.record.rpartition(":")
    tree = response.json()
    if not key:
        check(tree, record, name)
        return
    assert set(tree) == PAGING | {key}
    assert set(tree["links"]) == set(records()["PaginationLinks"])
    assert tree[key], "an empty list proves nothing"
    for each in tree[key]:
        check(each, record, name)


@pytest.mark.parametrize("name", sorted(each for each in operations() if each.startswith("update")))
def test_an_update_returns_the_whole_record(account, name):
    """Sends an update that changes nothing; the response is the record."""
    call, ids = account
    operation = operations()[name]
    ids = ids | ({"userId": 2} if "teammates" in operation.path else {})
    body = {"teammate_ids": [1]} if "teammates" in operation.path else {}
    response = call("PATCH", operation.path.format(**ids), json=body)

    assert response.status_code == 200, response.text
    check(response.json(), operation.record, name)


def test_the_routes_are_those_of_the_list():
    """Serves each operation of the list, and nothing beside them but the receipts to which expenses link."""
    listed = {(each.method, re.sub(r"\{\w+\}", "{id}", each.path)) for each in operations().values()}
    served = {(route.method, route.path) for _, routes in SECTIONS for route in routes}

    assert len(operations()) == 113
    assert listed - served == set()
    assert served - listed == {("GET", "/expenses/{id}/receipt")}
