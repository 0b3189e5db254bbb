"""Four workers of a web app on one account, with a crowd before them and an import beside them."""

import pytest

from tests.support.web_load import stand

CALLS, PERIOD = 100, 2


@pytest.mark.socket
@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(240)
def test_a_crowd_is_served_up_to_the_capacity_while_an_import_runs():
    """Of 500 at once those are served for whom a lease is free; the rest are refused, with a time to retry.

    300 more who wait are all served. The server refuses nobody, the import continues, and the workers end soon. How
    fast a refusal is, and how exact, depends on what else the machine does: `benchmarks/bench_fastapi.py` measures it.
    """
    found = stand(CALLS, PERIOD)

    assert found.others == []
    assert len(found.served) >= 0.75 * found.free
    assert {int(each.headers["retry-after"]) for each in found.refused} <= set(range(1, 2 * PERIOD + 1))
    assert set(found.patient) == {200}
    assert (found.throttled, found.most <= CALLS, found.imported) == (0, True, True)
    assert found.ended_in < 5
    assert found.complaints == ""
