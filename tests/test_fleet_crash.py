"""A fleet whose workers are killed; the harness is `tests.fleet`, which takes any number of runs and accounts."""

import pytest

from tests.fleet.harness import fleet_once

pytestmark = [pytest.mark.socket, pytest.mark.slow, pytest.mark.alone]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("seed", "api", "ledger"), [(0, "v2", "redis"), (3, "v1", "sqlite")])
def test_every_row_once_although_workers_are_killed(seed, api, ledger):
    """Workers die every few seconds and the queue's server restarts, once empty: every row is there once."""
    outcome = fleet_once(seed, accounts=6, api=api, ledger=ledger, every=(2.5, 4.0), kills=4, limit=150)

    assert outcome.good, vars(outcome)
