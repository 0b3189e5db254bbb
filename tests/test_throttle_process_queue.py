"""The turns of processes at the leases of one budget: each rule by itself, with numbers that a test can name."""

import pytest

from harvest_async.throttle.lane import PASSES, Lane
from harvest_async.throttle.processes import Demand, ProcessQueue, Registration

NOW = 50
SPAN = (40, 60)
NOTHING = Demand(0, 0)
INTERACTIVE, BULK = Lane.INTERACTIVE, Lane.BULK


def process(interactive=(0, 0, 0), bulk=(0, 0, 0), span=SPAN):
    """A process as it is stored: its span; by lane how many calls wait, how many of them are ready, and its turn."""
    return [*span, *interactive, *bulk]


def queue(latest=(0, 0, 0), **known):
    """A queue with known processes, the latest turns by lane, and the calls that passed a bulk call."""
    return ProcessQueue.load({"latest": latest, "known": known})


def waiting(lane, turn, *, ready=5, count=9, span=SPAN):
    """A process that waits in one lane."""
    of_lane = (count, ready, turn)
    return process(bulk=of_lane, span=span) if lane is BULK else process(of_lane, span=span)


def register(processes, name, interactive=NOTHING, bulk=NOTHING, *, now=NOW, span=SPAN):
    processes.register(name, interactive, bulk, now, since=span[0], until=span[1])
    return processes.dump()["known"][name]


# Storage


def test_a_queue_without_processes_is_stored_as_zeros():
    """Nothing was granted, nothing passed."""
    assert ProcessQueue().dump() == {"latest": [0, 0, 0], "known": {}}


def test_each_number_of_a_process_is_stored():
    """In the order of its span, its interactive lane and its bulk lane."""
    stored = {"latest": [7, 8, 9], "known": {"a": [1, 2, 3, 4, 5, 6, 7, 8], "b": [11, 12, 13, 14, 15, 16, 17, 18]}}
    loaded = ProcessQueue.load(stored)

    assert loaded.dump() == stored
    assert loaded.dump_numbers() == [7, 8, 9, *range(1, 9), *range(11, 19)]
    assert loaded.registration("b") == Registration("b", 11, 12, Demand(13, 14), Demand(16, 17))
    assert loaded.registration("c") is None


def test_a_copy_changes_apart():
    """It has the same numbers, and later changes are its own."""
    first = queue((7, 8, 2), a=[1, 2, 3, 4, 5, 6, 7, 8])
    before = first.dump()
    twin = first.copy()
    assert twin.dump() == before

    twin.granted("a", INTERACTIVE)
    twin.shift(10)
    assert first.dump() == before
    assert twin.dump() == {"latest": [7, 8, 3], "known": {"a": [11, 12, 3, 4, 6, 6, 7, 8]}}


# Registration


def test_a_process_is_dropped_after_its_span():
    """Not at the last nanosecond of it."""
    processes = queue(late=process(span=(1, NOW - 1)), just=process(span=(1, NOW)))
    register(processes, "new")

    assert processes.names == ("just", "new")


def test_what_a_process_registers_replaces_what_it_had():
    """Its turns stay, as long as it waits without a break."""
    processes = queue(a=[1, 60, 3, 3, 7, 4, 4, 8])

    assert register(processes, "a", Demand(2, 1), Demand(6, 5), span=(55, 70)) == [55, 70, 2, 1, 7, 6, 5, 8]


@pytest.mark.parametrize("lane", [INTERACTIVE, BULK])
@pytest.mark.parametrize(
    ("others", "own", "expected"),
    [
        ((), 0, 20),
        ((), 25, 25),
        ((30, 27), 0, 27),
        ((30, 27), 29, 29),
    ],
    ids=["nobody waits", "nobody waits and it had more turns", "others wait", "others wait, and it had more turns"],
)
def test_a_process_that_begins_to_wait_does_not_catch_up(lane, others, own, expected):
    """It starts with the turns of the one that is next, or, where nobody waits, of the one that was served last."""
    stored = {f"o{turn}": waiting(lane, turn, ready=0) for turn in others}
    processes = queue((0, 20, 0) if lane is BULK else (20, 0, 0), **stored, a=waiting(lane, own, count=0, ready=0))
    stored = register(processes, "a", **{lane.value: Demand(1, 1)})

    assert (stored[4], stored[7]) == ((0, expected) if lane is BULK else (expected, 0))


@pytest.mark.parametrize("lane", [INTERACTIVE, BULK])
def test_a_process_that_waits_in_the_other_lane_only_keeps_its_turn(lane):
    """Nothing of a lane changes while nothing waits in it."""
    processes = queue((20, 20, 0))
    stored = register(processes, "a", **{lane.value: Demand(1, 0)})

    assert (stored[4], stored[7]) == ((0, 20) if lane is BULK else (20, 0))


# Grants


def test_a_grant_uses_a_turn_of_its_lane():
    """The turn of the call that was granted last is kept, and it never goes down."""
    processes = queue((20, 30, 0), a=process((9, 9, 21), (9, 9, 31)), b=process((9, 9, 5), (9, 9, 6)))
    for name in "ab":
        processes.granted(name, INTERACTIVE)
        processes.granted(name, BULK)

    stored = processes.dump()
    assert stored["latest"][:2] == [21, 31]
    assert [(each[4], each[7]) for each in stored["known"].values()] == [(22, 32), (6, 7)]


@pytest.mark.parametrize(
    ("lane", "bulk", "passed"), [(INTERACTIVE, 0, 3), (INTERACTIVE, 1, 4), (INTERACTIVE, 5, 4), (BULK, 1, 0)]
)
def test_interactive_calls_count_that_pass_a_waiting_bulk_call(lane, bulk, passed):
    """One each, whether or not the bulk call is ready; a bulk call that goes begins it anew."""
    processes = queue((0, 0, 3), a=process((9, 9, 1)), b=process(bulk=(bulk, 0, 1)))
    processes.granted("b" if lane is BULK else "a", lane)

    assert processes.dump()["latest"][2] == passed


@pytest.mark.parametrize(("passed", "left"), [(0, PASSES), (PASSES - 1, 1), (PASSES, 0), (PASSES + 1, 0)])
def test_how_many_interactive_calls_may_still_pass(passed, left):
    """Never less than none."""
    assert queue((0, 0, passed)).passes_left == left


# Order


@pytest.mark.parametrize("lane", [INTERACTIVE, BULK])
def test_calls_that_others_can_send_are_due_in_their_spans(lane):
    """The first and the last nanosecond of a span belong to it; a process's own calls don't count."""
    spans = {"early": (NOW + 1, 90), "first": (NOW, 90), "last": (1, NOW), "late": (1, NOW - 1), "own": SPAN}
    ready = {name: waiting(lane, 0, ready=10**place, count=10**5) for place, name in enumerate(spans)}
    processes = queue(**{name: [*spans[name], *each[2:]] for name, each in ready.items()})

    assert processes.due("own", lane, NOW) == 110
    assert processes.due("own", BULK if lane is INTERACTIVE else INTERACTIVE, NOW) == 0


@pytest.mark.parametrize(
    ("calls", "demands", "leases"),
    [
        (100, [], 4),
        (3, [], 3),
        (9, [(1, 0), (0, 1)], 4),
        (7, [(1, 0), (0, 1)], 3),
        (7, [(5, 5), (0, 0)], 4),
        (7, [(5, 5), (1, 1), (0, 9)], 2),
        (2, [(5, 5), (1, 1), (0, 9)], 1),
    ],
)
def test_a_turn_has_fewer_leases_if_more_processes_wait(calls, demands, leases):
    """Between one and four; a process counts once, in any lane."""
    known = {str(place): process((one, 0, 0), (other, 0, 0)) for place, (one, other) in enumerate(demands)}

    assert queue(**known).leases_in_turn(calls) == leases


@pytest.mark.parametrize("lane", [INTERACTIVE, BULK])
@pytest.mark.parametrize(
    ("own", "other", "name", "ready", "expected"),
    [
        (7, 5, "a", 9, 3),
        (7, 5, "z", 9, 2),
        (7, 7, "a", 9, 1),
        (7, 7, "z", 9, 0),
        (7, 9, "a", 9, 0),
        (7, 5, "a", 2, 2),
        (7, 5, "a", 0, 0),
    ],
)
def test_the_calls_of_a_process_with_fewer_turns_go_first(lane, own, other, name, ready, expected):
    """As many as it is behind, if they are ready; of equal turns the first name goes first."""
    processes = queue(**{name: waiting(lane, other, ready=ready), "m": waiting(lane, own)})

    assert processes.before("m", lane, 2, NOW) == expected
    assert processes.before("m", BULK if lane is INTERACTIVE else INTERACTIVE, 2, NOW) == 0


@pytest.mark.parametrize(("own", "expected"), [(7, 3 + 1), (8, 7 + 5), (11, 7 + 5), (12, 11 + 9)])
def test_calls_go_in_blocks_of_the_leases_of_a_turn(own, expected):
    """With four leases in a turn a process goes before another one until its block is full."""
    processes = queue(
        a=waiting(INTERACTIVE, 5, ready=99), b=waiting(INTERACTIVE, 7, ready=99), m=waiting(INTERACTIVE, own)
    )

    assert processes.before("m", INTERACTIVE, 12, NOW) == expected


def test_the_calls_of_all_other_processes_are_added():
    """A process that is not in its span is skipped and the next one counted; without a time all are."""
    processes = queue(
        early=waiting(INTERACTIVE, 5, span=(NOW + 1, 90)),
        first=waiting(INTERACTIVE, 5, span=(NOW, NOW + 1)),
        late=waiting(INTERACTIVE, 5, span=(1, NOW - 1)),
        last=waiting(INTERACTIVE, 5, span=(NOW - 1, NOW)),
        own=waiting(INTERACTIVE, 7),
    )

    assert processes.before("own", INTERACTIVE, 2, NOW) == 3 + 3
    assert processes.before("own", INTERACTIVE, 2, None) == 4 * 3


@pytest.mark.parametrize("lane", [INTERACTIVE, BULK])
def test_a_process_that_is_not_registered_goes_as_one_that_begins_to_wait(lane):
    """With the turns of the one that is next, or of the one that was served last."""
    processes = queue((8, 9, 0), a=waiting(lane, 5), b=waiting(lane, 6))
    idle = queue((8, 9, 0), a=waiting(lane, 5, count=0))

    assert processes.before("m", lane, 2, NOW) == 1
    assert idle.before("m", lane, 1, NOW) == (5 if lane is BULK else 4)


def test_a_forecast_counts_waiting_calls_up_to_the_last_of_ours():
    """Call by call, ready or not, at any time."""
    processes = queue(
        a=waiting(INTERACTIVE, 5, ready=0, count=4),
        b=waiting(INTERACTIVE, 7, ready=0, count=40, span=(1, 2)),
        m=waiting(INTERACTIVE, 6),
    )

    assert [processes.before_last("m", INTERACTIVE, calls) for calls in (1, 2, 3, 9)] == [2, 4, 6, 12]


# A closed gate


def test_processes_probe_by_their_turns():
    """The ones with fewer turns go first, of equal ones the first name; those without ready calls don't."""
    processes = queue(
        a=waiting(INTERACTIVE, 7),
        b=waiting(INTERACTIVE, 6),
        c=waiting(INTERACTIVE, 1, ready=0),
        d=waiting(INTERACTIVE, 1, span=(NOW + 1, 90)),
        e=waiting(INTERACTIVE, 1, span=(1, NOW - 1)),
        f=waiting(INTERACTIVE, 8, span=(NOW, 90)),
        g=waiting(INTERACTIVE, 9, span=(1, NOW)),
        h=waiting(INTERACTIVE, 10),
        m=waiting(INTERACTIVE, 7),
        n=waiting(INTERACTIVE, 7),
    )

    assert [processes.rank(name, INTERACTIVE, NOW) for name in "bamnfgh"] == [0, 1, 2, 3, 4, 5, 6]


def test_a_process_that_is_not_registered_has_had_no_turn():
    """It goes before all that have had one; of those without one the first name goes first."""
    processes = queue(a=waiting(BULK, 0), b=waiting(BULK, 1), z=waiting(BULK, 0))

    assert processes.rank("m", BULK, NOW) == 1


@pytest.mark.parametrize(
    ("lane", "own", "expected"), [(BULK, "m", 2), (BULK, "a", 2), (INTERACTIVE, "m", 1), (INTERACTIVE, "a", 0)]
)
def test_processes_with_interactive_calls_probe_before_bulk_calls(lane, own, expected):
    """One each, in any order of their turns; those that are not ready don't count."""
    processes = queue(
        a=process((9, 5, 6), (9, 5, 1)),
        b=process((9, 1, 8)),
        c=process((9, 0, 1)),
        d=waiting(INTERACTIVE, 1, span=(1, 2)),
        m=process((9, 9, 7), (9, 9, 0)),
    )

    assert processes.rank(own, lane, NOW) == expected


def test_where_all_wait_in_the_bulk_lane_their_turns_there_count():
    """The turns in the interactive lane mean nothing then."""
    processes = queue(a=process((0, 0, 1), (9, 5, 9)), b=process((0, 0, 9), (9, 5, 3)), m=process((0, 0, 4), (9, 5, 5)))

    assert [processes.rank(name, BULK, NOW) for name in "bma"] == [0, 1, 2]


# Late processes


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"a": waiting(INTERACTIVE, 0, span=(40, 70)), "b": waiting(BULK, 0, span=(40, 60))}, 61),
        ({"a": waiting(INTERACTIVE, 0, span=(40, 60)), "b": waiting(BULK, 0, span=(40, 70))}, 61),
        ({"a": waiting(INTERACTIVE, 0, span=(NOW, NOW))}, NOW + 1),
        ({"a": waiting(INTERACTIVE, 0, ready=0)}, None),
        ({"a": waiting(INTERACTIVE, 0, span=(40, NOW - 1))}, None),
        ({"a": waiting(INTERACTIVE, 0, span=(NOW + 1, 60))}, None),
        ({"m": waiting(INTERACTIVE, 0)}, None),
        ({}, None),
    ],
)
def test_a_process_is_late_after_the_end_of_its_span(known, expected):
    """The first of them counts, if a lease is kept for it now."""
    assert queue(**known).next_change("m", NOW) == expected
