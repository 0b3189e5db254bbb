"""A ledger that somebody else has locked: nothing blocks, calls wait as long as they may, and no end is lost."""

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import pytest

from harvest_async.clock import SECOND
from harvest_async.errors import HarvestError, NotSent, Throttled, WouldWait
from harvest_async.testing import VirtualLoop
from harvest_async.throttle.lane import Lane
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.ledgers.memory import LedgerBusy
from harvest_async.throttle.ledgers.sqlite import SqliteLedger
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport import ThrottledTransport
from tests.support.account import SlowAccount
from tests.support.virtual_time import clock

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite3"


def throttle_of(path, **options):
    return Throttle(ledger=SqliteLedger(path, "a", clock=clock()), clock=clock(), pace="burst", **options)


class Blocker:
    """Another connection, which holds the file's lock."""

    def __init__(self, path):
        self._database = sqlite3.connect(path, isolation_level=None)

    def lock(self):
        self._database.execute("begin immediate")

    def free(self):
        self._database.execute("commit")

    def close(self):
        self._database.close()


@contextmanager
def locked(path):
    blocker = Blocker(path)
    blocker.lock()
    try:
        yield blocker
    finally:
        blocker.close()


async def open_gate(throttle):
    """Have the account's gate open, and nothing on its way."""
    lease = await throttle.acquire(Ticket())
    lease.responded()
    lease.release()


async def test_a_call_waits_for_a_locked_ledger_and_goes_on_when_it_is_free(path):
    """Soon after, however long it was locked."""
    throttle = throttle_of(path)
    await open_gate(throttle)
    with locked(path) as blocker:
        call = asyncio.ensure_future(throttle.acquire(Ticket()))
        await asyncio.sleep(5)
        assert not call.done()
        blocker.free()
    began = clock().now()
    (await call).responded()

    assert clock().now() - began < SECOND // 20
    assert throttle.snapshot().in_flight == 0


@pytest.mark.parametrize("deadline", [1, 60])
async def test_a_call_gives_up_when_one_attempt_might_have_ended(path, deadline):
    """With an error that names the file and says what to do; nothing was sent."""
    throttle = throttle_of(path)
    await open_gate(throttle)
    with locked(path):
        began = clock().now()
        with pytest.raises(
            NotSent, match=r"ledger\.sqlite3 is locked by another process .* end that process or let it continue"
        ):
            await throttle.acquire(Ticket(deadline=deadline * SECOND))

    assert deadline <= (clock().now() - began) / SECOND < deadline + 0.1
    (await throttle.acquire(Ticket())).unused()


async def test_a_call_in_a_hurry_gives_up_after_its_max_wait(path):
    """As with any other wait that is too long, and the error names the file."""
    throttle = throttle_of(path)
    await open_gate(throttle)
    with locked(path):
        began = clock().now()
        with pytest.raises(WouldWait, match=r"ledger\.sqlite3 is locked"):
            await throttle.acquire(Ticket(max_wait=2 * SECOND))
        assert 2 <= (clock().now() - began) / SECOND < 2.1
        with pytest.raises(WouldWait, match=r"ledger\.sqlite3 is locked"):
            await throttle.acquire(Ticket(max_wait=0))


async def test_a_call_that_would_wait_too_long_is_refused_while_the_ledger_is_locked(path):
    """At once, by the state that is stored: no lease is free for longer than its `max_wait`."""
    throttle = throttle_of(path, calls=1)
    await open_gate(throttle)
    with locked(path):
        began = clock().now()
        with pytest.raises(WouldWait, match="would wait 15"):
            await throttle.acquire(Ticket(max_wait=SECOND))

    assert clock().now() == began


class Interrupted(SqliteLedger):
    """A ledger that another process uses at certain changes and reads."""

    def __init__(self, path):
        super().__init__(path, "a", clock=clock())
        self.changes, self.reads = [], []

    def transact(self, change):
        self._meet(self.changes)
        return super().transact(change)

    def read(self, look):
        self._meet(self.reads)
        return super().read(look)

    def _meet(self, turns):
        if turns and turns.pop(0):
            raise LedgerBusy("in use")


async def with_a_full_window(path):
    """A throttle of one call, its ledger, and the failures of timers, which nobody else would see."""
    failures = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    ledger = Interrupted(path)
    throttle = Throttle(ledger=ledger, clock=clock(), pace="burst", calls=1)
    await open_gate(throttle)
    return throttle, ledger, failures


async def test_a_ledger_that_is_in_use_again_when_a_call_is_checked_keeps_it_waiting(path):
    """Another process comes between the grants of a plan and the check of who waits: the call goes on in its time."""
    throttle, ledger, failures = await with_a_full_window(path)
    began = clock().now()
    ledger.changes = [True, False, True]

    lease = await throttle.acquire(Ticket(max_wait=20 * SECOND))
    lease.unused()

    assert (failures, ledger.changes) == ([], [])
    assert 15 <= (lease.sent - began) / SECOND < 15.2


async def test_a_call_is_checked_by_what_is_stored_if_the_ledger_is_in_use_again(path):
    """It is refused soon, and not after its `max_wait`, if no lease is free for longer than that."""
    throttle, ledger, failures = await with_a_full_window(path)
    began = clock().now()
    ledger.changes, ledger.reads = [True, False, True], [True, False]

    with pytest.raises(WouldWait, match=r"would wait 1[45]"):
        await throttle.acquire(Ticket(max_wait=5 * SECOND))

    assert failures == []
    assert (clock().now() - began) / SECOND < 0.1


async def test_a_call_behind_others_is_checked_when_the_ledger_can_be_used(path):
    """It waits while another process uses the ledger, and is refused soon if those before it take too long."""
    throttle, ledger, failures = await with_a_full_window(path)
    first = asyncio.ensure_future(throttle.acquire(Ticket()))
    await asyncio.sleep(1)
    began = clock().now()
    ledger.changes, ledger.reads = [True], [True]

    with pytest.raises(WouldWait, match="would wait 2"):
        await throttle.acquire(Ticket(max_wait=20 * SECOND))

    assert (clock().now() - began) / SECOND < 0.1
    (await first).unused()
    assert failures == []


async def test_calls_that_came_together_are_refused_together(path):
    """Each one learns how long it would wait if those before it are refused, too; no lease is kept for them."""
    throttle, ledger, failures = await with_a_full_window(path)
    ledger.changes, ledger.reads = [True], [True, True]

    found = await asyncio.gather(*(throttle.acquire(Ticket(max_wait=SECOND)) for _ in range(2)), return_exceptions=True)

    assert [type(error) for error in found] == [WouldWait] * 2
    assert [round(error.wait) for error in found] == [15, 15]
    assert ledger.read(lambda state: state.processes.due("another", Lane.INTERACTIVE, clock().now())) == 0
    assert failures == []


async def test_a_call_that_may_not_wait_tries_a_ledger_in_use_again_at_once(path):
    """It has its lease before the event loop does anything else."""
    ledger, others = Interrupted(path), []
    throttle = Throttle(ledger=ledger, clock=clock(), pace="burst")
    await open_gate(throttle)
    asyncio.get_running_loop().call_soon(others.append, "other work")
    ledger.changes = [True, True, True]

    lease = await throttle.acquire(Ticket(max_wait=0))

    assert (ledger.changes, others) == ([], [])
    lease.unused()


async def test_a_call_that_comes_finds_that_the_ledger_is_free_again(path):
    """Those that wait have their leases then, too, though the event loop comes late to the timer."""
    throttle = throttle_of(path)
    await open_gate(throttle)
    with locked(path) as blocker:
        waiting = asyncio.ensure_future(throttle.acquire(Ticket()))
        await asyncio.sleep(0)
        blocker.free()
        clock().moment += SECOND // 20
        began = clock().now()
        lease = await throttle.acquire(Ticket(max_wait=SECOND))

    assert (lease.sent, (await waiting).sent) == (began, began)


async def test_another_process_s_short_transaction_is_no_wait(path):
    """A call that may not wait at all goes on after some milliseconds."""
    throttle = throttle_of(path)
    await open_gate(throttle)
    with locked(path) as blocker:
        asyncio.get_running_loop().call_later(0.01, blocker.free)
        began = clock().now()
        lease = await throttle.acquire(Ticket(max_wait=0))
        lease.unused()

    assert 0.01 <= (lease.sent - began) / SECOND < 0.06


async def test_the_end_of_a_lease_reaches_a_locked_ledger_later(path):
    """With the time at which it happened: the lease is held one period from the response on, and no longer."""
    throttle = throttle_of(path, guard=0)
    await open_gate(throttle)
    await asyncio.sleep(20)
    lease = await throttle.acquire(Ticket())
    with locked(path) as blocker:
        lease.responded()
        lease.release()
        assert throttle.snapshot().in_flight == 1
        await asyncio.sleep(5)
        blocker.free()
    await asyncio.sleep(0.1)

    seen = throttle.snapshot()
    assert (seen.in_flight, seen.sent) == (0, 1)
    assert 9.5 < seen.seconds_until(seen.calls) < 10


async def test_the_last_ends_of_a_program_are_waited_for(path):
    """Flushing waits until a ledger in use is free and has them."""
    throttle = throttle_of(path)
    await open_gate(throttle)
    lease = await throttle.acquire(Ticket())
    with locked(path) as blocker:
        lease.responded()
        lease.release()
        asyncio.get_running_loop().call_later(0.2, blocker.free)
        began = clock().now()
        await throttle.flush()

    assert 0.2 <= (clock().now() - began) / SECOND < 0.3
    assert throttle.snapshot().in_flight == 0


async def test_a_ledger_that_stays_locked_keeps_no_program_from_ending(path):
    """Flushing gives up after a second."""
    throttle = throttle_of(path)
    await open_gate(throttle)
    lease = await throttle.acquire(Ticket())
    with locked(path):
        lease.responded()
        lease.release()
        began = clock().now()
        await throttle.flush()

    assert 0.9 < (clock().now() - began) / SECOND < 1.1


async def test_ends_that_nobody_waits_for_are_written_together(path):
    """With the next change or a little later, and at once where it is the last."""
    throttle = throttle_of(path)
    await open_gate(throttle)
    leases = [await throttle.acquire(Ticket()) for _ in range(3)]
    seen = []
    for lease in leases[:2]:
        lease.responded()
        lease.release()
        seen.append(throttle.snapshot().in_flight)
    await asyncio.sleep(0.2)
    seen.append(throttle.snapshot().in_flight)
    leases[2].responded()
    seen.append(throttle.snapshot().in_flight)

    assert seen == [3, 3, 1, 0]


async def test_a_refusal_closes_the_gate_though_the_ledger_is_locked(path):
    """Nothing that was granted leaves meanwhile, and everybody hears of it before anything else is granted."""
    throttle = throttle_of(path)
    await open_gate(throttle)
    refused, granted = [await throttle.acquire(Ticket()) for _ in range(2)]
    with locked(path) as blocker:
        refused.refused(30 * SECOND)
        assert granted.withheld
        await asyncio.sleep(1)
        blocker.free()
    await asyncio.sleep(0.1)

    assert throttle.snapshot().closed == "the account is throttled"
    assert 28 < throttle.snapshot().closed_for < 29


async def test_a_call_that_was_refused_too_often_fails_although_the_ledger_is_locked(path):
    """Its error does not need the ledger."""
    throttle = throttle_of(path)
    await open_gate(throttle)
    with locked(path):
        call = asyncio.ensure_future(throttle.acquire(Ticket()))
        await asyncio.sleep(0)
        with pytest.raises(Throttled, match="refused 5 times"):
            await throttle.acquire(Ticket(refusals=5))
        call.cancel()
        await asyncio.wait([call])


async def test_a_call_that_is_cancelled_while_the_ledger_is_locked_leaves_nothing(path):
    """It takes no lease when the ledger is free again."""
    throttle = throttle_of(path)
    await open_gate(throttle)
    with locked(path) as blocker:
        call = asyncio.ensure_future(throttle.acquire(Ticket()))
        await asyncio.sleep(1)
        call.cancel()
        await asyncio.wait([call])
        blocker.free()
    await asyncio.sleep(1)

    assert throttle.snapshot().in_flight == 0
    assert throttle._gate().idle


async def test_a_snapshot_does_not_need_the_lock(path):
    """It reads what was kept last."""
    throttle = throttle_of(path)
    await open_gate(throttle)
    with locked(path):
        assert throttle.snapshot().sent == 1


async def test_a_ledger_that_breaks_while_it_is_locked_fails_the_calls_that_wait(path):
    """And to those whose time is over in the same moment."""

    class Broken(SqliteLedger):
        state = None

        def transact(self, change):
            if self.state is not None:
                raise self.state
            return super().transact(change)

    ledger = Broken(path, "a", clock=clock())
    throttle = Throttle(ledger=ledger, clock=clock(), pace="burst")
    await open_gate(throttle)
    ledger.state = LedgerBusy("in use")
    calls = [asyncio.ensure_future(throttle.acquire(Ticket(max_wait=wait))) for wait in (None, SECOND, 100 * SECOND)]
    await asyncio.sleep(0.5)
    ledger.state = HarvestError("the disk is full")
    ends = await asyncio.gather(*calls, return_exceptions=True)

    assert [str(end) for end in ends] == ["the disk is full"] * 3
    ledger.state = None
    (await throttle.acquire(Ticket())).unused()


def test_what_a_loop_could_not_write_the_next_one_writes(path):
    """The end of a lease outlives its event loop."""
    throttles = []

    async def first():
        throttles.append(throttle_of(path))
        await open_gate(throttles[0])
        lease = await throttles[0].acquire(Ticket())
        blocker.lock()
        lease.responded()
        lease.release()
        return clock().moment

    async def second(moment):
        clock().moment = moment
        throttles[0]._clock = throttles[0]._budgets["general"]._clock = throttles[0]._ledger._clock = clock()
        blocker.free()
        (await throttles[0].acquire(Ticket())).unused()
        return throttles[0].snapshot()

    ledger = SqliteLedger(path, "other")
    ledger.transact(lambda state: state.take(0, 1))
    ledger.close()
    blocker = Blocker(path)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        moment = runner.run(first())
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        seen = runner.run(second(moment))
    blocker.close()

    assert (seen.in_flight, seen.sent) == (0, 2)


def test_the_files_are_their_owner_s_alone(tmp_path):
    """The database, its log and its index; a file that was there is made so, too."""
    path = tmp_path / "l"
    path.touch(mode=0o644)
    path.chmod(0o644)
    ledger = SqliteLedger(path, "a")
    ledger.transact(lambda state: state.take(0, 1))
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    ledger.close()

    assert modes == {"l": 0o600, "l-shm": 0o600, "l-wal": 0o600}


@pytest.mark.parametrize("umask", [0, 0o022])
def test_a_new_file_is_its_owner_s_alone(tmp_path, umask):
    """With any umask of the process."""
    before = os.umask(umask)
    try:
        ledger = SqliteLedger(tmp_path / "l", "a")
        ledger.transact(lambda state: state.take(0, 1))
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    ledger.close()

    assert modes == {0o600}


_HOLDER = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("begin immediate")
print("begun", flush=True)
time.sleep(2)
database.execute("commit")
time.sleep(60)
"""


@contextmanager
def stopped_inside_a_transaction(path):
    """A process that was stopped while it had the lock."""
    process = subprocess.Popen([sys.executable, "-c", _HOLDER, str(path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGSTOP)
        yield process
    finally:
        process.kill()
        process.communicate()


async def _largest_gap(seconds):
    worst, end = 0.0, time.monotonic() + seconds
    while (before := time.monotonic()) < end:
        await asyncio.sleep(0.001)
        worst = max(worst, time.monotonic() - before)
    return worst


@pytest.mark.socket
def test_a_process_stopped_inside_its_transaction_blocks_no_event_loop(path):
    """Calls with a limit fail by it, the others go on when the process does, and nothing else is held up."""

    async def house():
        throttle = Throttle(ledger=SqliteLedger(path, "a"), pace="burst")
        client = httpx.AsyncClient(
            transport=ThrottledTransport(
                SlowAccount(throttle.clock), throttle, status_path="/account/rate_limit_status"
            ),
            base_url="https://a.example",
        )
        await client.get("/first")
        under_way = asyncio.ensure_future(client.get("/under-way"))
        await asyncio.sleep(0.02)
        with stopped_inside_a_transaction(path) as process:
            waiting = [asyncio.ensure_future(client.get(f"/{number}")) for number in range(50)]
            hurried = asyncio.ensure_future(throttle.acquire(Ticket(max_wait=SECOND // 2)))
            short = asyncio.ensure_future(throttle.acquire(Ticket(deadline=SECOND)))
            gap = await _largest_gap(1.5)
            ends = await asyncio.gather(hurried, short, return_exceptions=True)
            began = time.monotonic()
            process.send_signal(signal.SIGCONT)
            answers = await asyncio.gather(under_way, *waiting)
            return gap, [type(end) for end in ends], {each.status_code for each in answers}, time.monotonic() - began

    gap, ends, statuses, took = asyncio.run(house())

    assert ends == [WouldWait, NotSent]
    assert statuses == {200}
    assert took < 5
    assert gap < 1  # a wait for the lock lasts as long as the process is stopped; see benchmarks/ledger_busy.py
