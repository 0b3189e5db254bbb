"""The account state: what each event changes of it, with everything else left as it was."""

import pytest

from harvest_async.clock import SECOND
from harvest_async.errors import InvalidArgument
from harvest_async.throttle.bounds import Bounds
from harvest_async.throttle.closure import Why
from harvest_async.throttle.processes import Demand
from harvest_async.throttle.server_status import RateLimitStatus
from harvest_async.throttle.state import AccountState

NOW, SENT, DEADLINE = 500, 400, 900
PERIOD, GUARD = 1_000, 10
NEVER = -(1 << 62)
CLOSED = {"why": Why.THROTTLED, "since": 300, "until": 450, "_pause": 0, "_hint": 20}


def state(*, probe=None, calls=3, **values):
    """An open state with a call in flight, which is the probe or not, and values of its own."""
    at = AccountState()
    at.bound(Bounds(None, None, GUARD))
    at.window.resize(calls, PERIOD)
    at.why, at._known = None, True
    if probe is None:
        at.take(SENT, DEADLINE)
    else:
        at.take_probe(SENT, DEADLINE, is_status_call=probe == "status")
    for name, value in values.items():
        setattr(at, name, value)
    return at


def changes(at, do, *arguments, **how):
    """Call a method; return what it returned, and the values of the state and the window that it changed."""
    before = at.dump()
    result = do(*arguments, **how)
    after = at.dump()
    flat = [{**each, **each["window"], "window": None} for each in (before, after)]
    return result, {name: value for name, value in flat[1].items() if value != flat[0][name]}


ENDED = {"open": [], "past": [[NOW, SENT]]}
UNCOUNTED = {"open": [], "past": [[NOW, NEVER]]}
GIVEN_UP = {"open": [], "past": [[NOW + GUARD, NEVER]], "latest_lost_arrival": NOW + GUARD}
OPENED = {"why": None, "since": None, "_probe": None}
WAITS = {"until": NOW + GUARD + PERIOD}


# Numbers


def test_the_numbers_of_a_user_bound_those_of_the_server():
    """The ceiling of calls, the least period, and the guard, from their use on."""
    at = state(_reported=(50, 7 * SECOND))
    at.bound(Bounds(20, 9 * SECOND, 5), SENT)

    assert at.window.dump()["numbers"] == [20, 9 * SECOND, 5]
    assert at.dump()["_agreed"] == [20, 9 * SECOND]


def test_another_user_has_to_agree_while_leases_are_held():
    """One that only looks does not change what was agreed; foreign leases are those of nobody here."""
    at = state(_reported=(50, 7 * SECOND))
    at.bound(Bounds(20, None, 5), SENT)
    at.bound(Bounds(30, None, 5))
    assert at.dump()["_agreed"] == [20, None]
    with pytest.raises(InvalidArgument, match="calls=30"):
        at.bound(Bounds(30, None, 5), SENT)
    at.bound(Bounds(None, SECOND, 5), SENT)
    assert at.dump()["_agreed"] == [20, SECOND]

    at.window.give_back(1)
    at.window.adopt(4, SENT, SENT)
    at.bound(Bounds(30, None, 5), SENT)
    assert at.dump()["_agreed"] == [30, None]


# Leases


def test_each_lease_has_the_next_number():
    """From the last one on, which a ledger may set."""
    at = state()
    at.number_from(6)

    assert changes(at, at.take, NOW, DEADLINE) == (
        7,
        {"_last_lease": 7, "open": [[1, SENT, DEADLINE], [7, NOW, DEADLINE]]},
    )
    assert at.last_lease == 7


@pytest.mark.parametrize("is_status_call", [True, False])
def test_the_probe_is_a_lease(is_status_call):
    """It is noted whether it is the status call."""
    at = state(_probe_is_status_call=not is_status_call)

    assert changes(at, at.take_probe, NOW, DEADLINE, is_status_call=is_status_call) == (
        2,
        {
            "_last_lease": 2,
            "open": [[1, SENT, DEADLINE], [2, NOW, DEADLINE]],
            "_probe": 2,
            "_probe_is_status_call": is_status_call,
        },
    )


@pytest.mark.parametrize(
    ("until", "in_flight", "free", "may", "at"),
    [
        (NOW, False, True, True, SENT + PERIOD + 1),
        (NOW - 1, False, True, True, SENT + PERIOD + 1),
        (NOW + 1, False, True, False, NOW + 1),
        (NOW, True, True, False, None),
        (NOW + 1, True, True, False, None),
        (NOW, False, False, False, SENT + PERIOD + 1),
    ],
)
def test_a_closed_gate_lets_one_call_through_when_nothing_is_in_flight(until, in_flight, free, may, at):
    """Once its time has passed, with a lease of the window; it is looked at again then."""
    made = state(calls=3 if free else 1, **{**CLOSED, "until": until})
    if not in_flight:
        made.window.end(1, SENT)

    assert (made.may_probe(NOW), made.probe_at(NOW)) == (may, at)


# Ordinary responses


def test_a_response_ends_a_lease():
    """And an outage, of which another call has reported; a closed gate stays closed."""
    at, shut = state(_outage=4), state(**CLOSED, _outage=4)

    assert changes(at, at.responded, 1, NOW) == (False, {**ENDED, "_outage": 0})
    assert changes(shut, shut.responded, 1, NOW) == (False, ENDED)


@pytest.mark.parametrize("since", [300, None])
def test_the_response_of_the_probe_opens_the_gate(since):
    """What closed it is forgotten; it is reported if calls were held up."""
    at = state(probe="call", **{**CLOSED, "since": since, "_pause": 8, "alone": True, "_missed": 2})
    expected = {**ENDED, **OPENED, "alone": False, "_pause": 0, "_hint": 0, "_missed": 0}
    if since is None:
        del expected["since"]

    assert changes(at, at.responded, 1, NOW) == (since is not None, expected)


def test_the_response_of_a_probe_without_a_status_leaves_the_status_to_another_call():
    """It could not request it: the next one does."""
    at = state(probe="call", why=Why.UNKNOWN, _known=False)

    assert changes(at, at.responded, 1, NOW) == (
        False,
        {**ENDED, "why": None, "_probe": None, "_known": True, "watch_at": NOW},
    )


@pytest.mark.parametrize(("missed", "opens"), [(1, False), (2, False), (3, True)])
def test_the_status_is_requested_three_times_in_all(missed, opens):
    """After each call that went alone since the status was missed; then the gate opens without it."""
    at = state(probe="call", why=Why.UNKNOWN, _known=False, alone=True, _missed=missed)
    opened = {"why": None, "_known": True, "_missed": 0} if opens else {}

    assert changes(at, at.responded, 1, NOW) == (False, {**ENDED, "_probe": None, "alone": False, **opened})


# The status


def test_the_status_sets_the_numbers_of_the_server():
    """And opens the gate whose probe it was."""
    at = state(probe="status", **CLOSED)
    status = RateLimitStatus(40, 7, 1, "1 of 40")

    assert changes(at, at.status_received, 1, NOW, status=status, requested=SENT) == (
        True,
        {
            **ENDED,
            **OPENED,
            "said": "1 of 40",
            "_reported": [40, 7],
            "numbers": [40, 7, GUARD],
            "foreign": [0, NOW],
            "_hint": 0,
        },
    )


@pytest.mark.parametrize(("calls", "period"), [(None, 7), (40, None), (None, None)])
def test_a_status_without_numbers_leaves_those_of_before(calls, period):
    """It has a count still; a status that was requested in passing opens nothing."""
    at = state(**CLOSED, watch_at=SENT)
    status = RateLimitStatus(calls, period, 1, "?")

    assert changes(at, at.status_received, 1, NOW, status=status, requested=SENT) == (
        False,
        {**ENDED, "said": "?", "foreign": [0, NOW], "watch_at": None},
    )


def test_the_status_is_requested_again_while_others_use_the_account():
    """Their calls hold leases."""
    at = state()
    status = RateLimitStatus(None, None, 3, "3")

    assert changes(at, at.status_received, 1, NOW, status=status, requested=SENT)[1] == {
        **ENDED,
        "said": "3",
        "foreign": [2, NOW],
        "watch_at": NOW + 4 * PERIOD,
    }


def test_an_unreadable_status_leaves_the_next_call_alone():
    """It will not be requested again; in passing it changes nothing."""
    at, passing = state(probe="status", **CLOSED), state(**CLOSED)

    assert changes(at, at.status_unreadable, 1, NOW) == (None, {**ENDED, "_probe": None, "alone": True, "_missed": 3})
    assert changes(passing, passing.status_unreadable, 1, NOW) == (None, ENDED)


# Refusals and outages


def test_a_refusal_closes_the_gate():
    """For as long as the server says; the call was not counted."""
    at = state(alone=True, _hint=5)

    assert changes(at, at.refused, 1, NOW, 20) == (
        True,
        {**UNCOUNTED, "why": "THROTTLED", "since": NOW, "until": NOW + 20, "_hint": 20, "alone": False},
    )


@pytest.mark.parametrize(("wait", "changed"), [(10, {}), (90, {"until": NOW + 90, "_hint": 90})])
def test_another_refusal_only_puts_the_time_off(wait, changed):
    """The gate was closed before."""
    at = state(**{**CLOSED, "until": NOW + 40})

    assert changes(at, at.refused, 1, NOW, wait) == (False, {**UNCOUNTED, **changed})


@pytest.mark.parametrize(("pause", "longer"), [(0, SECOND), (SECOND, 2 * SECOND), (400 * SECOND, 300 * SECOND)])
def test_a_refused_probe_adds_a_pause(pause, longer):
    """Twice as long each time."""
    at = state(probe="call", **{**CLOSED, "_pause": pause})
    _, changed = changes(at, at.refused, 1, NOW, 20)

    assert changed == {**UNCOUNTED, "until": NOW + 20 + longer, "_pause": longer, "_probe": None}


def test_a_failure_closes_the_gate_for_a_while():
    """The server is out of service."""
    at = state()

    assert changes(at, at.failed, 1, NOW) == (
        True,
        {**ENDED, "why": "OUTAGE", "since": NOW, "until": NOW + 2 * SECOND, "_outage": 2 * SECOND, "_hint": 2 * SECOND},
    )


@pytest.mark.parametrize(
    ("probe", "outage", "changed"),
    [
        (None, 2 * SECOND, {}),
        ("call", 4 * SECOND, {"_probe": None}),
        ("status", 4 * SECOND, {"_probe": None, "alone": True, "_missed": 1}),
    ],
)
def test_the_probe_prolongs_an_outage(probe, outage, changed):
    """Other calls report the same one; after the status call the head of the queue goes next."""
    at = state(probe=probe, **{**CLOSED, "_outage": 2 * SECOND, "_hint": 2 * SECOND})
    longer = {} if probe is None else {"_outage": outage, "_hint": outage}

    assert changes(at, at.failed, 1, NOW) == (False, {**ENDED, "until": NOW + outage, **longer, **changed})


# Calls that were given up


@pytest.mark.parametrize("cut", [False, True])
def test_a_lost_call_changes_nothing_of_an_open_gate(cut):
    """It holds its lease as if it arrived late; one that has ended does not."""
    at = state()

    assert changes(at, at.lost, 1, NOW, cut=cut) == (None, GIVEN_UP)
    assert changes(at, at.lost, 1, NOW, cut=cut) == (None, {})


@pytest.mark.parametrize("cut", [False, True])
def test_a_lost_call_puts_off_the_opening(cut):
    """By a period, or by what the server asked for, from its latest arrival on."""
    at, long = state(**CLOSED), state(**{**CLOSED, "_hint": 2 * PERIOD})
    assert changes(at, at.lost, 1, NOW, cut=cut) == (None, {**GIVEN_UP, **WAITS})
    assert changes(long, long.lost, 1, NOW, cut=cut)[1]["until"] == NOW + GUARD + 2 * PERIOD


def test_a_call_that_arrived_before_the_block_does_not_put_off_its_end():
    """Nor one that arrived when it began."""
    before, just = state(**{**CLOSED, "since": NOW + GUARD}), state(**{**CLOSED, "since": NOW + GUARD - 1})

    assert changes(before, before.lost, 1, NOW) == (None, GIVEN_UP)
    assert changes(just, just.lost, 1, NOW) == (None, {**GIVEN_UP, **WAITS})


@pytest.mark.parametrize(
    ("why", "probe", "cut", "changed"),
    [
        (Why.THROTTLED, "status", False, {}),
        (Why.THROTTLED, "status", True, {}),
        (Why.OUTAGE, "status", False, {"alone": True, "_missed": 1}),
        (Why.OUTAGE, "status", True, {}),
        (Why.OUTAGE, "call", False, {}),
    ],
)
def test_a_lost_probe_adds_a_pause(why, probe, cut, changed):
    """After a lost status call the head of the queue goes next, unless the account is throttled or our side gave up."""
    at = state(probe=probe, **{**CLOSED, "why": why})
    paused = {"until": NOW + GUARD + PERIOD + SECOND, "_pause": SECOND, "_probe": None}

    assert changes(at, at.lost, 1, NOW, cut=cut) == (None, {**GIVEN_UP, **paused, **changed})


def test_a_lost_probe_at_the_start_adds_no_pause():
    """Nothing was refused; the head of the queue goes next."""
    at = state(probe="status", why=Why.UNKNOWN)

    assert changes(at, at.lost, 1, NOW) == (None, {**GIVEN_UP, "_probe": None, "alone": True, "_missed": 1})


def test_a_call_that_never_left_frees_its_lease():
    """A status call that could not be sent counts as missed, one that was not tried does not."""
    for probe, unsent in (
        (None, {}),
        ("call", {"_probe": None}),
        ("status", {"_probe": None, "alone": True, "_missed": 1}),
    ):
        one, other = state(probe=probe, **CLOSED), state(probe=probe, **CLOSED)
        unused = {} if probe is None else {"_probe": None}

        assert changes(one, one.unsent, 1, NOW) == (None, {"open": [], **unsent})
        assert changes(other, other.unused, 1, NOW) == (None, {"open": [], **unused})


# What is not known any more


def test_a_state_that_was_not_looked_at_is_unknown():
    """A closed gate stays closed, and only what others sent is unknown."""
    at, shut = state(alone=True, until=NOW, _missed=2), state(**CLOSED, alone=True, _missed=2)

    assert changes(at, at.forget) == (
        None,
        {"why": "UNKNOWN", "_known": False, "_missed": 0, "alone": False, "until": 0},
    )
    assert changes(shut, shut.forget) == (None, {"_known": False, "_missed": 0})


@pytest.mark.parametrize("deadline", [None, 700])
def test_a_state_that_is_not_trusted_holds_all_leases(deadline):
    """Other processes, the pace and the next status are forgotten; a closed gate is closed since now."""
    at = state(**CLOSED, bulk_at=7, watch_at=8)
    at.processes.register("a", Demand(1, 1), Demand(0, 0), NOW, since=NOW, until=NOW)
    lapse = {} if deadline is None else {"open": [[1, NOW, deadline]]}
    _, changed = changes(at, at.distrust, NOW, deadline)

    assert changed.pop("processes")["known"] == {}
    assert changed == {"foreign": [3, NOW], "since": NOW, "bulk_at": NOW, "watch_at": None, "_known": False, **lapse}
    open_gate = state()
    assert changes(open_gate, open_gate.distrust, NOW)[1] == {
        "foreign": [3, NOW],
        "bulk_at": NOW,
        "why": "UNKNOWN",
        "_known": False,
    }


def test_a_restart_holds_all_leases_and_keeps_the_rest_of_a_block():
    """The scale of times is another one."""
    at = state(probe="call", **CLOSED, bulk_at=7, watch_at=8)
    at.processes.register("a", Demand(1, 1), Demand(0, 0), NOW, since=NOW, until=NOW)
    _, changed = changes(at, at.restart, NOW, 30)

    assert changed.pop("processes")["known"] == {}
    assert changed == {
        "open": [],
        "past": [[NOW, NEVER]],
        "foreign": [0, NOW],
        "until": NOW + 30,
        "since": NOW,
        "bulk_at": NOW,
        "watch_at": None,
        "_probe": None,
        "_known": False,
    }
