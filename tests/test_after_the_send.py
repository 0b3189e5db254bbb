"""Any exception after a request may have left: nothing is sent twice, and nothing is reported as not sent."""

import asyncio
import decimal
import json
import logging
from collections import Counter
from contextlib import contextmanager, nullcontext, suppress

import attrs
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_async import BasicAuth, CreatedUnread, HarvestV1, InvalidArgument, OutcomeUnknown, Throttle
from harvest_async.errors import BadRequest, HarvestError, NotSent
from harvest_async.importer.journal import Journal
from harvest_async.messages import Response
from harvest_async.progress import Quiet
from harvest_async.throttle.ledgers.memory import MemoryLedger
from harvest_async.v1.dialect import V1Dialect
from tests.support.books import Books
from tests.support.importing import execute, plan_into, time_row, virtually

pytestmark = pytest.mark.virtual_time

STATUS = {"count": 1, "max_calls": 100, "timeframe_limit": 15}
CLIENT = {"client": {"id": 7, "name": "ACME"}}

EXCEPTIONS = (
    ArithmeticError, AssertionError, AttributeError, BlockingIOError, BrokenPipeError, BufferError, ConnectionError,
    EOFError, FileNotFoundError, FloatingPointError, ImportError, IndexError, KeyError, LookupError, MemoryError,
    NotImplementedError, OSError, OverflowError, PermissionError, RecursionError, ReferenceError, RuntimeError,
    StopAsyncIteration, SystemError, TimeoutError, TypeError, UnicodeError, ValueError, ZeroDivisionError,
    decimal.DivisionByZero, decimal.InvalidOperation, json.JSONDecodeError, UnicodeDecodeError,
    httpx.ConnectError, httpx.ConnectTimeout, httpx.LocalProtocolError, httpx.PoolTimeout, httpx.ReadError,
    httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.DecodingError, httpx.StreamClosed,
    HarvestError, InvalidArgument, NotSent,
)  # fmt: skip
ARGUMENTS = {
    json.JSONDecodeError: ("no", "", 0),
    UnicodeDecodeError: ("utf-8", b"\xff", 0, 1, "no"),
    httpx.StreamClosed: (),
}


def made(kind):
    """One exception of a kind."""
    return kind(*ARGUMENTS.get(kind, ("raised on purpose",)))


class Server(httpx.AsyncBaseTransport):
    """Makes clients, and raises at chosen points after it has made one.

    Attributes:
        clients: how many were made.
        armed: the point at which it raises; None raises nowhere.
        error: what it raises.
    """

    def __init__(self, *, located):
        self.located, self.clients, self.armed, self.error = located, 0, None, None

    def reach(self, point):
        """Raise if this is the point; each point is reached only after the first client was made."""
        if self.armed == point and self.clients:
            raise self.error

    async def handle_async_request(self, request):
        if request.url.path == "/account/rate_limit_status":
            return httpx.Response(200, json=STATUS)
        if request.method == "POST":
            self.clients += 1
            self.reach("transport")
            headers = {"location": "/clients/7"} if self.located else {}
            return httpx.Response(201, headers=headers | {"content-type": "application/json"}, stream=Body(self))
        self.reach("read back")
        return httpx.Response(200, json=CLIENT)


class Body(httpx.AsyncByteStream):
    """A body that raises at its beginning, in its middle, at its end or when it is closed."""

    def __init__(self, server):
        self.server = server

    async def __aiter__(self):
        self.server.reach("first chunk")
        whole = b"" if self.server.located else json.dumps(CLIENT).encode()
        yield whole[:9]
        self.server.reach("second chunk")
        yield whole[9:]
        self.server.reach("end of the body")

    async def aclose(self):
        self.server.reach("close")


class Dialect(V1Dialect):
    """Raises when a response is decoded."""

    __slots__ = ("server",)

    def decode(self, call, answer):
        if call.method == "POST":
            self.server.reach("decode")
        return super().decode(call, answer)


class Ledger(MemoryLedger):
    """Raises when the end of a lease is written down."""

    def __init__(self, server):
        super().__init__()
        self.server = server

    def transact(self, change):
        self.server.reach("ledger")
        return super().transact(change)


class Auth(BasicAuth):
    """Raises when it gets the response."""

    def __init__(self, server):
        super().__init__("me@example.com", "hush-hush")
        self.server = server

    def auth_flow(self, request):
        yield from super().auth_flow(request)
        self.server.reach("auth")


class Watcher:
    """Raises when it hears of a write."""

    def __init__(self, server):
        self.server = server

    def wrote(self, call, *, done):  # noqa: ARG002
        self.server.reach("watcher")


class ResponseStore:
    """Raises when it hears of a write; keeps nothing."""

    def __init__(self, server):
        self.server = server

    async def response(self, wire, identity, fetch):  # noqa: ARG002
        return await fetch(wire)

    def written(self):
        self.server.reach("store")

    async def aclose(self):
        """Nothing is open."""


POINTS = {
    "transport": None,
    "first chunk": None,
    "second chunk": None,
    "end of the body": None,
    "close": None,
    "hook": None,
    "auth": None,
    "decode": None,
    "ledger": None,
    "log": None,
    "watcher": "done",
    "store": "done",
    "read back": "created",
}
"""Where something is raised after the send -> what has to come of it; None leaves it open as long as it is true."""


@contextmanager
def logging_that_raises(server):
    """A filter of the program's that raises while the library writes its log."""
    logger = logging.getLogger("harvest_async")
    before, logger.level = logger.level, logging.DEBUG

    def look(_):
        server.reach("log")
        return True

    logger.addFilter(look)
    try:
        yield
    finally:
        logger.removeFilter(look)
        logger.setLevel(before)


def client_of(server, clock):
    """A client whose every part can raise."""
    throttle = Throttle(clock=clock, ledger=Ledger(server))
    harvest = HarvestV1(
        "acme", auth=Auth(server), app="tests", base_url="https://acme.example.com", throttle=throttle, transport=server
    )
    exchange = harvest._exchange
    dialect = Dialect("json")
    dialect.server = server
    exchange._shared = attrs.evolve(exchange._shared, dialect=dialect, store=ResponseStore(server))
    exchange._attempts._shared = exchange._shared

    async def hook(_):
        server.reach("hook")

    exchange._shared.client.event_hooks = {"response": [hook]}
    return harvest, throttle


async def create(server, clock, *, whole):
    """Create a client; gives the client or the error, and whether the gate is free after it."""
    harvest, throttle = client_of(server, clock)
    watcher = Watcher(server)
    harvest._exchange.watch(watcher)
    with logging_that_raises(server) if server.armed == "log" else nullcontext():
        try:
            result = await (harvest.clients.create if whole else harvest.clients.create_id)("ACME")
        except Exception as error:  # noqa: BLE001
            result = error
    server.armed = None
    (gate,) = throttle._budgets["general"].by_loop.values()
    return result, (len(gate._open.leases), gate.connections.busy)


def chain(error):
    """An exception and its causes."""
    while error is not None:
        yield error
        error = error.__cause__


@pytest.mark.timeout(300)
@settings(max_examples=2000, deadline=None)
@given(st.sampled_from(sorted(POINTS)), st.sampled_from(EXCEPTIONS), st.booleans(), st.booleans())
def test_a_create_is_never_doubled_and_never_said_not_to_have_been_sent(point, kind, located, whole):
    """After any exception at any place after the send: one record, an honest error with its cause, and a free gate."""
    server = Server(located=located)
    server.armed, server.error = point, made(kind)

    if kind in NOT_SENT_ITSELF and point == "transport":
        return  # a transport that says of itself that it sent nothing is believed
    result, leases = virtually(lambda clock: create(server, clock, whole=whole))

    assert server.clients == 1
    assert leases == (0, 0)
    if isinstance(result, Exception):
        assert type(result) in {OutcomeUnknown, CreatedUnread}
        assert server.error in chain(result)
    expected = POINTS[point]
    assert expected != "done" or not isinstance(result, Exception)
    assert expected != "created" or not (located and whole) or type(result) is CreatedUnread


NOT_SENT_ITSELF = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.LocalProtocolError, httpx.PoolTimeout, httpx.UnsupportedProtocol,
)  # fmt: skip


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("point", ["transport", "first chunk", "decode"])
def test_an_exception_that_ends_the_program_is_raised_unchanged_and_the_hook_is_called(point, kind):
    """`on_unknown` is given the call that had left, and the exception comes out as it is."""
    server, reported = Server(located=False), []
    server.armed, server.error = point, kind()

    async def on_unknown(call):
        reported.append(call.name)

    async def do(clock):
        harvest, _ = client_of(server, clock)
        try:
            await harvest.options(on_unknown=on_unknown).clients.create_id("ACME")
        except BaseException as error:  # noqa: BLE001
            return error

    assert type(virtually(do)) is kind
    assert (reported, server.clients) == (["clients.create"], 1)


# The import


class Raising(Books):
    """An account whose writes of entries raise after they were processed, before the run gets the response."""

    def __init__(self, plan):
        super().__init__(people=["one@example.com"])
        self.latency, self.plan, self.count = 0.001, plan, 0

    async def create(self, kind, fields, watch):
        number = await super().create(kind, fields, watch)
        if kind == "entry":
            self.count += 1
            if (error := self.plan.pop(("account", self.count), None)) is not None:
                raise error
        return number


class Display(Quiet):
    """A display that raises when a step is reported."""

    def __init__(self, books):
        self.books = books

    def step(self):
        if (error := self.books.plan.pop(("display", self.books.count), None)) is not None:
            raise error


IMPORT_POINTS = ("account", "display")
"""Where something is raised after a row was sent."""


@pytest.mark.timeout(300)
@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from(IMPORT_POINTS), st.integers(1, 6)),
        st.sampled_from([kind for kind in EXCEPTIONS if kind is not NotSent]),
        min_size=1,
        max_size=3,
    )
)
def test_an_import_never_doubles_a_row(failures):
    """After any exception once a row was sent, the run that is resumed until it ends leaves every row once."""
    plan = {key: made(kind) for key, kind in failures.items()}
    books = Raising(plan)
    rows = [time_row(number, notes=f"n{number % 4}") for number in range(1, 7)]

    async def do(clock):
        with Journal(inline=True) as journal:
            await plan_into(journal, books, rows)
            for _ in range(len(failures) + 1):
                with suppress(Exception):
                    report = await execute(journal, books, clock, progress=Display(books))
                    if report.complete:
                        break
            return report

    report = virtually(do)

    assert Counter(each["notes"] for each in books.entries()) == Counter(each.notes for each in rows)
    assert (report.complete, report.created) == (True, len(rows))


@pytest.mark.parametrize(
    "kind", [RecursionError, MemoryError, ArithmeticError, UnicodeError, KeyError, InvalidArgument]
)
def test_a_row_that_a_foreign_exception_followed_is_lost_and_not_planned(kind):
    """The journal has it as lost, with or without an end of the run."""
    books = Raising({("account", 1): made(kind)})

    async def do(clock):
        with Journal(inline=True) as journal:
            await plan_into(journal, books, [time_row()])
            with pytest.raises(kind):
                await execute(journal, books, clock)
            return journal.rows("select state from step where kind = 'entry'")

    assert virtually(do) == [("response_lost",)]


# What servers really sent


BODIES = {
    "exponent": b'{"client":{"id":7,"name":"ACME","rate":1e99999999999999999999}}',
    "digits": b'{"client":{"id":7,"rate":' + b"9" * 5_000 + b"}}",
    "nesting": b'{"client":' * 100_000,
    "nan": b'{"client":{"id":NaN}}',
    "infinity": b'{"client":{"id":-Infinity}}',
    "no UTF-8": b'{"client":{"id":7,"name":"\xff\xfe"}}',
    "a date": b'{"client":{"id":7,"created_at":"Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}}',
    "a zone": b'{"client":{"id":7,"created_at":"Mon, 05 Jan 2026 00:00:00 +99999999999999999999"}}',
}


@pytest.mark.parametrize("location", [None, "/clients/" + "7" * 5_000, "//[", "/clients/\udcff"], ids=str)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_create_with_an_answer_that_can_not_be_read(body, location):
    """It is sent once; what becomes of it is unknown, or it is known to have been created."""
    sent = []

    async def answer(request):
        if request.url.path == "/account/rate_limit_status":
            return httpx.Response(200, json=STATUS)
        sent.append(request)
        headers = [(b"content-type", b"application/json")]
        if location is not None:
            headers.append((b"location", location.encode("utf-8", "surrogateescape")))
        return httpx.Response(201, headers=headers, content=body)

    async def do(clock):
        harvest = HarvestV1(
            "acme",
            auth=BasicAuth("me@example.com", "hush-hush"),
            app="tests",
            base_url="https://acme.example.com",
            throttle=Throttle(clock=clock),
            transport=httpx.MockTransport(answer),
        )
        with pytest.raises((OutcomeUnknown, CreatedUnread)):
            await harvest.clients.create("ACME")

    virtually(do)
    assert len(sent) == 1


def test_a_refusal_stays_one_where_its_words_can_not_be_read():
    """A dialect that fails on an error's body does not hide that the server said no."""

    class Mute(V1Dialect):
        __slots__ = ()

        def explain(self, answer: Response) -> str:  # noqa: ARG002
            raise RecursionError

    async def answer(request):
        status = 200 if request.url.path == "/account/rate_limit_status" else 400
        return httpx.Response(status, json=STATUS)

    async def do(clock):
        server = Server(located=False)
        harvest, _ = client_of(server, clock)
        shared = attrs.evolve(harvest._exchange._shared, dialect=Mute("json"))
        shared.client._transport._inner = httpx.MockTransport(answer)
        harvest._exchange._shared = harvest._exchange._attempts._shared = shared
        with pytest.raises(BadRequest):
            await harvest.clients.create_id("ACME")

    virtually(do)


@pytest.mark.anyio
async def test_a_cancelled_create_is_reported_to_the_hook_and_stays_cancelled():
    """Cancellation is no error of the call: it comes out as itself."""
    reported = []

    async def on_unknown(call):
        reported.append(call.name)

    class Slow(Server):
        async def handle_async_request(self, request):
            response = await super().handle_async_request(request)
            if request.method == "POST":
                await asyncio.sleep(30)
            return response

    harvest, _ = client_of(Slow(located=True), asyncio.get_running_loop().clock)
    task = asyncio.create_task(harvest.options(on_unknown=on_unknown).clients.create_id("ACME"))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert reported == ["clients.create"]
