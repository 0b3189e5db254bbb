"""OAuth 2.0 under any other client of httpx, and in the address."""

import asyncio

import httpx
import pytest

from harvest_async import OAuth2, Throttle, ThrottledTransport, Unauthorized
from tests.support.renewal import HOUR, harvest_of, oauth_of, tokens
from tests.support.signin import SignIn
from tests.support.virtual_time import clock

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


def plain(server, auth, **options):
    throttle = Throttle(clock=clock(), pace="burst")
    transport = ThrottledTransport(server, throttle, status_path="/account/rate_limit_status")
    return httpx.AsyncClient(transport=transport, base_url="https://acme.example.com", auth=auth, **options), throttle


async def test_it_signs_in_any_client():
    """Early renewal and the second try included."""
    server = SignIn()
    client, _ = plain(server, oauth_of(tokens(-HOUR)))

    assert (await client.get("/clients/7")).status_code == 200
    server.revoke()
    assert (await client.get("/clients/7")).status_code == 200
    assert len(server.forms) == 2
    assert [request.url.path for request, status in server.calls if status == 401] == [
        "/account/rate_limit_status",  # asked in front of the request for a token, which has no credentials for it
        "/clients/7",
    ]


async def test_a_plain_client_s_calls_share_one_renewal():
    """Those that meet a revoked token give up their connections before they wait."""
    server = SignIn()
    client, throttle = plain(server, oauth_of(tokens()))
    await client.get("/clients/7")
    server.revoke()
    responses = await asyncio.gather(*(client.get("/clients/7") for _ in range(90)))

    assert {response.status_code for response in responses} == {200}
    assert len(server.forms) == 1
    assert throttle._gate().connections.busy == 0


async def test_a_plain_client_gets_the_error():
    """A token that does not help ends in a 401; a lost renewal is an error for all who wait."""
    server = SignIn()
    server._grant = lambda _: httpx.Response(200, json={"access_token": "bad", "token_type": "Bearer"})
    client, _ = plain(server, oauth_of(tokens(-HOUR)))
    assert (await client.get("/clients/7")).status_code == 401

    for response in ("lost", httpx.Response(500)):
        server = SignIn()
        server.script = [response]
        client, _ = plain(server, oauth_of(tokens(-HOUR)))
        results = await asyncio.gather(*(client.get("/clients/7") for _ in range(5)), return_exceptions=True)

        assert [type(result) for result in results] == [Unauthorized] * 5
        assert len(server.forms) == 1


async def test_the_exchange_and_a_plain_client_share_one_renewal():
    """One sign-in may be used by both."""
    server = SignIn(way=1)
    auth = oauth_of(tokens(-HOUR))
    client, _ = plain(server, auth)
    harvest = harvest_of(server, auth=auth)
    await asyncio.gather(client.get("/clients/7"), harvest.clients.get(7), client.get("/clients/7"))

    assert len(server.forms) == 1


async def test_a_token_may_travel_in_the_address():
    """As the documentation shows it; our transport adds it in a place that nobody logs."""
    server = SignIn()
    harvest = harvest_of(server, auth=oauth_of(tokens(), send_token_as="query"))
    await harvest.clients.get(7)

    assert server.calls[-1][0].url.params["access_token"] == "a0"


def test_a_client_without_a_loop_can_not_sign():
    """Renewals are shared between tasks."""
    client = httpx.Client(auth=OAuth2("id"), transport=httpx.MockTransport(lambda _: httpx.Response(200)))
    with client, pytest.raises(ValueError, match="AsyncClient"):
        client.get("https://acme.example.com/")
