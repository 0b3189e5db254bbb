"""No credential leaves by a traceback with local variables, a pickled or copied error, or a log of requests."""

import asyncio
import copy
import gc
import pickle
import traceback
from urllib.parse import quote

import httpx
import pytest

from harvest_async import (
    BasicAuth,
    BearerAuth,
    DecodeError,
    FileTokenStore,
    HarvestError,
    HarvestV1,
    HttpCache,
    InvalidArgument,
    MemoryTokenStore,
    OAuth2,
    QueryTokenAuth,
    Throttle,
    Tokens,
)
from harvest_async.sandbox import Sandbox
from harvest_async.secret import SecretText, hide, hide_user
from harvest_async.testing import in_process

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

SECRET = "s3cr3t-0f-0urs"
MARKS = (SECRET, "czNjcjN0LTBmLTB1cn", "NjcjN0LTBmLTB1c", "M2NyM3QtMGYtMHVyc")  # as it is, and as HTTP Basic has it
STATE = "the-state"


def shown(error, *, frames=True):
    """Everything that an error can show, and what frames show of their local variables."""
    ways = [str(error), repr(error), error.report(), "".join(traceback.format_exception(error))]
    ways += [error.as_curl()] if error.request is not None else []
    ways += [repr(pickle.dumps(each)) for each in (error, copy.copy(error), copy.deepcopy(error))]
    seen, waiting = set(), [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        waiting += [each.__cause__, None if each.__suppress_context__ else each.__context__]
        stack = traceback.TracebackException.from_exception(each, capture_locals=True).stack if frames else ()
        ways += [
            f"{frame.filename}:{frame.lineno} {name}={value}"
            for frame in stack
            if "/tests/" not in frame.filename
            for name, value in (frame.locals or {}).items()
        ]
    return ways


def leaks(error, *, frames=True):
    """The ways by which an error shows the secret."""
    return [each for each in shown(error, frames=frames) if any(mark in each for mark in MARKS)]


def client(handle, auth, **options):
    """Return a client whose requests are handled by a function."""
    transport, clock = httpx.MockTransport(handle), asyncio.get_running_loop().clock
    return HarvestV1("acme", auth=auth, app="tests", throttle=Throttle(clock=clock), transport=transport, **options)


@pytest.mark.parametrize(
    "make",
    [
        lambda: BasicAuth("", SECRET),
        lambda: BasicAuth("a:b", SECRET),
        lambda: BasicAuth("me", f"{SECRET}\ud800"),
        lambda: BearerAuth(f"{SECRET} x"),
        lambda: BearerAuth(f"{SECRET}\n" + "\u00e4"),
        lambda: QueryTokenAuth(f"{SECRET} x"),
        lambda: OAuth2("", SECRET),
        lambda: OAuth2("id", SECRET, early=-1),
        lambda: OAuth2("id", SECRET, base_url=f"https://me:{SECRET}@acme.example.com"),
    ],
)
async def test_wrong_credentials_are_refused_without_showing_them(make):
    """The error of a constructor holds no credential, and its frames show none."""
    with pytest.raises(InvalidArgument) as caught:
        make()

    assert leaks(caught.value) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://me:{}@acme.example.com",
        "https://me:{}/zz@acme.example.com",
        "https://me:12/{}@acme.example.com",
        "https://me:x#{}@acme.example.com",
        "https://me:x?{}@acme.example.com",
        "https://me:{}\u2100@acme.example.com",
        "https://me:{}@acme.example.com\u2100",
        "https://me:{}@[::1",
        "https://me:{}@",
        "//me:{}@acme.example.com",
        "me:{}@acme.example.com",
        "https://{}@acme.example.com:99999",
        "https://me:{}%40acme.example.com@x\n",
    ],
)
async def test_a_password_in_the_address_is_not_shown(url, monkeypatch):
    """For any unusable address, also one from the environment."""
    address = url.format(SECRET)
    with pytest.raises(InvalidArgument) as caught:
        client(lambda _: None, BearerAuth("t"), base_url=address)
    monkeypatch.setenv("HARVEST_ACCESS_TOKEN", SECRET)
    monkeypatch.setenv("HARVEST_BASE_URL", address)
    with pytest.raises(InvalidArgument) as from_env:
        HarvestV1.from_env(account="acme", app="tests")

    assert leaks(caught.value) == []
    assert leaks(from_env.value) == []


async def test_the_environment_is_not_shown_where_a_variable_is_missing(monkeypatch):
    """The frames of `from_env` don't hold all of it."""
    monkeypatch.setenv("HARVEST_PASSWORD", SECRET)
    monkeypatch.setenv("HARVEST_EMAIL", "me@example.com")
    monkeypatch.delenv("HARVEST_APP", raising=False)
    with pytest.raises(InvalidArgument, match="HARVEST_APP") as caught:
        HarvestV1.from_env(account="acme")

    assert leaks(caught.value) == []


ANSWERS = {
    "refused": lambda _: httpx.Response(401, json={"message": "no"}),
    "echoed": lambda request: httpx.Response(
        422, json={"errors": {"password": SECRET, "headers": {"authorization": request.headers.get("authorization")}}}
    ),
    "cut off": lambda _: httpx.Response(200, content="{"),
    "unreadable": lambda _: httpx.Response(200, content=f'{{"access_token": "{SECRET}'),
    "wrong shape": lambda _: httpx.Response(200, json=[{"client": {"id": "x", "access_token": SECRET}}]),
    "redirected": lambda _: httpx.Response(302, headers={"location": f"https://me:{SECRET}@a.example/?code={SECRET}"}),
}


def fail(_):
    raise httpx.ReadError("the connection broke")


@pytest.mark.parametrize("response", [*ANSWERS, "lost"])
@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize(
    "auth", [lambda: BasicAuth("me", SECRET), lambda: BearerAuth(SECRET), lambda: QueryTokenAuth(SECRET)]
)
async def test_a_failed_call_shows_no_credential(response, cached, auth, tmp_path):
    """With and without a cache, whose key is made of the credential."""
    options = {"cache": HttpCache(tmp_path / "cache.db")} if cached else {}
    async with client(ANSWERS.get(response, fail), auth(), **options) as harvest:
        with pytest.raises(HarvestError) as read:
            await harvest.clients.list()
        with pytest.raises(HarvestError) as made:
            await harvest.clients.create("ACME")

    quotes = response in {"echoed", "unreadable", "wrong shape", "redirected"}  # frames hold bodies as they come
    assert leaks(read.value, frames=not quotes) == []
    assert leaks(made.value, frames=not quotes) == []


TOKEN_ANSWERS = {
    "refused": lambda _: httpx.Response(400, json={"error": "invalid_grant", "refresh_token": SECRET}),
    "echoed": lambda _: httpx.Response(
        400, json={"error": "invalid_grant", "error_description": f"refresh_token={SECRET} and client_secret={SECRET}"}
    ),
    "no token": lambda _: httpx.Response(200, json={"access_token": SECRET, "token_type": "mac"}),
    "failed": lambda request: httpx.Response(500, content=request.content),
    "unreadable": lambda _: httpx.Response(200, content=f'{{"access_token": "{SECRET}'),
    "lost": fail,
}


@pytest.mark.parametrize(
    ("response", "plain"),
    [(response, plain) for response in TOKEN_ANSWERS for plain in (False, True) if (response, plain) != ("lost", True)],
)
async def test_a_failed_renewal_shows_neither_tokens_nor_the_client_s_secret(response, plain):
    """Also to another process, to which the error is sent; in our clients and in plain ones."""
    auth = OAuth2("id", SECRET, account="acme", store=MemoryTokenStore(Tokens("out-of-date", SECRET, None)))

    def handle(request):
        if request.url.path == "/oauth2/token":
            return TOKEN_ANSWERS[response](request)
        return httpx.Response(401)

    async def call():
        if plain:
            async with httpx.AsyncClient(transport=httpx.MockTransport(handle), auth=auth) as http:
                await http.get("https://acme.harvestapp.com/clients")
        else:
            async with client(handle, auth) as harvest:
                await harvest.clients.list()

    with pytest.raises(HarvestError) as caught:
        await call()

    assert leaks(caught.value) == []
    held = [
        each for each in gc.get_referents(caught.value.__dict__) if type(each).__module__ == "harvest_async.messages"
    ]
    assert [each for each in held if SECRET.encode() in each.content] == []


@pytest.mark.parametrize(
    "query", ["code={}&state=other", "code={0}&code={0}&state=the-state", "state=the-state&token={}"]
)
@pytest.mark.parametrize("where", ["?", "#"])
async def test_a_refused_redirect_shows_no_code(query, where):
    """The redirect address that the browser opened has the code in it."""
    redirect = f"https://app.example.com/back{where}{query.format(SECRET)}"
    auth = OAuth2("id", SECRET, redirect_uri="https://app.example.com/back")
    with pytest.raises(InvalidArgument) as signed_in:
        await auth.sign_in(redirect, state=STATE, send=httpx.AsyncClient())
    with pytest.raises(InvalidArgument) as accepted:
        await auth.accept_fragment(redirect, state=STATE)

    assert leaks(signed_in.value) == []
    assert leaks(accepted.value) == []


@pytest.mark.parametrize(
    "content", [f'{{"access_token": "{SECRET}"', f'{{"access_token": "{SECRET}", "refresh_token": 7}}']
)
async def test_a_broken_token_file_is_not_shown(content, tmp_path):
    """Only its path is."""
    path = tmp_path / "tokens.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(HarvestError) as caught:
        await FileTokenStore(path).load()

    assert leaks(caught.value) == []


async def test_a_body_that_can_not_be_read_is_quoted_without_its_secrets():
    """Also where the quotation cuts a credential in half."""
    for blanks in range(90, 125):
        content = " " * 3 + "x" * blanks + f' Bearer {SECRET} https://me:{SECRET}@a.example {{"token": "{SECRET}"}}'
        async with client(lambda _, content=content: httpx.Response(200, content=content), BearerAuth("t")) as harvest:
            with pytest.raises(DecodeError) as caught:
                await harvest.clients.list()

        assert not any(SECRET[:4] in way for way in (str(caught.value), caught.value.report()))


async def test_the_sandbox_logs_no_secret():
    """Neither of headers nor of addresses nor of parameters, in any spelling."""
    sandbox = Sandbox(clock=asyncio.get_running_loop().clock)
    headers = {
        "authorization": f"Bearer {SECRET}",
        "x-api-key": SECRET,
        "x-auth-token": SECRET,
        "cookie": f"a={SECRET}",
        "referer": f"https://me:{SECRET}@app.example.com/?code={SECRET}",
        "x-note": f"Basic {SECRET}",
    }
    query = f"access_token={SECRET}&user%5Bpassword%5D={SECRET}&Access%5FToken={SECRET}&client_secret={SECRET}&page=2"
    async with httpx.AsyncClient(transport=in_process(sandbox), base_url="http://127.0.0.1") as http:
        await http.get(f"/clients?{query}", headers=headers)
        await http.get(f"/clients/{quote(f'token={SECRET}')}")
    text = repr(sandbox.requests())
    sandbox.close()

    assert SECRET not in text
    assert "page=2" in text


def test_a_hidden_text_is_used_like_any_other():
    """It is equal to what it holds, and only its `repr` differs, also that of a part of it."""
    text = SecretText("abc")

    assert (text, {text: 1}["abc"], str(text), f"{text}") == ("abc", 1, "abc", "abc")
    assert type(str(text)) is str
    assert {repr(text), repr(text[:2]), repr(hide("abc")), repr(hide_user("https://me:abc@x"))} == {"'[redacted]'"}
    assert (hide(None), hide_user("https://x")) == (None, "https://x")
    assert repr(hide_user("https://x")) == "'https://x'"
