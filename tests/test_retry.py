"""What becomes of a failed call is a table, and retries have a budget."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.call import Repeat
from harvest_async.retry import Budget, Failure, Verdict, backoff, failure_of, verdict


@pytest.mark.parametrize(
    ("failure", "repeatable", "not_repeatable"),
    [
        (Failure.NOT_SENT, Verdict.RETRY, Verdict.RETRY),
        (Failure.SILENT, Verdict.RETRY, Verdict.UNKNOWN),
        (Failure.BROKEN, Verdict.RETRY, Verdict.UNKNOWN),
        (Failure.REFUSED, Verdict.RAISE, Verdict.RAISE),
    ],
)
def test_what_may_have_been_carried_out_is_repeated_only_where_that_is_harmless(failure, repeatable, not_repeatable):
    """Safe and idempotent endpoints are repeated, the others never once they may have been at work."""
    found = [verdict(failure, repeat) for repeat in (Repeat.SAFE, Repeat.IDEMPOTENT, Repeat.UNSAFE)]

    assert found == [repeatable, repeatable, not_repeatable]


@given(st.integers(100, 599))
def test_every_status_has_a_meaning(status):
    """2xx is a success, 5xx leaves the outcome open, everything else is a refusal."""
    expected = {2: None, 5: Failure.BROKEN}.get(status // 100, Failure.REFUSED)

    assert failure_of(status) is expected


@given(st.integers(1, 50), st.floats(0, 1))
def test_pauses_double_up_to_a_cap_and_are_spread(attempt, chance):
    """Each lies between half of its step and the whole."""
    step = min(20.0, 0.5 * 2 ** (attempt - 1))

    assert step / 2 <= backoff(attempt, chance) <= step


@given(st.lists(st.sampled_from(["spend", "earn"]), max_size=200))
def test_a_budget_lends_what_it_has_and_no_more(steps):
    """Retries never exceed a full budget and what successes earned."""
    budget, spent, earned = Budget(full=3, refill=0.5), 0, 0
    for step in steps:
        if step == "spend":
            spent += budget.spend()
        else:
            budget.earn()
            earned += 1
        assert spent <= 3 + earned * 0.5


def test_a_spent_budget_is_refilled_by_successes_up_to_its_brim():
    """Ten successes earn a retry; a thousand earn no more than a full budget."""
    budget = Budget(full=2, refill=0.5)
    found = [budget.spend(), budget.spend(), budget.spend()]
    budget.earn()
    budget.earn()
    found += [budget.spend(), budget.spend()]
    for _ in range(100):
        budget.earn()
    found += [budget.spend(), budget.spend(), budget.spend()]

    assert found == [True, True, False, True, False, True, True, False]
