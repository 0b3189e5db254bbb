"""Header fields and bodies that nobody should send: the wait is bounded, every lease ends, the gate works again."""

import asyncio
import random
from contextlib import suppress
from datetime import UTC, datetime

import httpx
import pytest

from harvest_async.clock import SECOND
from harvest_async.errors import HarvestError, Throttled
from harvest_async.throttle.ledgers.memory import MemoryLedger
from harvest_async.throttle.server_status import LONGEST, SHORTEST, is_refusal, read_retry_after, read_status
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport import ThrottledTransport

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

TODAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
DATE = "Mon, 05 Jan 2026 09:00:00 GMT"

HOSTILE = [
    "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
    "Mon, 99999999999999999999 Jan 2026 00:00:00 GMT",
    "Mon, 05 Jan 2026 00:00:00 +99999999999999999999",
    "Mon, 05 Jan 2026 00:00:00 -99999999999999999999",
    "Mon, 05 Jan 2026 99999999999999999999:00:00 GMT",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "9" * 5_000,
    "0" * 5_000,
    "-" + "9" * 5_000,
    "1e99999999999999999999",
    "\u0663\u0664",
    "\xb2",
    "\udcff",
    "\x00",
    "(" * 500,
    "Mon, " * 500,
    "inf",
    "nan",
    "",
]


PARTS = [
    *HOSTILE, DATE, "Mon,", "Tue, ", "05", "31", " ", ":", "00", "59", "60", "Jan", "Feb", "GMT", "UTC", "EST", "Z",
    "+0000", "-0000", "+2400", "-9999", "1969", "2026", "9999", "10000", "0", "1", "16", "3601", ";", ",", "-", "+", ".",
    "\t", "\r\n", "\u00a0", "\u0660", "\U0001d7ce", "\ud800", "AM", "T", "W",
]  # fmt: skip


def some_text(chance):
    """Digits, pieces of dates and any characters."""
    if chance.random() < 0.1:
        return None
    if chance.random() < 0.2:
        return "".join(chr(chance.randrange(0x110000)) for _ in range(chance.randrange(12)))
    return "".join(chance.choice(PARTS)[:200] for _ in range(chance.randrange(9)))


def test_a_hundred_thousand_pairs_of_header_fields():
    """With any `Retry-After` and `Date`, the wait is one second to one hour, and nothing is raised."""
    chance = random.Random(8)
    waits = [read_retry_after(some_text(chance), some_text(chance), TODAY) for _ in range(100_000)]

    assert min(waits) >= SHORTEST
    assert max(waits) <= LONGEST
    assert len(set(waits)) > 10


@pytest.mark.parametrize(("value", "seconds"), [("00000000000000000030", 30), ("0" * 5_000, 1), ("0" * 90 + "7", 7)])
def test_leading_zeros_do_not_change_a_number(value, seconds):
    """They are no reason to retry too early."""
    assert read_retry_after(value, None, TODAY) == seconds * SECOND


@pytest.mark.parametrize("value", HOSTILE)
def test_every_hostile_value_in_either_place(value):
    """Each of them is read in both header fields."""
    assert SHORTEST <= read_retry_after(value, value, TODAY) <= LONGEST
    assert SHORTEST <= read_retry_after(DATE, value, TODAY) <= LONGEST
    assert is_refusal(503, value, b"")


@pytest.mark.parametrize(
    "number", ["9" * 4_000, "9" * 5_000, "-" + "9" * 4_000, "1e99999999999999999999", "NaN", '"\\ud800"', "[" * 50_000]
)
def test_a_status_with_numbers_that_nobody_can_believe(number):
    """It gives bounded numbers with a short text, or nothing."""
    status = read_status(b'{"count":%s,"max_calls":%s,"timeframe_limit":%s}' % ((number.encode(),) * 3))

    assert status is None or (not status.sound and 0 <= status.count <= 10_000 and len(status.text) < 100)


# Over the transport


class Pool(httpx.AsyncBaseTransport):
    """Counts the responses that were not closed."""

    def __init__(self, answers):
        self.answers, self.open = answers, 0

    async def handle_async_request(self, request):
        response = self.answers(request)
        self.open += 1
        response.stream = _Counted(self, response.stream)
        return response


class _Counted(httpx.AsyncByteStream):
    def __init__(self, pool, stream):
        self.pool, self.stream, self.closed = pool, stream, False

    async def __aiter__(self):
        async for chunk in self.stream:
            yield chunk

    async def aclose(self):
        self.pool.open -= not self.closed
        self.closed = True


def leases_of(throttle):
    """Leases that have not ended, and connections that are in use."""
    (gate,) = throttle._budgets["general"].by_loop.values()
    return len(gate._open.leases), gate.connections.busy


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("field", ["retry-after", "date", "content-type", "content-encoding", "location", "etag"])
async def test_the_gate_works_after_a_great_many_hostile_answers(status, field):
    """Sixty refused calls, each with a hostile header field; then the server is well, and everything is served."""
    sick = iter(HOSTILE * 3)

    def answers(request):
        value = next(sick, None)
        if value is None:
            return httpx.Response(200, stream=httpx.ByteStream(b"well"))
        given = {"retry-after": "1", "date": DATE} | {field: value}
        headers = [(name.encode(), text.encode("utf-8", "surrogateescape")) for name, text in given.items()]
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(b"throttled"))

    pool = Pool(answers)
    throttle = Throttle(clock=asyncio.get_running_loop().clock, pace="burst", max_block=None)
    transport = ThrottledTransport(pool, throttle, status_path=None)
    async with httpx.AsyncClient(transport=transport, base_url="https://acme.example.com") as client:
        for _ in range(60):
            with suppress(Throttled):
                await client.get("/x")
        good = await asyncio.gather(*(client.get("/x") for _ in range(60)))

    assert {each.text for each in good} == {"well"}
    assert (leases_of(throttle), pool.open) == ((0, 0), 0)


class Breaking(MemoryLedger):
    """Raises the given error inside a transaction."""

    def __init__(self):
        super().__init__()
        self.error = None

    def transact(self, change):
        if self.error is not None:
            raise self.error
        return super().transact(change)


class Breaker(httpx.AsyncByteStream):
    """A body that raises when it is read, or when it is closed."""

    def __init__(self, where, error):
        self.where, self.error = where, error

    async def __aiter__(self):
        if self.where == "read":
            raise self.error
        yield b"throttled"

    async def aclose(self):
        if self.where == "close":
            raise self.error


PLACES = ("send", "read", "close", "ledger", "trace", "clock")
"""Where something is raised while a lease is held."""


class Sick(httpx.AsyncBaseTransport):
    """A server, and a clock, and a program's own trace, one of which raises while `sick` is set."""

    def __init__(self, place, status, error, ledger):
        self.place, self.status, self.error, self.ledger, self.sick = place, status, error, ledger, True
        self.clock = asyncio.get_running_loop().clock

    def reach(self, place):
        if self.sick and self.place == place:
            raise self.error

    def now(self):
        return self.clock.now()

    def today(self):
        self.reach("clock")
        return self.clock.today()

    async def trace(self, name, info):  # noqa: ARG002
        self.reach("trace")

    async def handle_async_request(self, request):
        await request.extensions["trace"]("http11.send_request_headers.started", {})
        if not self.sick:
            return httpx.Response(200, text="well")
        self.reach("send")
        self.ledger.error = self.error if self.place == "ledger" else None
        return httpx.Response(self.status, stream=Breaker(self.place, self.error))


@pytest.mark.parametrize("status", [200, 429, 503])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", [OverflowError, RecursionError, MemoryError, KeyError])
async def test_no_exception_leaves_a_lease(place, status, kind):
    """Wherever one is raised on the way of a call, its lease ends and its connection is free, forty times over."""
    ledger = Breaking()
    server = Sick(place, status, kind("raised on purpose"), ledger)
    throttle = Throttle(clock=server, pace="burst", ledger=ledger, max_block=None)
    transport = ThrottledTransport(server, throttle, status_path=None)
    async with httpx.AsyncClient(transport=transport, base_url="https://acme.example.com") as client:
        for _ in range(40):
            server.sick = True
            with suppress(kind, HarvestError, TimeoutError):
                await asyncio.wait_for(client.get("/x", extensions={"trace": server.trace}), 0.5)
            ledger.error, server.sick = None, False
        served = await asyncio.gather(*(client.get("/x") for _ in range(60)))

    assert {each.text for each in served} == {"well"}
    assert leases_of(throttle) == (0, 0)
