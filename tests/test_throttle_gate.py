"""The gate, with a transport and a judging server, in time that passes at once."""

import asyncio
import logging
import random
from itertools import pairwise

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_async.clock import SECOND
from harvest_async.errors import HarvestError, InvalidArgument, Throttled, WouldWait
from harvest_async.testing import VirtualLoop
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.ledger_sqlite import SqliteLedger
from harvest_async.throttle.line import Lane
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport import TICKET, ThrottledTransport
from tests.support.account import SlowAccount

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio", {"loop_factory": VirtualLoop}


def clock_of_loop():
    return asyncio.get_running_loop().clock


class House:
    """A throttle, a transport and an account, on the running loop."""

    def __init__(self, calls=100, period=15, *, way=0.05, back=0.05, lockout=None, status=True, **throttle):
        self.clock = clock_of_loop()
        self.account = SlowAccount(self.clock, calls, period, way=way, back=back, lockout=lockout)
        self.throttle = Throttle(clock=self.clock, **throttle)
        path = "/account/rate_limit_status" if status else None
        self.transport = ThrottledTransport(self.account, self.throttle, status_path=path)
        self.client = httpx.AsyncClient(transport=self.transport, base_url="https://acme.example.com")

    async def get(self, path="/x", *, lane=Lane.INTERACTIVE, max_wait=None, deadline=60):
        wait = None if max_wait is None else round(max_wait * SECOND)
        ticket = Ticket(lane=lane, max_wait=wait, deadline=deadline * SECOND)
        response = await self.client.get(path, extensions={TICKET: ticket})
        return response.status_code

    async def many(self, count, **how):
        return await asyncio.gather(*(self.get(f"/{number}", **how) for number in range(count)))

    def paths(self):
        return [path for _, path in self.account.served]

    def probes(self):
        return self.paths().count("/account/rate_limit_status")

    @property
    def now(self):
        return self.clock.now() / SECOND

    def clean(self):
        """Nothing is held that nobody will give back."""
        gate = self.throttle._gate()
        return (gate.idle, gate._busy, self.account.open_bodies) == (True, 0, 0)


def uneven(low, high, seed=7):
    chance = random.Random(seed)
    spread = [chance.uniform(low, high) for _ in range(997)]
    return lambda number: spread[number % 997]


# The unknown start


async def test_the_first_thing_sent_is_the_status_call():
    """What other programs sent before us is asked for, not guessed."""
    house = House()
    await house.many(3)

    assert house.paths()[0] == "/account/rate_limit_status"
    assert house.probes() == 1


async def test_what_others_sent_is_left_to_them_at_the_start():
    """The status call's count takes leases until a period after its reply."""
    house = House(pace="burst")
    house.account.spend(95)
    await house.many(20)

    assert house.account.refused == 0
    assert house.throttle.snapshot().said == "96 of 100 calls in 15 s"
    assert 15 < house.now < 16


async def test_a_throttle_takes_the_servers_numbers():
    """Left out, calls and period follow the server."""
    house = House(calls=7, period=3)
    await house.many(15)

    assert (house.throttle.snapshot().calls, house.throttle.snapshot().period) == (7, 3.0)
    assert (house.account.refused, house.account.most_in_any_period()) == (0, 7)


async def test_a_users_numbers_are_a_ceiling():
    """The server may tighten what the user said, never widen it."""
    house = House(calls=100, period=15, status=True, guard=1)
    house.throttle = Throttle(5, 20, clock=house.clock)
    house.client = httpx.AsyncClient(
        transport=ThrottledTransport(house.account, house.throttle), base_url="https://acme.example.com"
    )
    await house.get()

    assert (house.throttle.snapshot().calls, house.throttle.snapshot().period) == (5, 20.0)


async def test_absurd_numbers_of_the_server_are_ignored(caplog):
    """Numbers outside what can be believed change nothing, and are told of."""
    house = House()
    house.account.status = lambda: {"max_calls": 0, "count": 1, "timeframe_limit": 99_999}
    await house.get()

    assert house.throttle.snapshot().calls == 100
    assert "can't be believed" in caplog.text


async def test_without_a_status_the_head_of_the_line_goes_alone():
    """An answer that is no status sends one call ahead; the others follow its answer."""
    house = House()
    house.account.status_answers = False
    await house.many(3)

    assert [path in {"/1", "/2"} for path in house.paths()] == [False, False, True, True]
    first, second, *others = house.account.arrivals
    assert second - first >= SECOND // 10
    assert all(arrival - second >= SECOND // 10 for arrival in others)


async def test_a_throttle_without_a_status_call_sends_one_call_ahead():
    """Where there is no status call, the first call shows that the account is open."""
    house = House(status=False)
    await house.many(3)

    assert house.probes() == 0
    assert len(house.account.served) == 3


async def test_a_lost_status_call_lets_the_head_go_alone():
    """A status call that broke off does not keep anybody waiting."""
    house = House()
    house.account.script.append(httpx.ReadError("gone"))
    assert await house.get() == 200

    assert house.paths() == ["/x"]


async def test_a_lost_status_call_is_asked_again_before_anyone_else_goes():
    """What others sent stays unknown until it is told: one call goes alone, then the status is asked for again."""
    house = House(pace="burst")
    house.account.spend(95)
    house.account.script.append(httpx.ReadError("gone"))
    await house.many(20)

    assert house.paths()[:2] == ["/0", "/account/rate_limit_status"]
    assert house.account.refused == 0


async def test_a_status_call_that_is_always_lost_is_done_without():
    """After three tries the line goes on by what the others' answers say."""
    house = House(pace="burst")
    for _ in range(3):
        house.account.script.extend([httpx.ReadError("gone"), None])
    await house.many(20)

    assert (house.probes(), len(house.account.served)) == (0, 20)
    assert house.throttle.snapshot().closed is None


async def test_a_cancelled_leader_leaves_the_question_open():
    """Granted the status call and cancelled in the same moment, a leader tells nothing about the server."""
    house = House(pace="burst")
    house.account.spend(95)
    leader = asyncio.create_task(house.get("/led"))
    others = asyncio.create_task(house.many(20))
    await asyncio.sleep(0)
    leader.cancel()
    await others

    assert (house.paths()[0], house.account.refused) == ("/account/rate_limit_status", 0)


async def test_a_status_call_that_could_not_connect_costs_nothing():
    """A call that never left gives its lease back at once; the next has its own try."""
    house = House()
    house.account.script.append(httpx.ConnectError("no route"))
    house.account.script.append(httpx.ConnectError("no route"))
    with pytest.raises(httpx.ConnectError):
        await house.get()
    assert await house.get() == 200

    assert house.throttle.snapshot().sent == 1
    assert house.clean()


# The full rate, never more


@settings(max_examples=40, deadline=None)
@given(
    calls=st.integers(1, 30),
    number=st.integers(1, 90),
    low=st.floats(0, 0.2),
    high=st.floats(0.2, 2.0),
    seed=st.integers(0, 10_000),
    pace=st.sampled_from(["even", "burst"]),
)
def test_no_burst_is_ever_refused(calls, number, low, high, seed, pace):
    """Whatever the latencies each way, our own calls never get the account blocked, and all are carried out."""

    async def run():
        house = House(calls, 15, way=uneven(low, high, seed), back=uneven(low, high, seed + 1), pace=pace)
        answers = await house.many(number)
        return house, answers

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        house, answers = runner.run(run())

    assert answers == [200] * number
    assert (house.account.refused, house.account.most_in_any_period() <= calls) == (0, True)


async def test_a_burst_takes_the_time_that_the_limit_asks_for():
    """250 calls at 100 per 15 s end soon after the second window began."""
    house = House(way=uneven(0.02, 0.15), back=uneven(0.02, 0.15, 8), pace="burst")
    await house.many(250)

    assert house.account.refused == 0
    assert 30 < house.now < 30 * 1.08


async def test_an_even_pace_sends_bulk_calls_evenly():
    """The bulk lane sends one call in every period / calls."""
    house = House()
    await house.many(30, lane=Lane.BULK)
    gaps = [later - earlier for earlier, later in pairwise(house.account.arrivals[1:])]

    assert min(gaps) >= 0.149 * SECOND
    assert max(gaps) <= 0.160 * SECOND


async def test_an_even_pace_leaves_the_reserve_to_others():
    """With the window full but for the reserve, a bulk call waits and an interactive one goes at once."""
    house = House(calls=10, reserve=3)
    bulk = asyncio.create_task(house.many(9, lane=Lane.BULK))
    await asyncio.sleep(14)
    before = house.now
    await house.get()
    waited = house.now - before
    await bulk

    assert waited < 0.2
    assert house.now > 15


async def test_a_reserve_never_takes_everything():
    """An account of one call still lets bulk calls through."""
    house = House(calls=1, period=1, reserve=3)
    await house.many(2, lane=Lane.BULK)

    assert len(house.account.served) == 3


async def test_interactive_calls_go_before_bulk_calls():
    """A newcomer in the interactive lane passes the whole bulk lane."""
    house = House(calls=3, pace="burst")
    bulk = asyncio.create_task(house.many(8, lane=Lane.BULK))
    await asyncio.sleep(1)
    await house.get("/me")
    place = len(house.account.served)
    await bulk

    assert place <= 4


async def test_interactive_calls_do_not_starve_the_bulk_lane():
    """After nine others a waiting bulk call has its turn."""
    house = House(calls=10, pace="burst")
    await house.get("/first")
    bulk = asyncio.create_task(house.get("/bulk", lane=Lane.BULK))
    others = asyncio.create_task(house.many(60))
    await bulk
    served = len(house.account.served)
    await others

    assert served <= 2 + 10 + 10


async def test_calls_wait_in_line_and_not_in_the_pool():
    """No more requests are on their way than there are connections."""
    house = House(calls=1000, pace="burst", way=0.01, back=0.01)
    most = 0

    async def watch():
        nonlocal most
        while True:
            most = max(most, len(house.account.requests) - len(house.account.served) + house.account.open_bodies)
            await asyncio.sleep(0.005)

    watcher = asyncio.create_task(watch())
    await house.many(200)
    watcher.cancel()

    assert most <= 48


# Refusals


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
    """The caller is told, with what the server said."""
    house = House(pace="burst", status=False)
    await house.get()
    house.account.script.extend(httpx.Response(503, headers={"retry-after": "1"}) for _ in range(9))
    with pytest.raises(Throttled, match="refused 5 times") as caught:
        await house.get()

    assert caught.value.request.url == "https://acme.example.com/x"
    assert len(house.account.arrivals) == 6
    assert house.clean()


async def test_a_block_longer_than_allowed_is_told_at_once():
    """A hint beyond `max_block` is not waited for."""
    house = House(max_block=60)
    await house.get()
    house.account.script.append(httpx.Response(503, headers={"retry-after": "900"}))
    with pytest.raises(Throttled, match=r"max_block \(60 s\)") as caught:
        await house.get()

    assert house.now < 1
    assert caught.value.retry_after == pytest.approx(900, abs=1)
    assert caught.value.status_text == "1 of 100 calls in 15 s"


async def test_a_newcomer_is_told_of_a_long_block_at_once():
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
    """An outage is no refusal: its answer comes out, and the gate rests for 2 s, 4 s and so on up to 30 s."""
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
    """What was read to judge an answer is given to the caller all the same."""
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
    """API v2 refuses by 429, whatever else the answer says."""
    house = House(status=False)
    await house.get()
    house.account.script.append(httpx.Response(429))

    assert await house.get() == 200
    assert house.now > 16


# The probe


async def test_the_probe_has_the_credentials_but_not_the_content():
    """The status call is signed like the refused call and carries nothing of it."""
    house = House()
    await house.client.post(
        "/x?access_token=t&secret=1",
        content=b"body",
        headers={"authorization": "Basic abc", "content-type": "text/csv"},
    )
    probe = house.account.requests[0]

    assert str(probe.url) == "https://acme.example.com/account/rate_limit_status?access_token=t"
    assert (probe.method, probe.content, probe.headers["authorization"]) == ("GET", b"", "Basic abc")
    assert (probe.headers["accept"], probe.headers["content-type"]) == ("application/json", "application/json")


async def test_paths_of_api_v2_are_never_probed_by_the_status_call():
    """API v2 has no status call."""
    house = House()
    await house.get("/v2/users/me")

    assert house.probes() == 0


async def test_a_broken_status_answer_lets_the_head_go_alone():
    """A status whose body breaks off, or is none, holds nobody up."""
    house = House()

    async def broken():
        yield b'{"count":'
        raise httpx.ReadError("cut")

    house.account.script.append(httpx.Response(200, content=broken()))
    assert await house.get() == 200
    assert house.clean()


async def test_an_outage_of_the_status_call_shuts_the_gate():
    """A bare 503 to the status call is an outage like any other."""
    house = House()
    house.account.script.append(httpx.Response(503))
    assert await house.get() == 200

    assert house.account.arrivals[1] - house.account.arrivals[0] >= 2 * SECOND


async def test_others_on_the_account_are_watched():
    """While the count is above ours, the status is asked again every four periods, in passing."""
    house = House(calls=10, period=1, pace="burst")
    house.account.spend(3)
    for _ in range(12):
        await house.get()
        await asyncio.sleep(1)

    # Asked at the start; others were there. Asked once more after four periods; they were gone.
    assert house.probes() == 2


async def test_watching_goes_on_while_others_send():
    """As long as others are seen, they are looked for."""
    house = House(calls=10, period=1, pace="burst")
    for _ in range(16):
        house.account.spend(2)
        await house.get()
        await asyncio.sleep(0.5)

    assert house.probes() == 3
    assert house.account.refused == 0


# Fail fast


async def test_max_wait_refuses_what_would_wait_longer():
    """A call that would wait longer is refused at once, with the time after which it would go."""
    house = House(calls=5, pace="burst")
    await house.many(4)
    before = house.now
    with pytest.raises(WouldWait) as caught:
        await house.get(max_wait=2)

    assert house.now == before
    assert caught.value.wait == pytest.approx(15, abs=0.3)
    assert "/x" in caught.value.request.url
    await asyncio.sleep(caught.value.wait)
    assert await house.get(max_wait=0.1) == 200


async def test_max_wait_bounds_the_real_wait():
    """Where the prediction was too hopeful, the wait ends all the same."""
    house = House(calls=5, way=lambda number: 30 if number == 0 else 0.05)
    first = asyncio.create_task(house.get())
    await asyncio.sleep(0.1)
    with pytest.raises(WouldWait):
        await house.get(max_wait=2)
    waited = house.now
    await first

    assert waited == pytest.approx(2.1, abs=0.01)
    assert house.clean()


async def test_max_wait_bounds_the_leaders_wait_too():
    """Whoever leads the probe does not wait for it longer than it may, while the probe has its own deadline."""
    house = House(way=30)
    with pytest.raises(WouldWait):
        await house.get(max_wait=2)
    gone = house.now
    await asyncio.sleep(8.1)

    assert gone == pytest.approx(2, abs=0.01)
    assert house.clean()


@pytest.mark.parametrize("max_wait", [0, 0.05])
async def test_callers_who_never_wait_open_the_gate_all_the_same(max_wait):
    """The status call outlives the patience of the caller who led it, so the gate opens for the next."""
    house = House()
    with pytest.raises(WouldWait):
        await house.get(max_wait=max_wait)
    await asyncio.sleep(0.3)

    assert await house.get(max_wait=max_wait) == 200
    assert house.probes() == 1


async def test_callers_who_never_wait_open_a_gate_without_a_status_call():
    """Where there is nothing to ask, the first of them goes ahead alone at once."""
    house = House(status=False)

    assert [await house.get(max_wait=0), await house.get(max_wait=0)] == [200, 200]


async def test_callers_who_never_wait_open_the_gate_after_a_block():
    """Once the time has passed, somebody leads the probe, however little patience there is."""
    house = House()
    await house.get()
    house.account.script.append(httpx.Response(503, headers={"retry-after": "5"}))
    ends = []
    for _ in range(4):
        ends.append(await asyncio.gather(house.get(max_wait=0.01), return_exceptions=True))
        await asyncio.sleep(3)

    assert [type(end) for (end,) in ends] == [WouldWait, WouldWait, WouldWait, int]


async def test_a_bulk_call_knows_its_place():
    """In an even pace a bulk call's wait counts all that stand before it."""
    house = House()
    await house.get()
    bulk = asyncio.create_task(house.many(40, lane=Lane.BULK))
    await asyncio.sleep(0.01)
    with pytest.raises(WouldWait) as caught:
        await house.get(lane=Lane.BULK, max_wait=1)
    await bulk

    assert caught.value.wait == pytest.approx(39 * 0.15, abs=0.3)


async def test_a_shut_gate_is_part_of_the_expected_wait():
    """While the account is blocked, a call that may not wait is told for how long."""
    house = House()
    await house.get()
    house.account.script.append(httpx.Response(503, headers={"retry-after": "9"}))
    waiting = asyncio.create_task(house.get())
    await asyncio.sleep(1)
    with pytest.raises(WouldWait) as caught:
        await house.get(max_wait=2)
    await waiting

    assert caught.value.wait == pytest.approx(8.2, abs=0.3)


# Cancellation


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000), pace=st.sampled_from(["even", "burst"]), refuse=st.booleans())
def test_cancelled_calls_leave_nothing_behind(seed, pace, refuse):
    """Cancelled at any await, a call leaves no lease and no connection, and comes out as cancelled."""

    async def run():
        chance = random.Random(seed)
        house = House(10, 2, way=uneven(0.01, 0.4, seed), back=uneven(0.01, 0.4, seed + 1), pace=pace)
        if refuse:
            house.account.script.extend([None, None, httpx.Response(503, headers={"retry-after": "1"})])
        lanes = [Lane.INTERACTIVE, Lane.BULK]
        tasks = [asyncio.create_task(house.get(f"/{n}", lane=chance.choice(lanes))) for n in range(30)]
        cut = chance.sample(tasks, 12)
        for task in cut:
            await asyncio.sleep(chance.uniform(0, 0.3))
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        return house, ends, house.clean()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        house, ends, clean = runner.run(run())

    assert clean
    assert {type(end) for end in ends} <= {int, asyncio.CancelledError}
    assert house.account.most_in_any_period() <= 10


async def test_granted_and_cancelled_in_the_same_moment_goes_to_the_next():
    """A lease granted to a call that is cancelled before it runs is given to the next in line."""
    throttle = Throttle(clock=clock_of_loop())
    first = await throttle.acquire(Ticket())
    second = asyncio.create_task(throttle.acquire(Ticket()))
    third = asyncio.create_task(throttle.acquire(Ticket()))
    await asyncio.sleep(0)
    first.unsent()  # now the second is granted
    second.cancel()
    lease = await third

    assert second.cancelled()
    assert throttle.snapshot().in_flight == 1
    lease.answered()
    lease.release()
    first.release()
    assert throttle._gate()._busy == 0


async def test_whoever_was_cancelled_in_this_moment_is_granted_nothing():
    """A lease that comes back in the moment in which the head of the line is cancelled goes to the next."""
    throttle = Throttle(clock=clock_of_loop())
    first = await throttle.acquire(Ticket())
    second = asyncio.create_task(throttle.acquire(Ticket()))
    third = asyncio.create_task(throttle.acquire(Ticket()))
    await asyncio.sleep(0)
    second.cancel()
    first.unused()
    lease = await third

    assert (second.cancelled(), lease.ended, throttle.snapshot().in_flight) == (True, False, 1)


async def test_a_wait_that_ends_as_it_is_granted_is_granted():
    """The end of `max_wait` does not take back what was granted in the same moment."""
    throttle = Throttle(clock=clock_of_loop())
    first = await throttle.acquire(Ticket())
    second = asyncio.create_task(throttle.acquire(Ticket(max_wait=SECOND)))
    await asyncio.sleep(0)
    gate = throttle._gate()
    waiter = next(iter(gate._lanes[Lane.INTERACTIVE]))
    first.unsent()
    gate._too_long(waiter)

    assert (await second).ended is False


async def test_in_burst_pace_a_bulk_call_expects_to_go_when_leases_come_back():
    """Without a pace only the window counts."""
    house = House(calls=4, pace="burst")
    await house.many(3)
    with pytest.raises(WouldWait) as caught:
        await house.get(lane=Lane.BULK, max_wait=1)

    assert caught.value.wait == pytest.approx(15, abs=0.3)


async def test_a_call_given_up_in_the_moment_it_is_cancelled_is_cancelled():
    """An error that comes together with a cancellation does not replace it."""
    house = House(calls=3, max_block=5)
    await house.get()
    gate = house.throttle._gate()
    house.account.script.append(httpx.Response(503, headers={"retry-after": "4"}))
    task = asyncio.create_task(house.get())
    await asyncio.sleep(1)
    waiter = next(iter(gate._lanes[Lane.INTERACTIVE]))
    waiter.future.set_exception(HarvestError("given up"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert house.clean()


async def test_an_attempt_has_a_deadline():
    """An answer that does not come is not waited for longer than the ticket's deadline."""
    house = House(way=lambda number: 100 if number == 1 else 0.05)
    with pytest.raises(httpx.ReadTimeout, match="deadline"):
        await house.get(deadline=10)

    assert house.now == pytest.approx(10.1, abs=0.01)
    assert house.throttle.snapshot().in_flight == 0


async def test_leaving_the_line_wakes_nobody():
    """A waiter that goes leaves the others where they stand."""
    house = House(calls=2, pace="burst")
    await house.get()
    tasks = [asyncio.create_task(house.get(f"/{n}")) for n in range(3)]
    await asyncio.sleep(0.01)
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert house.paths()[2:] == ["/1", "/2"]


# Loops


def test_a_throttle_outlives_its_loops():
    """A line whose loop is closed is replaced; the count stays."""
    throttles = []

    async def run(offset):
        loop = asyncio.get_running_loop()
        if not throttles:
            throttles.append((loop.clock, SlowAccount(loop.clock, way=0.01, back=0.01)))
            throttles.append(Throttle(clock=loop.clock, pace="burst"))
        clock, account = throttles[0]
        loop.clock.moment = clock.moment = max(loop.clock.moment, clock.moment)
        account.clock = throttles[1]._clock = clock = loop.clock
        client = httpx.AsyncClient(transport=ThrottledTransport(account, throttles[1]), base_url="https://a.example")
        await asyncio.gather(*(client.get(f"/{offset + n}") for n in range(60)))
        throttles[0] = (clock, account)

    for round_ in range(3):
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            if throttles:
                runner.get_loop().clock.moment = throttles[0][0].moment
            runner.run(run(60 * round_))

    clock, account = throttles[0]
    assert (account.refused, account.most_in_any_period()) == (0, 100)
    assert clock.now() > 15 * SECOND


def test_leases_of_a_loop_that_was_closed_are_lost():
    """A loop closed in the middle of a call leaves a lease that frees in its time."""
    loop = VirtualLoop()
    throttle = Throttle(clock=loop.clock)

    async def take():
        await throttle.acquire(Ticket())

    loop.run_until_complete(take())
    loop.close()
    again = VirtualLoop()
    again.clock.moment = loop.clock.moment
    throttle._clock = again.clock

    async def look():
        await throttle.acquire(Ticket())
        return throttle.snapshot().in_flight

    assert again.run_until_complete(look()) == 1
    again.close()


def test_two_live_loops_may_share_a_ledger(tmp_path):
    """With a shared ledger each loop has a line of its own."""
    first, second = VirtualLoop(), VirtualLoop()
    throttle = Throttle(clock=first.clock, ledger=SqliteLedger(tmp_path / "l", "a", clock=first.clock))
    lease = first.run_until_complete(throttle.acquire(Ticket()))
    lease.answered()
    first.run_until_complete(throttle.acquire(Ticket()))
    second.run_until_complete(throttle.acquire(Ticket()))

    assert throttle.snapshot().lent == 3
    first.close()
    second.close()


def test_two_live_loops_are_told_to_share_a_ledger():
    """A line on another loop that still waits for something is no line to share a count with in memory."""
    first, second = VirtualLoop(), VirtualLoop()
    throttle = Throttle(clock=first.clock)
    first.run_until_complete(throttle.acquire(Ticket()))
    with pytest.raises(InvalidArgument, match="SqliteLedger"):
        second.run_until_complete(throttle.acquire(Ticket()))
    first.close()
    second.close()


# Snapshots


async def test_a_snapshot_tells_how_the_budget_stands():
    """Sent, free, queued, closed: what a person or a program wants to know."""
    house = House(calls=5, pace="burst")
    house.account.spend(1)
    await house.many(2)
    tasks = asyncio.gather(house.many(3), house.many(2, lane=Lane.BULK))
    await asyncio.sleep(0.001)
    seen = house.throttle.snapshot()
    await tasks

    assert (seen.sent, seen.foreign, seen.free, seen.in_flight) == (4, 1, 0, 1)
    assert (seen.queued_interactive, seen.queued_bulk, seen.closed, seen.closed_for) == (2, 2, None, 0)
    assert [round(seen.seconds_until(n)) for n in (1, 5, 6)] == [15, 15, 30]


async def test_a_snapshot_of_a_shut_gate_says_until_when():
    """A closed gate's end is told in seconds and as a moment."""
    house = House()
    await house.get()
    house.account.script.append(httpx.Response(503, headers={"retry-after": "9"}))
    waiting = asyncio.create_task(house.get())
    await asyncio.sleep(1)
    seen = house.throttle.snapshot()
    until = (seen.closed_until - house.clock.today()).total_seconds()
    await waiting

    assert (seen.closed, round(seen.closed_for), round(until)) == ("the account is throttled", 8, 8)
    assert round(seen.seconds_until(1)) == 8


async def test_a_snapshot_counts_from_one():
    """Nobody asks when no call could go."""
    with pytest.raises(InvalidArgument):
        Throttle().snapshot().seconds_until(0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"calls": 0},
        {"calls": 10_001},
        {"period": 0.5},
        {"period": 3_601},
        {"pace": "fast"},
        {"reserve": -1},
        {"guard": -1},
        {"max_block": -1},
    ],
)
def test_numbers_out_of_range_are_refused(wrong):
    """A throttle says which of its arguments is wrong and what would be right."""
    with pytest.raises(InvalidArgument, match=next(iter(wrong))):
        Throttle(**wrong)


def test_a_throttle_shows_what_it_is():
    """Its repr names the account."""
    assert repr(Throttle(name="acme")) == "<Throttle acme, pace='even'>"
