"""How type checkers see the public surface. Checked by mypy strict and pyright, never run."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, assert_type

import httpx
from fastapi import Depends, FastAPI

from harvest_async import (
    DEFAULT_REGISTRY,
    BadRequest,
    BasicAuth,
    BearerAuth,
    Call,
    Created,
    CreatedUnread,
    DecodeError,
    DeleteResult,
    Directory,
    DirectoryV2,
    FieldsIgnored,
    FileTokenStore,
    Forbidden,
    HarvestError,
    HarvestPool,
    HarvestV1,
    HarvestV2,
    HttpCache,
    Identity,
    ImageResponse,
    InvalidArgument,
    Ledger,
    LedgerBusy,
    Listing,
    MemoryLedger,
    MemoryTokenStore,
    NotFound,
    NotSent,
    OAuth2,
    OutcomeUnknown,
    QueryTokenAuth,
    RawResponse,
    Record,
    RedisLedger,
    Registry,
    RequestError,
    ResponseError,
    ServerError,
    Snapshot,
    SqliteLedger,
    StorageError,
    Throttle,
    Throttled,
    ThrottledTransport,
    Tokens,
    TokenStore,
    Unauthorized,
    Unprocessable,
    WouldWait,
    decimals_as,
    exports,
    imports,
    new_state,
)
from harvest_async.auth.scopes import Scope, read_scope
from harvest_async.fastapi import (
    Accounts,
    HarvestV1Dep,
    HarvestV2Dep,
    add_handlers,
    harvest_by_key,
    harvest_lifespan,
    harvest_of_account,
    harvest_options,
    harvest_problems,
    use_harvest,
)
from harvest_async.sandbox import Sandbox
from harvest_async.service import Service
from harvest_async.testing import VirtualClock, VirtualLoop, in_process
from harvest_async.v1.models import (
    Client,
    Daily,
    DayEntry,
    Person,
    Project,
    RateLimitStatus,
    ReportEntry,
    Task,
    TaskAssignment,
    UserAssignment,
    WhoAmI,
)

# Records as dicts and JSON

decimals_as("string")
decimals_as("float")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
assert_type(Client.from_dict({"name": "ACME"}), Client)
assert_type(Client.from_json("{}").to_dict(), dict[str, Any])
record: Record = Client(name="ACME")
assert_type(record.to_json(decimals="number"), str)

# Signing in by OAuth 2.0

oauth = OAuth2("id", "secret", redirect_uri="https://app.example.com/back", store=FileTokenStore(Path("tokens.json")))
assert_type(oauth.authorize_url(new_state()), str)
identity = Service(name="example.com", id_url="https://id.example.com", token_lifetime=1_209_600)
OAuth2("id", service=identity, scope="harvest:123", id_url="https://id.example.com")
assert_type(read_scope(Tokens("a", scope="harvest:123 all")), Scope)
assert_type(Scope().includes("harvest", 123), bool)
OAuth2("id", store=MemoryTokenStore(Tokens("a", "r", datetime(2026, 1, 5, tzinfo=UTC))), account="acme")


class OwnStore:
    """A store that a service brings along."""

    async def load(self) -> Tokens | None:
        """Nothing is kept."""
        return None

    async def save(self, tokens: Tokens) -> None:
        """Nothing is kept."""

    def lock(self) -> AbstractAsyncContextManager[None]:
        """Nobody else uses it."""
        return nullcontext()


async def sign_in(redirect: str) -> None:
    store: TokenStore = OwnStore()
    auth = OAuth2("id", store=store)
    async with HarvestV1("acme", auth=auth, app="Importer", cache=HttpCache("harvest.db")) as signing_in:
        await signing_in.sign_in(redirect, state="state")
    async with httpx.AsyncClient(auth=auth) as client:
        await auth.sign_in(redirect, state="state", send=client)


async def look_up(account: HarvestV1) -> None:
    directory = Directory(account, max_age=60)
    assert_type(await directory.clients.by_name("ACME"), Client | None)
    assert_type(await directory.projects.by_code("P-1"), Project | None)
    assert_type(await directory.people.by_email("me@example.com"), Person | None)
    assert_type(await directory.tasks.by_id(7), Task | None)
    assert_type(await directory.tasks.all(), list[Task])
    assert_type(await directory.task_assignments(7).by_task(8), TaskAssignment | None)
    assert_type(await directory.user_assignments(7).by_user(8), UserAssignment | None)
    assert_type((directory.calls, directory.saved), tuple[int, int])


# The door

harvest = HarvestV1("acme", auth=BasicAuth("me@example.com", "secret"), app="Importer (ops@example.com)")
HarvestV1(
    "acme",
    auth=BearerAuth("token"),
    app="Importer",
    format="xml",
    base_url="http://127.0.0.1:8765",
    throttle=Throttle(),
    timeout=30.0,
    transport=httpx.AsyncHTTPTransport(),
    ssl_context=None,
    proxy="http://127.0.0.1:3128",
)
HarvestV1.from_env(auth=QueryTokenAuth("token"), format="xml")
HarvestV1("acme", auth=BearerAuth("token"), app="Importer", format="yaml")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
HarvestV1("acme", app="Importer")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]

assert_type(HarvestV1.from_env(), HarvestV1)
assert_type(HarvestV2.from_env(), HarvestV2)
assert_type(HarvestV2(1, auth=BearerAuth("token"), app="me@example.com", same_as="acme").options(timeout=1), HarvestV2)
HarvestV2("1", auth=BearerAuth("token"))  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
assert_type(harvest.options(max_wait=2.0, lane="bulk", on_unknown=None), HarvestV1)
assert_type(harvest.throttle, Throttle)
assert_type(harvest.name, str)
assert_type(
    harvest.options(timeout=5, headers={"X-Request-Id": "1", "X-Old": None}, attempts=1, retry_budget=0), HarvestV1
)
harvest.options(timeout=None, headers=None, attempts=None, retry_budget=None, max_wait=None)
harvest.options(timeout="5")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
harvest.options(headers={"X-Number": 1})  # type: ignore[dict-item] # pyright: ignore[reportArgumentType]
harvest.options(lane="fast")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


async def on_unknown(call: Call[Any]) -> None:
    """What the journal listens with."""
    assert_type(call.name, str)
    assert_type(call.path, str)


async def account() -> None:
    """The life of a client, and what is not a resource."""
    async with harvest as opened:
        assert_type(opened, HarvestV1)
    with harvest.bulk():
        pass
    assert_type(await harvest.request("GET", "/clients", query={"page": "2"}, repeatable=True), Any)
    assert_type(await harvest.aclose(), None)
    harvest.options(on_unknown=on_unknown)
    assert_type(await harvest.account.who_am_i(), WhoAmI)
    assert_type(await harvest.account.rate_limit_status(), RateLimitStatus)


async def raw_responses() -> None:
    """Records beside the responses they were read from."""
    raw = await harvest.with_raw_response(harvest.options(timeout=5).clients.get(7))
    assert_type(raw, RawResponse[Client])
    assert_type(raw.record, Client)
    assert_type(raw.status, int)
    assert_type(raw.headers, httpx.Headers)
    assert_type(raw.headers["x-request-id"], str)
    assert_type(raw.content, bytes)
    assert_type(raw.responses[0].status, int)
    assert_type((await harvest.with_raw_response(harvest.clients.list())).record, list[Client])
    assert_type((await harvest.with_raw_response(harvest.clients.create_id("ACME"))).record, Created[Client])
    assert_type((await harvest.with_raw_response(harvest.people.reset_password(9))).record, None)
    await harvest.with_raw_response(7)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


# Resources


async def clients() -> None:
    """Clients, and what every list is."""
    listing = harvest.clients.list(updated_since=datetime(2026, 1, 1, tzinfo=UTC))
    assert_type(listing, Listing[Client])
    assert_type(await listing, list[Client])
    async for client in listing:
        assert_type(client, Client)
        assert_type(client.id, int)
        assert_type(client.name, str | None)
    assert_type(await harvest.clients.get(7), Client)
    assert_type(await harvest.clients.create(name="ACME", details="Main Street", currency_symbol="€"), Client)
    made = await harvest.clients.create_id("ACME")
    assert_type(made, Created[Client])
    assert_type(made.id, int | None)
    assert_type(made.record, Client | None)
    assert_type(await harvest.clients.update(7, details="Side Street"), Client)
    assert_type(await harvest.clients.toggle(7), Client)
    assert_type(await harvest.clients.delete(7), DeleteResult)
    await harvest.clients.create(name="ACME", colour="red")  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]


async def projects() -> None:
    """Projects and who works on them."""
    assert_type(await harvest.projects.list(client=7), list[Project])
    project = await harvest.projects.create(name="Website", client_id=7, budget=Decimal(100))
    assert_type(project, Project)
    assert_type(project.budget, Decimal | None)
    assert_type(await harvest.projects.update(project.id, name="Site"), Project)
    assert_type(await harvest.projects.toggle(project.id), Project)
    assert_type(await harvest.projects.delete(project.id), DeleteResult)
    assert_type(await harvest.task_assignments.list(project.id), list[TaskAssignment])
    assert_type(await harvest.task_assignments.get(project.id, 1), TaskAssignment)
    assert_type(await harvest.task_assignments.create(project.id, 8), TaskAssignment)
    assert_type(await harvest.task_assignments.create_with_new_task(project.id, "Work"), TaskAssignment)
    assert_type(await harvest.task_assignments.delete(project.id, 1), DeleteResult)
    assert_type(await harvest.user_assignments.list(project.id), list[UserAssignment])
    assert_type(await harvest.user_assignments.create(project.id, 9), UserAssignment)
    assert_type(await harvest.user_assignments.delete(project.id, 1), DeleteResult)


async def tasks_and_people() -> None:
    """Tasks and people."""
    assert_type(await harvest.tasks.list(), list[Task])
    assert_type(await harvest.tasks.create(name="Work"), Task)
    assert_type(await harvest.tasks.activate(8), Task)
    assert_type(await harvest.people.list(), list[Person])
    assert_type(await harvest.people.create("one@example.com", "Person", "One"), Person)
    assert_type(await harvest.people.toggle(9), Person)
    assert_type(await harvest.people.reset_password(9), None)


async def timesheets() -> None:
    """Time tracking and the reports of time."""
    assert_type(await harvest.time.daily(date(2026, 11, 23), of_user=7), Daily)
    entry = await harvest.time.create(7, 8, hours=Decimal("1.5"), spent_at=date(2026, 11, 23), notes="Work")
    assert_type(entry, DayEntry)
    assert_type(entry.hours, Decimal | None)
    assert_type(entry.spent_at, date | None)
    assert_type(await harvest.time.create(7, 8, started_at=time(9), ended_at=time(10)), DayEntry)
    assert_type(await harvest.time.create_id(7, 8, hours="1.5"), Created[DayEntry])
    assert_type(await harvest.time.update(1, notes="Play"), DayEntry)
    assert_type(await harvest.time.toggle(1), DayEntry)
    found = harvest.reports.user_entries(9, date(2026, 1, 1), date(2026, 1, 31))
    assert_type(found, Listing[ReportEntry])
    assert_type(await harvest.reports.project_entries(7, date(2026, 1, 1), date(2026, 1, 31)), list[ReportEntry])


# Imports and exports


async def whole_accounts() -> None:
    """Files into an account, an account into files."""
    options = imports.Options(fill=imports.Fill(client="ACME"))
    with imports.open_source("toggl.csv", options) as source:
        plan = await imports.plan(harvest, source, options=options, create_people=True)
    assert_type(plan, imports.Plan)
    assert_type(plan.calls, int)
    assert_type(plan.seconds, float)
    assert_type(await imports.run(plan, journal="acme.journal"), imports.Report)
    assert_type(await imports.resume(harvest, "acme.journal"), imports.Plan)
    assert_type(await exports.export(harvest, "backup", format="csv"), exports.Exported)
    assert_type(await harvest.receipts.get(7), ImageResponse)


# The throttle

throttle = Throttle(
    calls=80,
    period=15.0,
    pace="burst",
    reserve=3,
    guard=2.0,
    max_block=None,
    ledger=SqliteLedger(Path("ledger.sqlite3"), account="acme"),
    clock=VirtualClock(),
    name="acme",
)
Throttle(pace="steady")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
snapshot = throttle.snapshot()
assert_type(snapshot, Snapshot)
assert_type(snapshot.free, int)
assert_type(snapshot.closed_until, datetime | None)
assert_type(snapshot.seconds_until(500), float)
Throttle(ledger=RedisLedger("rediss://user:password@example.com:6380/0", account="acme", share=1 / 4))
ledgers: list[Ledger] = [MemoryLedger(), SqliteLedger("ledger.sqlite3", "acme")]
assert_type(LedgerBusy("in use").again(), LedgerBusy)
transport: httpx.AsyncBaseTransport = ThrottledTransport(httpx.AsyncHTTPTransport(), throttle, status_path=None)
assert_type(DEFAULT_REGISTRY, Registry)
assert_type(DEFAULT_REGISTRY.throttle(Identity("harvestapp.com", "acme")), Throttle)


# Errors


async def errors() -> None:
    """Who was wrong, and what each kind knows."""
    try:
        await harvest.account.who_am_i()
    except WouldWait as error:
        assert_type(error.wait, float)
    except Throttled as error:
        assert_type(error.retry_after, float)
        assert_type(error.status_text, str | None)
    except (BadRequest, Unauthorized, Forbidden, NotFound, Unprocessable, ServerError) as error:
        assert_type(error.status, int)
        assert_type(error.hint, str | None)
    except StorageError as error:
        assert_type(error.message, str)
    except FieldsIgnored as error:
        assert_type(error.names, tuple[str, ...])
    except CreatedUnread as error:
        assert_type(error.id, int | None)
        assert_type(error.location, str | None)
    except (NotSent, OutcomeUnknown) as error:
        silent: RequestError = error
        assert_type(silent.message, str)
    except InvalidArgument as error:
        value: ValueError = error
        assert_type(str(value), str)
    except (ResponseError, DecodeError, HarvestError) as error:
        assert_type(error.report(), str)
        assert_type(error.as_curl(), str)


# Inside FastAPI

app = FastAPI(lifespan=harvest_lifespan(HarvestV1.from_env), responses=harvest_problems)
FastAPI(lifespan=harvest_lifespan({"default": HarvestV1.from_env, "new": HarvestV2.from_env}))
assert_type(add_handlers(app), None)
makers: list[Callable[..., Awaitable[HarvestV1]]] = [use_harvest, harvest_by_key("new"), harvest_of_account(str)]
harvest_options(max_wait="1")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


@app.get("/clients/{id}", dependencies=[Depends(harvest_options(max_wait=1))])
async def show_client(id: int, harvest: HarvestV1Dep, new: HarvestV2Dep) -> Client:
    """The aliases have the types of the clients."""
    assert_type(harvest, HarvestV1)
    assert_type(new, HarvestV2)
    return await harvest.clients.get(id)


@app.post("/clients")
async def create_client(draft: Client, harvest: HarvestV1Dep) -> list[Client]:
    """Records are the types of requests and responses."""
    return [await harvest.clients.create(draft)]


def pool_of(pool: HarvestPool[HarvestV2]) -> Accounts:
    """A pool has clients of accounts."""
    return pool


# In tests


async def sandboxes() -> AsyncIterator[str]:
    """An account to run against."""
    loop = VirtualLoop(patience=1.0)
    sandbox = Sandbox(100, 15.0, clock=loop.clock, db=Path("sandbox.sqlite3"))
    assert_type(loop.clock, VirtualClock)
    assert_type(in_process(sandbox), httpx.AsyncBaseTransport)
    assert_type(sandbox.max_in_window(), int)
    with sandbox.serve_in_thread(port=0) as address:
        assert_type(address, str)
        yield address


async def use_v2(account: HarvestV2) -> None:
    """Lists, creates and updates of API v2 have their types."""
    from harvest_async.v2.clients import Client
    from harvest_async.v2.users import User

    assert_type(await account.clients.list(is_active=True, per_page=100), list[Client])
    assert_type(await account.clients.create("ACME", currency="EUR"), Client)
    assert_type(await account.clients.update(1, name="ACME"), Client)
    assert_type(await account.users.me(), User)
    await account.clients.update(1, nme="ACME")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await account.my_clients.list()  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


async def cached_lists_of_v2(account: HarvestV2) -> None:
    """The lists of API v2 give its records."""
    directory = DirectoryV2(account, max_age=60)
    assert_type([link.task_id for link in await directory.task_assignments.of_project(7)], list[int | None])
    assert_type([user.access_roles for user in await directory.users.all()], list[list[str]])


async def provide(account: str) -> BearerAuth:
    """Return the credentials of an account."""
    return BearerAuth(account)


async def use_a_pool() -> None:
    """A pool's clients are those of the default version, or of the class that the annotation names."""
    async with HarvestPool(provide, app="Back office (ops@example.com)") as pool, pool.account(1) as harvest:
        assert_type(harvest, HarvestV2)
    older: HarvestPool[HarvestV1] = HarvestPool(provide, app="Back office", version="v1", max_connections=8)
    async with older.account("acme") as subdomain:
        assert_type(subdomain, HarvestV1)
    assert_type(pool.metrics("1", 2)["1"].calls, int)
