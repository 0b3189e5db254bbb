"""The sandbox refuses other web sites: which Host, Origin and Sec-Fetch-Site are refused, and where."""

import asyncio
import http.client

import httpx
import pytest

from harvest_async.sandbox import Sandbox
from tests.support.sandbox import Caller

OWN = "http://127.0.0.1:8765"


def ask(sandbox, method, path, *headers, server=("127.0.0.1", 8765), kind="http"):
    """The status of a request as ASGI has it, on the socket that `server` names."""
    returned = []

    async def send(message):
        returned.append(message)

    async def receive():
        return {"type": "http.request", "body": b"{}"} if kind == "http" else {"type": "websocket.connect"}

    path, _, query = path.partition("?")
    raw = [(name.encode(), value.encode()) for name, value in headers]
    scope = {"type": kind, "method": method, "path": path, "query_string": query.encode(), "headers": raw}
    asyncio.run(sandbox.app({**scope, "server": server, "scheme": "http", "root_path": ""}, receive, send))
    return returned[0].get("status", returned[0]["type"])


def reset(sandbox, *headers, server=("127.0.0.1", 8765)):
    return ask(sandbox, "POST", "/_sandbox/reset", *headers, server=server)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8765", "127.0.0.1", "127.8.9.10:1", "localhost:8765", "LOCALHOST", "localhost.:8765", "[::1]:8765",
        "[::1]", "[::ffff:127.0.0.1]:8765",
    ],
)  # fmt: skip
def test_the_pages_answer_to_loopback_names(sandbox, host):
    """All of 127.0.0.0/8, ::1 and localhost, with or without a port."""
    assert reset(sandbox, ("host", host)) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:8765", "127.0.0.1.evil.example", "localhost.evil.example:8765", "203.0.113.7",
        "127.0.0.1@evil.example", "evil.example@127.0.0.1:x", "127.1", "2130706433", "0x7f000001", "[::2]:8765",
        "[::1", "::1]", "", "127.0.0.1:port", "127.0.0.1 evil.example", "0.0.0.0:8765", "notlocalhost",
    ],
)  # fmt: skip
def test_the_pages_refuse_foreign_hosts(sandbox, host):
    """A name that was pointed at this machine is refused, in any form."""
    assert reset(sandbox, ("host", host)) == 403
    assert ask(sandbox, "GET", "/_sandbox/requests", ("host", host)) == 403


def test_one_foreign_host_of_two_is_enough(sandbox):
    """Whichever comes first."""
    pair = ("host", "127.0.0.1:8765"), ("Host", "evil.example")

    assert [reset(sandbox, *pair), reset(sandbox, *reversed(pair))] == [403, 403]


def test_the_address_that_it_listens_on_is_its_own(sandbox):
    """The socket's own address, and the name on which it listens."""
    at = ("192.168.1.5", 8765)

    assert reset(sandbox, ("host", "192.168.1.5:8765"), server=at) == 200
    assert reset(sandbox, ("host", "box.local:8765"), server=at) == 403
    sandbox._account.names.add("box.local")
    assert reset(sandbox, ("host", "BOX.local:8765"), server=at) == 200


def test_without_a_host_it_is_no_browser(sandbox):
    """Nor on a socket that has no address."""
    assert [reset(sandbox), reset(sandbox, server=None), reset(sandbox, ("host", "localhost"), server=None)] == [
        200
    ] * 3


@pytest.mark.parametrize("base", ["http://testserver", "http://acme.harvestapp.com", "https://api.harvestapp.com"])
def test_in_process_any_address_is_its_own(sandbox, base):
    """The address that a client in the same process was given."""

    async def act():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(sandbox.app), base_url=base) as client:
            return (await client.post("/_sandbox/reset")).status_code

    assert asyncio.run(act()) == 200


@pytest.mark.parametrize("origin", [OWN, "http://localhost:8765", "http://[::1]:8765"])
def test_its_own_origin_may_use_the_pages(sandbox, origin):
    """Under any of its names."""
    assert reset(sandbox, ("host", "127.0.0.1:8765"), ("origin", origin), ("sec-fetch-site", "same-origin")) == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example", "https://evil.example:8765", "null", "", "file://", "http://localhost:3000",
        "http://127.0.0.1", "http://127.0.0.1:8765.evil.example", "http://127.0.0.1:8765@evil.example",
        "chrome-extension://abc", "http://[", "http://localhost:8765/x", "https://localhost",
    ],
)  # fmt: skip
@pytest.mark.parametrize("media", ["text/plain", "application/json", "application/x-www-form-urlencoded"])
def test_the_pages_refuse_other_origins(sandbox, origin, media):
    """With any content type: a browser sends texts and forms without asking before."""
    headers = ("host", "127.0.0.1:8765"), ("origin", origin), ("content-type", media)
    for name in ("reset", "limits", "lock", "revoke", "faults"):
        assert ask(sandbox, "POST", f"/_sandbox/{name}", *headers) == 403


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-site", 403), ("none", 200), ("x", 403)])
def test_the_pages_go_by_the_browsers_own_word(sandbox, site, status):
    """An image or a link of another site has no Origin."""
    headers = ("host", "127.0.0.1:8765"), ("sec-fetch-site", site)

    assert ask(sandbox, "GET", "/_sandbox/requests", *headers) == status


def test_a_question_before_a_request_is_refused(sandbox):
    """A preflight of another origin allows nothing."""
    headers = ("host", "127.0.0.1:8765"), ("origin", "http://evil.example"), ("access-control-request-method", "POST")

    assert ask(sandbox, "OPTIONS", "/_sandbox/faults", *headers) == 403


def test_a_socket_of_another_kind_is_closed(sandbox):
    """There is no WebSocket anywhere."""
    assert ask(sandbox, "GET", "/_sandbox/requests", ("host", "evil.example"), kind="websocket") == "websocket.close"


def test_a_refusal_says_why_and_changes_nothing(sandbox):
    """With a sentence, and without being counted."""
    call = Caller(sandbox)
    call.post("/clients", {"client": {"name": "ACME"}})
    response = call.post("/_sandbox/reset", headers={"Origin": "http://evil.example"})

    assert response.status_code == 403
    assert "Another web site" in response.json()["message"]
    assert [len(sandbox.world.clients()), len(sandbox.requests())] == [1, 1]


# The API itself


@pytest.mark.parametrize(
    "headers",
    [
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
        [("origin", "http://evil.example")],
        [("origin", "null")],
    ],
)
@pytest.mark.parametrize("line", ["GET /people/2/toggle.json", "GET /daily/timer/1", "POST /clients"])
def test_another_site_may_not_use_the_public_passwords(sandbox, headers, line):
    """An image's address alone could archive a person."""
    method, path = line.split()
    query = "access_token=sandbox-v1-token&client[name]=ACME"
    host = ("host", "127.0.0.1:8765"), ("accept", "application/json")

    assert ask(sandbox, method, f"{path}?{query}", *host, *headers) == 403
    assert (sandbox.world.person("2")["is_active"], sandbox.world.clients()) == (True, [])


@pytest.mark.parametrize(
    "headers",
    [
        [("host", "acme.harvestapp.com")],
        [("host", "127.0.0.1:8765"), ("origin", "http://localhost:5173"), ("sec-fetch-site", "same-origin")],
        [("host", "127.0.0.1:8765"), ("origin", "http://localhost:5173")],
        [("host", "box:8765"), ("origin", "http://box:8765")],
    ],
)
def test_programs_and_proxies_may_use_the_api(sandbox, headers):
    """Under any name of the host, and pages of this machine."""
    path = "/account/who_am_i?access_token=sandbox-v1-token"

    assert ask(sandbox, "GET", path, *headers, ("accept", "application/json")) == 200


def test_other_sites_link_to_the_sign_in(sandbox):
    """That is what it is for."""
    path = "/oauth2/authorize?client_id=sandbox-client&redirect_uri=http://localhost:9/&response_type=code"

    assert ask(sandbox, "GET", path, ("host", "127.0.0.1:8765"), ("sec-fetch-site", "cross-site")) == 302


# Over a real socket


@pytest.mark.socket
def test_a_web_page_cannot_wipe_an_account():
    """As a browser sends it: a simple request of another origin, or a name that leads here."""
    sandbox = Sandbox()
    with sandbox.serve_in_thread() as address:
        httpx.post(
            f"{address}/clients?client[name]=ACME", auth=("admin@example.com", "sandbox"),
            headers={"Accept": "application/json"},
        )  # fmt: skip
        port = int(address.rpartition(":")[2])
        statuses = []
        for headers in ({"Origin": "http://evil.example"}, {"Host": f"evil.example:{port}"}, {}):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("POST", "/_sandbox/reset", b"", {"Content-Type": "text/plain", **headers})
            statuses.append((connection.getresponse().status, len(sandbox.world.clients())))
            connection.close()
    sandbox.close()

    assert statuses == [(403, 1), (403, 1), (200, 0)]
