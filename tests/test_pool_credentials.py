"""The credentials of a `HarvestPool`: each account has its own, requested once and again when they are refused."""

import asyncio

import pytest

from harvest_async import BasicAuth, InvalidArgument, NotSent, Unauthorized
from tests.support.pool import Expiring, PoolServer, Provider, call, make_pool

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.fixture
async def server():
    """A server of any number of accounts."""
    return PoolServer(asyncio.get_running_loop().clock)


@pytest.fixture
def provider():
    """A provider of credentials."""
    return Provider()


async def test_concurrent_first_uses_ask_for_credentials_once(server, provider):
    """Twenty blocks that open together share one call of the provider."""
    provider.seconds = 1.0
    async with make_pool(server, provider) as pool:
        await asyncio.gather(*(call(pool, 1) for _ in range(20)))

    assert provider.asked == ["1"]


async def test_a_first_use_that_is_cancelled_does_not_stop_the_others(server, provider):
    """The provider goes on for those who wait with the cancelled one."""
    provider.seconds = 1.0
    async with make_pool(server, provider) as pool:
        first, second = (asyncio.ensure_future(call(pool, 1)) for _ in range(2))
        await asyncio.sleep(0.5)
        first.cancel()

        assert await second == "1"
    assert provider.asked == ["1"]


async def test_an_error_of_the_provider_reaches_the_caller_and_is_not_kept(server, provider):
    """An unknown account raises the provider's own error each time; a later success is used."""
    provider.error = LookupError("no such account")
    async with make_pool(server, provider) as pool:
        for _ in range(2):
            with pytest.raises(LookupError, match="no such account"):
                await call(pool, 1)
        provider.error = None

        assert await call(pool, 1) == "1"
    assert provider.asked == ["1"] * 3


async def test_a_provider_that_hangs_is_given_up(server, provider):
    """Raises NotSent after `patience`, in every caller that waits, and asks again for the next one."""
    provider.seconds = 1e6
    loop = asyncio.get_running_loop()
    async with make_pool(server, provider, patience=5) as pool:
        began = loop.time()
        errors = await asyncio.gather(call(pool, 1), call(pool, 1), return_exceptions=True)
        assert 5 <= loop.time() - began < 6
        provider.seconds = 0.0

        assert await call(pool, 1) == "1"
    assert [type(error) for error in errors] == [NotSent, NotSent]
    assert "the credentials of account 1 were not provided within 5 s" in str(errors[0])


async def test_a_provider_that_is_cancelled_by_others_is_an_error(server):
    """A provider that ends by a cancellation of its own does not cancel the caller."""

    async def provider(_account):
        raise asyncio.CancelledError

    async with make_pool(server, provider) as pool:
        with pytest.raises(NotSent, match="credentials of account 1 was cancelled"):
            await call(pool, 1)


@pytest.mark.parametrize("given", [None, "token", object()])
async def test_what_is_no_credential_is_refused(server, given):
    """Names the account and what to return instead, and shows nothing of the value."""

    async def provider(_account):
        return given

    async with make_pool(server, provider) as pool:
        with pytest.raises(InvalidArgument, match=f"returned {type(given).__name__} for account 1: return BearerAuth"):
            await call(pool, 1)


async def test_credentials_of_another_version_are_refused(server):
    """API v2 has no passwords."""

    async def provider(_account):
        return BasicAuth("me@example.com", "secret")

    async with make_pool(server, provider) as pool:
        with pytest.raises(InvalidArgument, match="API v2 accepts no e-mail and password"):
            await call(pool, 1)


async def test_refused_credentials_are_asked_for_again(server, provider):
    """A token that is refused in mid-run is replaced by a new one from the provider, within the same call."""
    async with make_pool(server, provider) as pool, pool.account(1) as harvest:
        await harvest.company.get()
        server.valid = {"new"}
        provider.tokens["1"] = "new"
        await harvest.company.get()

    assert provider.asked == ["1", "1"]
    assert [signed for _, _, signed in server.calls] == ["Bearer token-1", "Bearer token-1", "Bearer new"]


async def test_calls_in_flight_with_refused_credentials_ask_once(server, provider):
    """Ten calls that are refused together ask the provider once."""
    async with make_pool(server, provider) as pool, pool.account(1) as harvest:
        await harvest.company.get()
        server.valid, provider.tokens["1"] = {"new"}, "new"
        await asyncio.gather(*(harvest.company.get() for _ in range(8)))

    assert provider.asked == ["1", "1"]


async def test_credentials_that_are_refused_for_good_raise(server, provider):
    """If new credentials are refused, too, the call raises Unauthorized, and the next call asks once more."""
    server.valid = set()
    async with make_pool(server, provider) as pool, pool.account(1) as harvest:
        with pytest.raises(Unauthorized):
            await harvest.company.get()
        server.valid = {"token-1"}

        assert (await harvest.company.get()).name == "1"
    assert provider.asked == ["1", "1"]


async def test_forgotten_credentials_are_asked_for_again(server, provider):
    """`forget` in the middle of a block: calls in flight end, the next one asks the provider."""
    async with make_pool(server, provider) as pool, pool.account(1) as harvest:
        running = asyncio.ensure_future(harvest.company.get())
        await asyncio.sleep(0.01)
        pool.forget(1)
        provider.tokens["1"] = "new"
        await running
        await harvest.company.get()
        pool.forget(2)  # unknown: nothing happens

    assert [signed for _, _, signed in server.calls] == ["Bearer token-1", "Bearer new"]


async def test_credentials_that_expire_are_renewed_and_replaced_when_that_fails(server):
    """They renew themselves; when the renewal is refused the provider is asked for others."""
    given = [Expiring(), Expiring()]
    asked = iter(given)

    async def provider(_account):
        return next(asked)

    async with make_pool(server, provider) as pool, pool.account(1) as harvest:
        await harvest.company.get()
        given[0].held, given[0].refused = None, True
        with pytest.raises(Unauthorized):
            await harvest.company.get()
        await harvest.company.get()

    assert [each.renewals for each in given] == [1, 1]
    assert given[1].ended == 1  # a renewal that runs when the pool is closed is waited for


async def test_secrets_are_not_shown(server, provider):
    """Neither the pool nor its parts show a token."""
    async with make_pool(server, provider) as pool, pool.account(1) as harvest:
        await harvest.company.get()
        shown = f"{pool!r} {harvest!r} {harvest.auth!r} {pool.metrics()} {pool.snapshot()}"

    assert "token-1" not in shown
    assert "ProvidedAuth('1')" in shown
