"""Cached responses: fresh ones take no lease, others take one, and no person gets those of another."""

import asyncio
import sqlite3
import stat

import httpx
import pytest

from harvest_async import (
    BasicAuth,
    BearerAuth,
    HarvestError,
    HarvestV1,
    HttpCache,
    InvalidArgument,
    NotFound,
    OAuth2,
    QueryTokenAuth,
    Throttle,
    Tokens,
    Unauthorized,
)
from tests.support.signin import STATUS, SignIn

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

FRESH = {"cache-control": "private, max-age=600"}


class Server(httpx.AsyncBaseTransport):
    """Responds with validators, and with 304 where nothing has changed; records the requests."""

    def __init__(self, headers=FRESH):
        self.headers, self.name, self.sent, self.statuses, self.size = dict(headers), "ACME", [], [], 0
        self.validator = "etag"

    async def handle_async_request(self, request):
        await asyncio.sleep(0.05)
        self.sent.append(request)
        response = self._answer(request)
        self.statuses.append(response.status_code)
        return response

    @property
    def reads(self):
        """How many requests came, the status call left out."""
        return sum(request.url.path != "/account/rate_limit_status" for request in self.sent)

    def _answer(self, request):
        if request.url.path == "/account/rate_limit_status":
            return httpx.Response(200, json=STATUS, headers=self.headers)
        if request.method != "GET":
            return httpx.Response(200, headers={"location": "/clients/7"})
        mark = f'"{self.name}"' if self.validator == "etag" else "Mon, 05 Jan 2026 09:00:00 GMT"
        asked = {"etag": "if-none-match", "last-modified": "if-modified-since"}.get(self.validator, "x-none")
        headers = {**self.headers, **({self.validator: mark} if self.validator else {})}
        if request.headers.get(asked) == mark:
            return httpx.Response(304, headers=headers)
        headers["set-cookie"] = "session=hush-cookie"
        content = f'{{"id": 7, "name": "{self.name}"}}'.encode() + b" " * self.size
        if request.headers["accept"] == "application/xml":
            content = f"<client><id>7</id><name>{self.name}</name></client>".encode()
        return httpx.Response(200, content=content, headers={**headers, "content-type": request.headers["accept"]})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "harvest.db"


def harvest_of(server, path, *, auth=None, account="acme", **options):
    return HarvestV1(
        account,
        auth=auth or BasicAuth("me@example.com", "hush-password"),
        app="tests",
        base_url=f"https://{account}.example.com",
        throttle=Throttle(clock=asyncio.get_running_loop().clock),
        transport=server,
        cache=HttpCache(path),
        **options,
    )


async def test_what_is_fresh_takes_no_lease(path):
    """Nothing is sent, and the record is the same; in the next process, too."""
    server = Server()
    for _ in range(2):
        async with harvest_of(server, path) as harvest:
            before = harvest.throttle.snapshot().granted
            assert [(await harvest.clients.get(7)).name for _ in range(3)] == ["ACME"] * 3
            assert harvest.throttle.snapshot().granted - before <= 2

    assert server.reads == 1


@pytest.mark.parametrize("validator", ["etag", "last-modified"])
@pytest.mark.parametrize("headers", [{}, {"cache-control": "max-age=0, private, must-revalidate"}])
async def test_what_may_have_changed_is_asked_for_by_its_validator(path, validator, headers):
    """One lease each time; the body comes again only when it has changed. How long it may be fresh is not guessed."""
    server = Server(headers)
    server.validator = validator
    async with harvest_of(server, path) as harvest:
        names = [(await harvest.clients.get(7)).name for _ in range(3)]
        if validator == "etag":
            server.name = "Other"
            names.append((await harvest.clients.get(7)).name)
            names.append((await harvest.clients.get(7)).name)

    assert names == ["ACME"] * 3 + ["Other"] * (len(names) - 3)
    assert server.statuses[1:4] == [200, 304, 304]


async def test_what_has_no_validator_and_no_lifetime_is_not_kept(path):
    """Nothing would ever be saved by it."""
    server = Server({})
    server.validator = ""
    async with harvest_of(server, path) as harvest:
        for _ in range(2):
            await harvest.clients.get(7)

    assert server.statuses[1:] == [200, 200]
    assert rows(path) == 0


@pytest.mark.parametrize("headers", [{"cache-control": "no-store"}, {"cache-control": "no-store, max-age=600"}])
async def test_what_may_not_be_kept_is_not(path, headers):
    """The server says so."""
    server = Server(headers)
    async with harvest_of(server, path) as harvest:
        for _ in range(2):
            await harvest.clients.get(7)

    assert server.statuses[1:] == [200, 200]
    assert rows(path) == 0


def rows(path):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(
            "SELECT count(*) FROM entries WHERE chunk_count IS NOT NULL AND expires_at IS NULL"
        ).fetchone()[0]
    finally:
        connection.close()


async def test_a_write_makes_everything_stale(path):
    """What was fresh is asked for again, once; a read that was on its way meanwhile does not count."""
    server = Server()
    async with harvest_of(server, path) as harvest:
        await harvest.clients.get(7)
        await harvest.clients.get(8)
        await harvest.clients.delete(9)
        for _ in range(2):
            await harvest.clients.get(7)
            await harvest.clients.get(8)

    assert server.statuses[1:] == [200, 200, 200, 304, 304]


async def test_a_read_beside_a_write_is_asked_for_again(path):
    """Its response may be from before the write."""
    server = Server()
    async with harvest_of(server, path) as harvest:
        await harvest.clients.get(7)
        await asyncio.gather(harvest.clients.get(8), harvest.clients.delete(9))
        await harvest.clients.get(8)

    assert server.statuses[-1] == 304


@pytest.mark.parametrize("call", ["toggle", "timer", "status"])
async def test_what_is_no_safe_read_is_never_kept(path, call):
    """A toggle is a GET, and the throttle's status is never true for long."""
    server = Server()
    async with harvest_of(server, path) as harvest:
        for _ in range(2):
            if call == "status":
                await harvest.account.rate_limit_status()
            elif call == "timer":
                await harvest.request("GET", "/daily/timer/7")
            else:
                await harvest.request("GET", "/clients/7", repeatable=True)

    assert len(server.sent) == 3
    assert not any("if-none-match" in request.headers for request in server.sent)


@pytest.mark.parametrize(
    "other",
    [
        BasicAuth("you@example.com", "hush-password"),
        BasicAuth("me@example.com", "wrong"),
        BearerAuth("hush-password"),
        OAuth2("id", store=Tokens("hush-token", None, None, "grant")),
    ],
)
async def test_nobody_gets_another_s_answer(path, other):
    """Not even who knows the e-mail address."""
    server = Server()
    async with harvest_of(server, path) as mine, harvest_of(server, path, auth=other) as theirs:
        await mine.clients.get(7)
        server.name = "Theirs"

        assert (await theirs.clients.get(7)).name == "Theirs"
        assert (await mine.clients.get(7)).name == "ACME"


async def test_one_token_is_one_person_however_it_travels(path):
    """In the header or in the address."""
    server = Server()
    async with harvest_of(server, path, auth=BearerAuth("t")) as one:
        await one.clients.get(7)
    async with harvest_of(server, path, auth=QueryTokenAuth("t")) as other:
        await other.clients.get(7)

    assert server.reads == 1


async def test_accounts_and_formats_are_kept_apart(path):
    """They get different responses for the same path."""
    server = Server()
    for options in ({}, {"account": "other"}, {"format": "xml"}):
        async with harvest_of(server, path, **options) as harvest:
            assert (await harvest.clients.get(7)).name == "ACME"

    assert server.reads == 3


async def test_a_renewed_token_is_the_same_person(path):
    """What is kept outlives the token; who signs in anew starts from nothing."""
    server = SignIn(way=0)
    normal = server._call
    server._call = lambda request: with_headers(normal(request))
    store = Tokens("a0", "r0", asyncio.get_running_loop().clock.today(), "grant")
    auth = OAuth2(
        "id", "s+/=", store=store, base_url="https://acme.example.com", clock=asyncio.get_running_loop().clock
    )
    async with harvest_of(server, path, auth=auth) as harvest:
        await harvest.clients.get(7)
        server.revoke()
        await harvest.clients.get(7)
    async with harvest_of(server, path, auth=OAuth2("id", store=Tokens("a1", None, None, "another"))) as harvest:
        with pytest.raises(Unauthorized):
            await harvest.clients.get(7)

    assert [request.url.path for request, status in server.calls if status == 200].count("/clients/7") == 1


def with_headers(response):
    response.headers.update(FRESH)
    return response


async def test_nobody_s_answers_are_not_kept(path):
    """Without a sign-in there is nobody whose they could be."""
    async with harvest_of(SignIn(way=0), path, auth=OAuth2("id", base_url="https://acme.example.com")) as harvest:
        with pytest.raises(Unauthorized, match="nobody has signed in"):
            await harvest.clients.get(7)

    assert not path.exists()


async def test_no_credential_is_in_the_file(path):
    """Neither in what is kept nor in the names that it is kept under, and others can't read it."""
    server = Server()
    auths = [
        BasicAuth("me@example.com", "hush-password"),
        QueryTokenAuth("hush-token"),
        OAuth2("id", "hush-secret", store=Tokens("hush-access", "hush-refresh", None, "grant")),
    ]
    for auth in auths:
        async with harvest_of(server, path, auth=auth) as harvest:
            await harvest.clients.get(7)
            texts = [each.read_bytes() for each in path.parent.iterdir()]
            modes = {stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}

            assert not any(secret in text for text in texts for secret in (b"hush", b"aHVzaC", b"bWVAZXhhbX"))
            assert modes == {0o600}
    assert rows(path) == 3
    assert [each.name for each in path.parent.iterdir()] == ["harvest.db"]


async def test_errors_are_not_kept(path):
    """What is not there today may be there tomorrow."""
    server = Server()
    normal = server._answer
    server._answer = lambda request: with_headers(httpx.Response(404)) if len(server.sent) == 2 else normal(request)
    async with harvest_of(server, path) as harvest:
        with pytest.raises(NotFound) as caught:
            await harvest.clients.get(7)

        assert (await harvest.clients.get(7)).name == "ACME"
    assert "> Authorization: Basic [redacted]" in caught.value.report()


async def test_an_error_of_an_asking_shows_what_was_asked(path):
    """The conditions are part of the request."""
    server = Server({})
    normal = server._answer
    server._answer = lambda request: httpx.Response(404) if len(server.sent) == 3 else normal(request)
    async with harvest_of(server, path) as harvest:
        await harvest.clients.get(7)
        with pytest.raises(NotFound) as caught:
            await harvest.clients.get(7)

    assert '> if-none-match: "ACME"' in caught.value.report()
    assert "> Authorization: Basic [redacted]" in caught.value.report()


async def test_an_unasked_304_is_an_error(path):
    """Without a condition there is nothing that could be the same."""
    server = Server()
    server._answer = lambda _: httpx.Response(304)
    async with harvest_of(server, path) as harvest:
        with pytest.raises(HarvestError, match="304"):
            await harvest.clients.get(7)


async def test_a_304_for_something_else_is_asked_again(path):
    """A server that confirms what is not kept is asked for the whole."""
    server = Server({})
    normal = server._answer
    server._answer = lambda request: (
        httpx.Response(304, headers={"etag": '"other"'}) if "if-none-match" in request.headers else normal(request)
    )
    async with harvest_of(server, path) as harvest:
        names = [(await harvest.clients.get(7)).name for _ in range(2)]

    assert names == ["ACME", "ACME"]
    assert server.statuses[1:] == [200, 304, 200]


async def test_lists_are_kept_and_large_ones_are_not(path):
    """Of more than 1 MiB nothing is kept."""
    server = Server()
    async with harvest_of(server, path) as harvest:
        for _ in range(2):
            assert [client.name for client in await harvest.clients.list()] == ["ACME"]
        assert server.reads == 1
        server.size = 2 << 20
        for _ in range(2):
            assert len(await harvest.tasks.list()) == 1

    assert server.reads == 3


async def test_many_reads_at_once_are_all_answered(path):
    """The file is opened once, and no call waits for the response of another."""
    server = Server()
    async with harvest_of(server, path) as harvest:
        found = await asyncio.gather(*(harvest.clients.get(number) for number in range(1, 31)))
        again = await asyncio.gather(*(harvest.clients.get(number) for number in range(1, 31)))

    assert {client.name for client in [*found, *again]} == {"ACME"}
    assert server.reads == 30


async def test_each_kept_answer_is_a_line_in_the_log(path, caplog):
    """At DEBUG, like any call."""
    caplog.set_level("DEBUG", "harvest_async")
    async with harvest_of(Server(), path) as harvest:
        for _ in range(2):
            await harvest.clients.get(7)

    assert "GET https://acme.example.com/clients/7 -> kept" in caplog.text


async def test_a_read_of_a_client_that_is_closed_meanwhile_says_so(path):
    """Its response came too late for the file."""
    harvest = harvest_of(Server(), path)
    await harvest.clients.get(8)
    read = asyncio.create_task(harvest.clients.get(7))
    await asyncio.sleep(0.01)
    await harvest.aclose()

    with pytest.raises(InvalidArgument, match="the client has been closed: make a new one"):
        await read


async def test_a_file_that_is_being_opened_when_its_client_is_closed_is_closed(path):
    """SQLite deletes the log when the last connection to a file is closed."""
    harvest, log = harvest_of(Server(), path), path.with_name(f"{path.name}-wal")
    read = asyncio.create_task(harvest.clients.get(7))
    await asyncio.sleep(0)
    await harvest.aclose()
    ends = await asyncio.gather(read, harvest.clients.get(7), return_exceptions=True)

    assert [type(end) for end in ends] == [InvalidArgument] * 2
    assert not log.exists()


async def test_the_file_is_closed_even_if_closing_the_client_is_cancelled(path):
    """A renewal of tokens is waited for until then."""

    class Slow(OAuth2):
        async def settle(self):
            await asyncio.sleep(10)

    auth = Slow("id", store=Tokens("hush-token", None, None, "grant"), base_url="https://acme.example.com")
    harvest, log = harvest_of(Server(), path, auth=auth), path.with_name(f"{path.name}-wal")
    await harvest.clients.get(7)
    closing = asyncio.create_task(harvest.aclose())
    await asyncio.sleep(1)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing

    assert not log.exists()


async def test_a_file_that_can_not_be_used_is_named(tmp_path):
    """With what is wrong with it."""
    taken = tmp_path / "taken.db"
    connection = sqlite3.connect(taken)
    connection.execute("CREATE TABLE entries (x)")
    connection.close()
    noise = tmp_path / "noise.db"
    noise.write_bytes(b"no database" * 1_000)
    for path in (taken, noise, tmp_path / "nowhere" / "x.db", tmp_path):
        async with harvest_of(Server(), path) as harvest:
            with pytest.raises(HarvestError, match="can't be used"):
                await harvest.clients.get(7)


async def test_what_can_not_work_is_refused(path):
    """A foreign authentication does not identify its person; a file needs space."""
    with pytest.raises(InvalidArgument, match="cache"):
        harvest_of(Server(), path, auth=httpx.BasicAuth("a", "b"))
    with pytest.raises(InvalidArgument, match="max_size"):
        HttpCache(path, max_size=1)
    assert repr(HttpCache(path)) == f"HttpCache('{path}')"
