"""How requests are signed: flows without a network."""

import httpx
import pytest

from harvest_async import BasicAuth, BearerAuth, InvalidArgument, QueryTokenAuth
from harvest_async.auth import QUERY_TOKEN, Unsigned
from harvest_async.messages import Request
from harvest_async.secret import Secret

URL = "https://acme.example.com/clients"


def signed(auth):
    request = httpx.Request("GET", URL)
    flow = auth.auth_flow(request)
    assert next(flow) is request
    with pytest.raises(StopIteration):
        flow.send(httpx.Response(401))
    return request


def test_basic_is_base64_without_breaks():
    """With a password of any length."""
    header = signed(BasicAuth("me@example.com", "ü" * 200)).headers["authorization"]

    assert header.startswith("Basic bWVAZXhhbXBsZS5jb206w7zDvMO8")
    assert "\n" not in header


def test_bearer_is_a_header():
    """The token is sent as it is."""
    assert signed(BearerAuth("a+b/c=")).headers["authorization"] == "Bearer a+b/c="


def test_a_query_token_is_not_in_the_address_yet():
    """The transport puts it there as the last thing, since addresses are logged on the way."""
    request = signed(QueryTokenAuth("a+b/c="))

    assert (str(request.url), request.extensions[QUERY_TOKEN]) == (URL, "a+b/c=")


def test_nothing_may_stay_unsigned():
    """For requests that bring their own credentials."""
    auth = Unsigned()

    assert "authorization" not in signed(auth).headers
    assert (auth.show(Request("GET", URL)), auth.cache_identity(), repr(auth)) == (
        Request("GET", URL),
        Secret(b""),
        "Unsigned(...)",
    )


@pytest.mark.parametrize(
    ("email", "password"), [("", "x"), (" ", "x"), ("me:hush", "x"), (None, "x"), ("me", None), ("me", "\ud800hush")]
)
def test_basic_needs_both(email, password):
    """The error names what an environment lacks, and does not show what was given."""
    with pytest.raises(InvalidArgument, match="BasicAuth") as caught:
        BasicAuth(email, password)

    assert "hush" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("kind", [BearerAuth, QueryTokenAuth])
@pytest.mark.parametrize("token", ["", " ", "hush\r\nX-Evil: 1", "hush hush", "hüsh", None, 7])
def test_a_token_is_a_word(kind, token):
    """Any value that could break out of its header is refused, and not shown."""
    with pytest.raises(InvalidArgument, match=kind.__name__) as caught:
        kind(token)

    assert "hush" not in str(caught.value)
    assert caught.value.__context__ is None


def test_credentials_have_different_identities():
    """The same credential is the same; a token is one person's, however it travels."""
    one, other = BasicAuth("me@example.com", "a"), BasicAuth("me@example.com", "b")

    assert one.cache_identity() == BasicAuth("me@example.com", "a").cache_identity() != other.cache_identity()
    assert BearerAuth("t").cache_identity() == QueryTokenAuth("t").cache_identity() != one.cache_identity()


@pytest.mark.parametrize("auth", [BasicAuth("me@example.com", "hush"), BearerAuth("hush"), QueryTokenAuth("hush")])
def test_no_credential_is_shown(auth):
    """Neither by its repr nor in a request as it looks signed."""
    wire = auth.show(Request("GET", f"{URL}?page=2"))

    assert "[redacted]" in f"{wire.url} {wire.headers}"
    assert "hush" not in f"{auth!r} {wire.url} {wire.headers}"
