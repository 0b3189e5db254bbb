"""Several processes on one account: they share its limit fairly, and none keeps the others waiting."""

import asyncio
import json
import math
from itertools import pairwise

import httpx
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from harvest_async.clock import SECOND
from harvest_async.errors import WouldWait
from harvest_async.testing import VirtualLoop
from harvest_async.throttle.connections import ConnectionCap
from harvest_async.throttle.lane import PASSES
from harvest_async.throttle.processes import Demand, ProcessQueue
from harvest_async.throttle.queue import Lane
from harvest_async.throttle.state import AccountState
from tests.support.house import uneven
from tests.support.processes import Machine

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

NOTHING = Demand(0, 0)
CALLS = 3  # of a window, so that a turn has one lease
BOTH = (Lane.INTERACTIVE, Lane.BULK)


# The queue of processes


def register(queue, name, interactive=NOTHING, bulk=NOTHING, now=0, since=0, until=100):
    queue.register(name, interactive, bulk, now, since=since, until=until)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.sampled_from(BOTH))
def test_processes_take_turns(demands, lane):
    """Each is served once before one is served twice, as long as its calls last."""
    queue, left = ProcessQueue(), {str(number): demand for number, demand in enumerate(demands)}

    def announce(name):
        own = Demand(left[name], left[name])
        register(queue, name, **{"bulk" if lane is Lane.BULK else "interactive": own})

    for name in left:
        announce(name)
    served = []
    while any(left.values()):
        first = [name for name in left if left[name] and queue.before(name, lane, CALLS, 0) == 0]
        assert len(first) == 1
        served.append(first[0])
        left[first[0]] -= 1
        queue.granted(first[0], lane)
        announce(first[0])

    expected = [name for turn in range(9) for name in sorted(demands_of(demands)) if demands[int(name)] > turn]
    assert served == expected


def demands_of(demands):
    return [str(number) for number in range(len(demands))]


def test_a_newcomer_does_not_catch_up():
    """It takes turns with the others from now on, however many they have had."""
    queue = ProcessQueue()
    register(queue, "old", Demand(99, 9))
    for _ in range(20):
        queue.granted("old", Lane.INTERACTIVE)
    register(queue, "new", Demand(99, 9))

    assert queue.before("old", Lane.INTERACTIVE, CALLS, 0) <= 2
    assert queue.before("new", Lane.INTERACTIVE, CALLS, 0) == 0


def test_a_process_that_waits_with_one_call_at_a_time_gains_nothing():
    """Its turns are remembered while nothing waits."""
    queue = ProcessQueue()
    register(queue, "old", Demand(9, 9))
    register(queue, "now and then", Demand(1, 1))
    queue.granted("now and then", Lane.INTERACTIVE)
    register(queue, "now and then")
    register(queue, "now and then", Demand(1, 1))

    assert queue.before("now and then", Lane.INTERACTIVE, CALLS, 0) == 1


@pytest.mark.parametrize(("now", "kept"), [(9, 0), (10, 1), (20, 1), (21, 0)])
def test_leases_are_kept_for_a_process_in_its_own_span_only(now, kept):
    """Not before it looks again, and not when it is late."""
    queue = ProcessQueue()
    register(queue, "a", Demand(1, 1), since=10, until=20)
    register(queue, "b", Demand(1, 1))

    assert (queue.before("b", Lane.INTERACTIVE, CALLS, now), queue.due("b", Lane.INTERACTIVE, now)) == (kept, kept)
    assert queue.before("b", Lane.INTERACTIVE, CALLS, None) == 1
    assert queue.next_change("b", now) == (21 if kept else None)


def test_a_late_process_is_dropped():
    """And returns without a claim."""
    queue = ProcessQueue()
    register(queue, "late", Demand(1, 1), until=20)
    register(queue, "b", Demand(1, 1), now=21)

    assert list(queue.dump()["known"]) == ["b"]


def test_a_forecast_counts_calls_that_can_not_be_sent_yet():
    """A process without free connections takes no lease now, but will."""
    queue = ProcessQueue()
    register(queue, "a", Demand(5, 0))
    register(queue, "b", Demand(9, 9))

    assert queue.before("b", Lane.INTERACTIVE, CALLS, 0) == 0
    assert [queue.before_last("b", Lane.INTERACTIVE, calls) for calls in (1, 2, 9)] == [1, 2, 5]
    assert queue.before_last("unknown", Lane.BULK, 3) == 0


def test_a_bulk_call_of_any_process_is_due_after_nine_others():
    """Passes are counted while a bulk call waits anywhere, and begin anew with each that goes."""
    queue = ProcessQueue()
    register(queue, "a", Demand(99, 99))
    queue.granted("a", Lane.INTERACTIVE)
    assert queue.passes_left == PASSES
    register(queue, "b", bulk=Demand(2, 2))
    for _ in range(PASSES):
        queue.granted("a", Lane.INTERACTIVE)
    assert queue.passes_left == 0
    queue.granted("b", Lane.BULK)
    assert queue.passes_left == PASSES


def test_a_stored_queue_is_the_same_queue():
    """What a ledger stores is everything, also in a state that was stored without processes."""
    queue = ProcessQueue()
    register(queue, "a", Demand(3, 2), Demand(5, 1), since=4, until=50)
    queue.granted("a", Lane.INTERACTIVE)
    queue.granted("a", Lane.BULK)
    again = ProcessQueue.load(json.loads(json.dumps(queue.dump())))

    assert again.dump() == queue.dump()
    assert again.before("b", Lane.BULK, CALLS, 10) == queue.before("b", Lane.BULK, CALLS, 10)


def test_a_state_without_processes_is_read():
    """A version that does not know them leaves them out."""
    stored = AccountState().dump()
    del stored["processes"]

    assert AccountState.load(stored).dump() == AccountState().dump()


def test_a_restart_forgets_the_processes():
    """None of them has survived it."""
    state = AccountState()
    register(state.processes, "a", Demand(1, 1))
    state.restart(5, left=0)

    assert state.processes.dump()["known"] == {}


# Simulated processes against an honest server

JOB = st.fixed_dictionaries(
    {
        "calls": st.integers(1, 40),
        "lane": st.sampled_from(BOTH),
        "start": st.floats(0, 6),
        "end": st.sampled_from(["done", "done", "killed", "stopped"]),
        "at": st.floats(0, 8),
        "pace": st.sampled_from(["burst", "burst", "even"]),
    }
)


async def work(machine, job):
    """Run one process as the job says; return whether its calls had to end."""
    await asyncio.sleep(job["start"])
    process = machine.process(pace=job["pace"])
    process.start(job["calls"], lane=job["lane"])
    if job["end"] != "done":
        await asyncio.sleep(job["at"])
        if job["end"] == "killed":
            await process.kill()
            return
        await process.stop(3)
    await process.wait()


@settings(max_examples=50, phases=[Phase.reuse, Phase.generate])  # to shrink a schedule would take minutes
@given(
    calls=st.integers(2, 12),
    period=st.sampled_from([1, 2]),
    jobs=st.lists(JOB, min_size=2, max_size=4),
    seed=st.integers(0, 99),
)
def test_no_schedule_of_processes_exceeds_the_limit_or_keeps_one_waiting(calls, period, jobs, seed):
    """Whichever process is killed or stopped, the server refuses nothing and all other calls end in time."""

    async def run():
        machine = Machine(calls, period, way=uneven(0.02, 0.15, seed), back=uneven(0.02, 0.15, seed + 1))
        await asyncio.gather(*(work(machine, job) for job in jobs))
        return machine

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        machine = runner.run(run())

    assert machine.honest()
    total = sum(job["calls"] for job in jobs)
    usable = max(1, calls - 3) if any(job["pace"] == "even" for job in jobs) else calls  # less the reserve
    bound = 6 + 8 + 3 + math.ceil(total / usable + 1) * (period + 0.5)
    held = 66 if any(job["end"] == "killed" for job in jobs) else 0  # leases of calls that may still arrive
    assert machine.now <= 1.5 * bound + held


async def test_four_processes_use_the_limit_in_full_and_fairly():
    """At most 1.15 of the bound, shares within a fifth of each other, and two or three operations a call."""
    machine = Machine(100, 2, way=uneven(0.02, 0.15), back=uneven(0.02, 0.15, 8), status=False)
    processes = [machine.process() for _ in range(4)]
    for process in processes:
        process.start(250)
    await asyncio.gather(*(process.wait() for process in processes))
    first = min(max(process.done) for process in processes)
    shares = [process.done_by(first) for process in processes]

    assert machine.honest()
    assert machine.now <= 1.15 * 18
    assert min(shares) >= 0.8 * max(shares)
    assert machine.store.operations <= 3 * 1_000


async def test_an_interactive_call_goes_before_bulk_calls_of_another_process():
    """It takes the next lease that is free."""
    machine = Machine(10, 2)
    bulk, interactive = machine.process(), machine.process()
    bulk.start(60, lane=Lane.BULK, path="/bulk")
    served = []
    for _ in range(3):
        await asyncio.sleep(2.3)
        served.append(len(machine.paths()))
        interactive.start(1, path="/now")
    await asyncio.gather(bulk.wait(), interactive.wait())
    places = [place for place, path in enumerate(machine.paths()) if path == "/now"]

    assert machine.honest()
    assert all(place - before <= 11 for before, place in zip(served, places, strict=True))


async def test_a_saturated_interactive_lane_does_not_starve_bulk_calls_of_another_process():
    """One in ten calls is a bulk call."""
    machine = Machine(10, 2)
    interactive, bulk = machine.process(), machine.process()
    interactive.start(100, path="/now")
    bulk.start(20, lane=Lane.BULK, path="/bulk")
    await interactive.wait()
    served = machine.paths().count("/bulk")
    await bulk.wait()

    assert machine.honest()
    assert served >= 8


async def test_the_pace_and_the_reserve_hold_once_for_the_account():
    """Bulk calls of three processes come one step apart, and an interactive call hardly waits."""
    machine = Machine(20, 2)
    processes = [machine.process(pace="even") for _ in range(3)]
    for process in processes:
        process.start(40, lane=Lane.BULK)
    waits = []
    for _ in range(10):
        await asyncio.sleep(0.9)
        began = machine.now
        processes[0].start(1)
        await processes[0].calls[-1]
        waits.append(machine.now - began)
    await asyncio.gather(*(process.wait() for process in processes))
    done = [process.done_by(6 * SECOND) for process in processes]

    assert machine.honest()
    assert max(waits) < 0.2
    assert min(done) >= 0.8 * max(done) - 5  # one of them makes the interactive calls as well
    assert machine.now <= 130 / 17 * 2.1 + 0.5  # the bulk lane leaves 3 of 20 leases


async def test_a_dead_process_delays_others_by_a_quarter_of_a_second():
    """The lease that would have been its own is taken by the others; nothing it had waiting counts."""
    machine = Machine(10, 2)
    dead, other = machine.process(), machine.process()
    dead.start(40)
    other.start(40)
    await asyncio.sleep(1)
    served = len(dead.done)
    await dead.kill()
    await other.wait()

    assert served in {4, 5}
    assert machine.honest()
    assert machine.now <= 4 * (2 + 0.1) + 0.2 + 0.25


async def test_a_stopped_process_takes_its_turn_again():
    """From then on it has the same share as before."""
    machine = Machine(10, 2)
    stopped, other = machine.process(), machine.process()
    stopped.start(60)
    other.start(120)
    await asyncio.sleep(1)
    await stopped.stop(6)
    before = len(stopped.done)
    await asyncio.sleep(8.4)
    share = len(stopped.done) - before
    await asyncio.gather(stopped.wait(), other.wait())

    assert machine.honest()
    assert 18 <= share <= 22


async def test_a_refusal_stops_all_processes_and_one_of_them_probes():
    """Nothing is sent until the time has passed; then one status call goes first."""
    machine = Machine(10, 2)
    processes = [machine.process() for _ in range(4)]
    processes[0].start(1)
    await processes[0].wait()
    machine.account.script.append(httpx.Response(503, headers={"retry-after": "7"}))
    for process in processes:
        process.start(5)
    await asyncio.gather(*(process.wait() for process in processes))
    arrivals = [each / SECOND for each in machine.account.arrivals]
    pauses = [later - earlier for earlier, later in pairwise(arrivals)]

    assert machine.account.most_in_any_period() <= 10
    assert max(pauses) >= 7
    assert machine.paths().count("/account/rate_limit_status") == 2
    assert machine.store.operations < 5 * 23


async def test_a_wait_that_is_too_long_counts_the_calls_of_other_processes():
    """Half of the leases are theirs."""
    machine = Machine(10, 2)
    one, other = machine.process(), machine.process()
    one.start(30)
    other.start(30)
    await asyncio.sleep(0.5)
    with pytest.raises(WouldWait) as caught:
        await other.call(max_wait=SECOND)
    began = machine.now
    await other.call()
    waited = machine.now - began
    await asyncio.gather(one.wait(), other.wait())

    assert caught.value.wait == pytest.approx(waited, abs=2.2)  # one window, since a turn has several leases


async def test_processes_under_one_cap_of_connections_make_all_calls():
    """A gate without a connection of the cap takes no turn, and keeps no lease from others."""
    machine = Machine(100, 2)
    one, other, third = (machine.process() for _ in range(3))
    cap = ConnectionCap(3)
    for process in (one, other):
        process.throttle.share_connections(cap)
    for process in (one, other, third):
        process.start(20)
    await asyncio.gather(*(process.wait() for process in (one, other, third)))

    assert machine.honest()
    assert third.done_by(SECOND) == 20
    assert machine.now < 20 * 0.1 * 2 + 1


async def test_each_event_loop_has_a_name_of_its_own():
    """So that a process that was forked is another one."""
    machine = Machine()

    assert len({machine.process().throttle._gate()._queue.name for _ in range(5)}) == 5
