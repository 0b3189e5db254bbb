"""A crowd before a FastAPI app on a real socket, at the real limit."""

import asyncio
import time
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI

from harvest_async import BasicAuth, HarvestV1
from harvest_async.fastapi import add_handlers, harvest_lifespan, use_harvest
from tests.support.web import crowd, served, visit

VISITORS = 300


def make_app(address):
    """An app whose one page makes one call."""

    def make():
        auth = BasicAuth("admin@example.com", "sandbox")
        return HarvestV1("sandbox", auth=auth, app="tests (tests@example.com)", base_url=address)

    app = FastAPI(lifespan=harvest_lifespan(make))
    add_handlers(app)

    @app.get("/clients")
    async def clients(harvest: Annotated[HarvestV1, Depends(use_harvest(max_wait=1))]) -> list[str | None]:
        return [client.name for client in await harvest.clients.list()]

    return app


async def until_served(address, patience=20.0):
    """Ask again and again; gives the first success."""
    deadline = time.monotonic() + patience
    while (answer := await visit(address)).status != 200:
        assert time.monotonic() < deadline, "no call succeeds any more"
        await asyncio.sleep(0.1)
    return answer


@pytest.mark.socket
@pytest.mark.realtime
def test_a_crowd_is_served_as_far_as_there_is_room_and_told_when_to_come_back(harvest_sandbox, harvest_address):
    """Of 300 at once the window's room is served; the rest learn to the second when; the account is never blocked."""
    with served(make_app(harvest_address)) as (address, server):

        async def storm():
            return await crowd(f"{address}/clients", VISITORS), await until_served(f"{address}/clients")

        visits, first = asyncio.run(storm())
        server.should_exit = True
        began = time.monotonic()
    shutdown = time.monotonic() - began

    good = [each for each in visits if each.status == 200]
    told = [each for each in visits if each.status == 503]
    room = 100 - 1  # the status call is the first
    assert len(good) + len(told) == VISITORS
    assert 0.9 * room <= len(good) <= room
    assert max(abs(each.moment + int(each.headers["retry-after"]) - first.moment) for each in told) <= 1.0
    assert (harvest_sandbox.throttled(), harvest_sandbox.max_in_window()) == (0, 100)
    assert shutdown < 5
