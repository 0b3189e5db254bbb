"""The client as a whole: how it is made, what is sent through it as it is, and how refusals are reported."""

from datetime import date
from decimal import Decimal

import httpx
import pytest

from harvest_async import BadRequest, BasicAuth, BearerAuth, HarvestV1, InvalidArgument, OutcomeUnknown, Throttle
from harvest_async.client.uploads import ImageStream, ImageUpload
from harvest_async.messages import Response
from harvest_async.throttle.queue import Lane
from harvest_async.v1.resources.clients import CREATE_CLIENT
from tests.contract.cases import PIXEL
from tests.support.v1 import reply, scripted, silent

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

ENVIRONMENT = {
    "HARVEST_ACCOUNT": "acme",
    "HARVEST_APP": "Importer (ops@example.com)",
    "HARVEST_EMAIL": "me@example.com",
    "HARVEST_PASSWORD": "hush-hush",
}


@pytest.fixture
def environment(monkeypatch):
    """Sets variables, and none but these."""

    def use(**variables):
        for name in (*ENVIRONMENT, "HARVEST_ACCESS_TOKEN", "HARVEST_BASE_URL", "HARVEST_ACCOUNT_ID"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return use


# Made from the environment


def test_a_client_is_made_from_the_environment(environment):
    """By e-mail and password, at the account's own host."""
    environment(**ENVIRONMENT)
    harvest = HarvestV1.from_env()

    assert (harvest.name, harvest.address) == ("acme", "https://acme.harvestapp.com")
    assert isinstance(harvest.auth, BasicAuth)
    assert repr(harvest) == "<HarvestV1 acme>"


def test_a_token_comes_before_a_password(environment):
    """And the address may be another; options come before both."""
    environment(**ENVIRONMENT, HARVEST_ACCESS_TOKEN="token", HARVEST_BASE_URL="http://127.0.0.1:8765/")

    assert isinstance(HarvestV1.from_env().auth, BearerAuth)
    assert HarvestV1.from_env().address == "http://127.0.0.1:8765"
    assert HarvestV1.from_env(base_url="http://127.0.0.1:1", account="other").address == "http://127.0.0.1:1"
    assert isinstance(HarvestV1.from_env(auth=BasicAuth("a@example.com", "b")).auth, BasicAuth)


@pytest.mark.parametrize("name", ENVIRONMENT)
@pytest.mark.parametrize("value", [None, " "])
def test_what_the_environment_lacks_is_named(environment, name, value):
    """A blank one, too."""
    rest = {key: each for key, each in ENVIRONMENT.items() if key != name}
    environment(**rest, **({} if value is None else {name: value}))
    with pytest.raises(InvalidArgument, match=f"the environment variable {name} is missing or blank"):
        HarvestV1.from_env()


def test_a_format_is_json_or_xml():
    """Nothing else."""
    with pytest.raises(InvalidArgument, match="format='yaml'"):
        HarvestV1("acme", auth=BearerAuth("token"), app="me", format="yaml")


# Anything at all


@pytest.mark.parametrize(
    ("format", "fields", "content"),
    [
        ("json", {"client": {"name": "ACME", "rate": Decimal("1.5")}}, b'{"client":{"name":"ACME","rate":1.5}}'),
        ("json", {"notes": "x", "day": date(2026, 3, 9), "nested": {"a": [1]}}, b'{"notes":"x","day":"2026-03-09","nested":{"a":[1]}}'),
        ("json", {}, b"{}"),
        ("json", None, b""),
        ("xml", {"client": {"first_name": "A", "on": True}}, b"<client><first_name>A</first_name><on>true</on></client>"),
        ("xml", {"notes": "x", "nested": {"a": [1, 2], "b": {}}}, b"<request><notes>x</notes><nested><a>1</a><a>2</a><b></b></nested></request>"),
        ("xml", None, b""),
    ],
)  # fmt: skip
async def test_anything_may_be_sent(format, fields, content):
    """A single field that holds fields is the root."""
    harvest, server = scripted(silent(), format=format)

    assert await harvest.request("post", "/anything", fields=fields, query={"a": 1}) is None
    assert server.sent[0].content.rpartition(b"?>\n")[2].replace(b"first-name", b"first_name") == content
    assert (server.sent[0].method, server.sent[0].url.path, server.sent[0].url.query) == ("POST", "/anything", b"a=1")


async def test_the_answer_to_anything_is_a_tree():
    """As it came."""
    harvest, _ = scripted(reply({"a": [1, 1.5, None]}))

    assert await harvest.request("GET", "/anything") == {"a": [1, Decimal("1.5"), None]}


async def test_anything_is_sent_once_unless_it_may_be_repeated():
    """The caller has to say so."""
    harvest, server = scripted(silent(502), silent(502), silent())
    with pytest.raises(OutcomeUnknown):
        await harvest.request("GET", "/anything")
    await harvest.request("GET", "/anything", repeatable=True)

    assert len(server.sent) == 3


@pytest.mark.parametrize(
    "path", ["clients", "//elsewhere.example.com/", "/a\r\nb", "", "https://elsewhere.example.com/"]
)
async def test_anything_stays_inside_the_account(path):
    """No other host, no line breaks."""
    harvest, server = scripted()
    with pytest.raises(InvalidArgument, match="path: give one like /clients"):
        await harvest.request("GET", path)

    assert server.sent == []


@pytest.mark.parametrize(
    ("format", "value"),
    [
        *[(each, value) for each in ("json", "xml") for value in (object(), {1, 2}, b"bytes")],
        ("json", float("nan")),
        ("json", Decimal("NaN")),
    ],
)
async def test_what_no_format_can_carry_is_refused(format, value):
    """Objects, sets and bytes, and in JSON what is not a number."""
    harvest, server = scripted(silent(), format=format)
    with pytest.raises(InvalidArgument, match=f"can't be sent as {format.upper()}"):
        await harvest.request("POST", "/anything", fields={"a": value})

    assert server.sent == []


# Refusals


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (reply({"message": "Name is taken"}, 400), "The server says: Name is taken"),
        (reply({"error": "no", "other": 1}, 400), "The server says: no"),
        (reply({"odd": 1}, 400), "The server says: {'odd': 1}"),
        (reply(["a", "b"], 400), r"The server says: \['a', 'b'\]"),
        (
            httpx.Response(400, content=b"<errors><error>Name is taken</error></errors>"),
            "The server says: Name is taken",
        ),
        (httpx.Response(400, html="<p>no"), "The server says: an HTML page"),
        (httpx.Response(400, text="plain no"), "The server says: plain no"),
        (silent(400, hint="It has projects"), "The server says: It has projects$"),
        (reply({"message": "no"}, 400, hint="It has projects"), "The server says: It has projects - no"),
        (httpx.Response(400, content=b" "), "body is wrong$"),
        (httpx.Response(400), "body is wrong$"),
    ],
)
async def test_a_refusal_has_the_servers_own_words(response, said):
    """From its body, of any form, and from its `Hint`."""
    harvest, _ = scripted(response)
    with pytest.raises(BadRequest, match=said) as caught:
        await harvest.clients.delete(7)

    assert caught.value.hint == response.headers.get("hint")


# The rest of what resources offer


async def test_every_create_can_be_made_without_a_read():
    """`create_id` returns what the response says."""
    where = ["/contacts/4", "/tasks/40", "/projects/30/user_assignments/60", "/expense_categories/6", "/expenses/5"]
    where += ["/invoice_categories/2", "/people/9"]
    harvest, server = scripted(*[silent(201, location=each) for each in where])
    made = [
        await harvest.contacts.create_id(7, "Person", "One"),
        await harvest.tasks.create_id("Design"),
        await harvest.user_assignments.create_id(30, 9),
        await harvest.expense_categories.create_id("Travel"),
        await harvest.expenses.create_id(30, 6, date(2026, 3, 9), units=1),
        await harvest.invoice_item_categories.create_id("Hosting"),
        await harvest.people.create_id("one@example.com", "Person", "One"),
    ]

    assert where == [each.location for each in made]
    assert [each.id for each in made] == [4, 40, 60, 6, 5, 2, 9]
    assert {"POST"} == {each.method for each in server.sent}


async def test_an_update_of_nothing_reads():
    """Where only an id is at hand."""
    harvest, server = scripted(
        reply({"user_assignment": {"id": 60}}),
        reply({"invoice": {"id": 7}}),
        reply([{"invoice_category": {"id": 2}}]),
        reply({"id": 5, "notes": "x"}),
    )
    await harvest.user_assignments.update(30, 60)
    await harvest.invoices.update(7)
    await harvest.invoice_item_categories.update(2)
    await harvest.time.update(5)

    assert {"GET"} == {each.method for each in server.sent}


async def test_a_task_is_brought_back():
    """`activate` is the documented way, with an empty body."""
    harvest, server = scripted(silent(), reply({"task": {"id": 40, "deactivated": False}}))

    assert (await harvest.tasks.activate(40)).active is True
    assert server.asked == [("POST", "/tasks/40/activate"), ("GET", "/tasks/40")]


def test_images_do_not_show_themselves():
    """Only what they are."""
    response = Response(200, (("content-type", "image/png"),), PIXEL)

    assert repr(ImageUpload(PIXEL, "image/png", "a.png")) == f"<ImageUpload 'a.png', {len(PIXEL)} bytes>"
    assert repr(ImageStream(response)) == f"<ImageStream image/png, {len(PIXEL)} bytes>"


def test_a_call_shows_what_it_asks():
    """And nothing of its body."""
    assert repr(CREATE_CLIENT(fields={"name": "ACME"})) == "<Call clients.create: POST /clients>"


def test_options_that_are_not_given_stay():
    """One option changes that option alone."""
    harvest = HarvestV1("acme", auth=BasicAuth("me@example.com", "secret"), app="tests", throttle=Throttle())
    changed = harvest.options(lane="bulk").options(max_wait=2.0)

    assert changed._exchange.options.lane is Lane.BULK
    assert changed._exchange.options.max_wait == 2.0
    assert changed.options(lane=None)._exchange.options.lane is None


def test_a_lane_that_is_none_is_refused():
    """There are two lanes."""
    harvest = HarvestV1("acme", auth=BasicAuth("me@example.com", "secret"), app="tests", throttle=Throttle())
    with pytest.raises(InvalidArgument, match="bulk"):
        harvest.options(lane="fast")
