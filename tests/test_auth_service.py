"""OAuth2 at the addresses of a service: hosts, paths, lifetime and scope are values."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from harvest_async.auth.oauth2 import OAuth2
from harvest_async.auth.scopes import Scope, read_scope
from harvest_async.auth.stores import MemoryTokenStore
from harvest_async.auth.tokens import Tokens, dump, load
from harvest_async.errors import InvalidArgument
from harvest_async.service import Service
from harvest_async.testing import VirtualClock

BACK = "https://app.example.com/back"
DAYS = 1_209_600
IDENTITY = Service(
    name="example.com",
    base_url="https://api.example.com/next",
    id_url="https://id.example.com",
    token_path="/api/next/oauth2/token",
    token_lifetime=DAYS,
)


def oauth_of(store=None, **options):
    """An OAuth2 at an identity host."""
    return OAuth2("id", "secret", redirect_uri=BACK, service=IDENTITY, store=store, clock=VirtualClock(), **options)


@pytest.mark.parametrize("implicit", [False, True])
def test_a_browser_is_sent_to_the_identity_host_with_the_scope(implicit):
    """Puts the flow and the scope into the address at the identity host."""
    url = urlsplit(oauth_of(scope="harvest:123 forecast:4").authorize_url("state", implicit=implicit))

    assert (url.scheme, url.netloc, url.path) == ("https", "id.example.com", "/oauth2/authorize")
    query = parse_qs(url.query)
    assert query["scope"] == ["harvest:123 forecast:4"]
    assert query["response_type"] == ["token" if implicit else "code"]


def test_no_scope_is_sent_unless_given():
    """Leaves the scope to the server."""
    assert "scope" not in oauth_of().authorize_url("state")


@pytest.mark.anyio
async def test_codes_and_refresh_tokens_are_exchanged_at_the_token_path():
    """Sends both requests to the service's token address, uses its lifetime, and keeps the scope of the redirect."""
    store, sent = MemoryTokenStore(), []

    def serve(request):
        sent.append(str(request.url))
        return httpx.Response(200, json={"access_token": f"a{len(sent)}", "refresh_token": "r", "token_type": "bearer"})

    auth = oauth_of(store)
    async with httpx.AsyncClient(transport=httpx.MockTransport(serve)) as client:
        await auth.sign_in(f"{BACK}?code=c&state=s&scope=harvest%3A123", state="s", send=client)
    first = await store.load()
    async with httpx.AsyncClient(transport=httpx.MockTransport(serve), auth=auth) as client:
        auth.invalidate(auth.signer())
        await client.get("https://api.example.com/next/company")

    assert sent[:2] == ["https://id.example.com/api/next/oauth2/token"] * 2
    assert first.expires_at == VirtualClock().today() + timedelta(seconds=DAYS)
    assert (await store.load()).access_token == "a2"
    assert read_scope(await store.load()).accounts == (("harvest", 123),)


@pytest.mark.anyio
async def test_an_implicit_sign_in_keeps_its_scope_and_has_no_refresh_token():
    """Stores what the fragment says; the lifetime is the service's where the fragment states none."""
    store = MemoryTokenStore()
    fragment = "access_token=t&token_type=bearer&state=s&scope=harvest%3A123%20forecast%3A4"
    await oauth_of(store).accept_fragment(f"{BACK}#{fragment}", state="s")

    tokens = await store.load()
    assert tokens.refresh_token is None
    assert tokens.expires_at == VirtualClock().today() + timedelta(seconds=DAYS)
    assert tokens.scope == "harvest:123 forecast:4"


def test_a_scope_survives_the_token_file():
    """Writes the scope into the token file and reads it back; a file without one has an empty scope."""
    tokens = Tokens("a", "r", grant="g", scope="harvest:1")

    assert load(dump(tokens)) == tokens
    assert load(dump(Tokens("a"))).scope == ""


@pytest.mark.parametrize(
    ("text", "accounts", "products"),
    [
        ("harvest:123 forecast:4", (("harvest", 123), ("forecast", 4)), set()),
        ("harvest:all", (), {"harvest"}),
        ("all", (), {"all"}),
        ("harvest:123 harvest:123", (("harvest", 123),), set()),
        ("harvest:x :1 : harvest: other harvest:٣ harvest:" + "9" * 5_000, (), set()),
        ("", (), set()),
    ],
)
def test_scopes_are_read_into_accounts(text, accounts, products):
    """Reads accounts in their order; leaves out what is not understood."""
    assert read_scope(text) == Scope(accounts, frozenset(products))


@pytest.mark.parametrize(
    ("text", "included"), [("harvest:1", True), ("harvest:all", True), ("all", True), ("forecast:all harvest:2", False)]
)
def test_a_scope_includes_an_account(text, included):
    """Returns whether tokens can be used for an account."""
    assert read_scope(text).includes("harvest", 1) is included


def test_an_address_is_given_once():
    """Refuses both names of the authorization server's address at once, and takes each."""
    with pytest.raises(InvalidArgument, match="give one of them"):
        oauth_of(base_url="https://a.example.com", id_url="https://b.example.com")
    for name in ("base_url", "id_url"):
        url = oauth_of(**{name: "https://other.example.com"}).authorize_url("s")
        assert url.startswith("https://other.example.com/oauth2/authorize?")


def test_a_class_of_no_version_needs_a_service():
    """Raises InvalidArgument that says what to give."""
    with pytest.raises(InvalidArgument, match="give service"):
        OAuth2("id")
