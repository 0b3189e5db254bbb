"""What every test may take."""

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes depends on what else the machine does; pytest's own timeout sees to what hangs.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture
def anyio_backend():
    """The library is for asyncio; anyio's runner drives the tests on it."""
    return "asyncio"
