"""Imports that are killed at chosen moments; the harness is `tests.crash`, which takes any number of runs."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.crash.harness import crash_once
from tests.crash.supervisor import PHASES

pytestmark = [pytest.mark.socket, pytest.mark.slow, pytest.mark.alone]


@pytest.mark.timeout(600)
def test_every_row_once_after_kills_losses_and_late_commits():
    """Killed three times or more each, and misled by lost and late responses, twenty imports log every row once."""
    histogram = Counter()

    def one(seed):
        return crash_once(seed, histogram=histogram)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(one, range(20)))

    assert [outcome.good for outcome in outcomes] == [True] * 20, [vars(each) for each in outcomes if not each.good]
    assert all(histogram[phase] >= 5 for phase in PHASES), histogram
    assert all(outcome.syncs > 0 and not outcome.early for outcome in outcomes)


@pytest.mark.timeout(120)
def test_without_reconciling_the_same_harness_fails():
    """What shows that the harness would see it: an import that sends lost calls again blindly does not pass."""
    assert any(crash_once(seed, blind=True).doubled for seed in range(1, 9))
