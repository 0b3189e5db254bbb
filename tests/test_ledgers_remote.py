"""Steps on a ledger's server, in virtual time: lost replies, short waits, jumping clocks, and a share of the budget."""

import asyncio

import pytest

from harvest_async.clock import SECOND
from harvest_async.errors import StorageError, Throttled, WouldWait
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.ledgers.remote import Notice, Reply
from harvest_async.throttle.ledgers.server_time import ServerTime
from harvest_async.throttle.remote_format import decode, encode
from harvest_async.throttle.remote_state import RemoteState
from harvest_async.throttle.state import AccountState
from harvest_async.throttle.throttle import Throttle
from tests.support.calls import call
from tests.support.ledger_server import LedgerServer, SimulatedLedger, SkewedClock
from tests.support.virtual_time import loop_clock

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


def throttle_on(server, ahead=0, share=None):
    ledger = SimulatedLedger(server, share=share)
    clock = SkewedClock(loop_clock(), ahead * SECOND)
    return Throttle(4, 2, guard=0.5, pace="burst", ledger=ledger, clock=clock)


async def test_a_step_is_stored_once_if_its_reply_is_lost():
    """The call gets its lease, and one lease is held."""
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server)
    await call(throttle)
    await throttle.flush()
    server.lost_replies = 1
    lease = await throttle.acquire(Ticket())

    assert throttle.snapshot().in_flight == 1
    lease.put_back()


async def test_a_call_that_would_wait_too_long_is_refused_after_one_look():
    """Not only when its time is over."""
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server)
    for _ in range(4):
        await call(throttle)
    clock = loop_clock()
    began = clock.now()
    with pytest.raises(WouldWait):
        await throttle.acquire(Ticket(max_wait=SECOND))

    assert clock.now() - began < SECOND // 10


async def test_a_call_in_a_hurry_names_a_server_that_does_not_respond():
    """After its `max_wait` and half a second."""
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server)
    await call(throttle)
    await throttle.flush()
    server.way = lambda: 3.0
    with pytest.raises(WouldWait, match="does not respond"):
        await throttle.acquire(Ticket(max_wait=SECOND // 10))


async def test_a_call_that_was_refused_too_often_fails_by_what_is_known():
    """No further step is needed for its error."""
    throttle = throttle_on(LedgerServer(loop_clock()))
    await call(throttle)
    with pytest.raises(Throttled, match="refused 5 times"):
        await throttle.acquire(Ticket(refusals=5))


async def test_a_call_that_is_cancelled_while_its_step_is_stored_leaves_no_lease():
    """Its lease is put back when the step is stored."""
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server)
    await call(throttle)
    await throttle.flush()
    server.way = lambda: 0.2
    task = asyncio.ensure_future(throttle.acquire(Ticket()))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.sleep(2)

    assert throttle.snapshot().in_flight == 0


@pytest.mark.parametrize("jump", [300, -300])
async def test_after_the_server_s_clock_jumped_all_calls_are_held(jump):
    """For one period, forward and backward."""
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server, ahead=7_000)
    await call(throttle)
    await throttle.flush()
    server.ahead += jump * SECOND
    await call(throttle)
    clock = loop_clock()
    began = clock.now()
    await call(throttle)

    assert SECOND < clock.now() - began < 3 * SECOND


async def test_a_share_keeps_a_closed_gate_and_its_ends(monkeypatch):
    """A refusal while the server is away closes the gate, and the server has it when it is back."""
    monkeypatch.setattr("harvest_async.throttle.remote_exchange._PATIENCE", 0)
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server, share=1 / 2)
    await call(throttle)
    await throttle.flush()
    server.down = True
    await call(throttle)
    lease = await throttle.acquire(Ticket())
    lease.refused(60 * SECOND)
    lease.release()
    assert throttle._gate()._access.look(lambda state: state.why) is not None
    server.down = False
    await asyncio.sleep(3)

    assert throttle.snapshot().closed == "the account is throttled"


async def test_a_server_that_was_never_reached_knows_nothing():
    """A snapshot is that of an unknown account, and the first call fails at once."""
    server = LedgerServer(loop_clock())
    server.down = True
    throttle = throttle_on(server, share=1 / 2)
    assert throttle.snapshot().closed == "what other programs sent is unknown"
    with pytest.raises(StorageError, match="can't be reached"):
        await call(throttle)


async def test_notices_are_not_listened_to_after_a_while_without_calls():
    """They are again with the next call."""
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server)
    await call(throttle)
    assert len(server._listeners) == 1
    await asyncio.sleep(20)
    assert server._listeners == []
    await call(throttle)
    assert len(server._listeners) == 1


def test_all_times_of_a_state_move_together():
    """A state that is moved to another scale differs in its times alone, and there by the same number."""
    now, by = 10**18, 10**15
    state = AccountState()
    state.why = None
    for number in range(3):
        lease = state.take(now + number, now + 60 * SECOND)
        if number:
            state.responded(lease, now + number)
    state.refused(state.take(now, now + SECOND), now, SECOND)
    state.window.lose(state.take(now, now + SECOND), now)
    state.watch(now)
    state.bulk_at = state.window._foreign_base = now
    moved = state.copy()
    moved.shift(by)

    assert _moved(state.dump(), by) == moved.dump()


def _moved(value, by):
    if isinstance(value, dict):
        return {key: _moved(each, by) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_moved(each, by) for each in value)
    is_time = isinstance(value, int) and value > 10**17
    return value + by if is_time else value


def test_a_slow_response_does_not_spoil_a_good_estimate():
    """The bounds of several responses hold together; one that contradicts them shows a jump."""
    time = ServerTime()
    assert not time.observe(0, 1_000_000, 500_000_000)
    assert not time.observe(10_000_000, 60_000_000, 510_000_000)
    width = time.most - time.least
    assert width < 1_100_000
    assert time.observe(100_000_000, 100_500_000, 900_000_000)


def test_a_known_lease_ends_no_earlier_after_a_loss():
    """Neither where the server's time is known less well than when the lease was stored."""
    remote = RemoteState("the ledger")
    stored = AccountState()
    stored.take(1_000 * SECOND, 1_060 * SECOND)
    text = encode(stored, 0)
    now = 3 * SECOND
    reply = Reply(stored=False, time=1_003 * SECOND, token=b"7:other:1", state=text, written=1_002 * SECOND)
    remote.observe(now, now, reply)
    remote.adopt(reply, now, [])
    now += 40 * SECOND
    lost = Reply(stored=False, time=1_043 * SECOND)
    remote.observe(now - SECOND, now + SECOND, lost)
    remote.adopt(lost, now + SECOND, [])

    commit = remote.commit(remote.draft(now + SECOND, []), "own:1", now + SECOND, Notice.NONE)

    deadline = decode(commit.state, 0)[0].window.latest_deadline
    assert 1_060 * SECOND <= deadline <= 1_060 * SECOND + SECOND // 10
