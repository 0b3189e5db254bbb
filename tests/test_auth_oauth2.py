"""Signing in by OAuth 2.0: where people are sent, what they bring back, what the tokens are and where they are kept."""

import os
import stat
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async import (
    BadRequest,
    DecodeError,
    FileTokenStore,
    HarvestV1,
    InvalidArgument,
    MemoryTokenStore,
    NotSent,
    OAuth2,
    OutcomeUnknown,
    ServerError,
    StorageError,
    Tokens,
    Unauthorized,
    new_state,
)
from harvest_async.auth import redirects, stores
from harvest_async.auth.tokens import code_form, read_tokens, refresh_form
from harvest_async.messages import Request, Response
from harvest_async.secret import Secret
from harvest_async.testing import VirtualClock
from tests.support.signin import SignIn

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
BACK = "https://app.example.com/back"
WIRE = refresh_form("https://acme.example.com/oauth2/token", ("id", "hush-secret"), "hush-refresh")


def oauth_of(**options):
    return OAuth2("i d&", "s+/=", **({"redirect_uri": BACK, "clock": VirtualClock()} | options))


# Where people are sent


@pytest.mark.parametrize(
    ("options", "base"),
    [
        ({}, "https://api.harvestapp.com"),
        ({"account": "acme"}, "https://acme.harvestapp.com"),
        ({"base_url": "http://127.0.0.1:8000/"}, "http://127.0.0.1:8000"),
    ],
)
def test_people_are_sent_to_the_account_or_to_any(options, base):
    """By default any account may sign in."""
    url = urlsplit(oauth_of(**options).authorize_url("st&te"))

    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{base}/oauth2/authorize"
    assert dict(parse_qsl(url.query, strict_parsing=True)) == {
        "client_id": "i d&",
        "redirect_uri": BACK,
        "state": "st&te",
        "response_type": "code",
    }


def test_an_application_without_a_secret_asks_for_a_token():
    """The implicit grant asks for a token in the address."""
    assert "response_type=token" in oauth_of().authorize_url("state", implicit=True)


def test_states_can_not_be_guessed():
    """Each is new, and long enough."""
    assert len({new_state() for _ in range(100)}) == 100
    assert min(len(new_state()) for _ in range(100)) >= 43


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"account": "evil.example/"}, "subdomain"),
        ({"base_url": "http://acme.example.com"}, "https"),
        ({"send_token_as": "body"}, "header"),
        ({"early": -1}, "early"),
        ({"early": float("nan")}, "early"),
    ],
)
def test_what_can_not_work_is_refused(options, words):
    """When it is made."""
    with pytest.raises(InvalidArgument, match=words):
        oauth_of(**options)


def test_missing_options_are_reported():
    """A client id always, a redirect address for signing in, a state in each address."""
    with pytest.raises(InvalidArgument, match="client id"):
        OAuth2(" ")
    with pytest.raises(InvalidArgument, match="redirect_uri"):
        OAuth2("id").authorize_url("state")
    with pytest.raises(InvalidArgument, match="state"):
        oauth_of().authorize_url(" ")


# What they bring back


def test_a_code_is_read():
    """Decoded, and other parameters are ignored."""
    assert redirects.read_code(f"{BACK}?x=1&code=a%2Bb%2F%3D&state=s#y", "s") == ("a+b/=", "")


@pytest.mark.parametrize(
    "query",
    [
        "code=c",
        "code=c&state=other",
        "code=c&state=",
        "code=c&state=S",
        "code=c&state=s%C3%BC",
        "code=c&state=s&state=s",
        "",
    ],
)
def test_a_redirect_of_another_sign_in_is_refused(query):
    """Nothing in it is believed; not even that it failed."""
    for more in ("", "&error=access_denied"):
        with pytest.raises(InvalidArgument, match=r"sign-in|twice"):
            redirects.read_code(f"{BACK}?{query}{more}", "s")


def test_a_lost_state_matches_nothing():
    """A session that has none must not accept a redirect that has none."""
    with pytest.raises(InvalidArgument, match="state"):
        redirects.read_code(f"{BACK}?code=c&state=", "")


@pytest.mark.parametrize(
    "redirect", [f"{BACK}?state=s", f"{BACK}?state=s&code=", f"{BACK}?code=1&code=2&state=s", "http://["]
)
def test_a_redirect_without_a_code_is_refused(redirect):
    """One code, once (RFC 6749, 3.1)."""
    with pytest.raises(InvalidArgument, match="redirect"):
        redirects.read_code(redirect, "s")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("access_denied", "said no: sign in again"),
        ("unauthorized_client", "may not have tokens"),
        ("server_error", "server_error"),
        ("what%1b%5B2Jelse", r"what\\x1b"),
    ],
)
def test_a_refused_sign_in_is_reported(error, words):
    """In RFC 6749's words, with what the server says to it, made safe to show."""
    with pytest.raises(Unauthorized, match=words) as caught:
        redirects.read_code(f"{BACK}?error={error}&error_description=Not+you,+token%3Dhush&state=s", "s")

    assert "Not you, token=[redacted]" in str(caught.value)


@pytest.mark.parametrize("start", [f"{BACK}#", "#", ""])
def test_a_fragment_is_read(start):
    """Whole address, or the part of it that a page passes on."""
    text = f"{start}access_token=a%2Bb&expires_in=64799&state=s&token_type=bearer"
    tokens = redirects.read_fragment(text, "s", NOW, 64_799)

    assert (tokens.access_token, tokens.refresh_token) == ("a+b", None)
    assert tokens.expires_at == NOW + timedelta(seconds=64_799)
    assert len(tokens.grant) == 32


@pytest.mark.parametrize("rest", ["", "&access_token=", "&access_token=a&token_type=mac"])
def test_a_fragment_without_a_token_is_refused(rest):
    """Only bearer tokens are known."""
    with pytest.raises(InvalidArgument, match="bearer token"):
        redirects.read_fragment(f"{BACK}#state=s{rest}", "s", NOW, 64_799)


# Forms and their responses


def test_forms_are_encoded_as_forms():
    """Tokens may contain + / = and are sent encoded."""
    wire = code_form("https://x.example/oauth2/token", ("id", "s+/="), "c+/=", BACK)

    assert (wire.method, wire.header("content-type")) == ("POST", "application/x-www-form-urlencoded")
    assert b"code=c%2B%2F%3D" in wire.content
    assert dict(parse_qsl(wire.content.decode(), strict_parsing=True)) == {
        "grant_type": "authorization_code",
        "code": "c+/=",
        "redirect_uri": BACK,
        "client_id": "id",
        "client_secret": "s+/=",
    }
    assert b"secret" not in refresh_form("https://x.example/", ("id", None), "r").content


def answer_of(content, status=200):
    return Response(status, (("content-type", "application/json"),), content)


def test_an_answer_gives_tokens():
    """A refresh token that does not come anew stays, and so does the sign-in's name."""
    before = Tokens("a0", "r0", NOW, "grant")
    whole = answer_of(b'{"access_token": "a1", "token_type": "Bearer", "refresh_token": "r1", "expires_in": 60}')
    short = answer_of(b'{"access_token": "a2", "token_type": "bearer"}')

    assert read_tokens(WIRE, whole, NOW, before, 64_799) == Tokens("a1", "r1", NOW + timedelta(seconds=60), "grant")
    assert read_tokens(WIRE, short, NOW, before, 64_799) == Tokens("a2", "r0", NOW + timedelta(seconds=64_799), "grant")


@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        b"[]",
        b"{}",
        b'{"access_token": "a"}',
        b'{"access_token": "", "token_type": "bearer"}',
        b'{"access_token": "a\\r\\nX: 1", "token_type": "bearer"}',
        b'{"access_token": 7, "token_type": "bearer"}',
        b'{"access_token": "hush-a", "token_type": "mac"}',
        b'{"access_token": "hush-a", "token_type": 7}',
        b"[" * 100_000,
    ],
)
def test_a_response_without_tokens_is_reported(content):
    """With the exchange, and without what is secret in it."""
    with pytest.raises(DecodeError, match="bearer token") as caught:
        read_tokens(WIRE, answer_of(content), NOW, Tokens("a0"), 64_799)

    assert "client_secret=[redacted]" in caught.value.report()
    assert "hush" not in f"{caught.value}{caught.value.report()}"


@pytest.mark.parametrize(
    ("status", "content", "kind", "words"),
    [
        (400, b'{"error": "invalid_grant"}', Unauthorized, "sign in again"),
        (401, b'{"error": "invalid_client", "error_description": "who?"}', Unauthorized, r"\(who\?\): the client id"),
        (400, b'{"error": "unauthorized_client"}', Unauthorized, "may not have"),
        (400, b'{"error": "invalid_request", "error_description": 7}', BadRequest, "invalid_request"),
        (400, b'{"error": {"x": 1}}', BadRequest, "'x': 1"),
        (401, b"<html>", Unauthorized, "returned 401"),
        (302, b"", ServerError, "never followed"),
        (500, b'{"error": "invalid_grant"}', ServerError, "returned 500"),
        (204, b"", ServerError, "204"),
    ],
)
def test_a_refusal_raises_the_error_of_its_status(status, content, kind, words):
    """Who was wrong, and what to do."""
    with pytest.raises(kind, match=words) as caught:
        read_tokens(WIRE, answer_of(content, status), NOW, Tokens("a0"), 64_799)

    assert type(caught.value) is kind
    assert caught.value.request == WIRE.redacted()
    assert "hush" not in caught.value.report()


def test_tokens_are_not_shown():
    """Only how long they last."""
    assert repr(Tokens("hush", "hush", NOW)) == "<Tokens until 2026-01-05 09:00:00+0000>"
    assert repr(Tokens("hush")) == "<Tokens>"
    with pytest.raises(InvalidArgument, match="time zone"):
        Tokens("a", None, datetime(2026, 1, 5))


# Stores

words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)


@pytest.mark.anyio
async def test_a_file_keeps_tokens(tmp_path):
    """Nobody has signed in before; saved tokens are there for any other process, and only the owner can read them."""
    path = tmp_path / "tokens.json"
    store = FileTokenStore(str(path))
    assert await store.load() is None

    for tokens in (Tokens("a0", "r0", NOW, "g"), Tokens("a1")):
        await store.save(tokens)
        assert await FileTokenStore(path).load() == tokens
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["tokens.json"]
    assert repr(store) == f"FileTokenStore('{path}')"


@pytest.mark.anyio
async def test_a_loose_umask_does_not_loosen_the_file(tmp_path):
    """And an old file that others can read is no example."""
    path = tmp_path / "tokens.json"
    path.write_text("{}")
    path.chmod(0o666)
    before = os.umask(0)
    try:
        await FileTokenStore(path).save(Tokens("a"))
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.anyio
async def test_a_file_that_others_can_read_is_refused(tmp_path):
    """The tokens in it may be known to anybody."""
    path = tmp_path / "tokens.json"
    await FileTokenStore(path).save(Tokens("a"))
    path.chmod(0o640)
    with pytest.raises(StorageError, match="chmod 600"):
        await FileTokenStore(path).load()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"access_token": "hush hush"}',
        b'{"access_token": "a", "refresh_token": 7}',
        b'{"access_token": "a", "expires_at": "tomorrow"}',
        b'{"access_token": "a", "expires_at": 7}',
        b'{"access_token": "a", "expires_at": "2026-01-05T09:00:00"}',
        b"\xff",
    ],
)
async def test_a_file_with_other_content_is_reported(content, tmp_path):
    """It is never guessed at."""
    path = tmp_path / "tokens.json"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(StorageError, match=r"sign in again|time zone") as caught:
        await FileTokenStore(path).load()

    assert "hush" not in str(caught.value)


@pytest.mark.anyio
async def test_a_link_stays_a_link(tmp_path):
    """What it leads to is replaced."""
    real, link = tmp_path / "real" / "tokens.json", tmp_path / "tokens.json"
    real.parent.mkdir()
    link.symlink_to(real)
    await FileTokenStore(link).save(Tokens("a"))

    assert link.is_symlink()
    assert await FileTokenStore(real).load() == Tokens("a")


@pytest.mark.anyio
async def test_a_save_that_fails_leaves_the_old_file(tmp_path):
    """And nothing else; a name that can't be replaced is one way to fail."""
    path = tmp_path / "tokens.json"
    (path / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match=r"tokens\.json"):
        await FileTokenStore(path).save(Tokens("a"))
    with pytest.raises(OSError, match="nowhere"):
        await FileTokenStore(tmp_path / "nowhere" / "tokens.json").save(Tokens("a"))

    assert [each.name for each in tmp_path.iterdir()] == ["tokens.json"]


@given(words, words | st.none(), st.datetimes(timezones=st.timezones()) | st.none(), st.text())
def test_what_a_file_keeps_comes_back(access, refresh, moment, grant):
    """With tokens of any form."""
    tokens = Tokens(access, refresh, moment and moment.astimezone(UTC), grant)

    assert stores.format_.load(stores.format_.dump(tokens)) == tokens


# The whole dance


@pytest.mark.anyio
async def test_a_sign_in_brings_tokens():
    """From the redirect to signed calls, through any client."""
    server, store = SignIn(way=0), MemoryTokenStore()
    auth = OAuth2("id", "s+/=", redirect_uri=BACK, base_url="https://acme.example.com", store=store)
    state = new_state()
    async with httpx.AsyncClient(transport=server, auth=auth, base_url="https://acme.example.com") as client:
        await auth.sign_in(f"{BACK}?code=c0&state={state}", state=state, send=client)

        assert (await client.get("/clients/7")).status_code == 200
    held = await store.load()
    assert (held.access_token, held.refresh_token, len(held.grant)) == ("a1", "r1", 32)
    assert server.forms[0][1]["grant_type"] == "authorization_code"
    assert (await auth.cache_identity()).reveal().decode() == f"OAuth2 {held.grant}"


@pytest.mark.anyio
async def test_a_sign_in_through_a_client_of_ours_takes_a_lease():
    """The request for tokens counts like any other call."""
    server = SignIn(way=0)
    auth = OAuth2("id", "s+/=", redirect_uri=BACK, base_url="https://acme.example.com")
    harvest = HarvestV1("signing-in", auth=auth, app="tests", base_url="https://acme.example.com", transport=server)
    async with harvest:
        await harvest.sign_in(f"{BACK}?code=c0&state=s", state="s")

        assert harvest.throttle.snapshot().granted == 1
        assert (await harvest.clients.get(7)).id == 7


@pytest.mark.anyio
async def test_only_what_can_sign_in_can_sign_in():
    """A client with a password has no use for a redirect."""
    async with HarvestV1("acme", auth=httpx.BasicAuth("a", "b"), app="tests") as harvest:
        with pytest.raises(InvalidArgument, match="OAuth2"):
            await harvest.sign_in(BACK, state="s")


@pytest.mark.anyio
async def test_an_implicit_sign_in_brings_a_token():
    """It signs at once."""
    server = SignIn(access=("tok",), way=0)
    auth = OAuth2("id", redirect_uri=BACK, base_url="https://acme.example.com")
    await auth.accept_fragment(f"{BACK}#access_token=tok&token_type=bearer&expires_in=64799&state=s", state="s")
    async with httpx.AsyncClient(transport=server, auth=auth) as client:
        assert (await client.get("https://acme.example.com/clients/7")).status_code == 200


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (httpx.ConnectError("no"), NotSent),
        (httpx.ReadError("no"), OutcomeUnknown),
        (httpx.Response(400, json={"error": "invalid_grant"}), Unauthorized),
        (httpx.Response(302, headers={"location": "https://evil.example/"}), ServerError),
    ],
)
async def test_a_failed_sign_in_is_reported(response, kind):
    """A code is good for once, so nothing is sent again; and nothing goes anywhere else."""
    server = SignIn(way=0)
    server.script = [response]
    auth = OAuth2("id", "s+/=", redirect_uri=BACK, base_url="https://acme.example.com")
    async with httpx.AsyncClient(transport=server, follow_redirects=True) as client:
        with pytest.raises(kind) as caught:
            await auth.sign_in(f"{BACK}?code=c0&state=s", state="s", send=client)

    assert len(server.forms) == 1
    assert "code=[redacted]" in caught.value.report()


@pytest.mark.anyio
async def test_sign_ins_have_different_identities():
    """By the sign-in's name, which a renewal of the token does not change; else by the token that is there."""
    named = OAuth2("id", store=Tokens("a", "r", None, "grant"))

    assert await named.cache_identity() == Secret(b"OAuth2 grant")
    assert await OAuth2("id", store=Tokens("a", "r")).cache_identity() == Secret(b"OAuth2 r")
    assert await OAuth2("id", store=Tokens("a")).cache_identity() == Secret(b"OAuth2 a")
    assert await OAuth2("id").cache_identity() == Secret(b"")
    assert anyio.get_cancelled_exc_class()  # the store is asked on the running loop


def test_a_form_is_a_wire():
    """A plain value, which shows itself without its secrets."""
    assert isinstance(WIRE, Request)
    assert "hush" not in repr(WIRE)
