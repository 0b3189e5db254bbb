"""Bad input of API v2: responses with odd ids, numbers and fields, and what the server refuses."""

import asyncio
import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
from attrs import fields
from hypothesis import given
from hypothesis import strategies as st

from harvest_async import (
    BearerAuth,
    DecodeError,
    Forbidden,
    HarvestV1,
    HarvestV2,
    InvalidArgument,
    NotFound,
    Throttle,
    Unauthorized,
    Unprocessable,
)
from harvest_async.sandbox import Sandbox
from harvest_async.testing import in_process
from tests.support.v2 import page, scripted
from tests.support.v2_account import client_of, prepare

LARGE = [2**31, 2**53 + 1, 2**63 - 1]
JSON = {"Content-Type": "application/json"}
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.text("abc", max_size=3)
    | st.lists(st.integers(0, 9), max_size=2)
)


def read(*responses, do):
    """Run a coroutine function of a client whose server gives these responses; return its result and the requests."""
    harvest, sent = scripted(*responses)
    return asyncio.run(do(harvest)), sent


# Ids and numbers


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("number", LARGE)
def test_large_ids_are_exact_everywhere(number, as_text):
    """In a record of a list, in a nested record, in the path of a call and in the body of a write."""
    shown = str(number) if as_text else number
    record = {"id": shown, "client": {"id": shown, "name": "ACME"}}

    async def do(harvest):
        (contact,) = await harvest.contacts.list()
        await harvest.contacts.get(contact)
        await harvest.contacts.create(contact.client, "Person")
        return contact

    contact, sent = read(page("contacts", record), *(httpx.Response(200, json=record) for _ in range(2)), do=do)

    assert (contact.id, contact.client.id) == (number, number)
    assert sent[1].url.path == f"/v2/contacts/{number}"
    assert json.loads(sent[2].content)["client_id"] == number


@pytest.mark.parametrize("text", ["0.1", "1234567.89", "1e2", "-3.50", "0"])
@pytest.mark.parametrize("as_text", [False, True])
def test_numbers_keep_their_digits(text, as_text):
    """Decimals are exact, whether they come as numbers or as text."""
    shown = f'"{text}"' if as_text else text
    content = f'{{"time_entries": [{{"id": 1, "hours": {shown}, "billable_rate": {shown}}}], "links": {{}}}}'
    response = httpx.Response(200, content=content, headers={"Content-Type": "application/json"})

    async def do(harvest):
        return await harvest.time_entries.list()

    ((entry,), _) = read(response, do=do)

    assert (entry.hours, entry.billable_rate) == (Decimal(text), Decimal(text))


@pytest.mark.parametrize("value", ["abc", "NaN", "Infinity", True, [1], {"a": 1}])
def test_what_is_no_number_is_an_error(value):
    """The error names the field."""

    async def do(harvest):
        with pytest.raises(DecodeError, match="hours"):
            await harvest.time_entries.get(1)

    read(httpx.Response(200, json={"id": 1, "hours": value}), do=do)


# Fields that are missing, null or unknown


LISTS = {
    # resource -> the path of its list in an account that was prepared
    "clients": "/clients",
    "contacts": "/contacts",
    "projects": "/projects",
    "task_assignments": "/task_assignments",
    "user_assignments": "/user_assignments",
    "tasks": "/tasks",
    "users": "/users",
    "roles": "/roles",
    "time_entries": "/time_entries",
    "expense_categories": "/expense_categories",
    "expenses": "/expenses",
    "invoices": "/invoices",
    "invoice_item_categories": "/invoice_item_categories",
    "invoice_messages": "/invoices/{invoice_id}/messages",
    "invoice_payments": "/invoices/{invoice_id}/payments",
    "estimates": "/estimates",
    "estimate_item_categories": "/estimate_item_categories",
}


@pytest.fixture(scope="module")
def shown():
    """Return a record of each list as the sandbox shows it."""

    async def run():
        with closing(Sandbox(calls=10_000)) as sandbox:
            async with client_of(sandbox) as harvest:
                known = await prepare(harvest)
                found = {}
                for name, path in LISTS.items():
                    found[name] = (await harvest.request("GET", path.format(**known)))[name][0]
                return found

    return asyncio.run(run())


def listed(name, record):
    """Return the record that the client reads from a list."""

    async def do(harvest):
        resource = getattr(harvest, name)
        (found,) = await (resource.list(1) if "{" in LISTS[name] else resource.list())
        return found

    return read(httpx.Response(200, content=write({name: [record], "links": {}}), headers=JSON), do=do)[0]


def write(tree):
    """Return a tree as JSON; decimals are numbers."""
    return json.dumps(tree, default=float).encode()


@pytest.mark.parametrize("name", LISTS)
def test_each_field_may_be_missing_or_null(shown, name):
    """One after the other: the record has None there, and keeps all other fields."""
    record = shown[name]
    whole = listed(name, record)

    for field in record.keys() - {"id"}:
        for changed in ({**record, field: None}, {key: value for key, value in record.items() if key != field}):
            found = listed(name, changed)
            own = {each.alias for each in fields(type(found))} - {field, "extra"}
            assert {each: getattr(found, each) for each in own} == {each: getattr(whole, each) for each in own}
            assert getattr(found, field, None) in (None, [])


@pytest.mark.parametrize("name", LISTS)
@given(
    unknown=st.dictionaries(st.text("xyz_", min_size=1, max_size=5).map("x_{}".format), VALUES, min_size=1, max_size=4)
)
def test_unknown_fields_are_kept(shown, name, unknown):
    """Are in `extra` with their values, in the record and in each record inside of it."""
    record = {
        key: {**value, **unknown} if isinstance(value, dict) else value for key, value in shown[name].items()
    } | unknown

    found = listed(name, record)

    assert unknown.items() <= found.extra.items()
    inner = [getattr(found, key) for key, value in shown[name].items() if isinstance(value, dict)]
    assert all(unknown.items() <= each.extra.items() for each in inner)


@pytest.mark.parametrize("field", ["hours", "spent_date", "is_running", "user", "created_at"])
@pytest.mark.parametrize("value", [{"id": [1]}, [[]]])
def test_a_field_of_another_kind_is_an_error(shown, field, value):
    """The error names the field."""
    with pytest.raises(DecodeError, match=field):
        listed("time_entries", {**shown["time_entries"], field: value})


# What the server refuses


def with_account(do, *, token="sandbox-token"):
    """Run a coroutine function of a client, its ids and its sandbox."""

    async def run():
        with closing(Sandbox(calls=10_000)) as sandbox:
            async with client_of(sandbox) as owner:
                known = await prepare(owner)
                options = {"transport": in_process(sandbox), "base_url": "http://127.0.0.1"}
                app = {"app": "tests (tests@example.com)", "throttle": Throttle(calls=1_000)}
                async with HarvestV2(1, auth=BearerAuth(token), **app, **options) as harvest:
                    return await do(harvest, known, sandbox)

    return asyncio.run(run())


def test_a_token_of_v2_is_refused_by_v1():
    """Raises Unauthorized without the token."""

    async def run():
        with closing(Sandbox()) as sandbox:
            options = {"transport": in_process(sandbox), "base_url": "http://127.0.0.1", "throttle": Throttle()}
            auth = BearerAuth("sandbox-token")
            async with HarvestV1("sandbox", auth=auth, app="tests (tests@example.com)", **options) as harvest:
                await harvest.clients.list()

    with pytest.raises(Unauthorized) as caught:
        asyncio.run(run())

    assert "sandbox-token" not in f"{caught.value!r} {caught.value}"


@pytest.mark.parametrize("account_id", [2, 2**62])
def test_an_unknown_account_is_refused(account_id):
    """Raises Unauthorized for an id that the token does not reach."""

    async def do(_, __, sandbox):
        options = {"transport": in_process(sandbox), "base_url": "http://127.0.0.1", "throttle": Throttle()}
        auth = BearerAuth("sandbox-token")
        async with HarvestV2(account_id, auth=auth, app="tests (tests@example.com)", **options) as harvest:
            with pytest.raises(Unauthorized):
                await harvest.users.me()

    with_account(do)


@pytest.mark.parametrize("kind", ["forged", "of another list"])
def test_a_cursor_that_does_not_fit_is_refused(kind):
    """Raises Unprocessable with the reason."""

    async def do(harvest, *_):
        cursor = "bm9uc2Vuc2U"
        if kind == "of another list":
            tree = await harvest.request("GET", "/users", query={"per_page": "1"})
            cursor = httpx.URL(tree["links"]["next"]).params["cursor"]
        with pytest.raises(Unprocessable, match=r"(?i)cursor"):
            await harvest.clients.list(cursor=cursor)

    with_account(do)


@pytest.mark.parametrize("period", [False, True])
@pytest.mark.parametrize("call", ["update", "delete"])
def test_locked_and_approved_time_is_refused_by_its_id(call, period):
    """Raises Unprocessable with the server's reason, for a regular user."""

    async def do(harvest, known, sandbox):
        entry = known["time_entry_id"]
        sandbox.world.tables["entry"][entry]["user_id"] = 2
        sandbox.lock("entry", entry, period=period)
        fields = {"notes": "x"} if call == "update" else {}
        with pytest.raises(Unprocessable, match="locked"):
            await getattr(harvest.time_entries, call)(entry, **fields)

    with_account(do, token="sandbox-user-token")


def test_what_a_regular_user_may_not_read_is_refused():
    """Raises Forbidden with the hint of the server."""

    async def do(harvest, *_):
        with pytest.raises(Forbidden, match="Not authorized!"):
            await harvest.clients.list()

    with_account(do, token="sandbox-user-token")


def test_a_rate_from_the_future_is_refused_by_the_server():
    """Raises Unprocessable with the reason, if it is sent without the client's own check."""

    async def do(harvest, known, _):
        start = str(datetime.now(UTC).date() + timedelta(40))
        path = f"/users/{known['user_id']}/billable_rates"
        with pytest.raises(Unprocessable, match="Start date can't be in the future"):
            await harvest.request("POST", path, fields={"amount": 1, "start_date": start})

    with_account(do)


@pytest.mark.parametrize("path", ["/nothing", "/clients/999999", "/v3"])
def test_what_is_not_there_is_not_found(path):
    """Raises NotFound, whether the response is JSON or a page."""

    async def do(harvest, *_):
        with pytest.raises(NotFound):
            await harvest.request("GET", path)

    with_account(do)


@pytest.mark.parametrize("call", ["list", "get", "update"])
def test_a_page_instead_of_a_response_is_an_error(call):
    """Raises DecodeError with the beginning of the page, for reads and for writes."""
    fields = {"name": "A"} if call == "update" else {}

    async def do(harvest):
        with pytest.raises(DecodeError, match="Sign in"):
            await getattr(harvest.clients, call)(*([] if call == "list" else [1]), **fields)

    _, sent = read(httpx.Response(200, html="<html>Sign in</html>"), do=do)

    assert len(sent) == 1


@pytest.mark.parametrize("address", ["http://127.0.0.1:8765:", "https://api.example.com:99999", "https://[::1"])
def test_an_address_that_is_not_valid_is_refused(address):
    """Names the argument, where a colon too many was copied with an address, for example."""
    with pytest.raises(InvalidArgument, match="base_url"):
        HarvestV2(1, auth=BearerAuth("t"), app="tests (tests@example.com)", base_url=address)
