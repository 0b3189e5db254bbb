"""`ProvidedAuth`: credentials that a program provides when they are needed."""

import asyncio

import httpx
import pytest

from harvest_async import BearerAuth
from harvest_async.auth.provided import ProvidedAuth
from harvest_async.auth.refreshable import Renewing
from harvest_async.secret import Secret

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


class Expiring(Renewing):
    """Credentials that expire."""

    def __init__(self):
        self.held, self.invalidated = BearerAuth("first"), []

    def signer(self):
        return self.held

    def invalidate(self, signer):
        self.invalidated.append(signer)

    async def cache_identity(self):
        return Secret(b"person")

    async def renew(self, send):
        """Do nothing."""

    async def settle(self):
        """Do nothing."""


def provided(*given, pause=0.0):
    """Return credentials from a provider that returns the given ones in order."""
    left = list(given)

    async def provide():
        await asyncio.sleep(pause)
        return left.pop(0)

    return ProvidedAuth("acme", provide, lambda _: None, patience=5.0)


async def test_the_identity_for_a_cache_is_that_of_the_credentials():
    """Credentials that identify nobody have an empty one."""
    found = [await provided(each).cache_identity() for each in (BearerAuth("t"), Expiring(), httpx.Auth())]

    assert found == [BearerAuth("t").cache_identity(), Secret(b"person"), Secret(b"")]


async def test_the_refusal_of_credentials_that_expire_is_passed_to_them():
    """They renew themselves, so they are kept."""
    inner = Expiring()
    auth = provided(inner)
    await auth.ready()
    auth.invalidate(inner.held)

    assert inner.invalidated == [inner.held]
    assert auth.signer() is inner.held


async def test_a_late_refusal_of_old_credentials_keeps_the_new_ones():
    """A call that was signed with what was replaced meanwhile changes nothing."""
    old, new = BearerAuth("old"), BearerAuth("new")
    auth = provided(old, new)
    await auth.ready()
    auth.invalidate(old)
    await auth.ready()
    auth.invalidate(old)

    assert auth.signer() is new


async def test_what_is_forgotten_while_it_is_provided_is_not_kept():
    """Those who wait get it; the next call asks again."""
    auth = provided(BearerAuth("old"), BearerAuth("new"), pause=1.0)
    waiting = asyncio.ensure_future(auth.ready())
    await asyncio.sleep(0.5)
    auth.forget()
    await waiting

    assert auth.signer() is None
    assert (await auth.ready()).cache_identity() == BearerAuth("new").cache_identity()


async def test_closing_without_a_provider_that_runs_does_nothing():
    """Credentials that are known stay so, for calls in flight."""
    auth = provided(BearerAuth("t"))
    await auth.ready()
    auth.close()

    assert auth.signer() is not None


async def test_an_error_that_nobody_waits_for_is_not_logged(caplog):
    """If all callers were cancelled, the provider's later error is dropped."""

    async def fail():
        await asyncio.sleep(1)
        raise ValueError

    auth = ProvidedAuth("acme", fail, lambda _: None, patience=5.0)
    waiting = asyncio.ensure_future(auth.ready())
    await asyncio.sleep(0.5)
    waiting.cancel()
    await asyncio.sleep(2)

    assert waiting.cancelled()
    assert not caplog.records
