"""A gate's steps on a ledger's server, in virtual time: other processes, notices, losses, and errors nobody expected."""

import asyncio
import gc
import logging
import tracemalloc
from contextlib import suppress

import pytest

from harvest_async.clock import SECOND
from harvest_async.errors import StorageError, WouldWait
from harvest_async.testing import VirtualClock, VirtualLoop
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.ledgers.remote import LedgerDown, Notice
from harvest_async.throttle.throttle import Throttle
from tests.support.calls import known
from tests.support.ledger_server import LedgerServer, SimulatedLedger
from tests.support.virtual_time import loop_clock

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


def throttle_on(server, share=None):
    ledger = SimulatedLedger(server, share=share)
    return Throttle(4, 2, guard=0.5, pace="burst", ledger=ledger, clock=loop_clock())


async def call(throttle, seconds=0.0):
    lease = await throttle.acquire(Ticket())
    await asyncio.sleep(seconds)
    lease.responded()
    lease.release()
    return loop_clock().now()


def access_of(throttle):
    return throttle._gate()._access


async def test_processes_with_steps_that_collide_all_make_their_calls():
    """Each plans its step again with what the faster one has stored, and no more calls are sent than the limit."""
    server = LedgerServer(loop_clock())
    throttles = [throttle_on(server) for _ in range(6)]
    await known(*throttles)
    began = loop_clock().now()
    ends = sorted(await asyncio.gather(*(call(throttle) for throttle in throttles for _ in range(2))))

    assert ends[3] < began + SECOND < ends[4]
    assert ends[-1] < began + 8 * SECOND


async def test_a_process_that_is_too_late_waits_without_a_further_step():
    """What it waits for is known from the state that it has just received."""
    server = LedgerServer(loop_clock())
    first, second = throttle_on(server), throttle_on(server)
    await known(first, second)
    for _ in range(4):
        await call(first)
    await first.flush()
    before = server.operations
    task = asyncio.ensure_future(call(second))
    await asyncio.sleep(0.1)

    assert server.operations - before <= 2
    assert not task.done()
    await task


async def test_a_look_that_finds_another_version_takes_it_over():
    """A process with a call in flight looks from time to time; a newer state is nothing to be stored."""
    server = LedgerServer(loop_clock())
    first, second = throttle_on(server), throttle_on(server)
    await known(first, second)
    lease = await first.acquire(Ticket())
    await call(second)
    await second.flush()
    await asyncio.sleep(6)

    assert access_of(first)._remote.token == access_of(second)._remote.token
    lease.responded()
    lease.release()


async def test_a_gate_rests_when_the_server_has_all_ends():
    """Until then its throttle must not be dropped; writing nothing takes no step."""
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server)
    await call(throttle)
    assert not throttle.resting()
    await throttle.flush()
    assert throttle.resting()
    before = server.operations
    await throttle.flush()

    assert server.operations == before


@pytest.mark.parametrize("refusals", [0, 1])
async def test_ordinary_calls_of_a_share_end_in_it_and_numbers_are_not_used_again(refusals):
    """After the server is back, whether or not another process has stored something meanwhile."""
    server = LedgerServer(loop_clock())
    throttle, other = throttle_on(server, share=1 / 2), throttle_on(server)
    await known(throttle, other)
    server.down = True
    numbers = []
    for _ in range(3):
        lease = await throttle.acquire(Ticket())
        numbers.append(lease.number)
        lease.responded()
        lease.release()
    server.down = False
    for _ in range(refusals):
        await call(other)
    await asyncio.sleep(5)
    lease = await throttle.acquire(Ticket())
    numbers.append(lease.number)
    lease.responded()
    lease.release()

    assert access_of(throttle)._alone is None
    assert len(set(numbers)) == 4


async def test_after_a_lost_connection_nothing_is_granted_for_a_second():
    """Another server may have taken over; what waits meanwhile is granted then."""
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server)
    await known(throttle)
    server.lost_replies = 1
    first = await call(throttle)
    second = await call(throttle)

    assert second - first > SECOND // 2


async def test_a_call_that_is_cancelled_after_a_lost_connection_leaves_no_step():
    """A step for nobody would open the connections again after they were closed."""
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server)
    await known(throttle)
    server.lost_replies = 1
    await call(throttle)
    task = asyncio.ensure_future(call(throttle))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.wait([task])
    await throttle.flush()
    before = server.operations
    await asyncio.sleep(2)

    assert server.operations == before


async def test_a_refusal_that_another_process_reports_closes_the_gate():
    """By the notice, before the next step; one's own notices change nothing."""
    server = LedgerServer(loop_clock())
    first, second = throttle_on(server), throttle_on(server)
    await known(first, second)
    held = await second.acquire(Ticket())
    lease = await first.acquire(Ticket())
    assert not held.withheld
    lease.refused(60 * SECOND)
    lease.release()
    await asyncio.sleep(0.01)

    assert held.withheld
    assert access_of(first).closed
    held.put_back()


@pytest.mark.parametrize("notice", [Notice.LOST, Notice.CHANGED])
async def test_after_the_connection_for_notices_was_lost_the_state_is_read(notice):
    """With all calls held for a period if another server responds; else it is only looked at."""
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server)
    await known(throttle)
    began = loop_clock().now()
    access_of(throttle)._notified(notice, b"")
    end = await call(throttle)

    assert (end - began > 2 * SECOND) == (notice == Notice.LOST)


async def test_a_loss_that_is_noticed_while_a_step_is_on_its_way_holds_all_calls():
    """Also if a call has looked at the state meanwhile, and the step is stored without it."""
    server = LedgerServer(loop_clock(), way=lambda: 0.05)
    throttle = throttle_on(server)
    await known(throttle)
    step = asyncio.ensure_future(throttle.acquire(Ticket()))
    await asyncio.sleep(0.02)
    access_of(throttle)._notified(Notice.LOST, b"")
    with pytest.raises(WouldWait):
        await throttle.acquire(Ticket(max_wait=SECOND // 100))
    lease, began = await step, loop_clock().now()
    end = await call(throttle)

    assert end - began > 2 * SECOND
    lease.put_back()


async def test_a_clock_that_others_know_to_have_jumped_frees_no_lease_too_early():
    """Also if the response that brings their state was too slow to show the jump."""
    way = [0.0005]
    server = LedgerServer(loop_clock(), way=lambda: way[0])
    first, second = throttle_on(server), throttle_on(server)
    await known(first, second)
    server._listeners.clear()
    server.ahead -= SECOND
    await call(first)  # its response shows the jump
    await call(first)
    await asyncio.sleep(4)
    began = max(await asyncio.gather(*(call(first) for _ in range(4))))
    await first.flush()
    way[0] = 1.5
    slow = asyncio.ensure_future(call(second))
    await asyncio.sleep(0.1)
    way[0] = 0.0005

    assert await slow - began > 2 * SECOND


async def test_two_losses_within_a_second_are_reported_once(caplog):
    """Processes that recover at the same time have to do so again."""
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server)
    await known(throttle)
    lease = await throttle.acquire(Ticket())
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            server.restart()
            await asyncio.sleep(0.2)
    reports = [record for record in caplog.records if "may have lost what it stored" in record.getMessage()]
    assert len(reports) == 1
    assert throttle.snapshot().in_flight == 1
    lease.responded()
    lease.release()
    await call(throttle)


async def test_a_server_that_lacks_the_latest_versions_has_lost_them():
    """A replica that took over: the calls in flight are entered again, and all are held for a period."""
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server)
    await known(throttle)
    await call(throttle)
    await throttle.flush()
    await asyncio.sleep(0.3)
    await call(throttle)
    await throttle.flush()
    server._listeners.clear()
    server.fail_over(0.2)
    began = loop_clock().now()
    end = await call(throttle)

    assert end - began > 2 * SECOND


async def test_leases_that_another_server_has_stored_are_given_back():
    """It took over without an error on any connection, and may lack leases that others were granted just before."""
    server = LedgerServer(loop_clock())
    first, second = throttle_on(server), throttle_on(server)
    await known(first, second)
    await call(second)
    await second.flush()
    server._listeners.clear()
    await asyncio.sleep(0.5)
    sent = [await first.acquire(Ticket()) for _ in range(3)]
    server.fail_over(0.1)
    began = loop_clock().now()
    end = await call(second)

    assert end - began > 2 * SECOND
    for lease in sent:
        lease.responded()
        lease.release()


async def test_a_look_at_another_server_grants_nothing_for_a_second():
    """Also where nothing was to be stored, and nothing is lost."""
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server)
    await known(throttle)
    server._listeners.clear()
    server._starts += 1
    began = loop_clock().now()
    access_of(throttle)._write()
    await asyncio.sleep(0.01)
    end = await call(throttle)

    assert end - began > 2 * SECOND


async def test_a_new_process_does_not_rely_on_a_state_of_long_ago():
    """What other programs have sent since is unknown."""
    server = LedgerServer(loop_clock())
    await known(throttle_on(server))
    await asyncio.sleep(60)
    late = throttle_on(server)
    lease = await late.acquire(Ticket())

    assert lease.probes
    lease.put_back()


async def test_a_state_that_can_not_be_read_begins_anew(caplog):
    """It is reported, and the account is unknown."""
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server)
    await known(throttle)
    key = ("acme", "general")
    server._states[key] = (b"9:other:1", b"{]", server.time())
    with caplog.at_level(logging.WARNING):
        await call(throttle_on(server))

    assert "can't be read" in caplog.text


async def test_a_state_of_a_later_version_is_refused():
    """With what to do about it, and the stored state as it was."""
    server = LedgerServer(loop_clock())
    later = (b"9:other:1", b'{"format": 1000}', server.time())
    server._states["acme", "general"] = later
    with pytest.raises(StorageError, match=r"format 1000.*upgrade harvest-async"):
        await call(throttle_on(server))

    assert server._states["acme", "general"] == later


async def test_an_error_that_nobody_expected_fails_the_calls_that_wait():
    """Not the task alone, which would leave them waiting for ever."""
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server)
    await known(throttle)

    async def broken(*_, **__):
        raise RuntimeError("broken")

    access_of(throttle)._exchanges._store = type("Store", (), {"exchange": broken})()
    with pytest.raises(StorageError, match="broken") as raised:
        await call(throttle)
    assert isinstance(raised.value.__cause__.__cause__, RuntimeError)


async def test_an_end_with_a_lost_reply_is_written_once():
    """The server has it already, and its lease is free by the time the server is back."""
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server)
    await known(throttle)
    lease = await throttle.acquire(Ticket())
    lease.responded()
    lease.release()
    await asyncio.sleep(0.0195)
    server.lost_replies = 1
    await asyncio.sleep(0.002)
    server.down = True
    await asyncio.sleep(20)
    server.down = False
    await asyncio.sleep(10)

    assert throttle.resting()
    assert throttle.snapshot().in_flight == 0


def test_ends_that_an_event_loop_leaves_are_written_by_the_next():
    """A call in flight when its loop ended counts as lost, and no call of the next loop is sent too early."""
    clock = VirtualClock()
    server = LedgerServer(clock)
    throttle = Throttle(4, 2, guard=0.5, pace="burst", ledger=SimulatedLedger(server), clock=clock)

    async def leave():
        await call(throttle)
        await throttle.acquire(Ticket())

    async def go_on():
        await call(throttle)
        await throttle.flush()
        return throttle.snapshot().in_flight

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(leave())
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(go_on()) == 0


async def test_a_server_that_stays_away_fails_calls_after_five_seconds():
    """Then at once, until it is back."""
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server)
    await known(throttle)
    server.down = True
    began = loop_clock().now()
    with pytest.raises(LedgerDown):
        await call(throttle)
    assert 5 * SECOND <= loop_clock().now() - began < 6 * SECOND
    with pytest.raises(LedgerDown):
        await call(throttle)
    assert loop_clock().now() - began < 7 * SECOND
    server.down = False
    await call(throttle)


@pytest.mark.parametrize("share", [None, 1])
async def test_calls_while_the_server_is_away_leave_nothing_in_memory(share):
    """Neither those that fail nor those of a share, however long it is away."""
    server = LedgerServer(loop_clock())
    throttle = throttle_on(server, share=share)
    await known(throttle)
    server.down = True

    async def make_calls(number):
        for _ in range(number):
            with suppress(LedgerDown):
                await call(throttle)
        await asyncio.sleep(2)  # the timers of what was tried last end
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = await make_calls(50)
        after = await make_calls(500)
    finally:
        tracemalloc.stop()

    assert after - before < 30_000
