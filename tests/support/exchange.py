"""A client of API v1 whose responses are given in advance, and the calls that its tests make."""

import asyncio

import httpx

from harvest_async import BasicAuth, HarvestV1, Throttle
from tests.support.answers import Answers

STATUS = {"count": 1, "max_calls": 100, "timeframe_limit": 15}


def harvest_of(*answers, status=True, auth=None, **options):
    """Return a client whose requests get these responses in turn, and what sends them; first that of the status."""
    first = (httpx.Response(200, json=STATUS),) if status else ()
    inner = Answers(*first, *answers)
    clock = asyncio.get_running_loop().clock
    harvest = HarvestV1(
        "acme",
        auth=auth or BasicAuth("me@example.com", "hush-hush"),
        app="tests",
        base_url="https://acme.example.com",
        throttle=options.pop("throttle", None) or Throttle(clock=clock),
        transport=inner,
        **options,
    )
    return harvest, inner


def json_answer(tree, status=200, **headers):
    """Return a response in JSON."""
    return httpx.Response(status, json=tree, headers=headers)


CLIENT = {"client": {"id": 7, "name": "ACME"}}
REPEATABLE = ("clients", "get", (7,))
UNSAFE = ("clients", "create_id", ("ACME",))
UPDATE = ("clients", "update", (7,), {"name": "ACME"})
DELETE = ("clients", "delete", (7,))


async def call(harvest, what):
    """Make a call that is given by its section, its verb and its arguments."""
    section, verb, arguments, *named = what
    return await getattr(getattr(harvest, section), verb)(*arguments, **(named[0] if named else {}))
