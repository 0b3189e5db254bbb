"""A refusal shuts the gate for everyone, and loses and doubles nothing."""

import asyncio
import logging
from itertools import pairwise

import httpx
import pytest

from harvest_async import BasicAuth, HarvestV1, Throttle
from harvest_async.clock import SECOND
from harvest_async.errors import Throttled
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.queue import Lane
from tests.support.answers import Answers
from tests.support.house import House
from tests.support.virtual_time import clock

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.parametrize("hint", ["seconds", "date", "missing"])
async def test_nothing_is_sent_before_the_block_is_over(hint, caplog):
    """After a refusal nobody sends until its time has passed; then one probe goes, and then the rest."""
    house = House(pace="burst")
    house.account.hint = hint
    await house.get()
    house.account.spend(100)
    begin = len(house.account.arrivals)
    with caplog.at_level(logging.WARNING, "harvest_async"):
        answers = await house.many(30)

    after = house.account.arrivals[begin:]
    refusals = house.account.refused
    gap = after[refusals] - after[refusals - 1]
    assert answers == [200] * 30
    assert gap >= 15 * SECOND
    assert house.paths()[2] == "/account/rate_limit_status"
    assert after[refusals + 1] - after[refusals] >= SECOND // 10
    assert sorted(house.paths()[3:]) == sorted(f"/{number}" for number in range(30))
    assert [record.message.split(" for")[0] for record in caplog.records] == [
        "account: the gate is closed",
        "account: the gate is open again",
    ]


async def test_a_refused_probe_adds_a_pause_that_doubles():
    """While others keep the account blocked, probes get rarer and one call at a time goes."""
    house = House(pace="burst", max_block=None)
    await house.get()
    for _ in range(4):
        house.account.script.append(httpx.Response(503, headers={"retry-after": "10"}))
    await house.get()
    gaps = [(later - earlier) / SECOND for earlier, later in pairwise(house.account.arrivals[2:])]

    assert [round(gap, 1) for gap in gaps[:4]] == [10.1, 11.1, 12.1, 14.1]


async def test_a_call_refused_five_times_is_given_up():
    """The caller gets an error with the server's message."""
    house = House(pace="burst", status=False)
    await house.get()
    house.account.script.extend(httpx.Response(503, headers={"retry-after": "1"}) for _ in range(9))
    with pytest.raises(Throttled, match="refused 5 times") as caught:
        await house.get()

    assert caught.value.request.url == "https://acme.example.com/x"
    assert len(house.account.arrivals) == 6
    assert house.clean()


async def test_a_block_longer_than_allowed_fails_at_once():
    """A hint beyond `max_block` is not waited for."""
    house = House(max_block=60)
    await house.get()
    house.account.script.append(httpx.Response(503, headers={"retry-after": "900"}))
    with pytest.raises(Throttled, match=r"max_block \(60 s\)") as caught:
        await house.get()

    assert house.now < 1
    assert caught.value.retry_after == pytest.approx(900, abs=1)
    assert caught.value.status_text == "1 of 100 calls in 15 s"


async def test_a_new_call_fails_at_once_during_a_long_block():
    """Who comes while the gate is shut for too long does not wait either."""
    house = House(max_block=60)
    await house.get()
    house.account.script.append(httpx.Response(503, headers={"retry-after": "900"}))
    for _ in range(2):
        with pytest.raises(Throttled):
            await house.get()

    assert len(house.account.arrivals) == 3


async def test_a_block_that_goes_on_is_given_up_after_max_block():
    """Short hints that never end are waited for no longer than `max_block` in all."""
    house = House(max_block=30)
    await house.get()
    house.account.script.extend(httpx.Response(503, headers={"retry-after": "12"}) for _ in range(9))
    with pytest.raises(Throttled):
        await house.get()

    assert house.now <= 31


async def test_a_later_hint_never_shortens_the_block():
    """The gate's moment is only ever put off."""
    house = House(pace="burst")
    await house.get()
    house.account.script.append(httpx.Response(503, headers={"retry-after": "20"}))
    house.account.script.append(httpx.Response(503, headers={"retry-after": "1"}))
    await house.many(2)

    assert house.account.arrivals[4] - house.account.arrivals[2] >= 20 * SECOND


async def test_a_call_lost_while_the_gate_is_shut_keeps_it_shut():
    """A call that may yet arrive would prolong the block: a period and the guard pass first."""
    house = House(pace="burst", way=lambda number: 5.0 if number == 3 else 0.05)
    await house.get()
    house.account.script.append(httpx.Response(503, headers={"retry-after": "3"}))
    first = asyncio.create_task(house.get("/refused"))
    slow = asyncio.create_task(house.get("/slow"))
    await asyncio.sleep(1)
    cancelled_at = house.clock.now()
    slow.cancel()
    await first

    assert house.account.arrivals[3] - cancelled_at >= 17 * SECOND
    assert slow.cancelled()


async def test_a_bare_503_closes_the_gate_for_two_seconds_and_doubles():
    """An outage is no refusal: its response is returned, and the gate is closed for 2 s, 4 s and so on up to 30 s."""
    house = House(status=False)
    await house.get()
    house.account.script.extend(httpx.Response(503, content=b"down") for _ in range(6))
    answers = [await house.get() for _ in range(7)]
    gaps = [round((later - earlier) / SECOND, 1) for earlier, later in pairwise(house.account.arrivals[1:])]

    assert answers == [503] * 6 + [200]
    assert gaps == [2.1, 4.1, 8.1, 16.1, 30.1, 30.1]


async def test_after_an_outage_a_normal_answer_resets_the_rest():
    """The next outage begins at 2 s again."""
    house = House(status=False)
    await house.get()
    for _ in range(2):
        house.account.script.append(httpx.Response(503))
        assert [await house.get() for _ in range(3)] == [503, 200, 200]

    gaps = [round((later - earlier) / SECOND, 1) for earlier, later in pairwise(house.account.arrivals[1:])]
    assert gaps == [2.1, 0.1, 0.1, 2.1, 0.1]


async def test_the_words_of_a_refusal_tell_it_from_an_outage():
    """A 503 without Retry-After is a refusal where its body says so, compressed or not."""
    import gzip

    house = House(status=False)
    await house.get()
    words = b'{"message": "This request has been throttled."}'
    house.account.script.append(
        httpx.Response(503, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(gzip.compress(words)))
    )
    house.account.script.append(
        httpx.Response(503, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"throttled, and no gzip"))
    )

    assert await house.get() == 200
    assert len(house.account.arrivals) == 4


async def test_an_outage_keeps_its_body():
    """What was read to recognize a refusal is still given to the caller."""
    house = House(status=False)
    await house.get()
    page = b"<html>" + b"x" * 10_000 + b"</html>"

    async def body():
        for start in range(0, len(page), 1_000):
            yield page[start : start + 1_000]

    house.account.script.append(httpx.Response(503, content=body()))
    response = await house.client.get("/x")

    assert response.content == page


async def test_a_one_shot_body_is_sent_again_after_a_refusal():
    """A body that can be read once is kept for the second sending."""
    house = House(status=False)
    await house.get()
    house.account.script.append(httpx.Response(503, headers={"retry-after": "1"}))

    async def body():
        yield b"one"
        yield b"two"

    await house.client.post("/upload", content=body())

    assert [request.content for request in house.account.requests[-2:]] == [b"onetwo", b"onetwo"]


async def test_429_is_always_a_refusal():
    """API v2 refuses by 429, with any other content of the response."""
    house = House(status=False)
    await house.get()
    house.account.script.append(httpx.Response(429))

    assert await house.get() == 200
    assert house.now > 16


async def test_what_has_not_left_when_the_gate_shuts_does_not_leave():
    """Calls whose connection is still being made go back to the front of the line, and no attempt is counted."""
    house = House(pace="burst")
    await house.get()
    house.account.connect = lambda number: 0.3 if 3 <= number < 10 else 0
    house.account.script.append(httpx.Response(503, headers={"retry-after": "15"}))
    answers = await house.many(8)
    gap = house.account.arrivals[3] - house.account.arrivals[2]

    assert answers == [200] * 8
    assert gap >= 15 * SECOND  # only the refused call had arrived by then
    assert [path for path in house.paths()[3:] if path in {"/0", "/1"}] == ["/0", "/1"]
    assert house.clean()


async def test_a_call_given_up_just_before_the_gate_shut_keeps_it_shut():
    """It may arrive at the blocked account and begin the block anew: a period after that nobody sends."""
    house = House(pace="burst", way=lambda number: 1.9 if number == 2 else 0.05)
    await house.get()
    stray = asyncio.create_task(house.get("/stray"))
    await asyncio.sleep(0.1)
    stray.cancel()
    given_up = house.clock.now()
    house.account.script.append(httpx.Response(503, headers={"retry-after": "3"}))
    await house.get()

    assert house.account.arrivals[3] - given_up >= (2 + 15) * SECOND


async def test_an_outage_that_many_calls_meet_at_once_is_one_outage():
    """Its responses close the gate for 2 s, however many there are."""
    house = House(pace="burst")
    await house.get()
    house.account.script.extend(httpx.Response(503) for _ in range(10))
    answers = await house.many(10)
    over = house.now
    await house.get()

    assert answers == [503] * 10
    assert house.now - over == pytest.approx(2, abs=0.3)


async def test_a_bare_503_does_not_make_an_outage_of_a_block():
    """What is said about the block stays said."""
    house = House(pace="burst", status=False)
    await house.get()
    house.account.script.extend([httpx.Response(503, headers={"retry-after": "9"}), httpx.Response(503)])
    calls = [asyncio.create_task(house.get()) for _ in range(3)]
    await asyncio.sleep(1)
    seen = house.throttle.snapshot()
    await asyncio.gather(*calls)

    assert (seen.closed, round(seen.closed_for)) == ("the account is throttled", 8)


async def test_many_who_wait_too_long_are_all_given_up():
    """A block beyond `max_block` fails all calls, in both lanes."""
    house = House(pace="burst", max_block=60)
    await house.get()
    house.account.script.append(httpx.Response(503, headers={"retry-after": "900"}))
    lanes = [Lane.INTERACTIVE, Lane.BULK] * 3
    first = asyncio.create_task(house.get())
    await asyncio.sleep(0.06)
    ends = await asyncio.gather(first, *(house.get(lane=lane) for lane in lanes), return_exceptions=True)

    assert {type(end) for end in ends} == {Throttled, int}
    assert house.clean()


async def test_a_call_that_nobody_waits_for_any_more_is_not_given_up():
    """The end of `max_block` and a cancellation in one moment: the cancellation comes out."""
    house = House(pace="burst", max_block=5)
    await house.get()
    house.account.script.append(httpx.Response(503, headers={"retry-after": "4"}))
    waiting = [asyncio.create_task(house.get()) for _ in range(3)]
    await asyncio.sleep(1)
    gate = house.throttle._gate()
    waiting[0].cancel()
    house.clock.advance(60)
    gate._timer._fire()
    ends = await asyncio.gather(*waiting, return_exceptions=True)

    assert isinstance(ends[0], asyncio.CancelledError)
    assert house.clean()


async def test_a_hundred_thousand_waiters_cost_as_much_each_as_ten():
    """Nobody is looked at but those at the heads, open gate or shut, coming or going."""
    house = House(pace="burst", status=False)
    await house.get()
    house.account.script.append(httpx.Response(503, headers={"retry-after": "15"}))
    looks = 0
    transact = house.throttle._ledger.transact

    def counted(change):
        nonlocal looks
        looks += 1
        return transact(change)

    house.throttle._ledger.transact = counted
    first = asyncio.create_task(house.get())
    await asyncio.sleep(1)
    waiting = [asyncio.create_task(house.throttle.acquire(Ticket())) for _ in range(100_000)]
    await asyncio.sleep(1)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await first

    assert looks < 100
    assert house.clean()


async def test_a_refusal_is_no_attempt():
    """Four refusals between four failed connections leave the fifth attempt to succeed, and the record is made once."""
    status = {"count": 1, "max_calls": 100, "timeframe_limit": 15}
    answers = [httpx.Response(200, json=status)]
    for _ in range(4):
        answers += [httpx.ConnectError("no route"), httpx.Response(503, headers={"retry-after": "1"})]
        answers += [httpx.Response(200, json=status)]
    inner = Answers(*answers, httpx.Response(201, headers={"location": "/clients/7"}))
    harvest = HarvestV1(
        "acme",
        auth=BasicAuth("me@example.com", "hush-hush"),
        app="tests",
        base_url="https://acme.example.com",
        throttle=Throttle(clock=clock()),
        transport=inner,
    )

    assert (await harvest.clients.create_id("ACME")).id == 7
    assert [request.method for request in inner.sent].count("POST") == 9
    assert inner.answers == []
