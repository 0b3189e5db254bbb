"""The limits that users of one account give: a ceiling within the server's numbers, and the same for all of them."""

import pytest

from harvest_async.clock import SECOND
from harvest_async.errors import InvalidArgument
from harvest_async.throttle.bounds import Bounds


@pytest.mark.parametrize(
    ("bounds", "reported", "limit"),
    [
        (Bounds(), None, (100, 15 * SECOND)),
        (Bounds(7, 3 * SECOND), None, (7, 3 * SECOND)),
        (Bounds(), (40, 20 * SECOND), (40, 20 * SECOND)),
        (Bounds(50, 10 * SECOND), (40, 20 * SECOND), (40, 20 * SECOND)),
        (Bounds(30, 30 * SECOND), (40, 20 * SECOND), (30, 30 * SECOND)),
    ],
)
def test_the_stricter_of_the_user_and_the_server_holds(bounds, reported, limit):
    """Fewer calls and the longer period; 100 calls in 15 seconds where neither gives a number."""
    assert bounds.limit(reported) == limit


@pytest.mark.parametrize(
    ("bounds", "agreed", "result"),
    [
        (Bounds(), (None, None), (None, None)),
        (Bounds(7), (None, 3 * SECOND), (7, 3 * SECOND)),
        (Bounds(None, 3 * SECOND), (7, None), (7, 3 * SECOND)),
        (Bounds(7, 3 * SECOND), (7, 3 * SECOND), (7, 3 * SECOND)),
        (Bounds(), (7, 3 * SECOND), (7, 3 * SECOND)),
    ],
)
def test_users_complete_each_other(bounds, agreed, result):
    """A number that only one of them gives holds for all."""
    assert bounds.agree(agreed) == result


@pytest.mark.parametrize(
    ("bounds", "beginning"),
    [
        (
            Bounds(8, 3 * SECOND),
            "Throttle(calls=8): another throttle of the account has calls=7, ",
        ),
        (
            Bounds(7, 4 * SECOND),
            "Throttle(period=4): another throttle of the account has period=3, ",
        ),
    ],
)
def test_users_who_disagree_are_refused_with_both_numbers(bounds, beginning):
    """The error names the argument as it is given, with periods in seconds."""
    with pytest.raises(InvalidArgument) as raised:
        bounds.agree((7, 3 * SECOND))

    end = "and its calls are counted by the same ledger: give both the same numbers"
    assert str(raised.value) == beginning + end
