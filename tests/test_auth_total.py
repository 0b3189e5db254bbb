"""Any response of a server and any address of a browser: tokens, or an error of ours."""

import asyncio
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_async import FileTokenStore, HarvestError, InvalidArgument, StorageError, Tokens, Unauthorized
from harvest_async.auth import tokens as format_
from harvest_async.auth.oauth2 import OAuth2
from harvest_async.auth.redirects import authorize_url, read_code, read_fragment
from harvest_async.auth.tokens import code_form, read_tokens, refresh_form
from harvest_async.messages import Response
from tests.support.signin import SERVICE

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
WIRE = refresh_form("https://acme.example.com/oauth2/token", ("id", "secret"), "r0")
BEFORE = Tokens("a0", "r0", NOW)
MOST = 10 * 366 * 86_400


def read(content, status=200):
    return read_tokens(WIRE, Response(status, (("Content-Type", "application/json"),), content), NOW, BEFORE, 64_799)


@pytest.mark.parametrize(
    ("lifetime", "seconds"),
    [
        ('"00000000001999999999999999999999"', 64_799),
        ('"' + "0" * 5_000 + '60"', 60),
        ('"' + "9" * 5_000 + '"', 64_799),
        ("9" * 5_000, 64_799),
        ("-" + "9" * 5_000, 64_799),
        ("1e999", 64_799),
        ("-1e999", 64_799),
        ("NaN", 64_799),
        ("Infinity", 64_799),
        ("3600.0", 3_600),
        ("3600.5", 64_799),
        ("0", 64_799),
        ("-0.0", 64_799),
        ("true", 64_799),
        ("[]", 64_799),
        ("{}", 64_799),
        ('""', 64_799),
        ('"\\ud800"', 64_799),
        ('"\u0663\u0666\u0660\u0660"', 64_799),
        (f'"{MOST}"', MOST),
        (f"{MOST + 1}", 64_799),
        (f'"{MOST + 1}"', 64_799),
        ('" 3600 "', 3_600),
        ("3600", 3_600),
    ],
)
def test_any_lifetime_gives_tokens(lifetime, seconds):
    """One that can't be believed costs no tokens: the refresh token has been rotated."""
    tokens = read(f'{{"access_token": "a1", "token_type": "Bearer", "expires_in": {lifetime}}}'.encode())

    assert tokens.access_token == "a1"
    assert tokens.expires_at == NOW + timedelta(seconds=seconds)


absurd = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(0, 10**3_000)
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.sampled_from(["bearer", "a1", "\ud800", "0" * 50 + "19", "9" * 400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(["access_token", "refresh_token", "token_type", "expires_in", "error", "error_description"])


@settings(max_examples=200)
@given(tree=st.dictionaries(names, absurd), status=st.sampled_from([200, 201, 302, 400, 401, 403, 418, 500, 503]))
def test_any_token_response_gives_tokens_or_our_error(tree, status):
    """Which can be shown and encoded."""
    result = _result(lambda: read(json.dumps(tree).encode(), status))
    if isinstance(result, Tokens):
        assert asyncio.run(_signs(result))
    else:
        assert f"{result}{result.report()}{result.as_curl()}".encode()


def _result(function):
    """What a function returns, or the error of ours that it raises."""
    try:
        return function()
    except HarvestError as error:
        return error


async def _signs(tokens):
    oauth = OAuth2("id", "s", store=tokens, base_url="http://127.0.0.1:1", service=SERVICE)
    await oauth._current._begin()
    return oauth.signer()


@settings(max_examples=200)
@given(content=st.binary(max_size=60), status=st.integers(100, 599))
def test_any_body_of_a_token_response_gives_our_error(content, status):
    """Bytes that are no JSON, or no object."""
    with pytest.raises(HarvestError) as caught:
        read(content, status)
    assert caught.value.report().encode()


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b'{"a":' * 100_000, b'{"error": ' + b"[" * 900 + b"]" * 900 + b"}"]
)
@pytest.mark.parametrize("status", [200, 400])
def test_a_deeply_nested_token_response_gives_our_error(content, status):
    """No recursion error comes out."""
    with pytest.raises(HarvestError):
        read(content, status)


@pytest.mark.parametrize("token", ["a" * 65_537, "a b", "\u00e9", "\x00", "", " ", "\ud800"])
def test_a_token_that_can_not_be_sent_is_none(token):
    """Not in a response, and not in a redirect: nothing of it is stored."""
    with pytest.raises(HarvestError):
        read(json.dumps({"access_token": token, "token_type": "bearer"}).encode())
    with pytest.raises(InvalidArgument, match="no bearer token"):
        read_fragment(f"https://x/#state=s&access_token={token}", "s", NOW, 64_799)


any_text = st.text(st.characters(exclude_categories=()))


@settings(max_examples=500)
@given(
    values=st.dictionaries(
        st.sampled_from(["code", "access_token", "token_type", "expires_in", "error", "error_description"]), any_text
    ),
    state=any_text,
    theirs=any_text | st.just("s"),
    mark=st.sampled_from("?#"),
)
def test_any_redirect_gives_a_result_or_our_error(values, state, theirs, mark):
    """Half surrogate pairs among it, which an ASGI server makes of stray bytes."""
    redirect = "https://x/" + mark + "&".join(f"{name}={value}" for name, value in {"state": theirs, **values}.items())
    for expected in (state, theirs):
        for reader in (read_code, lambda text, own: read_fragment(text, own, NOW, 64_799)):
            result = _result(lambda read=reader, own=expected: read(redirect, own))
            assert result.report().encode() if isinstance(result, HarvestError) else result


@pytest.mark.parametrize("redirect", [None, 5, b"https://x/?code=c&state=s"])
def test_a_redirect_that_is_no_text_is_refused(redirect):
    """With what it is."""
    with pytest.raises(InvalidArgument, match="no text"):
        read_code(redirect, "s")


def test_a_lone_surrogate_in_a_state_is_another_state_or_can_not_be_sent():
    """It is compared like any other, and refused where it would have to be sent."""
    with pytest.raises(InvalidArgument, match="state differs"):
        read_code("https://x/?code=c&state=\ud800", "s")
    with pytest.raises(InvalidArgument, match="new_state"):
        authorize_url("https://x", "id", "https://x/", "\ud800", implicit=False)
    with pytest.raises(InvalidArgument, match="can't be sent"):
        code_form("https://x", ("id", "s"), "\ud800", "https://x/")


@pytest.mark.parametrize("zone", [-14, 0, 14])
@pytest.mark.parametrize("year", [1, 9999])
def test_any_end_of_a_token_can_be_calculated_with(year, zone):
    """The first and the last moment there is are taken for the nearest that has a minute before and after it."""
    month, day = (1, 1) if year == 1 else (12, 31)
    tokens = Tokens("a0", None, datetime(year, month, day, 12, tzinfo=timezone(timedelta(hours=zone))))

    assert format_.load(format_.dump(tokens)) == tokens
    assert asyncio.run(_outcome(tokens)) is (year == 9999)


async def _outcome(tokens):
    try:
        return await _signs(tokens) is not None
    except Unauthorized:
        return False


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"access_token": "a", "expires_at": ' + b"9" * 5_000 + b"}",
        b'{"access_token": "a", "expires_at": 1e999}',
        b'{"access_token": "a", "expires_at": "2026-01-05T09:00:00"}',
        b'{"access_token": "a", "expires_at": "0000-99-99"}',
        b'{"access_token": "\xff"}',
        b"\xff\xfe\x00",
    ],
)
def test_a_damaged_token_file_is_an_error_that_names_it(content, tmp_path):
    """With any content."""
    path = tmp_path / "tokens.json"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(StorageError):
        asyncio.run(FileTokenStore(path).load())
