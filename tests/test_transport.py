"""The transport under plain httpx clients: what it does not change, and how it handles unusual responses."""

import asyncio
import gzip

import anyio
import httpcore
import httpx
import pytest

from harvest_async.auth import QueryTokenAuth
from harvest_async.clock import SECOND
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport import TICKET, ThrottledTransport, direct, direct_transport, wire_of
from harvest_async.transport.direct import sweep
from tests.support.account import SlowAccount
from tests.support.answers import Answers, Drip

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


def client_of(inner, **options):
    throttle = Throttle(clock=asyncio.get_running_loop().clock, pace="burst")
    transport = ThrottledTransport(inner, throttle, **({"status_path": "/account/rate_limit_status"} | options))
    return httpx.AsyncClient(transport=transport, base_url="https://acme.example.com"), throttle


async def test_closing_it_closes_what_it_wraps():
    """The inner transport is closed with it."""
    inner = Answers()
    client, _ = client_of(inner)
    await client.aclose()

    assert inner.closed


async def test_a_ready_made_answer_frees_its_connection_at_once():
    """A response with its body in memory is never closed, and need not be."""
    client, throttle = client_of(Answers(httpx.Response(200, text="x")), status_path=None)
    await client.get("/x")

    assert throttle._gate().connections.busy == 0


async def test_a_connection_is_busy_until_the_body_is_closed():
    """The lease ends at the headers, the connection at the end of the body."""
    body = Drip(b"a", b"b")
    client, throttle = client_of(Answers(httpx.Response(200, stream=body)), status_path=None)
    async with client.stream("GET", "/x") as response:
        seen = (throttle.snapshot().in_flight, throttle._gate().connections.busy)
        content = [part async for part in response.aiter_bytes()]

    assert seen == (0, 1)
    assert content == [b"a", b"b"]
    assert (body.closed, throttle._gate().connections.busy) == (True, 0)


async def test_a_token_is_put_into_the_address_at_the_very_end(caplog):
    """What httpx sees and logs has no token; what leaves has."""
    caplog.set_level("DEBUG")
    inner = Answers(
        httpx.Response(200, json={"count": 1, "max_calls": 100, "timeframe_limit": 15}), httpx.Response(200)
    )
    client, _ = client_of(inner)
    response = await client.get("/x?page=1", auth=QueryTokenAuth("se/cr=et"))

    assert [dict(request.url.params) for request in inner.sent] == [
        {"access_token": "se/cr=et"},
        {"page": "1", "access_token": "se/cr=et"},
    ]
    assert "access_token" not in str(response.request.url)
    assert "cr=et" not in caplog.text
    assert "cr%3Det" not in caplog.text


async def test_a_users_own_trace_is_still_called():
    """Following the request through the pool takes nothing from another `trace` extension."""
    seen = []

    async def trace(name, info):
        seen.append((name, info))

    async def traced(request):
        for name in ("connection.connect_tcp.started", "http11.send_request_headers.started"):
            await request.extensions["trace"](name, {})
        return httpx.Response(200)

    client, _ = client_of(Answers(traced), status_path=None)
    await client.get("/x", extensions={"trace": trace})

    assert [name for name, _ in seen] == ["connection.connect_tcp.started", "http11.send_request_headers.started"]


@pytest.mark.parametrize(
    ("events", "left", "held"),
    [
        (["connection.connect_tcp.started"], False, 0),
        (["connection.connect_tcp.started", "http11.send_request_headers.started"], True, 1),
        ([], True, 1),
    ],
)
async def test_a_cancelled_call_is_known_to_have_left_or_not(events, left, held):
    """While a connection is made nothing has left: the lease is put back at once."""

    async def stuck(request):
        for name in events:
            await request.extensions["trace"](name, {})
        await asyncio.sleep(30)

    client, throttle = client_of(Answers(stuck), status_path=None)
    ticket = Ticket()
    with anyio.move_on_after(1):
        await client.get("/x", extensions={TICKET: ticket})

    assert (ticket.left, throttle.snapshot().sent) == (left, held)


async def test_a_deadline_before_anything_left_is_a_connect_timeout():
    """The error says that nothing was sent."""

    async def stuck(request):
        await request.extensions["trace"]("connection.connect_tcp.started", {})
        await asyncio.sleep(300)

    client, _ = client_of(Answers(stuck), status_path=None)
    with pytest.raises(httpx.ConnectTimeout):
        await client.get("/x")


async def test_a_connection_that_is_not_had_costs_no_lease():
    """With the gate open, a call that never left leaves everything as it was."""
    client, throttle = client_of(Answers(httpx.Response(200), httpx.ConnectError("no")), status_path=None)
    await client.get("/x")
    with pytest.raises(httpx.ConnectError):
        await client.get("/x")

    assert (throttle.snapshot().sent, throttle.snapshot().closed) == (1, None)


async def test_what_h11_stops_spends_its_lease():
    """A request that broke a rule of the protocol may have left in part."""
    client, throttle = client_of(Answers(httpx.LocalProtocolError("too little data")), status_path=None)
    with pytest.raises(httpx.LocalProtocolError):
        await client.get("/x")

    assert throttle.snapshot().sent == 1


@pytest.mark.parametrize(
    "body", [Drip(b"down", pause=9), Drip(b"do", end=httpx.ReadError("lost")), Drip(b"x" * 5000, b"y" * 5000)]
)
async def test_an_outage_is_an_answer_whatever_its_body(body):
    """A 503 whose body is slow, broken or long comes out as it is, as far as it came."""
    client, throttle = client_of(Answers(httpx.Response(503, stream=body)), status_path=None)
    response = await client.get("/x")

    assert response.status_code == 503
    assert len(response.content) in {0, 2, 10_000}
    assert (body.closed, throttle._gate().connections.busy) == (True, 0)


async def test_a_call_cancelled_while_its_refusal_is_read_shuts_the_gate():
    """It may have been a refusal, and nobody shall go on as if it were none."""
    body = Drip(b"down", pause=3)
    client, throttle = client_of(Answers(httpx.Response(503, stream=body)), status_path=None)
    with anyio.move_on_after(1):
        await client.get("/x")

    assert throttle.snapshot().closed == "the account is throttled"
    assert (body.closed, throttle._gate().connections.busy, throttle.snapshot().in_flight) == (True, 0, 0)


async def test_a_status_call_that_is_refused_keeps_the_gate_shut():
    """The account was blocked before we came: we wait for it, and send one call at a time."""
    clock = asyncio.get_running_loop().clock
    account = SlowAccount(clock)
    account.spend(101)
    client, _ = client_of(account)
    await client.get("/x")

    gaps = [later - earlier for earlier, later in zip(account.arrivals, account.arrivals[1:], strict=False)]
    assert account.refused == 1
    assert gaps[0] >= 15 * SECOND


async def test_a_status_call_cancelled_while_it_is_read_is_asked_again_by_the_next():
    """A cancelled leader of the probe leaves the status unknown."""
    status = b'{"count": 1, "max_calls": 100, "timeframe_limit": 15}'
    slow = Drip(status[:9], status[9:], pause=2)
    inner = Answers(httpx.Response(200, stream=slow), httpx.Response(200, content=status), httpx.Response(200))
    client, throttle = client_of(inner)
    with anyio.move_on_after(1):
        await client.get("/x")
    await client.get("/y")

    assert [request.url.path for request in inner.sent[1:]] == ["/account/rate_limit_status", "/y"]
    assert slow.closed
    assert throttle._gate().connections.busy == 0


async def test_a_status_may_be_compressed():
    """Its encoding is looked at."""
    status = gzip.compress(b'{"count": 1, "max_calls": 40, "timeframe_limit": 15}')
    headers = {"content-encoding": "gzip"}
    inner = Answers(httpx.Response(200, headers=headers, stream=Drip(status)), httpx.Response(200))
    client, throttle = client_of(inner)
    await client.get("/x")

    assert throttle.snapshot().calls == 40


def test_a_request_is_shown_without_a_body_that_was_not_read():
    """A stream is not read for the sake of an error."""

    async def body():
        yield b"x"

    assert wire_of(httpx.Request("POST", "https://a.example/x", content=body())).content == b""
    assert wire_of(httpx.Request("POST", "https://a.example/x", content=b"x")).content == b"x"


@pytest.mark.parametrize(
    ("address", "environment", "proxied"),
    [
        ("https://acme.harvestapp.com", {"https_proxy": "http://127.0.0.1:9"}, True),
        ("https://acme.harvestapp.com", {"https_proxy": "http://127.0.0.1:9", "no_proxy": "harvestapp.com"}, False),
        ("http://127.0.0.1:1", {"http_proxy": "http://127.0.0.1:9"}, False),
        ("https://acme.harvestapp.com", {}, False),
    ],
)
async def test_a_proxy_of_the_environment_is_used_but_for_loopback(address, environment, proxied, monkeypatch):
    """As other programs do."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    transport = direct_transport(address)

    assert ("Proxy" in type(transport._pool).__name__) is proxied
    await transport.aclose()


async def test_nothing_leaves_after_its_deadline():
    """A request that was held up on our side longer than its response may take is not sent, and costs no lease."""
    clock = asyncio.get_running_loop().clock

    async def stuck(request):
        await request.extensions["trace"]("connection.connect_tcp.started", {})
        clock.advance(90)
        await request.extensions["trace"]("http11.send_request_headers.started", {})
        raise AssertionError

    client, throttle = client_of(Answers(stuck), status_path=None)
    with pytest.raises(httpx.ConnectTimeout, match="before anything was sent"):
        await client.get("/x")

    assert throttle.snapshot().sent == 0


async def test_a_lease_that_the_gate_took_back_is_not_used():
    """Between the grant and the sending the gate was closed: the call returns to the queue, and is sent once."""
    inner = Answers(httpx.Response(200), httpx.Response(200), httpx.Response(200))
    client, throttle = client_of(inner, status_path=None)
    await client.get("/x")
    ticket = Ticket()
    ticket.lease = await throttle.acquire(ticket)
    other = await throttle.acquire(Ticket())
    other.refused(5 * SECOND)
    other.release()
    before = throttle.clock.now()
    await client.get("/y", extensions={TICKET: ticket})

    assert throttle.clock.now() - before >= 5 * SECOND
    assert [request.url.path for request in inner.sent] == ["/x", "/y"]
    assert (ticket.refusals, throttle._gate().connections.busy) == (0, 0)


async def test_a_trace_is_followed_once_however_often_a_request_is_sent():
    """Sent again after a refusal, a request is as it was at first."""
    seen = []

    async def trace(name, _):
        seen.append(name)

    async def refuse(request):
        await request.extensions["trace"]("http11.send_request_headers.started", {})
        return httpx.Response(503, headers={"retry-after": "1"})

    async def serve(request):
        await request.extensions["trace"]("http11.send_request_headers.started", {})
        await request.extensions["trace"]("http11.receive_response_headers.started", {})
        return httpx.Response(200)

    client, _ = client_of(Answers(refuse, refuse, serve), status_path=None)
    response = await client.get("/x", extensions={"trace": trace})

    assert seen == ["http11.send_request_headers.started"] * 3 + ["http11.receive_response_headers.started"]
    assert response.request.extensions["trace"] is trace


async def test_a_body_that_is_left_early_frees_its_connection():
    """A caller that stops reading closes the response, and no connection stays in use."""
    body = Drip(b"a", b"b")
    client, throttle = client_of(Answers(httpx.Response(200, stream=body)), status_path=None)
    async with client.stream("GET", "/x") as response:
        async for _ in response.aiter_raw():
            break

    assert (body.closed, throttle._gate().connections.busy) == (True, 0)


# Another connection pool


class OtherPool(httpcore.AsyncConnectionPool):
    """The pool of a release that does not list its requests."""

    def __init__(self):
        super().__init__()
        del self._requests


class OddPool(httpcore.AsyncConnectionPool):
    """The pool of a release whose list holds something else."""

    def __init__(self, requests):
        super().__init__()
        self._requests = requests


class Pooled(httpx.AsyncBaseTransport):
    """A transport with a pool, as httpx has one."""

    def __init__(self, pool):
        self._pool = pool


class NoPool(httpx.AsyncHTTPTransport):
    """The transport of a release that keeps its pool under another name."""

    def __init__(self):
        super().__init__()
        del self._pool


class Left:
    """A connection that a cancelled call left behind."""

    closed = False

    def is_idle(self):
        return False

    def is_closed(self):
        return self.closed

    async def aclose(self):
        self.closed = True


@pytest.fixture
def _not_warned():
    """Forget that the warning was logged, before and after."""
    direct._warn_once.cache_clear()
    yield
    direct._warn_once.cache_clear()


@pytest.mark.usefixtures("_not_warned")
@pytest.mark.parametrize(
    "transport",
    [
        lambda: Pooled(OtherPool()),
        lambda: Pooled(OddPool(None)),
        lambda: Pooled(OddPool([object()])),
        NoPool,
    ],
)
async def test_a_pool_that_does_not_list_its_requests_is_left_alone_with_one_warning(transport, caplog):
    """Nothing is closed, nothing fails, and the log says so once however often it is tried."""
    transport, left = transport(), Left()
    if isinstance(transport, Pooled):
        transport._pool._connections = [left]
    for _ in range(3):
        await sweep(transport)

    assert not left.closed
    (warning,) = caplog.records
    assert (warning.name, warning.levelname) == ("harvest_async", "WARNING")
    assert "httpcore>=1.0.5,<1.1" in warning.getMessage()


@pytest.mark.usefixtures("_not_warned")
async def test_a_connection_that_no_request_holds_is_closed(caplog):
    """The pool of this release lists its requests: what none of them holds is closed, without a warning."""
    pool, left = httpcore.AsyncConnectionPool(), Left()
    pool._connections = [left]
    await sweep(Pooled(pool))

    assert left.closed
    assert caplog.records == []


@pytest.mark.usefixtures("_not_warned")
async def test_a_transport_without_a_pool_is_nothing_to_warn_of(caplog):
    """A transport of another kind has nothing to sweep."""
    await sweep(Answers())

    assert caplog.records == []
