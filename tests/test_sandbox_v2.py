"""API v2 of the sandbox: sign-in, errors, and what each version sees of the other's records."""

import pytest

from tests.support.sandbox import Caller
from tests.support.v2_sandbox import V2Caller, new_v2_studio


@pytest.fixture
def call(sandbox):
    return V2Caller(sandbox)


@pytest.fixture
def studio(sandbox):
    return new_v2_studio(sandbox)


@pytest.mark.parametrize("prefix", ["/v2", "/api/v2"])
def test_both_prefixes_serve_the_same(sandbox, prefix):
    """Serves the paths below /v2 and below /api/v2."""
    assert V2Caller(sandbox, prefix).get("/users/me").json()["id"] == 1


def test_the_token_may_be_in_the_query(sandbox):
    """Accepts access_token and account_id as parameters."""
    call = V2Caller(sandbox, **{"Authorization": None, "Harvest-Account-Id": None})

    assert call.get("/users/me", access_token="sandbox-token", account_id="1").json()["id"] == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": None},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer sandbox-v1-token"},
        {"Authorization": "Basic YWRtaW5AZXhhbXBsZS5jb206c2FuZGJveA=="},
        {"Harvest-Account-Id": None},
        {"Harvest-Account-Id": "2"},
    ],
)
def test_a_request_without_valid_credentials_gets_401(call, headers):
    """Responds with the error in JSON and in WWW-Authenticate."""
    response = call("GET", "/users/me", headers=headers)

    assert response.status_code == 401
    assert set(response.json()) == {"error", "error_description"}
    assert response.headers["www-authenticate"].startswith("Bearer ")


def test_the_token_of_v2_is_not_valid_for_v1(sandbox):
    """Responds with 401 to the token of v2 on a path of v1."""
    v1 = Caller(sandbox, None)

    assert v1.get("/account/who_am_i", headers={"Authorization": "Bearer sandbox-token"}).status_code == 401
    assert v1.get("/account/who_am_i", headers={"Authorization": "Bearer sandbox-v1-token"}).status_code == 200


@pytest.mark.parametrize("headers", [{"User-Agent": None}, {"User-Agent": " "}])
def test_a_request_without_user_agent_gets_400(call, headers):
    """Responds with 400 if the application is not named."""
    assert call("GET", "/users/me", headers=headers).status_code == 400


def test_a_get_with_a_body_gets_400(call):
    """Responds with 400 to a body on GET, and accepts its type alone."""
    assert call("GET", "/clients", json={"page": 1}).status_code == 400
    assert call("GET", "/clients", headers={"Content-Type": "application/json"}).status_code == 200


def test_a_create_returns_the_record_and_its_location(call):
    """Responds with 201, the whole record and a Location below /api/v2."""
    response = call.post("/clients", name="ACME")

    assert response.status_code == 201
    assert response.headers["location"] == f"/api/v2/clients/{response.json()['id']}"
    assert response.json() == call.get(f"/clients/{response.json()['id']}").json()


def test_a_delete_returns_the_record(call):
    """Responds with 200 and the deleted record, which is not found afterwards."""
    client = call.make("/clients", name="ACME")

    assert call.delete(f"/clients/{client['id']}").json() == client
    assert call.get(f"/clients/{client['id']}").status_code == 404


def test_an_update_changes_only_what_it_names(call):
    """Keeps the other fields of a record."""
    client = call.make("/clients", name="ACME", address="Street 1")

    changed = call.patch(f"/clients/{client['id']}", name="Beta").json()

    assert (changed["name"], changed["address"]) == ("Beta", "Street 1")


def test_several_reasons_are_joined(call):
    """Lists all reasons of a 422, separated by commas."""
    response = call.post("/projects", name=" ", client_id="x")

    assert response.status_code == 422
    assert response.json()["message"].startswith("Name can't be blank, Is billable can't be blank, ")


def test_a_refused_delete_has_a_hint(studio):
    """Repeats the reason of a refused delete in the header Hint."""
    response = studio.call.delete(f"/clients/{studio.client}")

    assert response.status_code == 422
    assert response.headers["hint"] == response.json()["message"] == "The client has projects"


def test_texts_are_accepted_as_numbers_and_unknown_fields_are_ignored(studio):
    """Reads ids, hours and flags that are texts."""
    entry = studio.log_time(project_id=str(studio.project), hours="2.25", nonsense={"deep": [1]})

    assert (entry["project"]["id"], entry["hours"]) == (studio.project, 2.25)


def test_a_form_is_accepted(studio):
    """Reads fields of a form, nested ones in brackets."""
    fields = {"project_id": studio.project, "task_id": studio.task, "spent_date": "2026-01-05", "hours": "1"}
    response = studio.call("POST", "/time_entries", data=fields | {"external_reference[id]": "7"})

    assert response.status_code == 201
    assert response.json()["external_reference"]["id"] == "7"


@pytest.mark.parametrize("content", [b"{", b"[1]", b'"x"', b"\xff"])
def test_a_body_that_is_no_object_gets_422(call, content):
    """Refuses a body that is not a JSON object."""
    response = call("POST", "/clients", content=content, headers={"Content-Type": "application/json"})

    assert response.status_code == 422


def test_an_expense_with_a_cost_of_its_own_has_one_unit_and_no_receipt(studio):
    """As in the documentation's examples: the units are 1, and the receipt is null."""
    expense = studio.spend(total_cost=33.35)

    assert (expense["units"], expense["total_cost"], expense["receipt"]) == (1, 33.35, None)
    assert expense["expense_category"]["unit_price"] is None


def test_v1_reads_what_v2_writes_and_back(sandbox, studio):
    """Both versions work on the same records."""
    v1 = Caller(sandbox)
    entry = studio.log_time(notes="from v2")
    v1.post(f"/daily/update/{entry['id']}", {"notes": "from v1", "hours": 2})

    assert v1.get(f"/daily/show/{entry['id']}").json()["hours"] == 2
    assert studio.call.get(f"/time_entries/{entry['id']}").json()["notes"] == "from v1"
    assert v1.get(f"/projects/{studio.project}").json()["project"]["budget"] == 100
    assert "has_reference" not in v1.get(f"/projects/{studio.project}/entries?from=20260101&to=20261231").text


@pytest.mark.parametrize(("term", "shown"), [("net 30", "NET 30"), ("upon receipt", "upon receipt"), ("custom", None)])
def test_v1_shows_a_term_of_payment_in_its_own_form(sandbox, studio, term, shown):
    """API v1 has `NET 30` where API v2 has `net 30`."""
    line = {"kind": "Service", "unit_price": 5}
    invoice = studio.call.make("/invoices", client_id=studio.client, line_items=[line], payment_term=term)

    assert invoice["payment_term"] == term
    assert Caller(sandbox).get(f"/invoices/{invoice['id']}").json()["invoice"]["due_at_human_format"] == shown


# Large ids


@pytest.mark.parametrize("number", [2**31, 2**53 + 1, 2**63 - 2])
def test_records_with_large_ids_are_found(sandbox, call, number):
    """By their path, by a filter, and in the body of a write."""
    sandbox.world._next |= {"client": number, "project": number}
    client = call.make("/clients", name="ACME")["id"]
    project = call.make("/projects", name="A", client_id=client, is_billable=True, bill_by="none", budget_by="none")

    assert (client, project["id"], project["client"]["id"]) == (number, number, number)
    assert call.get(f"/clients/{number}").json()["id"] == number
    assert call.patch(f"/projects/{number}", name="B").json()["name"] == "B"
    assert [each["id"] for each in call.get("/projects", client_id=number).json()["projects"]] == [number]


@pytest.mark.parametrize("number", [2**31, 2**53 + 1, 2**63 - 1, 2**64])
@pytest.mark.parametrize("path", ["clients", "projects", "time_entries", "expenses", "invoices"])
def test_an_unknown_large_id_is_not_found(call, path, number):
    """Responds in JSON, as for any other id."""
    response = call.get(f"/{path}/{number}")

    assert (response.status_code, response.json()) == (404, {"status": 404, "error": "Not Found"})


# Roles


@pytest.fixture
def member(sandbox):
    token = sandbox._account._services.grants
    token.permit("user-token", "user@example.com", "v2")
    return V2Caller(sandbox, Authorization="Bearer user-token")


@pytest.mark.parametrize("path", ["/clients", "/projects", "/users", "/roles", "/invoices", "/reports/time/team"])
def test_a_member_may_not_read_the_account(member, path):
    """Responds with 403 and the reason in Hint."""
    response = member.get(path)

    assert (response.status_code, response.json()) == (403, {"message": "Not authorized!"})
    assert response.headers["hint"] == "Not authorized!"


def test_a_member_sees_only_own_time_without_rates(studio, member):
    """Lists the person's own entries, without rates; those of others are not found."""
    other = studio.log_time()
    own = studio.log_time(user_id=2)

    (shown,) = member.get("/time_entries").json()["time_entries"]

    assert (shown["id"], shown["billable_rate"], shown["cost_rate"]) == (own["id"], None, None)
    assert member.get(f"/time_entries/{other['id']}").status_code == 404
    assert studio.call.get(f"/time_entries/{own['id']}").json()["billable_rate"] == 80


def test_a_member_may_not_log_time_for_others(studio, member):
    """Responds with 403 to a user_id of another person."""
    fields = {"project_id": studio.project, "task_id": studio.task, "spent_date": "2026-01-05", "hours": 1}

    assert member.post("/time_entries", **fields, user_id=1).status_code == 403
    assert member.post("/time_entries", **fields).json()["user"]["id"] == 2


def test_a_manager_sees_the_managed_projects(studio, member):
    """Shows a manager the projects where the assignment makes them one."""
    studio.call.make(
        "/projects", name="Other", client_id=studio.client, is_billable=True, bill_by="none", budget_by="none"
    )
    links = studio.call.get(f"/projects/{studio.project}/user_assignments", user_id="2").json()["user_assignments"]
    studio.call.patch(f"/projects/{studio.project}/user_assignments/{links[0]['id']}", is_project_manager=True)

    assert [each["id"] for each in member.get("/projects").json()["projects"]] == [studio.project]


# Sign-in


def test_the_accounts_of_a_token(call):
    """Lists the accounts of a token, without an account's id."""
    response = call("GET", "/api/v2/accounts", headers={"Harvest-Account-Id": None})

    assert response.json()["accounts"] == [{"id": 1, "name": "Sandbox", "product": "harvest"}]
    assert response.json()["user"]["email"] == "admin@example.com"


def test_a_refresh_token_is_valid_once_and_again_after_a_reset(sandbox, call):
    """Issues a token for the sandbox's refresh token, which a reset issues again."""
    form = {
        "grant_type": "refresh_token",
        "refresh_token": "sandbox-refresh",
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
    }
    first = call("POST", "/api/v2/oauth2/token", data=form)
    second = call("POST", "/api/v2/oauth2/token", data=form)
    token = first.json()["access_token"]

    assert (first.json()["expires_in"], second.status_code) == (1_209_599, 400)
    assert call("GET", "/users/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert Caller(sandbox, None).get("/clients", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    sandbox.reset()
    assert call("POST", "/api/v2/oauth2/token", data=form).status_code == 200


def test_a_scope_is_granted(sandbox):
    """Returns the scope of the account with the code, which the token endpoint redeems."""
    query = {"client_id": "sandbox-client", "redirect_uri": "https://a.example/", "scope": "harvest:all"}
    response = Caller(sandbox, None).get("/oauth2/authorize", params=query | {"response_type": "code"})

    assert "scope=harvest%3A1" in response.headers["location"]


# Both budgets


def test_reports_are_counted_apart(sandbox, call):
    """Refuses reports above their limit while other requests go on."""
    sandbox.set_limits(2, 900, budget="reports")
    statuses = [call.get("/reports/project_budget").status_code for _ in range(3)]
    refused = call.get("/reports/project_budget")

    assert statuses == [200, 200, 429]
    assert refused.headers["retry-after"] == "900"
    assert "message" in refused.json()
    assert call.get("/clients").status_code == 200
    assert (sandbox.throttled("reports"), sandbox.throttled()) == (2, 0)
    assert sandbox.max_in_window("reports") == 4


def test_the_general_budget_counts_both_versions(sandbox, call):
    """Counts requests of v1 and v2 together."""
    sandbox.set_limits(2)
    Caller(sandbox).get("/clients")

    assert [call.get("/clients").status_code for _ in range(2)] == [200, 429]
    assert call.get("/reports/project_budget").status_code == 200


@pytest.mark.parametrize(
    ("form", "media", "content"),
    [
        ("message", "application/json", '{"message":'),
        ("error", "application/json", '{"error":'),
        ("html", "text/html", "<!DOCTYPE html>"),
        ("empty", "text/html", ""),
    ],
)
def test_a_refusal_in_each_form(sandbox, call, form, media, content):
    """Refuses in the form that a fault names, without Retry-After on request."""
    sandbox.fault("throttle", form=form, retry_after="missing")

    response = call.get("/clients")

    assert response.status_code == 429
    assert response.headers["content-type"].startswith(media)
    assert response.text.startswith(content)
    assert bool(response.text) == bool(content)
    assert "retry-after" not in response.headers


def test_an_unknown_form_is_refused(sandbox):
    """Raises ValueError with the forms that there are."""
    with pytest.raises(ValueError, match="form: must be one of message, error, html, empty"):
        sandbox.fault("throttle", form="xml")
