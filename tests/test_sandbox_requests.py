"""How the sandbox reads requests: who asks, in which format, and where the fields may be."""

import base64

import pytest

from tests.support.sandbox import Caller, made, new_studio, reason


@pytest.fixture
def call(sandbox):
    return Caller(sandbox)


# Who asks


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"\xff\xfe").decode(),
        "Basic " + base64.b64encode(b"admin@example.com:wrong").decode(),
        "Basic " + base64.b64encode(b"nobody@example.com:sandbox").decode(),
        "Bearer wrong",
        "Digest sandbox-v1-token",
    ],
)
def test_an_unknown_user_gets_a_401(sandbox, authorization):
    """A wrong sign-in says how to sign in."""
    response = Caller(sandbox, email=None).get("/clients", headers={"Authorization": authorization})

    assert response.status_code == 401
    assert 'realm="Harvest"' in response.headers["www-authenticate"]


def test_a_token_signs_in_by_header_and_by_parameter(sandbox):
    """Both name the administrator."""
    call = Caller(sandbox, email=None)
    answers = [
        call.get("/account/who_am_i", headers={"Authorization": "Bearer sandbox-v1-token"}),
        call.get("/account/who_am_i?access_token=sandbox-v1-token"),
    ]

    assert [answer.json()["user"]["email"] for answer in answers] == ["admin@example.com"] * 2


def test_somebody_archived_is_nobody(sandbox, call):
    """An archived person's password is good for nothing."""
    call.post("/people/2/toggle")

    assert Caller(sandbox, "user@example.com").get("/daily").status_code == 401


def test_an_email_signs_in_in_any_case(sandbox):
    """The password belongs to the address as it was given; the person is found by it."""
    assert Caller(sandbox, "user@example.com").get("/daily").status_code == 200


# In which format


@pytest.mark.parametrize("accept", [None, "*/*", "text/html", ""])
def test_without_accept_it_is_406(call, accept):
    """The request must name one of its two formats."""
    assert call.get("/clients", headers={"Accept": accept}).status_code == 406


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("application/json", "application/json; charset=utf-8"),
        ("text/html, application/xml;q=0.9, */*", "application/xml; charset=utf-8"),
        ("text/xml", "application/xml; charset=utf-8"),
        ("TEXT/JSON", "application/json; charset=utf-8"),
    ],
)
def test_the_first_format_that_accept_names_is_used(call, accept, media):
    """Other types are passed over."""
    assert media == call.get("/clients", headers={"Accept": accept}).headers["content-type"]


@pytest.mark.parametrize("media", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_of_another_type_is_415(call, media):
    """A write must say how its body is written."""
    response = call.post("/clients", content=b'{"client": {"name": "ACME"}}', headers={"Content-Type": media})

    assert response.status_code == 415


def test_a_body_on_get_is_borne(call):
    """Clients in the field send one; its type doesn't matter, either."""
    answers = [
        call.get("/clients", content=b"null"),
        call.get("/clients", content=b"x=1", headers={"Content-Type": "text/plain"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_trailing_slash_is_borne(call):
    """It makes no other path."""
    response = call.post("/clients/", {"client": {"name": "ACME"}})

    assert response.status_code == 201
    assert [call.get("/clients/").status_code, call.get(f"/clients/{made(response)}/").status_code] == [200, 200]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/clients/x"),
        ("GET", "/clients/9"),
        ("GET", "/clients/" + "9" * 40),
        ("PATCH", "/clients"),
        ("POST", "/clients/1"),
        ("GET", "/estimates"),
        ("GET", "/invoice_item_categories/13001"),
        ("GET", "/invoices/1/message/1"),
    ],
)
def test_what_is_not_there_is_404(call, method, path):
    """Unknown records, unknown paths and other methods all get the same response."""
    assert call(method, path).status_code == 404


# Where the fields may be


def test_fields_may_come_in_the_query(sandbox, call):
    """Bracketed parameters are read as fields, with an empty body or a null one."""
    first = call.post("/clients?client[name]=ACME&client%5Bdetails%5D=a+b")
    second = call.post("/clients?client[name]=Other", content=b"null")

    assert [first.status_code, second.status_code] == [201, 201]
    assert [(each["name"], each["details"]) for each in sandbox.world.clients()] == [("ACME", "a b"), ("Other", "")]


def test_the_body_wins_over_the_query(sandbox, call):
    """Where both name a field, the body's is taken."""
    call.post("/clients?client[name]=Query&client[details]=kept", {"client": {"name": "Body"}})

    assert tuple(sandbox.world.clients()[0][name] for name in ("name", "details")) == ("Body", "kept")


@pytest.mark.parametrize(
    "body",
    [
        b'{"task_assignment": {"hourly_rate": 5}}',
        b'{"task-assignment": {"hourly-rate": "5"}}',
        b'{"hourly_rate": 5.0}',
    ],
)
def test_json_may_have_dashes_or_no_root(sandbox, body):
    """All of them are sent by clients in the field."""
    studio = new_studio(sandbox)
    [link] = sandbox.world.assignments("task_assignment", studio.project)
    studio.call.put(f"/projects/{studio.project}/task_assignments/{link['id']}", content=body)

    assert link["hourly_rate"] == 5


def test_a_timesheet_takes_bare_json_only(sandbox):
    """A wrapped request holds none of the fields that are needed."""
    studio = new_studio(sandbox)
    fields = {"project_id": studio.project, "task_id": studio.task, "hours": 1}

    assert studio.call.post("/daily/add", {"request": fields}).status_code == 400
    assert studio.call.post("/daily/add", fields).status_code == 201


def test_xml_needs_its_root(sandbox):
    """Fields below another root are none of the record's."""
    call = Caller(sandbox, format="xml")

    assert call.post("/clients", content=b"<customer><name>A</name></customer>").status_code == 400
    assert call.post("/clients", content=b"<client><name>A</name></client>").status_code == 201


def test_xml_is_read_with_dashes_or_underscores_nil_and_attributes(sandbox):
    """Typed, untyped, padded and nil elements are read; of two of a name the last counts."""
    call = Caller(sandbox, format="xml")
    body = b"""<?xml version="1.0" encoding="UTF-8"?>
    <task><name>Old</name><name> New </name>
      <default-hourly-rate type="decimal"> 12.5
      </default-hourly-rate><billable_by_default type="boolean">
        false </billable_by_default><is-default nil="true"/><deep><x>1</x></deep></task>"""
    call.post("/tasks", content=body)

    [task] = sandbox.world.tasks()
    names = ("name", "default_hourly_rate", "billable_by_default", "is_default")
    assert [task[name] for name in names] == [" New ", 12.5, False, False]


@pytest.mark.parametrize(
    "day", ["2017-1-8", "2017/01/08", "20170108", "2017-01-08T10:00:00Z", "Mon, 08 Jan 2017", "Sun, Jan 8 2017"]
)
def test_days_are_read_in_all_forms_that_are_sent(sandbox, day):
    """ISO and RFC days, unpadded ones, and a wrong weekday."""
    entry = new_studio(sandbox).log_time(spent_at=day)

    assert entry["spent_at"] == "2017-01-08"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[1]",
        b'"x"',
        b"\xff\xfe",
        b'{"client": {"name": ' + b"[" * 100_000,
        b'{"client": {"name": ["x"]}}',
        b'{"client": {"name": "\\ud800"}}',
        b'{"client": {"name": "\\u0000"}}',
        b'{"client": {"name": "A", "highrise_id": "x"}}',
        b'{"client": {"name": "A", "highrise_id": 99999999999999999999}}',
        b'{"client": {"name": "A", "active": "maybe"}}',
        b'{"client": {}}',
        b'{"client": {"name": "  "}}',
    ],
    ids=range(13),
)
def test_what_cannot_be_read_is_400(sandbox, call, body):
    """Broken bodies and values of a wrong kind are refused and change nothing."""
    assert call.post("/clients", content=body).status_code == 400
    assert sandbox.world.clients() == []


@pytest.mark.parametrize(
    "body",
    [
        b"<client>",
        b"",
        b"<client/>",
        b"<client>text</client>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><client><name>&a;</name></client>',
        b"<client><name><b>x</b></name></client>",
    ],
    ids=range(6),
)
def test_xml_that_cannot_be_read_is_400(sandbox, body):
    """Entities are refused, too."""
    response = Caller(sandbox, format="xml").post("/clients", content=body)

    assert response.status_code == 400


@pytest.mark.parametrize("hours", ["1e12", "-1e12", "NaN", "Infinity", "one", True])
def test_numbers_out_of_all_bounds_are_refused(sandbox, hours):
    """They must not break the arithmetic."""
    studio = new_studio(sandbox)
    body = {"project_id": studio.project, "task_id": studio.task, "hours": hours}

    assert studio.call.post("/daily/add", body).status_code == 400


@pytest.mark.parametrize(
    ("since", "found"),
    [
        ("2026-01-05 14:30", 1),
        ("2026-01-05+14%3A31", 0),
        ("2026-01-05", 1),
        ("2026-01-06", 0),
        ("2026-01-05T14:30:00Z", 1),
        ("2026-01-05T16:30:00+02:00", 1),
        ("2026-01-05T15:31:00%2B01:00", 0),
    ],
)
def test_updated_since_is_read_in_utc(sandbox, since, found):
    """The blank may be a plus; a zone may be given, even one whose plus was not escaped."""
    call = Caller(sandbox)
    call.make("/clients", root="client", name="ACME")

    assert found == len(call.get(f"/clients?updated_since={since}").json())


def test_updated_since_that_is_no_moment_is_400(call):
    """It says what it can't read."""
    response = call.get("/clients?updated_since=yesterday")

    assert (response.status_code, reason(response)) == (400, "'yesterday' is not a time.")


def test_a_person_may_be_named_by_address(call):
    """An address may replace the id, escaped or not, in any case."""
    paths = ("/people/user@example.com", "/people/USER%40example.com", "/people/2")

    assert [call.get(path).json()["user"]["id"] for path in paths] == [2, 2, 2]
    assert call.get("/people/nobody@example.com").status_code == 404
    assert call.get("/people/a%2Fb@example.com").status_code == 404


def test_requests_are_listed_without_secrets(sandbox):
    """Credentials are taken out of headers and of the query, however they are spelled; bodies are not kept."""
    call = Caller(sandbox)
    call.get("/clients?access_token=sandbox-v1-token&client_secret=s3cret&updated_since=2026-01-01")
    call.get("/clients?access%5Ftoken=sandbox-v1-token")
    call.post("/people?user[password]=s3cret", {"user": {"email": "a@example.com", "password": "s3cret"}})
    shown = repr(sandbox.requests())

    assert "sandbox-v1-token" not in shown
    assert "s3cret" not in shown
    assert "Basic" not in shown
    assert "updated_since=2026-01-01" in shown
