"""Renewing tokens: early, once for all, and never at the price of a lease that somebody else needs."""

import asyncio
import logging
from datetime import timedelta

import anyio
import httpx
import pytest

from harvest_async import (
    FileTokenStore,
    HarvestError,
    MemoryTokenStore,
    NotSent,
    StorageError,
    Throttle,
    Throttled,
    Tokens,
    Unauthorized,
    WouldWait,
)
from harvest_async.throttle.lease import Ticket
from tests.support.renewal import HOUR, harvest_of, tokens
from tests.support.signin import SignIn
from tests.support.virtual_time import clock

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


class Store(MemoryTokenStore):
    """Keeps tokens, and says what happened to them in which order."""

    def __init__(self, held=None, server=None):
        super().__init__(held)
        self.server, self.saved, self.broken = server, [], 0

    async def save(self, new):
        if self.broken:
            self.broken -= 1
            raise OSError("disk full")
        await asyncio.sleep(0.1)
        used = [request for request, _ in self.server.calls if new.access_token in str(request.headers)]
        self.saved.append((new, len(used)))
        await super().save(new)


def idle(harvest):
    return harvest.throttle.snapshot().in_flight == 0 and harvest.throttle._gate().connections.busy == 0


async def test_a_good_token_signs():
    """Nothing is asked for as long as it lasts."""
    server = SignIn()
    assert (await harvest_of(server, tokens()).clients.get(7)).id == 7

    assert server.forms == []
    assert server.calls[-1][0].headers["authorization"] == "Bearer a0"


async def test_a_token_is_renewed_a_minute_early():
    """By a form, with the client's own headers, and what it brings is stored before it signs anything."""
    server = SignIn()
    store = Store(tokens(timedelta(seconds=59)), server)
    harvest = harvest_of(server, store)
    await harvest.clients.get(7)

    [(request, form)] = server.forms
    assert form == {"grant_type": "refresh_token", "refresh_token": "r0", "client_id": "id", "client_secret": "s+/="}
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["user-agent"] == "tests harvest_async"
    assert "authorization" not in request.headers
    assert str(request.url) == "https://acme.example.com/oauth2/token"
    [(saved, used_before)] = store.saved
    assert (saved.access_token, saved.refresh_token, saved.grant, used_before) == ("a1", "r1", "grant", 0)
    assert server.refused == 0


async def test_a_token_is_not_renewed_earlier():
    """A minute and a second before its end it is good."""
    server = SignIn()
    await harvest_of(server, tokens(timedelta(seconds=61))).clients.get(7)

    assert server.forms == []


async def test_a_token_lasts_eighteen_hours():
    """By the clock that was given, not by the server's lifetime of 64,799 s alone."""
    server = SignIn()
    harvest = harvest_of(server, tokens(timedelta()))
    for after in (0, 64_799 - 61, 2):
        clock().advance(after)
        await harvest.clients.get(7)

    assert [form["refresh_token"] for _, form in server.forms] == ["r0", "r1"]


async def test_a_token_without_an_end_is_good_until_it_is_refused():
    """Nobody knows how long it lasts."""
    server = SignIn(access=())
    harvest = harvest_of(server, Tokens("a0", "r0"))
    await harvest.clients.get(7)

    assert (len(server.forms), server.refused) == (1, 2)  # the status call, and the call


async def test_what_is_refused_goes_once_more_with_a_new_token():
    """It uses up no attempt, and its response is closed before the renewal begins."""
    server = SignIn()
    harvest = harvest_of(server, tokens())
    await harvest.clients.get(7)
    server.revoke()
    assert (await harvest.clients.get(7)).id == 7

    assert (len(server.forms), server.refused) == (1, 1)
    assert idle(harvest)


async def test_a_call_refused_twice_is_reported():
    """A new token that does not help means that the person may not."""
    server = SignIn()
    server._grant = lambda _: httpx.Response(200, json={"access_token": "bad", "token_type": "Bearer"})
    harvest = harvest_of(server, tokens())
    server.revoke()
    with pytest.raises(Unauthorized) as caught:
        await harvest.clients.get(7)

    assert (caught.value.status, len(server.forms)) == (401, 1)
    assert "> GET https://acme.example.com/clients/7" in caught.value.report()
    assert "> Authorization: Bearer [redacted]" in caught.value.report()
    assert idle(harvest)


@pytest.mark.parametrize("lane", ["interactive", "bulk"])
async def test_a_thousand_calls_share_one_renewal(lane):
    """At the end of a token one request is sent, in the interactive lane, and nobody is refused."""
    server = SignIn()
    harvest = harvest_of(server, tokens(timedelta(seconds=90)))
    await harvest.clients.get(7)
    clock().advance(60)
    began = clock().now()
    calls = [harvest.options(lane=lane).clients.get(7) for _ in range(1_000)]
    found = await asyncio.gather(*calls)

    assert {client.id for client in found} == {7}
    assert (len(server.forms), server.refused) == (1, 0)
    assert clock().now() - began < 10.5 * 15e9
    assert idle(harvest)


@pytest.mark.parametrize("lane", ["interactive", "bulk"])
async def test_a_thousand_calls_meet_a_revoked_token(lane):
    """Only those that were on their way are refused: at most as many as there are connections."""
    server = SignIn(way=0.2)
    harvest = harvest_of(server, tokens())
    await harvest.clients.get(7)
    server.revoke()
    found = await asyncio.gather(*(harvest.options(lane=lane).clients.get(7) for _ in range(1_000)))

    assert {client.id for client in found} == {7}
    assert len(server.forms) == 1
    assert 1 <= server.refused <= server.most_busy <= 48
    assert idle(harvest)


async def test_a_token_that_ends_in_the_line_costs_no_refusal():
    """Who gets a lease looks again, and gives it back while the token is renewed; the queue moves on."""
    server = SignIn()
    harvest = harvest_of(server, tokens(timedelta(seconds=60 + 20)))
    found = await asyncio.gather(*(harvest.clients.get(7) for _ in range(350)))

    assert len(found) == 350
    assert (len(server.forms), server.refused) == (1, 0)
    assert clock().now() < 4 * 15e9
    assert idle(harvest)


async def test_a_token_that_ends_behind_a_shut_gate_is_renewed_first():
    """The status is asked for with a good credential, and everything goes on."""
    server = SignIn()
    harvest = harvest_of(server, tokens(timedelta(seconds=60 + 20)))
    await harvest.clients.get(7)
    normal, shut = server._call, []

    def refuse(request):
        if len(shut) < 3:
            shut.append(request)
            return httpx.Response(503, headers={"retry-after": "30"})
        return normal(request)

    server._call = refuse
    found = await asyncio.gather(*(harvest.clients.get(7) for _ in range(5)))

    assert len(found) == 5
    assert (len(server.forms), server.refused) == (1, 0)
    assert idle(harvest)


async def test_the_status_is_still_asked_first_after_a_renewal():
    """What others sent is unknown until the status was read, and a request for a token can't report it."""
    server = SignIn()
    await asyncio.gather(*(harvest_of_one.clients.get(7) for harvest_of_one in [harvest_of(server, tokens(-HOUR))] * 5))

    assert len(server.forms) == 1
    assert server.calls[0][0].url.path == "/account/rate_limit_status"
    assert [request.url.path for request, _ in server.calls].count("/account/rate_limit_status") == 1


async def test_a_throttled_renewal_waits_like_any_call():
    """It was not processed, so the same token may be sent again."""
    server = SignIn()
    harvest = harvest_of(server, tokens())
    await harvest.clients.get(7)
    server.revoke()
    server.script = [httpx.Response(503, headers={"retry-after": "5"})]
    await harvest.clients.get(7)

    assert [form["refresh_token"] for _, form in server.forms] == ["r0", "r0"]


async def test_a_renewal_that_was_not_sent_is_tried_again():
    """Nothing left this machine, so the refresh token is as good as before."""
    server = SignIn()
    server.script = [httpx.ConnectError("no route"), httpx.ConnectError("no route")]
    await harvest_of(server, tokens(-HOUR)).clients.get(7)

    assert len(server.forms) == 3


async def test_a_renewal_that_can_not_be_sent_is_reported():
    """Neither it nor the call left this machine."""
    server = SignIn()
    server.script = [httpx.ConnectError("no route")] * 5
    harvest = harvest_of(server, tokens(-HOUR))
    with pytest.raises(NotSent, match="oauth2/token"):
        await harvest.clients.create_id("ACME")
    with pytest.raises(NotSent):  # the pause
        await harvest.clients.get(7)

    assert (len(server.forms), server.calls) == (5, [])
    await asyncio.sleep(11)
    await harvest.clients.get(7)


@pytest.mark.parametrize(
    "response", ["lost", httpx.Response(500), httpx.Response(502, html="<html>"), httpx.Response(200, html="<html>")]
)
async def test_a_renewal_with_a_lost_response_is_not_sent_again_by_itself(response):
    """The refresh token may be spent: the caller gets an error, and may start another try."""
    server = SignIn()
    server.script = [response]
    harvest = harvest_of(server, tokens(-HOUR))
    results = await asyncio.gather(*(harvest.clients.get(7) for _ in range(20)), return_exceptions=True)

    assert {type(result) for result in results} == {Unauthorized}
    assert "may be spent" in str(results[0])
    assert len({id(result) for result in results}) == 20
    assert "client_secret=[redacted]" in results[0].report()
    assert (len(server.forms), server.calls) == (1, [])
    await asyncio.sleep(11)
    if response == "lost":
        with pytest.raises(Unauthorized, match="sign in again"):
            await harvest.clients.get(7)
    else:
        await harvest.clients.get(7)
    assert len(server.forms) == 2


async def test_a_write_behind_a_lost_renewal_is_not_in_doubt():
    """It was never sent, or refused."""
    server = SignIn()
    harvest = harvest_of(server, tokens())
    server.revoke()
    server.script = ["lost"]
    with pytest.raises(Unauthorized):
        await harvest.clients.create_id("ACME")


@pytest.mark.parametrize(
    "responses", [[httpx.ConnectError("no route")] * 5, [httpx.ReadError("connection closed")], [httpx.Response(500)]]
)
async def test_an_early_renewal_that_fails_is_no_misfortune(responses, caplog):
    """The old token signs as long as it lasts; a refresh token that may be spent is not sent again before."""
    server = SignIn()
    server.script = list(responses)
    harvest = harvest_of(server, tokens(timedelta(seconds=50)))
    for _ in range(3):
        await harvest.clients.get(7)
        await asyncio.sleep(3)

    assert {request.headers["authorization"] for request, _ in server.calls} == {"Bearer a0"}
    assert len(server.forms) == len(responses)
    assert "could not be renewed yet" in caplog.text
    await asyncio.sleep(50)
    await harvest.clients.get(7)
    assert server.calls[-1][0].headers["authorization"] == "Bearer a1"


async def test_an_early_renewal_with_a_lost_response_is_reported():
    """The old token is refused by then, and the new ones are lost."""
    server = SignIn()
    server.script = ["lost"]
    harvest = harvest_of(server, tokens(timedelta(seconds=50)))
    with pytest.raises(Unauthorized, match="may be spent"):
        await harvest.clients.get(7)

    assert len(server.forms) == 1


async def test_a_refresh_token_that_is_refused_is_not_sent_again():
    """A new sign-in is required, which is reported without asking the server each time."""
    server = SignIn(refresh="other")
    harvest = harvest_of(server, tokens(-HOUR))
    for _ in range(3):
        with pytest.raises(Unauthorized, match="sign in again"):
            await harvest.clients.get(7)

    assert (len(server.forms), server.calls) == (1, [])


async def test_without_a_refresh_token_somebody_has_to_sign_in_again():
    """A token of the implicit grant is used until it expires, and not after."""
    server = SignIn()
    harvest = harvest_of(server, tokens(timedelta(seconds=30), refresh=None))
    await harvest.clients.get(7)
    clock().advance(31)
    with pytest.raises(Unauthorized, match=r"no refresh token: sign in again"):
        await harvest.clients.get(7)

    assert server.forms == []


async def test_without_any_token_somebody_has_to_sign_in():
    """Nothing is sent."""
    server = SignIn()
    with pytest.raises(Unauthorized, match="nobody has signed in"):
        await harvest_of(server).clients.get(7)

    assert server.calls == []


async def test_what_another_process_brought_is_used():
    """The store is looked at before a renewal, and after one that was refused."""
    server = SignIn(access=("a9",), refresh="r9")
    store = Store(tokens(timedelta(seconds=90)), server)
    harvest = harvest_of(server, store)
    await MemoryTokenStore.save(store, tokens(HOUR, "a9", "r9"))
    await harvest.clients.get(7)
    assert server.forms == []

    class Slow(Store):
        async def load(self):
            held = await super().load()
            self.looks = getattr(self, "looks", 0) + 1
            return tokens(-HOUR) if self.looks == 1 else held

    store = Slow(tokens(HOUR, "a9", "r9"), server)
    await harvest_of(server, store).clients.get(7)
    assert len(server.forms) == 1
    assert store.looks == 2


async def test_tokens_that_can_not_be_stored_are_not_used():
    """They are kept, and stored at the next call; nothing is asked for twice."""
    server = SignIn()
    store = Store(tokens(-HOUR), server)
    store.broken = 1
    harvest = harvest_of(server, store)
    with pytest.raises(HarvestError, match="could not be stored"):
        await harvest.clients.get(7)
    assert server.calls == []
    await harvest.clients.get(7)

    assert len(server.forms) == 1
    assert [new.access_token for new, _ in store.saved] == ["a1"]


async def test_a_store_that_can_not_be_read_is_reported():
    """With what it says."""

    class Broken(MemoryTokenStore):
        async def load(self):
            raise OSError("no disk")

    with pytest.raises(HarvestError, match="no disk"):
        await harvest_of(SignIn(), Broken()).clients.get(7)


async def test_a_file_that_others_can_read_is_refused(tmp_path):
    """As the store says it."""
    path = tmp_path / "tokens.json"
    path.write_text("{}")
    path.chmod(0o644)
    with pytest.raises(StorageError, match="chmod 600"):
        await harvest_of(SignIn(), FileTokenStore(path)).clients.get(7)


async def test_an_account_that_stays_blocked_is_reported():
    """The request for a token waits at the gate like any other, and no longer; nothing is spent by it."""
    server = SignIn()
    server.script = [httpx.Response(503, headers={"retry-after": "1000"})]
    harvest = harvest_of(server, tokens(-HOUR), throttle=Throttle(clock=clock(), max_block=10))
    with pytest.raises(Throttled) as caught:
        await harvest.clients.get(7)

    assert "> POST https://acme.example.com/oauth2/token" in caught.value.report()
    assert "client_secret=[redacted]" in caught.value.report()


async def test_the_status_is_not_asked_for_with_a_token_that_is_out_of_date():
    """In passing, that is: the lease for it is returned, and the next call asks."""
    server = SignIn()
    harvest = harvest_of(server, tokens(timedelta(seconds=90)))
    await harvest.clients.get(7)
    clock().advance(60)
    sent = len(server.calls)
    lease = await harvest.throttle.acquire(Ticket())
    await harvest._exchange._attempts.probe(lease)

    assert lease.ended
    assert len(server.calls) == sent
    assert idle(harvest)


async def test_who_is_cancelled_leaves_the_renewal_to_the_others():
    """It goes on, and the others get what it brings."""
    server = SignIn(way=1)
    harvest = harvest_of(server, tokens(-HOUR))
    first = asyncio.ensure_future(harvest.clients.get(7))
    await asyncio.sleep(0.5)
    second = asyncio.ensure_future(harvest.clients.get(7))
    await asyncio.sleep(0.1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first

    assert (await second).id == 7
    assert len(server.forms) == 1
    assert idle(harvest)


async def test_closing_waits_for_a_renewal():
    """What it brings would be lost, and somebody would have to sign in again."""
    server = SignIn(way=1)
    store = Store(tokens(-HOUR), server)
    async with harvest_of(server, store) as harvest:
        with anyio.move_on_after(0.5):
            await harvest.clients.get(7)

    assert [new.access_token for new, _ in store.saved] == ["a1"]


async def test_closing_does_not_wait_for_ever():
    """A server that never responds can't keep a program from ending."""
    server = SignIn(way=1_000)
    async with harvest_of(server, tokens(-HOUR)) as harvest:
        with anyio.move_on_after(0.5):
            await harvest.clients.get(7)
    async with harvest_of(server, tokens()):
        pass

    assert clock().now() < 60e9
    assert idle(harvest)


async def test_who_fails_fast_does_not_wait_for_a_renewal():
    """It counts as waiting, and goes on for those who have more patience."""
    server = SignIn(way=5)
    harvest = harvest_of(server, tokens(-HOUR))
    patient = asyncio.ensure_future(harvest.clients.get(7))
    began = clock().now()
    with pytest.raises(WouldWait, match="access token"):
        await harvest.options(max_wait=1).clients.get(7)

    assert clock().now() - began < 1.1e9
    assert (await patient).id == 7
    assert len(server.forms) == 1


async def test_an_absurd_lifetime_is_not_believed(caplog):
    """It lasts as long as the contract says; one of a second does not make every call renew it."""
    for lifetime, forms in (("never", 1), (-5, 1), (True, 1), (10**30, 1), (1, 1), ("64799", 1), (None, 1)):
        server = SignIn()
        server.token_response |= {"expires_in": lifetime}
        harvest = harvest_of(server, tokens(-HOUR))
        for _ in range(3):
            await harvest.clients.get(7)

        assert len(server.forms) == forms


async def test_no_token_is_shown(caplog):
    """Not in any log, error or repr, on all of the ways."""
    caplog.set_level(logging.DEBUG)
    hush = Tokens("hush-access", "hush-refresh", clock().today() - HOUR)
    for script in ("lost", httpx.Response(400, json={"error": "invalid_grant", "error_description": "hush"}), None):
        server = SignIn(refresh="hush-refresh")
        server.script = [script]
        harvest = harvest_of(server, hush)
        with pytest.raises(Unauthorized) if script else anyio.CancelScope() as caught:
            await harvest.clients.get(7)
        if script:
            caplog.text.index("oauth2/token")
            error = caught.value
            chain = f"{error} {error!r} {error.report()} {error.as_curl()} {error.__cause__!r} {error.__context__!r}"
            assert "hush-" not in chain
            assert "s%2B" not in chain
        assert "hush-" not in f"{harvest.auth!r} {hush!r} {MemoryTokenStore(hush)!r}"

    assert "hush-" not in caplog.text
    assert "s%2B" not in caplog.text
