"""What logs, errors and reports show of a call, and that no credential is in them."""

import logging

import httpx
import pytest

from harvest_async import BasicAuth, BearerAuth, Forbidden, NotFound, QueryTokenAuth, RequestError
from tests.support.exchange import CLIENT, UNSAFE, call, harvest_of, json_answer

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


@pytest.mark.parametrize(
    "auth", [BasicAuth("me@example.com", "hush-hush"), BearerAuth("hush-hush"), QueryTokenAuth("hush-hush")]
)
async def test_no_secret_is_logged_or_shown(auth, caplog):
    """Neither in a log of any level nor in an error, its report, its curl command or a repr."""
    caplog.set_level(logging.DEBUG)
    harvest, inner = harvest_of(httpx.Response(404, text="no"), auth=auth)
    with pytest.raises(NotFound) as caught:
        await harvest.clients.get(7)

    error = caught.value
    shown = [
        caplog.text,
        str(error),
        repr(error),
        error.report(),
        error.as_curl(),
        repr(harvest),
        repr(auth),
        repr(error.request),
    ]
    sent = inner.sent[1]
    assert "authorization" in sent.headers or "hush-hush" in str(sent.url)
    assert not any(secret in text for text in shown for secret in ("hush-hush", "aHVzaC1odXNo"))


@pytest.mark.parametrize(
    ("auth", "line"),
    [
        (BasicAuth("me@example.com", "hush-hush"), "> Authorization: Basic [redacted]"),
        (BearerAuth("hush-hush"), "> Authorization: Bearer [redacted]"),
        (QueryTokenAuth("hush-hush"), "> GET https://acme.example.com/clients/7?access_token=[redacted]"),
    ],
)
async def test_a_report_says_how_the_request_was_signed(auth, line):
    """There is a placeholder for the credential."""
    harvest, _ = harvest_of(httpx.Response(404), auth=auth)
    with pytest.raises(NotFound) as caught:
        await harvest.clients.get(7)

    assert line in caught.value.report().splitlines()
    assert "[redacted]" in caught.value.as_curl()


async def test_a_foreign_way_to_sign_is_not_shown():
    """What another `httpx.Auth` does is its own business."""

    class Own(httpx.Auth):
        def auth_flow(self, request):
            request.headers["x-own"] = "hush-hush"
            yield request

    harvest, inner = harvest_of(httpx.Response(404), auth=Own())
    with pytest.raises(NotFound) as caught:
        await harvest.clients.get(7)

    assert inner.sent[1].headers["x-own"] == "hush-hush"
    assert "hush-hush" not in caught.value.report()


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ReadError("GET https://acme.example.com/?access_token=hush-hush broke"),
        httpx.LocalProtocolError("Illegal header value b'Basic aHVzaC1odXNo'"),
    ],
)
async def test_the_message_of_a_transport_is_shown_without_secrets(failure):
    """It may quote what it sent."""
    harvest, _ = harvest_of(*[failure] * 5)
    with pytest.raises(RequestError) as caught:
        await call(harvest, UNSAFE)

    assert type(failure).__name__ in str(caught.value)
    assert "hush" not in str(caught.value)
    assert "aHVzaC1odXNo" not in str(caught.value)


async def test_a_server_that_echoes_the_request_gives_nothing_away(caplog):
    """Its words are in the message, the credentials that it quotes are not."""
    caplog.set_level(logging.DEBUG)
    words = '{"message": "denied: Authorization: Basic bWVAZXhhbXBsZS5jb206aHVzaC1odXNo, ?access_token=hush-hush"}'
    response = httpx.Response(
        403, content=words, headers={"content-type": "application/json", "hint": "token=hush-hush"}
    )
    harvest, _ = harvest_of(response)
    with pytest.raises(Forbidden, match="denied") as caught:
        await harvest.clients.get(7)

    shown = f"{caught.value} {caught.value.report()} {caplog.text}"
    assert not any(secret in shown for secret in ("hush-hush", "bWVAZXhhbXBsZS5jb20"))


async def test_each_call_is_one_line_in_the_log(caplog):
    """At DEBUG: what, how it ended, how long it took and waited."""
    caplog.set_level(logging.DEBUG, "harvest_async")
    harvest, _ = harvest_of(json_answer(CLIENT))
    await harvest.clients.get(7)

    lines = [record.message for record in caplog.records if record.name == "harvest_async"]
    assert len(lines) == 1
    assert lines[0].startswith("GET https://acme.example.com/clients/7 -> 200 in 0.0")
