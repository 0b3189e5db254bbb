"""The sandbox behind an app in its tests."""

from functools import partial

import pytest
from fastapi import FastAPI

from harvest_async import HarvestV1, HarvestV2, InvalidArgument
from harvest_async.fastapi import HarvestV1Dep, HarvestV2Dep, add_handlers, harvest_lifespan
from harvest_async.sandbox import Sandbox
from harvest_async.testing import harvest_app_client, sandbox_behind
from harvest_async.v2.clients import Client

pytestmark = pytest.mark.anyio


def annotated() -> HarvestV2:
    """Return a client, the class of which is in the annotation."""
    raise AssertionError


class Own(HarvestV2):
    """A client of the app's own class."""


def app_of(make):
    """An app of API v2 whose pages list and create clients, and do nothing."""
    app = FastAPI(lifespan=harvest_lifespan(make))
    add_handlers(app)

    @app.get("/clients")
    async def list_clients(harvest: HarvestV2Dep) -> list[Client]:
        return await harvest.clients.list()

    @app.get("/name")
    async def name(harvest: HarvestV2Dep) -> str:
        return type(harvest).__name__

    return app


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (HarvestV2.from_env, "HarvestV2"),
        (partial(HarvestV2.from_env, timeout=5), "HarvestV2"),
        (annotated, "HarvestV2"),
        (Own.from_env, "Own"),
        (Own, "Own"),
    ],
    ids=["method", "partial", "annotation", "subclass", "class"],
)
async def test_one_line_puts_the_sandbox_behind_an_app(make, kind):
    """No setting is needed; the class of the client is that of the app; requests and records are there to look at."""
    async with harvest_app_client(app_of(make)) as client:
        name = await client.get("/name")
        client.sandbox.assert_nothing_sent()
        response = await client.get("/clients")

        assert [each.path for each in client.sandbox.requests()] == ["/v2/clients"]
    assert (name.json(), response.status_code) == (kind, 200)


async def test_a_call_that_should_not_be_is_shown():
    """`assert_nothing_sent` lists the first requests, and how many more there are."""
    async with harvest_app_client(app_of(HarvestV2.from_env)) as client:
        for _ in range(6):
            await client.get("/clients")

        with pytest.raises(AssertionError, match=r"sandbox received (GET /v2/clients, ){4}GET /v2/clients and 1 more"):
            client.sandbox.assert_nothing_sent()
        client.sandbox.reset()
        client.sandbox.assert_nothing_sent()


async def test_faults_of_the_sandbox_reach_the_app():
    """A response that is lost becomes the app's problem document."""
    async with harvest_app_client(app_of(HarvestV2.from_env)) as client:
        client.sandbox.fault("raw", match={"path": "/v2/clients"}, status=403)
        response = await client.get("/clients")

    assert (response.status_code, response.json()["type"]) == (502, "urn:harvest-async:forbidden")


async def test_a_sandbox_of_the_test_is_used():
    """It stays open after the app's end, with what the app has done."""
    sandbox = Sandbox()

    async with harvest_app_client(app_of(HarvestV2.from_env), sandbox=sandbox) as client:
        assert client.sandbox is sandbox
        await client.get("/clients")

    assert len(sandbox.requests()) == 1
    sandbox.close()


async def test_clients_of_both_versions_share_the_account():
    """Each key has the client of its own class; `clients` names the class where nothing else does."""
    app = FastAPI(lifespan=harvest_lifespan({"default": HarvestV1.from_env, "new": lambda: None}))

    @app.get("/")
    async def page(harvest: HarvestV1Dep) -> str:
        return (await harvest.account.who_am_i()).user.email or ""

    async with harvest_app_client(app, clients={"new": HarvestV2}) as client:
        response = await client.get("/")

    assert response.json() == "admin@example.com"


@pytest.mark.parametrize(
    ("make", "message"), [(lambda: None, r"give clients=\{'default': HarvestV2\}"), (dict, "dict is no client")]
)
async def test_a_client_of_an_unknown_class_is_refused(make, message):
    """The message says how to name the class."""
    with pytest.raises(InvalidArgument, match=message):
        async with harvest_app_client(app_of(make)):
            raise AssertionError


@pytest.mark.filterwarnings("ignore:Using `httpx` with")
def test_an_app_has_its_own_clients_again_afterwards():
    """The app of a test that is over is as it was, and tests without `async` use FastAPI's client."""
    from fastapi.testclient import TestClient

    app = app_of(HarvestV2.from_env)

    with sandbox_behind(app) as sandbox, TestClient(app) as client:
        response = client.get("/clients")
        assert len(sandbox.requests()) == 1

    assert response.json() == []
    assert not hasattr(app.state, "harvest_async_stand_in")
