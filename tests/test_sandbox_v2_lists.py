"""Lists of API v2 of the sandbox: envelopes, cursors, pages, links and filters."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.contract.v2 import operations
from tests.support.sandbox import clock_of
from tests.support.v2_sandbox import V2Caller, new_v2_studio


@pytest.fixture
def call(sandbox):
    caller = V2Caller(sandbox)
    for number in range(5):
        caller.make("/clients", name=f"Client {number}")
    return caller


@pytest.fixture
def studio(sandbox):
    return new_v2_studio(sandbox)


def names(page):
    return [client["name"][-1] for client in page["clients"]]


def numbers(page):
    return page["page"], page["next_page"], page["previous_page"]


def test_an_envelope(call):
    """Returns the records below the plural, the newest first, with numbers and links."""
    page = call.get("/clients").json()

    assert names(page) == ["4", "3", "2", "1", "0"]
    assert {name: page[name] for name in ("per_page", "total_pages", "total_entries")} == {
        "per_page": 2000,
        "total_pages": 1,
        "total_entries": 5,
    }
    assert numbers(page) == (1, None, None)
    assert set(page["links"]) == {"first", "next", "previous", "last"}


def test_a_cursor_leads_to_all_records(call):
    """Follows the next link to the end; numbers are null inside."""
    pages = [call.get("/clients", per_page=2).json()]
    while pages[-1]["links"]["next"]:
        pages.append(call("GET", pages[-1]["links"]["next"]).json())

    assert [names(page) for page in pages] == [["4", "3"], ["2", "1"], ["0"]]
    assert [numbers(page) for page in pages] == [(1, 2, None), (None, None, None), (3, None, 2)]


def test_previous_first_and_last_links(call):
    """Leads back, and to both ends."""
    last = call("GET", call.get("/clients", per_page=2).json()["links"]["last"]).json()
    before = call("GET", last["links"]["previous"]).json()
    first = call("GET", last["links"]["first"]).json()

    assert (names(last), names(before), names(first)) == (["0"], ["2", "1"], ["4", "3"])


def test_a_cursor_survives_new_records(call):
    """Skips and repeats nothing when a record is added meanwhile."""
    first = call.get("/clients", per_page=2).json()
    call.make("/clients", name="Client 9")

    assert names(call("GET", first["links"]["next"]).json()) == ["2", "1"]


def test_pages_by_number_have_numbers(call):
    """Has numbers on every page that is requested by page."""
    page = call.get("/clients", page=2, per_page=2).json()

    assert (names(page), numbers(page)) == (["2", "1"], (2, 3, 1))
    assert "cursor=" in page["links"]["next"]


def test_a_cursor_wins_over_a_page(call):
    """Ignores the page beside a cursor."""
    link = call.get("/clients", per_page=2).json()["links"]["next"]

    assert names(call("GET", f"{link}&page=9").json()) == ["2", "1"]


@pytest.mark.parametrize("cursor", ["x", "eyJhZnRlciI6MX0", "A" * 40, "é"])
def test_a_forged_cursor_is_refused(call, cursor):
    """Responds with 422 to a cursor that the server has not written."""
    assert call.get("/clients", cursor=cursor).status_code == 422


def test_a_cursor_of_another_list_is_refused(call):
    """Responds with 422 to a cursor of another list, and of the same one with other filters."""
    query = dict(parse_qsl(urlsplit(call.get("/clients", per_page=2).json()["links"]["next"]).query))

    assert call.get("/tasks", cursor=query["cursor"]).status_code == 422
    assert call.get("/clients", cursor=query["cursor"], is_active="true").status_code == 422


@pytest.mark.parametrize("size", ["0", "2001", "-1", "x"])
@pytest.mark.parametrize("path", ["/clients", "/time_entries", "/reports/project_budget"])
def test_per_page_is_from_1_to_2000(call, path, size):
    """Responds with 422 to a size out of range."""
    assert call.get(path, per_page=size).status_code == 422
    assert call.get(path, per_page="2000").json()["per_page"] == 2000


def test_links_keep_the_filters_and_the_host(call):
    """Has absolute addresses on the requested host and path, with the filters."""
    response = call("GET", "/clients?is_active=true&per_page=2", headers={"Host": "127.0.0.1:9"})
    link = urlsplit(response.json()["links"]["next"])

    assert (link.scheme, link.netloc, link.path) == ("http", "127.0.0.1:9", "/v2/clients")
    assert dict(parse_qsl(link.query))["is_active"] == "true"


def test_time_entries_are_paged_by_number(studio):
    """Has no cursor, and keeps the filters in its links."""
    for day in range(1, 4):
        studio.log_time(spent_date=f"2026-01-{day:02}")
    page = studio.call.get("/time_entries", per_page=2, user_id=1).json()
    link = dict(parse_qsl(urlsplit(page["links"]["next"]).query))

    assert [entry["spent_date"][-1] for entry in page["time_entries"]] == ["3", "2"]
    assert link == {"user_id": "1", "page": "2", "per_page": "2"}
    assert (numbers(page), page["total_pages"]) == ((1, 2, None), 2)


LISTS = [each for each in operations().values() if each.method == "GET" and ":" in each.record]


@pytest.mark.parametrize("operation", LISTS, ids=lambda each: each.name)
def test_each_list_has_its_key_and_its_kind_of_paging(studio, operation):
    """Returns the list below its key; a cursor is in the links exactly where the list takes one."""
    studio.estimate(), studio.invoice()
    ids = {"userId": 1, "projectId": studio.project, "invoiceId": 12001, "estimateId": 21001}
    path = operation.path.format_map(ids)
    page = studio.call.get(path, **{"from": "2026-01-01", "to": "2026-01-31"}).json()

    assert isinstance(page[operation.record.partition(":")[0]], list)
    assert ("cursor=" in page["links"]["first"]) == ("cursor" in operation.query)


def test_18_lists_have_a_cursor():
    """Counts the lists of the contract that take a cursor."""
    assert sum("cursor" in each.query for each in LISTS) == 18


def test_updated_since_selects(sandbox, call):
    """Returns records that changed at or after the time."""
    clock_of(sandbox).advance(3600)
    changed = call.get("/clients").json()["clients"][2]["id"]
    since = call.patch(f"/clients/{changed}", name="New").json()["updated_at"]

    assert [each["id"] for each in call.get("/clients", updated_since=since).json()["clients"]] == [changed]


FILTERS = {
    "user_id": 2,
    "is_billed": "false",
    "is_running": "false",
    "external_reference_id": "ours",
    "from": "2026-01-06",
    "to": "2026-01-06",
}


@pytest.mark.parametrize(
    ("name", "value"), [*FILTERS.items(), ("project_id", None), ("task_id", None), ("client_id", None)]
)
def test_each_filter_of_time_entries(studio, name, value):
    """Selects the matching entry and none for another value."""
    own = studio.log_time(user_id=2, spent_date="2026-01-06", external_reference={"id": "ours"})
    wanted = value or getattr(studio, name.removesuffix("_id"))
    other = {"is_billed": "true", "is_running": "true", "from": "2026-01-07", "to": "2026-01-05"}.get(name, "999")

    assert [each["id"] for each in studio.call.get("/time_entries", **{name: wanted}).json()["time_entries"]] == [
        own["id"]
    ]
    assert studio.call.get("/time_entries", **{name: other}).json()["time_entries"] == []


@pytest.mark.parametrize(
    "params", [{"user_id": "x"}, {"from": "soon"}, {"is_billed": "maybe"}, {"updated_since": "now"}]
)
def test_an_invalid_filter_is_refused(studio, params):
    """Responds with 422 to a value that can't be read."""
    assert studio.call.get("/time_entries", **params).status_code == 422
