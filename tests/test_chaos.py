"""A short form of the chaos suite: `nox -s chaos` runs the long one."""

import sys

import pytest

pytestmark = [
    pytest.mark.socket,
    pytest.mark.slow,
    pytest.mark.alone,
    pytest.mark.timeout(200),
    pytest.mark.skipif(sys.platform != "linux", reason="the files that are left are counted in /proc"),
]


@pytest.mark.parametrize(
    ("subject", "fault"),
    [
        ("import v1", "resets"),
        ("calls v2", "tls"),
        ("calls v2", "valkey restarts"),
        ("app v2", "half-open"),
        ("import v1", "restarts"),
        ("import v2", "full disk"),
        ("export v1", "cut bodies"),
    ],
)
def test_nothing_is_lost_doubled_left_or_above_the_limit(subject, fault):
    """By the server's log and the account, each record is there once; nothing of the library is left afterwards."""
    from tests.chaos.trial import run_trial

    trial = run_trial(subject, fault, seed=1)

    assert trial.faults == [], trial.command


def test_the_suite_sees_what_is_lost_and_doubled():
    """Without its reports a subject's account is judged as wrong, so that a trial can fail at all."""
    from harvest_async.sandbox import Sandbox
    from tests.chaos.calls import CREATED, REFUSED, UNKNOWN, judge

    sandbox = Sandbox()
    for name in ("twice", "twice", "refused"):
        sandbox.world.add("client", {"name": name}, sandbox._account.clock.today())
    creates = {"twice": UNKNOWN, "refused": REFUSED, "lost": CREATED, "other": "a page of 500"}
    faults = judge(sandbox, None, {"creates": creates, "lists": []}, None)

    assert len(faults) == len(creates)
