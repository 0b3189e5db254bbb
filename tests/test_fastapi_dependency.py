"""The dependency: replacing it, options that end with the route, accounts of visitors, settings at the start."""

import asyncio
import os
from contextlib import asynccontextmanager
from typing import Annotated

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, Header, HTTPException, Response
from starlette.background import BackgroundTask

import harvest_async.fastapi
from harvest_async import BearerAuth, HarvestPool, HarvestV1, HarvestV2, InvalidArgument, Throttle
from harvest_async.fastapi import (
    HarvestV1Dep,
    HarvestV2Dep,
    add_handlers,
    harvest_by_key,
    harvest_lifespan,
    harvest_of_account,
    harvest_options,
    use_harvest,
)
from harvest_async.sandbox import Sandbox
from harvest_async.testing import harvest_app_client
from harvest_async.v2.clients import Client
from tests.support.served_app import started

pytestmark = pytest.mark.anyio

PERIOD = 1
"""Seconds of the sandbox's window."""


@pytest.fixture
def busy():
    """A sandbox with a short window, in which one call is allowed."""
    sandbox = Sandbox(2, PERIOD)
    yield sandbox
    sandbox.close()


class Fake:
    """A client that a test brings along."""

    name = "fake"


def app_with(route, *dependencies, **options):
    """An app with one route."""
    app = FastAPI(lifespan=harvest_lifespan(HarvestV1.from_env), **options)
    add_handlers(app)
    app.get("/", dependencies=[*map(Depends, dependencies)])(route)
    return app


async def test_a_test_replaces_the_dependency():
    """`dependency_overrides[use_harvest]` puts another client in its place; the app needs no Harvest account then."""

    async def page(harvest: HarvestV1Dep) -> str:
        return harvest.name

    app = FastAPI()
    app.get("/", dependencies=[Depends(harvest_options(max_wait=1))])(page)
    app.dependency_overrides[use_harvest] = Fake

    async with harvest_app_client(app) as client:
        response = await client.get("/")

    assert response.json() == "fake"


async def test_a_test_replaces_a_client_by_its_key():
    """The dependency of a key is the same function each time."""
    app = FastAPI()

    @app.get("/")
    async def page(harvest: Annotated[HarvestV1, Depends(harvest_by_key("billing"))]) -> str:
        return harvest.name

    app.dependency_overrides[harvest_by_key("billing")] = Fake
    async with harvest_app_client(app) as client:
        response = await client.get("/")

    assert response.json() == "fake"
    assert harvest_by_key("default") is use_harvest


def test_an_alias_that_does_not_exist_is_no_attribute():
    """The module has the aliases that it lists, and no others."""
    assert not hasattr(harvest_async.fastapi, "HarvestV3Dep")


async def work_until_done(harvest, results, done):
    """Make two calls more than the window allows at once."""
    try:
        for _ in range(2):
            await harvest.clients.list()
    except Exception as error:  # noqa: BLE001 - the test shows it
        results.append(error)
    else:
        results.append("done")
    done.set()


@pytest.mark.parametrize("how", ["background tasks", "a background of the response", "a task", "a task beside calls"])
async def test_background_work_waits_as_long_as_it_takes(busy, how):
    """The route itself is refused at once by its `max_wait`; what it started succeeds, however it was started."""
    results, tasks, done = [], [], asyncio.Event()

    async def page(harvest: HarvestV1Dep, background: BackgroundTasks, response: Response):
        if how == "background tasks":
            background.add_task(work_until_done, harvest, results, done)
        elif how == "a background of the response":
            return Response("", background=BackgroundTask(work_until_done, harvest, results, done))
        else:
            tasks.append(asyncio.create_task(work_until_done(harvest, results, done)))
        if how == "a task beside calls":
            await asyncio.sleep(0.05)
        return None

    app = app_with(page, harvest_options(max_wait=0.2))
    async with harvest_app_client(app, sandbox=busy) as client:
        response = await client.get("/")
        await asyncio.wait_for(done.wait(), 10)

    assert (response.status_code, results) == (200, ["done"])
    assert busy.throttled() == 0


async def test_the_route_itself_is_refused(busy):
    """Calls in the route have its `max_wait`, and a client with its own keeps that everywhere."""
    results = []

    async def page(harvest: HarvestV1Dep):
        for _ in range(2):
            await harvest.clients.list()

    async def side_by_side(harvest: HarvestV1Dep):
        own = harvest.options(max_wait=0.2)
        results.extend(await asyncio.gather(*(own.clients.list() for _ in range(3)), return_exceptions=True))

    app = app_with(page, harvest_options(max_wait=0.2))
    app.get("/side")(side_by_side)
    async with harvest_app_client(app, sandbox=busy) as client:
        refused = await client.get("/")
        await client.get("/side")

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert {type(each).__name__ for each in results} == {"WouldWait"}


# The account of a visitor


async def account_of(signed_in: Annotated[str | None, Header()] = None) -> str:
    """The account of the visitor, who says so in a header."""
    if signed_in is None:
        raise HTTPException(401, "Sign in first.")
    return signed_in


class Pool:
    """A pool of clients by account."""

    def __init__(self, make):
        self.make, self.opened, self.closed = make, [], []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    @asynccontextmanager
    async def account(self, account):
        self.opened.append(account)
        async with self.make() as client:
            yield client
        self.closed.append(account)


async def test_a_visitor_gets_the_client_of_their_account(harvest_v2):
    """The app's own dependency decides which account it is; the client is closed after the response."""
    pool = Pool(harvest_v2)
    app = FastAPI(lifespan=harvest_lifespan(lambda: pool, key="visitors"))
    mine = Annotated[HarvestV2, Depends(harvest_of_account(account_of, key="visitors"))]

    @app.get("/", dependencies=[Depends(harvest_options(max_wait=1))])
    async def page(harvest: mine) -> str | None:
        assert pool.closed == []
        return (await harvest.users.me()).email

    async with started(app) as (browser, _):
        refused = await browser.get("/")
        response = await browser.get("/", headers={"Signed-In": "17"})

    assert (refused.status_code, response.json()) == (401, "admin@example.com")
    assert (pool.opened, pool.closed) == (["17"], ["17"])


async def test_a_real_pool_gives_clients(harvest_sandbox):
    """`HarvestPool` is such a pool, and a test puts the sandbox behind its accounts."""

    def make() -> HarvestPool[HarvestV2]:
        raise AssertionError

    app = FastAPI(lifespan=harvest_lifespan(make))

    @app.get("/")
    async def page(harvest: Annotated[HarvestV2, Depends(harvest_of_account(account_of))]) -> str | None:
        return (await harvest.users.me()).email

    async with harvest_app_client(app, sandbox=harvest_sandbox) as client:
        response = await client.get("/", headers={"Signed-In": "17"})

    assert response.json() == "admin@example.com"


async def test_a_client_is_no_pool_and_a_pool_no_client():
    """The error says which dependency is the right one; an app without either says how to have one."""
    app = FastAPI(lifespan=harvest_lifespan({"default": HarvestV2.from_env, "visitors": HarvestPool}))

    @app.get("/page")
    async def page() -> None: ...

    async def one(_: Annotated[HarvestV2, Depends(harvest_of_account(account_of))]) -> None: ...

    async def two(_: Annotated[HarvestV2, Depends(harvest_by_key("visitors"))]) -> None: ...

    async def three(_: Annotated[HarvestV2, Depends(harvest_of_account(account_of, key="other"))]) -> None: ...

    for path, route in {"/of/one": one, "/of/two": two, "/of/three": three}.items():
        app.get(path)(route)
    async with harvest_app_client(app) as client:
        client.headers["Signed-In"] = "17"
        with pytest.raises(TypeError, match="the client of one account"):
            await client.get("/of/one")
        with pytest.raises(TypeError, match="is no client but a pool"):
            await client.get("/of/two")
        with pytest.raises(TypeError, match=r"No Harvest pool with key='other'.*'default', 'visitors'"):
            await client.get("/of/three")
        assert (await client.get("/page")).status_code == 200


# Settings and credentials


@pytest.fixture
def nothing_set(monkeypatch):
    """No environment variable of Harvest is set."""
    for name in [name for name in os.environ if name.startswith("HARVEST_")]:
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("nothing_set")
@pytest.mark.parametrize(
    ("make", "names"),
    [
        (HarvestV1.from_env, ["HARVEST_ACCOUNT", "HARVEST_EMAIL", "HARVEST_PASSWORD", "HARVEST_APP"]),
        (HarvestV2.from_env, ["HARVEST_ACCOUNT_ID", "HARVEST_ACCESS_TOKEN", "HARVEST_APP"]),
        (
            {"old": HarvestV1.from_env, "new": HarvestV2.from_env},
            ["client 'old'", "HARVEST_ACCOUNT", "HARVEST_PASSWORD", "client 'new'", "HARVEST_ACCOUNT_ID"],
        ),
    ],
    ids=["v1", "v2", "both"],
)
async def test_missing_settings_are_all_named_before_the_first_request(make, names):
    """The app does not start, and the message has each variable of each client."""
    app = FastAPI(lifespan=harvest_lifespan(make))

    with pytest.raises(InvalidArgument) as caught:
        async with app.router.lifespan_context(app):
            raise AssertionError

    assert [name for name in names if name not in str(caught.value)] == []
    assert getattr(app.state, "harvest_async_keys", set()) == set()


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_credentials_that_harvest_refuses_are_a_problem_of_the_app(harvest_client, harvest_v2, version):
    """The visitor gets a 502 without the token, and never Harvest's 401."""
    make = harvest_client if version == "v1" else harvest_v2
    app = FastAPI(lifespan=harvest_lifespan(lambda: make(auth=BearerAuth("no-such-token"), throttle=Throttle())))
    add_handlers(app)

    @app.get("/")
    async def page(harvest: HarvestV2Dep) -> list[Client]:
        return await harvest.clients.list()

    async with started(app) as (browser, _):
        response = await browser.get("/")

    assert (response.status_code, response.json()["type"]) == (502, "urn:harvest-async:unauthorized")
    assert "no-such-token" not in response.text
    assert "www-authenticate" not in response.headers
