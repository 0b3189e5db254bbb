"""The registry of throttles: an account has one as long as anybody holds it."""

import gc

import pytest

from harvest_async import Identity, InvalidArgument, Registry, Throttle


def test_a_throttle_that_was_released_is_found_while_somebody_holds_it():
    """A registry forgets a released throttle only when its last user does."""
    registry, acme = Registry(), Identity("harvestapp.com", "acme")
    held = registry.throttle(acme)
    registry.release(acme)
    registry.release(acme)

    assert registry.throttle(acme) is held
    registry.release(acme)
    with pytest.raises(InvalidArgument, match="in use with a budget of its own"):
        registry.alias(acme, Identity("harvestapp.com", "1"))
    del held
    gc.collect()
    registry.alias(acme, Identity("harvestapp.com", "1"))
    made = Throttle()
    assert registry.throttle(acme, lambda: made) is made
