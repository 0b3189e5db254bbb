"""Entries beside a state on a server: ends of calls, and what processes have waiting, even if others were faster."""

import asyncio

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.clock import SECOND
from harvest_async.testing import VirtualLoop
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.ledgers.remote import Reply
from harvest_async.throttle.processes import Demand, Registration
from harvest_async.throttle.remote_entries import Scale, apply, end_entry, name_of, registration_entry
from harvest_async.throttle.remote_format import encode
from harvest_async.throttle.remote_state import RemoteState
from harvest_async.throttle.state import AccountState
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport import ThrottledTransport
from tests.support.account import SlowAccount
from tests.support.calls import call, known
from tests.support.ledger_server import LedgerServer, SimulatedLedger, SkewedClock
from tests.support.virtual_time import loop_clock

ONE, OTHER = Scale(1_000 * SECOND, 5, "a:1"), Scale(3_000 * SECOND, 9, "a:1")
"""Of two processes: the other's clock shows 2,000 s less."""
NOW = 50 * SECOND


def state_with(*leases):
    """Return a state with calls in flight, in the time of the other process."""
    state = AccountState()
    state.bound(state.bounds._replace(guard=SECOND))
    for lease in leases:
        state.window.take(lease, NOW - SECOND, NOW + 60 * SECOND)
    return state


def ends_of(state):
    return [base for base, _ in state.window.dump()["past"]]


def received(entry, seconds):
    """Return the text of an entry with the time of the server at which it was received."""
    return entry.text + b",%d,000000" % seconds


# What entries mean


def test_a_call_has_ended_at_the_time_that_its_process_reports():
    """By its age when the server received it, whose time is rounded down to a microsecond."""
    state, entry = state_with(7), end_entry(7, SECOND, "a:1")

    assert apply([received(entry, 3_050)], state, NOW, OTHER) == {name_of(7)} == {entry.name}
    assert ends_of(state) == [49 * SECOND + 1_000]
    assert state.window.in_flight(NOW) == 0


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (end_entry(7, 10 * SECOND, "a:0"), "another clock may have shown its time"),
        (end_entry(7, -9_999 * SECOND, "a:1"), "nobody can have received it later"),
    ],
)
def test_a_time_that_can_not_be_right_is_that_of_the_reading(entry, why):
    """The lease is held for a period from then on, which is not too short."""
    state = state_with(7)
    apply([received(entry, 3_050)], state, NOW, OTHER)

    assert ends_of(state) == [NOW + OTHER.late], why


def test_an_end_that_is_applied_twice_ends_one_call():
    """The state may have it when the entry is read again."""
    state, entry = state_with(7, 8), received(end_entry(7, SECOND, "a:1"), 3_050)
    apply([entry, entry], state, NOW, OTHER)
    apply([entry], state, NOW, OTHER)

    assert (len(ends_of(state)), state.window.in_flight(NOW)) == (1, 1)


def test_what_a_process_has_waiting_is_registered_in_the_reader_s_time():
    """Its entry stays beside the state until the process stores one."""
    registration = Registration("p", 2_049 * SECOND, 2_051 * SECOND, Demand(3, 2), Demand(5, 1))
    state = AccountState()

    assert apply([received(registration_entry(registration, ONE), 3_050)], state, NOW, OTHER) == frozenset()
    expected = registration._replace(since=49 * SECOND, until=51 * SECOND)
    assert state.processes.registration("p") == expected


def test_a_process_that_is_late_is_not_registered_and_its_entry_is_removed():
    """It may have died."""
    registration = Registration("p", 2_040 * SECOND, 2_049 * SECOND, Demand(3, 2), Demand(0, 0))
    state = AccountState()

    assert apply([received(registration_entry(registration, ONE), 3_050)], state, NOW, OTHER) == {b"p"}
    assert state.processes.registration("p") is None


@given(
    st.lists(st.binary(max_size=40) | st.from_regex(rb"(lease:)?[a-z0-9]{1,3}(,-?[0-9a-z]{0,4}){0,7}", fullmatch=True))
)
def test_entries_that_can_not_be_read_change_nothing_and_are_removed(texts):
    """Another version of this package may have written them."""
    state = state_with(10**9)
    before = state.dump()
    obsolete = apply(texts, state, NOW, OTHER)

    assert state.dump() == before
    assert obsolete == {text.split(b",")[0] for text in texts}


def test_an_end_is_no_earlier_if_the_server_s_clock_was_set_back_during_a_slow_response():
    """The response is too slow to show it, and the entry has the new time."""
    remote, stored = RemoteState("ledger"), encode(state_with(7), 0)
    remote.observe(NOW, NOW, reply := Reply(stored=False, time=NOW, token=b"1:a:1", state=stored, written=NOW))
    remote.adopt(reply, NOW, [])
    entry = received(end_entry(7, 0, ""), 52)
    sent, now = NOW, NOW + 3 * SECOND  # the server's clock was set back by a second
    remote.observe(sent, now, reply := Reply(stored=True, time=NOW + 2 * SECOND, entries=(entry,)))
    remote.unchanged(reply, now)

    assert not remote.doubtful
    assert remote.state is not None
    assert ends_of(remote.state) == [now + 1_000]


# What gates do with them


def throttle_on(server, calls=4, clock=None):
    return Throttle(calls, 2, guard=0.5, pace="burst", ledger=SimulatedLedger(server), clock=clock or loop_clock())


@pytest.mark.anyio
@pytest.mark.virtual_time
async def test_an_end_takes_one_step_although_another_process_was_faster():
    """It counts from its own time on, and the next state that is stored has it."""
    server = LedgerServer(loop_clock())
    first, second = throttle_on(server), throttle_on(server)
    await known(first, second)
    lease = await first.acquire(Ticket())
    held = await second.acquire(Ticket())
    before = server.operations
    lease.responded()
    lease.release()
    await first.flush()

    assert server.operations == before + 1
    assert name_of(lease.number) in server.entries()
    await call(second)
    await second.flush()
    await call(second)
    assert name_of(lease.number) not in server.entries()
    held.put_back()


@pytest.mark.anyio
@pytest.mark.virtual_time
async def test_a_machine_that_was_asleep_reports_no_end_too_early():
    """Its clock was stopped, which it can't know before the server has responded."""
    server = LedgerServer(loop_clock())
    clock = SkewedClock(loop_clock(), 0)
    asleep, other = throttle_on(server, 2, clock), throttle_on(server, 2)
    await known(asleep, other)
    lease = await asleep.acquire(Ticket())
    await call(other)
    await other.flush()
    await asyncio.sleep(5)
    clock.ahead -= 5 * SECOND
    lease.responded()
    lease.release()
    await asleep.flush()
    began = loop_clock().now()
    await asyncio.gather(call(other), call(other))

    assert loop_clock().now() - began > 2 * SECOND - SECOND // 100


@pytest.mark.anyio
@pytest.mark.virtual_time
async def test_a_machine_that_was_asleep_corrects_at_once_what_it_has_stored():
    """Not with its next call: what it has stored since has times that are too early."""
    server = LedgerServer(loop_clock())
    clock = SkewedClock(loop_clock(), 0)
    asleep, other = throttle_on(server, 2, clock), throttle_on(server, 2)
    await known(other, asleep)
    lease = await asleep.acquire(Ticket())
    await asyncio.sleep(5)
    clock.ahead -= 5 * SECOND
    lease.lost()
    lease.release()
    await asleep.flush()
    began = loop_clock().now()
    await asyncio.gather(call(other), call(other))

    assert loop_clock().now() - began > 2 * SECOND - SECOND // 100


@pytest.mark.anyio
@pytest.mark.virtual_time
async def test_an_end_alone_stores_no_new_version():
    """Also if another process, whose leases have other numbers, has stored the present one."""
    server = LedgerServer(loop_clock())
    first, second = throttle_on(server), throttle_on(server)
    await known(first, second)
    lease = await second.acquire(Ticket())
    held = await first.acquire(Ticket())
    second._gate()._access._write()  # it reads what the first one has stored
    await second.flush()
    before = server.versions()
    lease.responded()
    lease.release()
    await second.flush()

    assert server.versions() == before
    assert name_of(lease.number) in server.entries()
    held.put_back()


@pytest.mark.anyio
@pytest.mark.virtual_time
async def test_a_block_that_a_look_prolongs_is_stored_without_a_grant():
    """The call of a process that died may have arrived at the blocked account."""
    server = LedgerServer(loop_clock())
    dies, lives = throttle_on(server), throttle_on(server)
    await known(dies, lives)
    await dies.acquire(Ticket(deadline=2 * SECOND))
    dies.ledger.dead = True
    lease = await lives.acquire(Ticket())
    lease.refused(SECOND)
    lease.release()
    task = asyncio.ensure_future(call(lives))
    await asyncio.sleep(0.5)
    before = server.versions()
    await asyncio.sleep(3)

    assert server.versions() != before
    assert not task.done()
    await task


@pytest.mark.anyio
@pytest.mark.virtual_time
async def test_an_entry_that_the_server_has_lost_is_written_again():
    """So the lease of a call that has ended is not held until its deadline."""
    server = LedgerServer(loop_clock())
    first, second = throttle_on(server), throttle_on(server)
    await known(first, second)
    lease = await first.acquire(Ticket())
    await call(second)
    await second.flush()
    lease.responded()
    lease.release()
    await first.flush()
    assert name_of(lease.number) in server.entries()
    server.lose_entries()
    still = await first.acquire(Ticket())
    await first.flush()
    began = loop_clock().now()
    await asyncio.gather(*(call(second) for _ in range(4)))

    assert loop_clock().now() - began < 5 * SECOND
    still.put_back()


async def fair(processes, calls, limit):
    """Let processes make calls, each one as many; return their shares when the first is done, and the steps a call."""
    server = LedgerServer(loop_clock())
    account = SlowAccount(loop_clock(), limit, 2, way=0.05, back=0.05)
    done = []

    async def process(name):
        transport = ThrottledTransport(account, throttle_on(server, limit), status_path=None)
        async with httpx.AsyncClient(transport=transport, base_url="https://a.example") as client:

            async def make_call():
                await client.get(f"/{name}")
                done.append(name)

            await asyncio.gather(*(make_call() for _ in range(calls)))

    await asyncio.gather(*(process(name) for name in range(processes)))
    assert account.refused == 0
    first = next(place for place in range(len(done)) if done[: place + 1].count(done[place]) == calls)
    shares = [done[: first + 1].count(name) for name in range(processes)]
    return min(shares) / max(shares), server.operations / len(done)


def test_many_processes_that_begin_together_share_the_leases_fairly():
    """None has made all of its calls before another one has made half of them, and a call takes at most five steps."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        share, steps = runner.run(fair(20, 10, 40))

    assert share >= 0.5
    assert steps <= 5
