"""Calls by a client, and by the visitors of an app; and whether the account agrees with what was reported."""

import asyncio
from collections import Counter

import httpx
from fastapi import FastAPI

from harvest_async.errors import CreatedUnread, HarvestError, NotSent, OutcomeUnknown, StorageError
from harvest_async.fastapi import HarvestV1Dep, HarvestV2Dep, add_handlers, harvest_lifespan
from tests.chaos.setting import client
from tests.support.served_app import started

CREATES, READS = 50, 12
CREATED, UNKNOWN, REFUSED = "created", "unknown", "refused"


def prepare(sandbox, folder, chance):
    """Return what is wanted of the account: the outcomes alone decide."""
    return


async def calls(setting):
    """Create clients and list them, all at once."""
    said = Said()
    async with client(setting) as harvest:
        await said.gather(lambda name: _create(harvest, name), lambda: _names(harvest.clients.list()))
    return said.outcomes


async def _create(harvest, name):
    try:
        await harvest.clients.create(name)
    except OutcomeUnknown:
        return UNKNOWN
    except (NotSent, StorageError):  # the latter if the ledger can't be reached: nothing is sent then
        return REFUSED
    except CreatedUnread:
        return CREATED
    return CREATED


async def _names(clients):
    try:
        return [each.name async for each in clients]
    except HarvestError:
        return None


async def visits(setting):
    """Create clients and list them as the visitors of an app, all at once."""
    said = Said()
    async with started(_app(setting)) as (browser, _):
        await said.gather(lambda name: _visit(browser, name), lambda: _page(browser))
    return said.outcomes


def _app(setting):
    app = FastAPI(lifespan=harvest_lifespan(lambda: client(setting)))
    add_handlers(app)
    dependency = HarvestV1Dep if setting.api == "v1" else HarvestV2Dep

    @app.post("/clients/{name}", status_code=201)
    async def create(name: str, harvest: dependency) -> str:
        return (await harvest.clients.create(name)).name

    @app.get("/clients")
    async def names(harvest: dependency) -> list[str]:
        return [each.name async for each in harvest.clients.list()]

    return app


_LEDGER_DOWN = "urn:harvest-async:ledger-down"
_MEANINGS = {
    "urn:harvest-async:outcome-unknown": UNKNOWN,
    "urn:harvest-async:not-sent": REFUSED,
    _LEDGER_DOWN: REFUSED,
    "urn:harvest-async:created-unread": CREATED,
}


async def _visit(browser: httpx.AsyncClient, name):
    response = await browser.post(f"/clients/{name}", timeout=60)
    if response.status_code == httpx.codes.CREATED:
        return CREATED
    kind = response.json()["type"]
    return _MEANINGS.get(kind, f"a page of {response.status_code}, {kind}")


async def _page(browser):
    response = await browser.get("/clients", timeout=60)
    if response.status_code == httpx.codes.OK:
        return response.json()
    assert response.status_code in {502, 503} or response.json()["type"] == _LEDGER_DOWN, response.text
    return None


class Said:
    """What the library reported of creates and lists.

    Attributes:
        outcomes: the outcome of each create by name, and `lists`: what was wrong with lists.
    """

    def __init__(self):
        self.outcomes = {"creates": {}, "lists": []}

    async def gather(self, create, read):
        """Run all creates and lists at once."""
        creates = (self._create(create, f"client-{number}") for number in range(CREATES))
        await asyncio.gather(*creates, *(self._read(read) for _ in range(READS)))

    async def _create(self, create, name):
        self.outcomes["creates"][name] = await create(name)

    async def _read(self, read):
        await asyncio.sleep(0)
        before = {name for name, outcome in self.outcomes["creates"].items() if outcome == CREATED}
        names = await read()
        if names is None:
            return
        found = Counter(names)
        self.outcomes["lists"] += [f"a list lacks {name}" for name in sorted(before - found.keys())]
        self.outcomes["lists"] += [f"a list has {name} {count} times" for name, count in found.items() if count > 1]


def judge(sandbox, wanted, said, folder):
    """Compare the account with what the library reported."""
    have = Counter(each["name"] for each in sandbox.world.all("client"))
    faults = list(said["lists"])
    for name, outcome in said["creates"].items():
        allowed = {CREATED: {1}, UNKNOWN: {0, 1}, REFUSED: {0}}.get(outcome)
        if allowed is None:
            faults.append(f"{name}: {outcome}")
        elif have[name] not in allowed:
            faults.append(f"{name} is {outcome}, and there {have[name]} times")
    return faults
