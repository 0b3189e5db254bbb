"""What the conventions of API v2 add to the published list: locks, approval, rounding, rates over time, sign-in."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.sandbox import Caller, clock_of, new_sandbox
from tests.support.v2_sandbox import V2Caller, new_v2_studio


@pytest.fixture
def studio(sandbox):
    return new_v2_studio(sandbox)


# Locks


def invoiced(studio):
    studio.call.make(
        "/invoices",
        client_id=studio.client,
        line_items_import={
            "project_ids": [studio.project],
            "time": {"summary_type": "task"},
            "expenses": {"summary_type": "category"},
        },
    )


def archived(studio):
    assert studio.call.patch(f"/projects/{studio.project}", is_active=False).status_code == 200


def invoiced_and_archived(studio):
    invoiced(studio)
    archived(studio)


LOCKS = {
    # reason -> the function that brings it about; None for the one of the sandbox, with its arguments
    "Item Invoiced": (invoiced, {}),
    "Item Archived": (archived, {}),
    "Item Invoiced and Archived": (invoiced_and_archived, {}),
    "Item Locked for this Time Period": (None, {"period": True}),
    "Item Approved and Locked for this Time Period": (None, {}),
}


@pytest.mark.parametrize("kind", ["entry", "expense"])
@pytest.mark.parametrize("reason", LOCKS)
def test_each_reason_of_a_lock(sandbox, studio, reason, kind):
    """Shows the reason, and none before."""
    record = studio.log_time() if kind == "entry" else studio.spend()
    path = f"/{'time_entries' if kind == 'entry' else 'expenses'}/{record['id']}"
    bring_about, arguments = LOCKS[reason]
    if bring_about is None:
        sandbox.lock(kind, record["id"], **arguments)
    else:
        bring_about(studio)

    locked = studio.call.get(path).json()

    assert (record["is_locked"], record["locked_reason"]) == (False, None)
    assert (locked["is_locked"], locked["locked_reason"]) == (True, reason)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize("period", [False, True])
def test_a_member_may_not_change_locked_time(sandbox, studio, period, method):
    """Responds with 422 and the reason; an administrator may."""
    entry = studio.log_time(user_id=2)
    sandbox.lock("entry", entry["id"], period=period)
    body = {"json": {"notes": "x"}} if method == "PATCH" else {}

    refused, accepted = (
        V2Caller(sandbox, Authorization=f"Bearer {token}")(method, f"/time_entries/{entry['id']}", **body)
        for token in ("sandbox-user-token", "sandbox-token")
    )

    assert (refused.status_code, refused.json()["message"]) == (422, "It is locked")
    assert accepted.status_code == 200


def test_the_states_of_approval(sandbox, studio):
    """Go from unsubmitted by submitted to approved and back; a submitted entry is not locked."""
    entry = studio.log_time()
    seen = [entry]
    for change in (
        lambda: sandbox.submit(entry["id"]),
        lambda: sandbox.lock("entry", entry["id"]),
        lambda: sandbox.lock("entry", entry["id"], closed=False),
        lambda: sandbox.submit(entry["id"], withdrawn=True),
    ):
        change()
        seen.append(studio.call.get(f"/time_entries/{entry['id']}").json())

    assert [(each["approval_status"], each["is_locked"]) for each in seen] == [
        ("unsubmitted", False),
        ("submitted", False),
        ("approved", True),
        ("submitted", False),
        ("unsubmitted", False),
    ]


# Hours and rates


@pytest.mark.parametrize(
    ("rounding", "hours", "rounded"),
    [(0, 1.01, 1.01), (6, 1.01, 1.1), (15, 1.01, 1.25), (15, 1.25, 1.25), (30, 0.01, 0.5), (60, 0, 0)],
)
def test_hours_are_rounded_up_beside_the_hours(rounding, hours, rounded):
    """Shows both; without rounding they are equal."""
    studio = new_v2_studio(new_sandbox(rounding=rounding))

    entry = studio.log_time(hours=hours)

    assert (entry["hours"], entry["hours_without_timer"], entry["rounded_hours"]) == (hours, hours, rounded)


def test_hours_of_a_running_timer(sandbox, studio):
    """Grow with the time; those without the timer stay."""
    entry = studio.log_time(hours=None)
    clock_of(sandbox).advance(90 * 60)

    shown = studio.call.get(f"/time_entries/{entry['id']}").json()

    assert (shown["is_running"], shown["hours"], shown["hours_without_timer"]) == (True, 1.5, 0)


@pytest.mark.parametrize("kind", ["billable_rate", "cost_rate"])
def test_rates_change_over_time(sandbox, studio, kind):
    """Each is in force until the day before the next; one without a start replaces all, one of the future is refused."""
    today = clock_of(sandbox).today().date()
    days = [str(today - timedelta(days)) for days in (20, 10)]
    path = f"/users/2/{kind}s"
    studio.call.make(path, amount=10)
    for amount, day in zip((20, 30), days, strict=True):
        studio.call.make(path, amount=amount, start_date=day)

    rates = studio.call.get(path).json()[f"{kind}s"]
    refused = studio.call.post(path, amount=40, start_date=str(today + timedelta(1)))
    studio.call.make(path, amount=50)
    left = studio.call.get(path).json()[f"{kind}s"]

    ends = sorted((each["start_date"] or "", each["end_date"], each["amount"]) for each in rates)
    assert ends == [
        ("", str(today - timedelta(21)), 10),
        (days[0], str(today - timedelta(11)), 20),
        (days[1], None, 30),
    ]
    assert (refused.status_code, refused.json()["message"]) == (422, "Start date can't be in the future")
    assert [(each["amount"], each["start_date"]) for each in left] == [(50, None)]


def test_an_entry_has_the_cost_of_its_day(sandbox, studio):
    """Shows the cost rate that was in force on the day of the entry."""
    studio.call.make("/users/2/cost_rates", amount=10)
    studio.call.make("/users/2/cost_rates", amount=20, start_date="2026-01-03")

    costs = [studio.log_time(user_id=2, spent_date=day)["cost_rate"] for day in ("2026-01-02", "2026-01-03")]

    assert costs == [10, 20]


# Requests and responses


def test_a_path_without_an_endpoint_is_404_as_a_page(studio):
    """Responds with HTML; a record that does not exist gets JSON."""
    page, record = studio.call.get("/nothing"), studio.call.get("/clients/9999")

    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert (record.status_code, record.headers["content-type"]) == (404, "application/json; charset=utf-8")


def test_an_application_without_a_contact_is_accepted(sandbox):
    """Requires a User-Agent only."""
    assert V2Caller(sandbox, **{"User-Agent": "curl"}).get("/users/me").status_code == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Name can't be blank"),
        ({"name": ""}, "Name can't be blank"),
        ({"name": "ACME"}, "Name has already been taken"),
    ],
)
def test_a_refusal_names_its_reason(studio, body, message):
    """Responds with 422 and the reason as a sentence about the field."""
    response = studio.call.post("/clients", **body)

    assert (response.status_code, response.json()) == (422, {"message": message})


@pytest.mark.parametrize("value", ["2026-01-05", "20260105"])
def test_reports_read_both_forms_of_a_day(studio, value):
    """Accepts days with and without hyphens."""
    studio.log_time()

    report = studio.call.get("/reports/time/clients", **{"from": value, "to": value}).json()

    assert [each["total_hours"] for each in report["results"]] == [1.5]


def test_reports_without_time_are_empty_or_zero(studio):
    """Have no rows, or rows of zeros for projects with nothing to invoice."""
    days = {"from": "2026-01-05", "to": "2026-01-05"}

    assert studio.call.get("/reports/time/projects", **days).json()["results"] == []
    (row,) = studio.call.get("/reports/uninvoiced", **days).json()["results"]
    assert (row["project_name"], row["uninvoiced_hours"], row["uninvoiced_amount"]) == ("Rocket", 0, 0)


def test_a_report_by_project_names_the_code(studio):
    """Writes `[CODE] Name` for time and expenses, and the name alone for what is not invoiced and budgets."""
    studio.log_time()
    studio.spend()
    days = {"from": "2026-01-01", "to": "2026-01-31"}
    paths = ["/reports/time/projects", "/reports/expenses/projects", "/reports/uninvoiced", "/reports/project_budget"]

    names = [studio.call.get(path, **days).json()["results"][0]["project_name"] for path in paths]

    assert names == ["[R1] Rocket", "[R1] Rocket", "Rocket", "Rocket"]


@pytest.mark.parametrize("clock", ["2:59pm", "14:59"])
def test_times_of_day_are_read_in_both_forms(clock):
    """Writes them with am or pm."""
    studio = new_v2_studio(new_sandbox(timestamp_timers=True))

    entry = studio.log_time(started_time="1:59pm", ended_time=clock)

    assert (entry["started_time"], entry["ended_time"], entry["hours"]) == ("1:59pm", "2:59pm", 1)


@pytest.mark.parametrize(
    ("permalink", "service"), [("https://tickets.example/7", "tickets.example"), (None, None), ("https://[", None)]
)
def test_a_reference_has_the_service_of_its_permalink(studio, permalink, service):
    """The service and its icon are the server's own; what is sent for them is ignored."""
    given = {"id": "7", "group_id": "8", "permalink": permalink, "service": "other"}

    reference = studio.log_time(external_reference=given)["external_reference"]

    assert (reference["id"], reference["permalink"], reference["service"]) == ("7", permalink, service)
    assert (reference["service_icon_url"] is None) == (service is None)


def test_entries_are_found_by_their_reference(studio):
    """Only the entry with this id; none after the reference is deleted."""
    own, _ = studio.log_time(external_reference={"id": "7"}), studio.log_time(external_reference={"id": "8"})

    def found():
        entries = studio.call.get("/time_entries", external_reference_id="7").json()["time_entries"]
        return [each["id"] for each in entries]

    before = found()
    studio.call.delete(f"/time_entries/{own['id']}/external_reference")

    assert (before, found()) == ([own["id"]], [])


# Sign-in


def test_a_code_becomes_a_token_for_14_days(sandbox):
    """The token signs in by API v2, and ends by the clock."""
    query = {"client_id": "sandbox-client", "redirect_uri": "https://a.example/", "response_type": "code"}
    target = Caller(sandbox, None).get("/oauth2/authorize", params=query).headers["location"]
    code = parse_qs(urlsplit(target).query)["code"][0]
    secrets = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://a.example/"} | secrets
    call = V2Caller(sandbox)

    tokens = call("POST", "/api/v2/oauth2/token", data=form).json()
    again = call("POST", "/api/v2/oauth2/token", data=form)
    own = V2Caller(sandbox, Authorization=f"Bearer {tokens['access_token']}")
    statuses = [own.get("/users/me").status_code]
    for seconds in (1_209_598, 2):
        clock_of(sandbox).advance(seconds)
        statuses.append(own.get("/users/me").status_code)

    assert (tokens["expires_in"], again.status_code, statuses) == (1_209_599, 400, [200, 200, 401])


def test_an_implicit_sign_in_has_a_token_and_no_refresh_token(sandbox):
    """Returns it in the fragment of the address; it signs in by API v2."""
    query = {"client_id": "sandbox-client", "redirect_uri": "https://a.example/", "response_type": "token"}
    target = Caller(sandbox, None).get("/oauth2/authorize", params=query | {"scope": "all"}).headers["location"]
    fields = parse_qs(urlsplit(target).fragment)

    assert "refresh_token" not in fields
    assert (fields["scope"], fields["expires_in"]) == (["harvest:1"], ["1209599"])
    call = V2Caller(sandbox, Authorization=f"Bearer {fields['access_token'][0]}")
    assert call.get("/users/me").json()["id"] == 1
    assert call.get("/api/v2/accounts").json()["accounts"][0]["id"] == 1
