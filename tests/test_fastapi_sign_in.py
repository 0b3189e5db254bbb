"""Signing people in, against the sandbox as the authorization server."""

import asyncio
import json
import re
from hashlib import sha256
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx
import pytest
from fastapi import Depends, Request, WebSocket
from itsdangerous import URLSafeTimedSerializer

from harvest_async import InvalidArgument, MemoryTokenStore, new_state
from harvest_async.fastapi.oauth_app import OAuthApp
from harvest_async.fastapi.redirects import address_of, is_local
from harvest_async.fastapi.redis_sessions import RedisSessions
from harvest_async.fastapi.session_clients import SessionClients
from harvest_async.fastapi.sessions import CookieSessions, Session
from harvest_async.fastapi.sign_in import SignIn
from harvest_async.fastapi.signed_cookies import SignedCookies
from harvest_async.redis_client import connect
from harvest_async.sandbox import Sandbox
from harvest_async.testing import VirtualClock
from tests.support.openapi import check_described
from tests.support.signing_in import (
    APP,
    KEY,
    OLD_KEY,
    PAGE,
    app_of,
    approve,
    browser_of,
    oauth_of,
    sign_in_by,
    signing_in,
    token_of,
)
from tests.support.valkey import Valkey

pytestmark = [pytest.mark.anyio, pytest.mark.socket]


@pytest.fixture(scope="module")
def sandbox():
    sandbox = Sandbox(10_000, 15)
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def address(sandbox):
    with sandbox.serve_in_thread() as address:
        yield address


@pytest.fixture(params=["v1", "v2"])
def version(request):
    return request.param


@pytest.fixture
def app(version, address, tmp_path):
    return app_of(signing_in(oauth_of(version, address), tmp_path / "sessions"))


def kind(response):
    """The last part of a problem's type."""
    return response.json()["type"].rpartition(":")[2]


async def test_a_sign_in_ends_at_the_page_that_asked_for_it(app):
    """A page that needs a person redirects to the sign-in, which returns to it; the tokens then sign the calls."""
    async with browser_of(app) as browser:
        first = await browser.get("/clients?all=1", headers=PAGE)
        begun = await browser.get(first.headers["location"])
        done = await browser.get(await approve(begun))
        page = await browser.get(done.headers["location"])

    assert [first.status_code, begun.status_code, done.status_code] == [303, 303, 303]
    assert done.headers["location"] == "/clients?all=1"
    assert page.json() == {"person": "admin@example.com", "clients": []}


ADDRESSES = (
    "/pages/d%C3%A9j%C3%A0%20vu",
    "/pages/100%2525",
    "/pages/a%3Fb?c=%26",
    "/pages/a%5Cb",
    "/pages/?q=d%C3%A9j%C3%A0",
)


@pytest.mark.parametrize("asked", ADDRESSES)
async def test_a_sign_in_returns_to_any_address_of_the_app(address, tmp_path, asked):
    """The address after the sign-in is that of before it, with all that is encoded in it."""
    sign_in = signing_in(oauth_of("v2", address), tmp_path)
    app = app_of(sign_in)

    @app.get("/pages/{name:path}")
    async def page(name: str, session: Annotated[Session, Depends(sign_in.required)]) -> str:
        return f"{name} of {session.person}"

    async with browser_of(app) as browser:
        first = await browser.get(asked, headers=PAGE)
        done = await browser.get(await approve(await browser.get(first.headers["location"])))
        shown = await browser.get(done.headers["location"])

    assert done.headers["location"] == asked
    assert shown.status_code == 200


@pytest.mark.parametrize("asked", ["//other.example/clients", "/clients?all=" + "x" * 3_000], ids=["outside", "long"])
async def test_a_sign_in_from_an_address_that_can_t_be_kept_ends_at_home(address, tmp_path, asked):
    """A browser can sign in from a page whose address is too long to return to, or looks like one elsewhere."""
    sign_in = signing_in(oauth_of("v2", address), tmp_path)
    app = app_of(sign_in)
    app.get("//other.example/clients", dependencies=[Depends(sign_in.required)])(lambda: None)
    async with browser_of(app) as browser:
        first = await browser.get(f"{APP}{asked}", headers=PAGE)
        done = await browser.get(await approve(await browser.get(first.headers["location"])))

    assert done.headers["location"] == "/home"


@pytest.mark.parametrize(
    ("path", "root", "address"),
    [
        ("/clients", "/sub", "/sub/clients"),
        ("/sub/clients", "/sub", "/sub/clients"),
        ("/sub", "/sub/", "/sub"),
        ("/subjects", "/sub", "/sub/subjects"),
        ("//other.example", "", "//other.example"),
    ],
)
def test_an_address_has_the_prefix_that_a_proxy_removes(path, root, address):
    """A browser returns to the address by which it reached the app, not to that by which the proxy did."""
    request = Request({"type": "http", "path": path, "root_path": root, "headers": []})

    assert address_of(request) == address


def test_bytes_of_a_query_that_are_no_text_are_encoded():
    """A server passes bytes that no browser sends on as they are."""
    request = Request({"type": "http", "path": "/a\ud800", "query_string": b"b=\xff", "headers": []})

    assert address_of(request) == "/a%3F?b=%FF"


async def test_cookies_are_for_this_browser_and_this_app_alone(address, tmp_path):
    """Each cookie is HttpOnly and SameSite=Lax; over https it is Secure, and no other host can set it."""
    oauth = oauth_of("v2", address, redirect_uri="https://app/sign-in/callback")
    async with browser_of(app_of(signing_in(oauth, tmp_path)), follow_redirects=False) as browser:
        begun = await browser.get("https://app/sign-in")
        done = await browser.get(await approve(begun))

    cookies = [*begun.headers.get_list("set-cookie"), *done.headers.get_list("set-cookie")]
    assert len(cookies) == 3
    for cookie in cookies:
        assert cookie.startswith("__Host-harvest-")
        assert {"HttpOnly", "SameSite=lax", "Secure", "Path=/"} <= {part.strip() for part in cookie.split(";")}


TOKENS = re.compile(r'"access_token": ?"([^"]+)".*"refresh_token": ?"([^"]+)"', re.DOTALL)


def content_of(cookie):
    """What a signed cookie holds: its text alone is encoded, so that nothing could be found in it."""
    _, content = URLSafeTimedSerializer("any key").loads_unsafe(cookie)
    return json.dumps(content)


async def test_no_cookie_holds_a_token(app, tmp_path):
    """Tokens stay on the server, in a file that only its owner can read."""
    async with browser_of(app) as browser:
        await sign_in_by(browser)
        cookies = " ".join(map(content_of, browser.cookies.values()))

    [file] = (tmp_path / "sessions").glob("*.json")
    assert file.stat().st_mode & 0o077 == 0
    [tokens] = TOKENS.findall(file.read_text())
    assert "admin@example.com" in cookies
    assert not any(word in cookies for word in ("access_token", "refresh_token", *tokens))


async def test_a_forged_state_is_refused(app):
    """A state that this app has not issued finishes no sign-in, and sends nothing to the authorization server."""
    async with browser_of(app) as browser:
        back = await approve(await browser.get("/sign-in"))
        forged = re.sub(r"state=[^&]+", f"state={new_state()}", back)
        response = await browser.get(forged)
        page = await browser.get(forged, headers=PAGE)
        still = await browser.get(back)

    assert (response.status_code, kind(response)) == (400, "sign-in-state")
    assert "Sign in again" in page.text
    assert still.status_code == 303


@pytest.mark.parametrize("query", ["", "?state=", "?state=%00", "?state=%ED%A0%80&code=x", "?code=x&state=a&state=b"])
async def test_a_callback_without_a_sign_in_is_refused(app, query):
    """An address that no authorization server sends gets a problem document."""
    async with browser_of(app) as browser:
        response = await browser.get(f"/sign-in/callback{query}")

    assert (response.status_code, kind(response)) == (400, "sign-in-state")


async def test_a_replayed_callback_is_refused(app):
    """The address of a finished sign-in is worth nothing, in the same browser too."""
    async with browser_of(app) as browser:
        back = await approve(await browser.get("/sign-in"))
        cookies = dict(browser.cookies)
        first, second = await browser.get(back), await browser.get(back)
        async with browser_of(app, cookies=cookies) as copied:
            third = await copied.get(back)

    assert [each.status_code for each in (first, second, third)] == [303, 400, 400]
    assert [kind(second), kind(third)] == ["sign-in-state", "sign-in-refused"]


async def test_another_browser_s_callback_is_refused(app):
    """Nobody can sign another person in to an account of the attacker's: the state belongs to one browser."""
    async with browser_of(app) as attacker, browser_of(app) as victim:
        back = await approve(await attacker.get("/sign-in"))
        await victim.get("/sign-in")
        response = await victim.get(back)
        signed_in = await victim.get("/clients")

    assert (response.status_code, kind(response), signed_in.status_code) == (400, "sign-in-state", 401)


async def test_a_person_who_declines_gets_a_page(app):
    """The server's `access_denied` is shown with what to do."""
    async with browser_of(app) as browser:
        begun = await browser.get("/sign-in")
        [state] = parse_qs(urlsplit(begun.headers["location"]).query)["state"]
        query = {"state": state, "error": "access_denied", "error_description": "<b>no</b>"}
        response = await browser.get("/sign-in/callback", params=query, headers=PAGE)

    assert response.status_code == 400
    assert "Sign in again" in response.text
    assert "&lt;b&gt;no" in response.text


OUTSIDE = (
    "https://evil.example/", "//evil.example", "/\\evil.example", "\\/evil.example", "/\t/evil.example", "javascript:alert(1)",
    "/\n/evil.example", "http:evil.example", "clients", "///evil.example", "/a\\b", "/\u2028", "/" + "a" * 2_000,
)  # fmt: skip


async def test_an_open_redirect_is_refused(address, tmp_path):
    """A sign-in returns to a path of this app alone."""
    async with browser_of(app_of(signing_in(oauth_of("v2", address), tmp_path))) as browser:
        found = [await browser.get("/sign-in", params={"next": target}) for target in OUTSIDE]

    assert {(each.status_code, kind(each)) for each in found} == {(400, "open-redirect")}
    assert not any(map(is_local, OUTSIDE))


async def test_a_sign_out_ends_the_session_everywhere(app, tmp_path):
    """After a sign-out a copy of the cookie signs nobody in, and the tokens are deleted."""
    async with browser_of(app) as browser:
        await sign_in_by(browser)
        cookies = dict(browser.cookies)
        response = await browser.post("/sign-out", headers=await token_of(browser))
        after = await browser.get("/clients")
        async with browser_of(app, cookies=cookies) as copied:
            copy = await copied.get("/clients")

    assert (response.status_code, response.headers["location"]) == (303, "/home")
    assert (after.status_code, copy.status_code) == (401, 401)
    assert not list((tmp_path / "sessions").glob("*.json"))


async def test_a_refresh_exchanges_the_tokens(app, tmp_path):
    """The refresh token is spent and replaced; the session stays."""
    async with browser_of(app) as browser:
        await sign_in_by(browser)
        [file] = (tmp_path / "sessions").glob("*.json")
        before = file.read_text()
        response = await browser.post("/sign-in/refresh", headers=await token_of(browser))
        page = await browser.get("/clients")

    assert (response.status_code, page.status_code) == (204, 200)
    assert file.read_text() != before


async def test_a_refresh_of_a_revoked_sign_in_is_refused(address, tmp_path, sandbox):
    """A refresh says that the person has to sign in again."""
    async with browser_of(app_of(signing_in(oauth_of("v2", address), tmp_path))) as browser:
        await sign_in_by(browser)
        token = await token_of(browser)
        sandbox.revoke_tokens(refresh=True)
        response = await browser.post("/sign-in/refresh", headers=token)
        page = await browser.get("/clients")

    assert (response.status_code, kind(response)) == (401, "sign-in-ended")
    assert page.status_code == 502  # it is Harvest that refuses, not this app


FORGED = (
    {},
    {"X-CSRF-Token": "x"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)


async def test_a_forged_post_is_refused(address, tmp_path):
    """A POST that another site sends, or one without the token, changes nothing."""
    found = set()
    async with browser_of(app_of(signing_in(oauth_of("v2", address), tmp_path))) as browser:
        await sign_in_by(browser)
        token = await token_of(browser)
        for path in ("/sign-out", "/sign-in/refresh", "/sign-in/account"):
            for forged in FORGED:
                own = token if forged.keys() & {"Origin", "Sec-Fetch-Site"} else {}
                response = await browser.post(path, headers=own | forged)
                found.add((response.status_code, kind(response)))
        still = await browser.get("/clients")

    assert found == {(403, "csrf")}
    assert still.status_code == 200


async def test_a_forged_post_to_a_page_of_the_app_is_refused(address, tmp_path):
    """A route of the app that checks the token gives a 403 and the reason, not a 500."""
    sign_in = signing_in(oauth_of("v2", address), tmp_path)
    app = app_of(sign_in)

    @app.post("/time")
    async def log_time(request: Request) -> str:
        await sign_in.csrf.check(request)
        return "logged"

    async with browser_of(app) as browser:
        found = [await browser.post("/time", headers=forged) for forged in FORGED]

    assert {each.status_code for each in found} == {403}
    assert found[0].json()["detail"].startswith("The form was loaded too long ago")


@pytest.mark.parametrize("is_signed_in", [False, True])
async def test_a_web_socket_can_require_a_sign_in(address, tmp_path, is_signed_in):
    """A WebSocket of a signed-in person is accepted; any other gets a 401 in place of the handshake."""
    sign_in = signing_in(oauth_of("v2", address), tmp_path)
    app = app_of(sign_in)

    @app.websocket("/live")
    async def live(socket: WebSocket, session: Annotated[Session, Depends(sign_in.required)]):
        await socket.accept()
        await socket.send_text(session.name)
        await socket.close()

    incoming, sent = [{"type": "websocket.connect"}], []

    async def receive():
        return incoming.pop()

    async def send(message):
        sent.append(message)

    async with browser_of(app) as browser:
        if is_signed_in:
            await sign_in_by(browser)
        cookies = "; ".join(f"{each.name}={each.value}" for each in browser.cookies.jar)
        headers = [(b"cookie", cookies.encode()), (b"accept", b"text/html")]
        scope = {"type": "websocket", "path": "/live", "headers": headers, "query_string": b"", "subprotocols": []}
        await app(scope, receive, send)

    if is_signed_in:
        assert sent[1]["text"] == "Ada Sandbox"
    else:
        assert (sent[0]["type"], sent[0]["status"]) == ("websocket.http.response.start", 401)


async def test_the_form_of_a_post_is_small(address, tmp_path):
    """A file or a long form, which no such POST has, is refused before all of it has been read."""
    sent = 0

    async def endless():
        nonlocal sent
        yield b'--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(100):
            sent += 1
            yield b"x" * 100_000

    async with browser_of(app_of(signing_in(oauth_of("v2", address), tmp_path))) as browser:
        headers = {"content-type": "multipart/form-data; boundary=x"}
        await sign_in_by(browser)
        own = await browser.post("/sign-in/account", content=endless(), headers=headers | await token_of(browser))
        file = await browser.post("/sign-out", content=endless(), headers=headers)
        field = await browser.post("/sign-out", data={"csrf_token": "x" * 100_000})
        fields = await browser.post("/sign-out", data={f"n{n}": "" for n in range(100)})

    assert (own.status_code, kind(own)) == (403, "not-your-account")
    assert {(each.status_code, kind(each)) for each in (file, field, fields)} == {(403, "csrf")}
    assert sent < 20


async def test_the_token_of_another_browser_is_refused(address, tmp_path):
    """An attacker's own token does not protect the attacker's request in another browser."""
    app = app_of(signing_in(oauth_of("v2", address), tmp_path))
    async with browser_of(app) as browser, browser_of(app) as attacker:
        await sign_in_by(browser)
        await sign_in_by(attacker)
        await token_of(browser)
        response = await browser.post("/sign-out", headers=await token_of(attacker))

    assert (response.status_code, kind(response)) == (403, "csrf")


@pytest.mark.parametrize("change", ["signature", "content", "cut", "blank", "foreign"])
async def test_a_changed_cookie_signs_nobody_in(address, tmp_path, change):
    """A cookie that was tampered with reads as none."""
    app = app_of(signing_in(oauth_of("v2", address), tmp_path))
    async with browser_of(app) as browser:
        await sign_in_by(browser)
        text = browser.cookies["harvest-session"]
        changed = {
            "signature": text[:-2] + ("A" if text[-2] != "A" else "B") + text[-1],  # the last one has unused bits
            "content": "x" + text,
            "cut": text[: len(text) // 2],
            "blank": "",
            "foreign": SignedCookies([KEY], secure=False).sign("harvest-csrf", "x"),
        }[change]
    async with browser_of(app, cookies={"harvest-session": changed}) as other:
        response = await other.get("/clients")

    assert response.status_code == 401


async def test_keys_are_replaced_without_a_sign_out(address, tmp_path):
    """A cookie signed by yesterday's key is valid while that key is listed, and signs nobody in afterwards."""
    oauth = oauth_of("v2", address)
    async with browser_of(app_of(signing_in(oauth, tmp_path, keys=(OLD_KEY,)))) as browser:
        await sign_in_by(browser)
        cookies = dict(browser.cookies)
    found = []
    for keys in ((KEY, OLD_KEY), (KEY,)):
        async with browser_of(app_of(signing_in(oauth, tmp_path, keys=keys)), cookies=cookies) as browser:
            found.append((await browser.get("/clients")).status_code)

    assert found == [200, 401]


async def test_a_sign_in_and_a_session_end_by_time(address, tmp_path):
    """A sign-in has ten minutes, a session two weeks."""
    clock = VirtualClock()
    app = app_of(signing_in(oauth_of("v2", address), tmp_path, clock=clock))
    async with browser_of(app) as browser:
        back = await approve(await browser.get("/sign-in"))
        cookies = dict(browser.cookies)
        clock.advance(601)
        late = await browser.get(back)
    async with browser_of(app) as browser:
        await sign_in_by(browser)
        clock.advance(14 * 86_400 + 1)
        cookies = {"harvest-session": browser.cookies.get("harvest-session", "")} | cookies
        ended = await browser.get("/clients")

    assert (late.status_code, kind(late)) == (400, "sign-in-state")
    assert ended.status_code == 401


def reaching(address, *accounts):
    """A transport on which a token reaches other accounts than the sandbox's own."""

    class Reaching(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request):
            if request.url.path == "/api/v2/accounts":
                found = [{"id": number, "name": name, "product": product} for number, name, product in accounts]
                return httpx.Response(200, json={"user": {"id": 1}, "accounts": found})
            return await super().handle_async_request(request)

    return {"transport": Reaching()}


async def test_a_person_with_several_accounts_chooses_one(address, tmp_path):
    """The choice is shown, and leads on to the page that asked for the sign-in; accounts of Forecast are left out."""
    accounts = ((1, "Sandbox"), (2, "<Other>"))
    options = reaching(address, *((*each, "harvest") for each in accounts), (3, "Plans", "forecast"))
    async with browser_of(app_of(signing_in(oauth_of("v2", address, options=options), tmp_path))) as browser:
        done = await sign_in_by(browser, next="/clients")
        page = await browser.get(done.headers["location"])
        form = {"csrf_token": re.search(r'csrf_token" value="([^"]+)', page.text)[1], "next": "/clients"}
        foreign = await browser.post("/sign-in/account", data=form | {"account": "3"})
        chosen = await browser.post("/sign-in/account", data=form | {"account": "1"})
        clients = await browser.get(chosen.headers["location"])

    assert "&lt;Other&gt;" in page.text
    assert "Plans" not in page.text
    assert (foreign.status_code, kind(foreign)) == (403, "not-your-account")
    assert (chosen.status_code, clients.json()["person"]) == (303, "admin@example.com")


async def test_a_session_that_no_cookie_can_hold_is_refused(address, tmp_path, caplog):
    """A browser would drop the cookie, and the person would have to sign in again and again; no token stays."""
    accounts = [(number, sha256(bytes([number])).hexdigest(), "harvest") for number in range(1, 100)]
    options = reaching(address, *accounts)
    async with browser_of(app_of(signing_in(oauth_of("v2", address, options=options), tmp_path))) as browser:
        response = await sign_in_by(browser)

    assert (response.status_code, kind(response)) == (500, "storage-error")
    assert "99 accounts is too large for a cookie: use RedisSessions" in caplog.text
    assert not list(tmp_path.glob("*.json"))


async def test_a_sign_in_that_is_cancelled_leaves_no_tokens(address, tmp_path):
    """The tokens are deleted even if a scope has cancelled the request, as a middleware or a time limit does."""
    scope = anyio.CancelScope()

    class Cancelling(CookieSessions):
        async def save(self, session):
            if session.account:  # the tokens are stored by now
                assert list(tmp_path.glob("*.json"))
                scope.cancel()
            return await super().save(session)

    sign_in = signing_in(oauth_of("v2", address), tmp_path, sessions=lambda cookies: Cancelling(cookies, tmp_path))
    async with browser_of(app_of(sign_in)) as browser:
        with scope:
            await sign_in_by(browser)

    assert scope.cancelled_caught
    assert list(tmp_path.glob("*.json")) == []


async def test_a_sign_in_without_an_account_is_refused(address, tmp_path):
    """A person who can use Forecast alone gets a message, and leaves no tokens."""
    options = reaching(address, (3, "Plans", "forecast"))
    async with browser_of(app_of(signing_in(oauth_of("v2", address, options=options), tmp_path))) as browser:
        response = await sign_in_by(browser)

    assert (response.status_code, kind(response)) == (400, "sign-in-refused")
    assert not list(tmp_path.glob("*.json"))


async def test_an_app_of_one_account_signs_in_its_people_alone(address, tmp_path):
    """Where the app names its account, the person's other accounts are left out, and others are refused."""
    others = ((2, "Other", "harvest"), (3, "Third", "harvest"))
    found = []
    for accounts in (((1, "Sandbox", "harvest"), *others), others):
        oauth = oauth_of("v2", address, account="1", options=reaching(address, *accounts))
        async with browser_of(app_of(signing_in(oauth, tmp_path))) as browser:
            done = await sign_in_by(browser, next="/clients")
            found.append((done.status_code, (await browser.get("/clients")).status_code))

    assert found == [(303, 200), (400, 401)]
    assert kind(done) == "sign-in-refused"


async def test_no_cache_keeps_a_response(app):
    """Who is signed in, and that nobody is, holds for one browser at one time."""
    async with browser_of(app) as browser:
        found = [await browser.get("/session"), await browser.get("/sign-in"), await browser.get("/sign-in/callback")]
        await sign_in_by(browser)
        found += [await browser.get("/session"), await browser.get("/sign-in/account")]
        token = await token_of(browser)
        found += [await browser.post(path, headers=token) for path in ("/sign-in/refresh", "/sign-out")]

    assert [each.status_code for each in found] == [401, 303, 400, 200, 200, 204, 303]
    assert {each.headers["cache-control"] for each in found} == {"no-store"}


async def test_the_responses_match_their_description(app):
    """OpenAPI has each status and media type that a program gets, with a schema that the document fits."""
    async with browser_of(app) as browser:
        described = (await browser.get("/openapi.json")).json()
        nobody = [await browser.get("/session"), await browser.post("/sign-in/refresh")]
        await sign_in_by(browser)
        token = await token_of(browser)
        found = {
            ("/session", "get"): [nobody[0], await browser.get("/session")],
            ("/sign-in/refresh", "post"): [nobody[1]]
            + [await browser.post("/sign-in/refresh", headers=headers) for headers in ({}, token)],
            ("/sign-out", "post"): [await browser.post("/sign-out", headers=headers) for headers in ({}, token)],
        }

    for (path, method), responses in found.items():
        check_described(described, path, method, responses)


async def test_a_new_sign_in_replaces_the_session(address, tmp_path):
    """The id changes at each sign-in, and the old session's tokens are deleted."""
    async with browser_of(app_of(signing_in(oauth_of("v2", address), tmp_path))) as browser:
        await sign_in_by(browser)
        before = {each.name for each in tmp_path.glob("*.json")}
        await sign_in_by(browser)
        after = {each.name for each in tmp_path.glob("*.json")}

    assert (len(before), len(after), before & after) == (1, 1, set())


async def test_sign_ins_in_two_tabs_both_end(app):
    """Each sign-in has a cookie of its own."""
    async with browser_of(app) as browser:
        backs = [await approve(await browser.get("/sign-in", params={"next": f"/{tab}"})) for tab in "ab"]
        ends = [(await browser.get(back)).headers["location"] for back in backs]

    assert ends == ["/a", "/b"]


async def test_missing_settings_are_named_at_once(monkeypatch):
    """An app without its settings does not start, and lists all that it needs."""
    for name in ("CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI", "APP", "SESSION_KEYS", "SESSIONS", "ACCOUNT"):
        monkeypatch.delenv(f"HARVEST_{name}", raising=False)
    monkeypatch.setenv("HARVEST_CLIENT_ID", "id")
    with pytest.raises(InvalidArgument) as caught:
        SignIn.from_env("v1")
    with pytest.raises(InvalidArgument, match="client_secret, app, account"):
        OAuthApp(version="v1", client_id="id", client_secret="", redirect_uri="http://x", app="")
    with pytest.raises(InvalidArgument, match="at least 32 characters"):
        SignedCookies(["short"])

    names = ("CLIENT_SECRET", "REDIRECT_URI", "APP", "ACCOUNT", "SESSION_KEYS", "SESSIONS")
    assert all(f"HARVEST_{name}" in str(caught.value) for name in names)
    assert "HARVEST_CLIENT_ID" not in str(caught.value)


async def test_settings_come_from_the_environment(monkeypatch, address, tmp_path):
    """The environment names the app, the keys and the place of the sessions."""
    given = {
        "CLIENT_ID": "sandbox-client",
        "CLIENT_SECRET": "sandbox-secret",
        "REDIRECT_URI": f"{APP}/sign-in/callback",
    }
    given |= {"APP": "tests (a@example.com)", "SESSION_KEYS": f"{KEY} {OLD_KEY}", "SESSIONS": str(tmp_path)}
    for name, value in given.items():
        monkeypatch.setenv(f"HARVEST_{name}", value)
    sign_in = SignIn.from_env("v2", base_url=address)
    async with browser_of(app_of(sign_in)) as browser:
        await sign_in_by(browser)
        page = await browser.get("/clients")
    monkeypatch.setenv("HARVEST_SESSIONS", "redis://127.0.0.1:1/0")

    assert page.status_code == 200
    assert isinstance(SignIn.from_env("v2", base_url=address)._sessions, RedisSessions)


async def test_sessions_in_redis_are_shared_by_the_workers_of_an_app(address, tmp_path):
    """Another process knows the session, tokens are renewed under one lock, and a sign-out deletes all."""
    oauth = oauth_of("v2", address)
    with Valkey(tmp_path) as server:
        first, second = (
            signing_in(oauth, tmp_path, sessions=lambda cookies: RedisSessions(cookies, server.url)) for _ in range(2)
        )
        async with browser_of(app_of(first)) as browser:
            await sign_in_by(browser)
            cookies = dict(browser.cookies)
        async with browser_of(app_of(second), cookies=cookies) as browser:
            page = await browser.get("/clients")
            token = await token_of(browser)
            renewed = await asyncio.gather(*(browser.post("/sign-in/refresh", headers=token) for _ in range(3)))
            out = await browser.post("/sign-out", headers=token)
        async with browser_of(app_of(first), cookies=cookies) as browser:
            after = await browser.get("/clients")
        async with connect(server.url) as redis:
            left = await redis.keys("*")
        for each in (first, second):
            await each._sessions.aclose()

    assert [page.status_code, out.status_code, after.status_code] == [200, 303, 401]
    assert [each.status_code for each in renewed] == [204] * 3
    assert left == []


@pytest.mark.parametrize("by_scope", [False, True], ids=["task", "scope"])
async def test_a_lock_of_tokens_in_redis_is_released_however_its_caller_ends(tmp_path, by_scope):
    """At any step of the event loop, while it is acquired or held: a visitor may leave at any time."""
    cookies, left = SignedCookies([KEY], secure=False), {}
    session = Session(id="one", version="v2", account="1")

    async def hold(scope):
        with scope:
            async with sessions.tokens(session).lock():
                await asyncio.sleep(60)

    with Valkey(tmp_path) as server:
        async with connect(server.url) as redis:
            sessions = RedisSessions(cookies, server.url)
            for steps in range(40):
                scope = anyio.CancelScope()
                holding = asyncio.create_task(hold(scope))
                for _ in range(steps):
                    await asyncio.sleep(0)
                (scope if by_scope else holding).cancel()
                await asyncio.gather(holding, return_exceptions=True)
                left[steps] = await redis.keys("*")
                await redis.flushall()
            await sessions.aclose()

    assert {steps: keys for steps, keys in left.items() if keys} == {}


async def test_a_server_of_sessions_that_is_away_is_the_app_s_fault(address, tmp_path, caplog):
    """A visitor gets a 500 problem without the server's address, which is in the log."""
    cookies = SignedCookies([KEY], secure=False)
    url = "redis://me:secret@127.0.0.1:1/0"
    sign_in = signing_in(oauth_of("v2", address), tmp_path, sessions=lambda given: RedisSessions(given, url))
    signed = {"harvest-session": cookies.sign("harvest-session", "x")}
    async with browser_of(app_of(sign_in), cookies=signed) as browser:
        response = await browser.get("/clients")

    assert (response.status_code, kind(response)) == (500, "storage-error")
    assert "127.0.0.1:1" not in response.text
    assert "127.0.0.1:1" in caplog.text
    assert "secret" not in caplog.text


async def test_a_client_serves_the_next_request_of_its_session(address, tmp_path):
    """Connections and credentials are used again; the client is closed with the session, or when the app ends."""
    sign_in = signing_in(oauth_of("v2", address), tmp_path)
    app = app_of(sign_in)
    async with browser_of(app) as browser:
        await sign_in_by(browser)
        await asyncio.gather(*(browser.get("/clients") for _ in range(3)))
        [first] = [entry.client for entry in sign_in._clients._entries.values()]
        await browser.get("/clients")
        [second] = [entry.client for entry in sign_in._clients._entries.values()]
        await browser.post("/sign-out", headers=await token_of(browser))
        after = dict(sign_in._clients._entries)
        await sign_in_by(browser)
        await browser.get("/clients")
        [third] = [entry.client for entry in sign_in._clients._entries.values()]

    assert first is second
    assert after == {}
    for client in (first, third):
        with pytest.raises(InvalidArgument, match="closed"):
            await client.clients.list()


async def test_few_clients_are_kept_open(address, tmp_path):
    """The longest unused client is closed; one that is in use closes with its last user."""
    oauth = oauth_of("v1", address)
    clients, store = SessionClients(oauth, most=1), MemoryTokenStore()
    one, two = (Session(id=name, version="v1", account="sandbox") for name in ("one", "two"))
    async with clients.open(one, store) as first:
        async with clients.open(two, store):
            assert len(clients._entries) == 2
        assert [key[0] for key in clients._entries] == ["one"]
        await clients.forget(one)
        async with clients.open(one, store) as again:
            assert again is not first
    await clients.aclose()

    with pytest.raises(InvalidArgument, match="closed"):
        await first.clients.list()
