"""What every test may take."""

import pytest


@pytest.fixture
def anyio_backend():
    """The library is for asyncio; anyio's runner drives the tests on it."""
    return "asyncio"
