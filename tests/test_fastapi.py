"""Inside a FastAPI app: the client's life, the dependency, problem documents, OpenAPI."""

import json
from collections import deque
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, WebSocket

import harvest_async
from harvest_async import (
    BadRequest,
    CreatedUnread,
    DecodeError,
    FieldsIgnored,
    Forbidden,
    HarvestError,
    HarvestV1,
    HarvestV2,
    InvalidArgument,
    NotFound,
    NotSent,
    OutcomeUnknown,
    RequestError,
    ResponseError,
    ServerError,
    StorageError,
    Throttled,
    Unauthorized,
    Unprocessable,
    WouldWait,
)
from harvest_async.fastapi import HarvestV1Dep, add_handlers, harvest_by_key, harvest_lifespan, harvest_options
from harvest_async.imports import JournalError
from harvest_async.messages import Request, Response
from harvest_async.run_lock import Holder, LockHeld, LockLost
from harvest_async.throttle.errors import busy_too_long, would_wait
from harvest_async.throttle.ledgers.memory import LedgerBusy
from tests.support.served_app import started

pytestmark = pytest.mark.anyio

REQUEST = Request("GET", "https://acme.harvestapp.com/clients?access_token=abc", (("Authorization", "Basic c2VjcmV0"),))
ANSWERED = {"request": REQUEST, "response": Response(422, (("Hint", "no"),), b"{}")}

ERRORS = (
    # an error, the status of its response, its type, the wait that it names
    (WouldWait("busy", wait=3.2), 503, "would-wait", 4),
    (Throttled("blocked", retry_after=61.5), 503, "throttled", 62),
    (NotFound("no such client", **ANSWERED), 404, "not-found", None),
    (InvalidArgument("hours=-1: give 0 or more"), 422, "invalid-argument", None),
    (Unprocessable("name is taken", **ANSWERED), 422, "unprocessable", None),
    (FieldsIgnored("done, but not all", record=None, names=["hours"]), 409, "fields-ignored", None),
    (BadRequest("refused", **ANSWERED), 400, "bad-request", None),
    (Unauthorized("sign-in failed", **ANSWERED), 502, "unauthorized", None),
    (Forbidden("role", **ANSWERED), 502, "forbidden", None),
    (NotSent("no connection"), 503, "not-sent", None),
    (OutcomeUnknown("lost", request=REQUEST), 502, "outcome-unknown", None),
    (CreatedUnread("made", id=7, location="/clients/7"), 502, "created-unread", None),
    (DecodeError("cut off", **ANSWERED), 502, "decode-error", None),
    (ServerError("failed", **ANSWERED), 502, "server-error", None),
    (RequestError("no response"), 502, "request-error", None),
    (ResponseError("odd", **ANSWERED), 502, "response-error", None),
    (HarvestError("something"), 502, "harvest-error", None),
    (LedgerBusy("the file /srv/ledger is in use"), 503, "ledger-busy", 1),
    (LockHeld("acme", Holder("acme", "run 4711@host", 1, 0.1, 5.0), 5.0), 409, "lock-held", 5),
    (LockLost("account acme: another run has taken its lock"), 409, "lock-lost", None),
    (JournalError("/srv/import.journal is no journal"), 500, "journal-error", None),
    (would_wait(10, "the file /srv/ledger is locked"), 503, "would-wait", 1),
    (busy_too_long("the file /srv/ledger is locked", 10), 503, "not-sent", None),
    (StorageError("/srv/tokens.json can't be read"), 500, "storage-error", None),
)


def failing(error):
    """An app whose one page fails."""
    app = FastAPI()
    add_handlers(app)

    @app.get("/")
    async def page():
        raise error

    return app


def clients_app(make, **options):
    """An app whose one page lists clients."""
    app = FastAPI(lifespan=harvest_lifespan(make))
    add_handlers(app)

    @app.get("/clients", dependencies=[Depends(harvest_options(**options))])
    async def clients(harvest: HarvestV1Dep) -> list[str | None]:
        return [client.name for client in await harvest.clients.list()]

    return app


@pytest.mark.parametrize(("error", "status", "name", "wait"), ERRORS, ids=lambda value: type(value).__name__)
async def test_an_error_is_answered_as_a_problem_document(error, status, name, wait):
    """Maps each kind of error to status, type, wait, and public detail: no path of a local file."""
    async with started(failing(error)) as (browser, _):
        response = await browser.get("/")

    problem = response.json()
    assert (status, "application/problem+json") == (response.status_code, response.headers["content-type"])
    local = type(error) is HarvestError or any(name in str(error) for name in ("/srv", "@host"))
    detail = "The log of this app has the details." if local else str(error)
    assert (f"urn:harvest-async:{name}", status, detail) == tuple(problem[key] for key in ("type", "status", "detail"))
    assert wait == problem.get("retry_after")
    assert (None if wait is None else str(wait)) == response.headers.get("retry-after")
    assert problem["title"]


@pytest.mark.parametrize("place", ["tokens", "unsaved tokens", "ledger", "cache"])
async def test_a_visitor_is_not_shown_the_files_of_the_server(tmp_path, caplog, place):
    """A file that can't be used is the app's fault (500); its path is in the log and not in the response."""
    folder = tmp_path / "private-folder"
    folder.mkdir()
    (folder / "tokens.json").write_text("{}")
    (folder / "tokens.json").chmod(0o600)
    (folder / "file").mkdir()

    def make():
        options = {"app": "tests", "auth": harvest_async.BearerAuth("t"), "throttle": harvest_async.Throttle()}
        if "tokens" in place:
            store = harvest_async.FileTokenStore(folder / ("tokens.json" if place == "tokens" else "file"))
            options["auth"] = harvest_async.OAuth2("id", "secret", store=store)
        elif place == "ledger":
            ledger = harvest_async.SqliteLedger(folder / "file", account="acme")
            options["throttle"] = harvest_async.Throttle(ledger=ledger)
        else:
            options["cache"] = harvest_async.HttpCache(folder / "file")
        return HarvestV1("acme", transport=httpx.MockTransport(lambda _: httpx.Response(200, json=[])), **options)

    async with started(clients_app(make)) as (browser, _):
        answer = await browser.get("/clients")

    assert (answer.status_code, answer.json()["type"]) == (500, "urn:harvest-async:storage-error")
    assert "private-folder" not in answer.text
    assert "private-folder" in caplog.text


def test_every_public_error_has_a_case():
    """An error class that is added needs its response here."""
    exported = [getattr(harvest_async, name) for name in harvest_async.__all__]
    public = {each for each in exported if isinstance(each, type) and issubclass(each, HarvestError)}

    assert public <= {type(error) for error, *_ in ERRORS}


async def test_a_visitor_never_gets_the_status_of_a_failed_sign_in():
    """No error of the app's own credentials gets the status 401 or 403."""
    statuses = {status for _, status, *_ in ERRORS}

    assert not statuses & {401, 403}


async def test_the_wait_is_that_until_the_same_patience_is_enough():
    """A client that waits up to a second at the gate may retry a second before the lease ends."""
    app = FastAPI(lifespan=harvest_lifespan(lambda: HarvestV1("acme", auth=harvest_async.BearerAuth("t"), app="tests")))
    add_handlers(app)

    @app.get("/", dependencies=[Depends(harvest_options(max_wait=2.5))])
    async def page(_: HarvestV1Dep):
        raise WouldWait("busy", wait=10.4)

    async with started(app) as (browser, _):
        response = await browser.get("/")

    assert response.headers["retry-after"] == "8"


async def test_one_client_serves_the_whole_life_of_an_app(harvest_client):
    """The lifespan makes a client once, all requests use it, and the end of the app closes its connections."""
    made = []

    def make():
        made.append(harvest_client())
        return made[-1]

    async with started(clients_app(make)) as (browser, _):
        answers = [await browser.get("/clients") for _ in range(3)]

    assert [response.status_code for response in answers] == [200, 200, 200]
    assert len(made) == 1
    with pytest.raises(InvalidArgument, match="closed"):
        await made[0].clients.list()


async def test_the_lifespan_goes_into_an_app_s_own(harvest_client):
    """A lifespan of the user's enters ours and yields both states; both end with the app, theirs last."""
    ends = []

    @asynccontextmanager
    async def lifespan(app):
        async with harvest_lifespan(harvest_client)(app) as state:
            yield {**state, "mine": "here"}
        ends.append("closed")

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def page(harvest: HarvestV1Dep) -> str:
        return harvest.name

    async with started(app) as (browser, _):
        response = await browser.get("/")
        before = list(ends)

    assert response.json() == "sandbox"
    assert (before, ends) == ([], ["closed"])


async def test_each_route_has_its_own_patience(harvest_sandbox, harvest_client):
    """With the budget used up, a route with `max_wait` refuses at once and says for how long; nothing is sent."""
    app = clients_app(harvest_client, max_wait=1)
    async with started(app) as (browser, _):
        first = await browser.get("/clients")
        for _ in range(98):
            await browser.get("/clients")
        second = await browser.get("/clients")

    assert first.status_code == 200
    assert second.status_code == 503
    assert 13 <= int(second.headers["retry-after"]) <= 15
    assert (len(harvest_sandbox.requests()), harvest_sandbox.throttled()) == (100, 0)


async def test_harvest_s_own_refusals_come_out_as_problems(harvest_client):
    """What the server refuses passes through the whole way, with the server's status where it is the visitor's."""
    app = FastAPI(lifespan=harvest_lifespan(harvest_client))
    add_handlers(app)

    @app.get("/clients/{number}")
    async def client(number: int, harvest: HarvestV1Dep) -> str | None:
        return (await harvest.clients.get(number)).name

    async with started(app) as (browser, _):
        response = await browser.get("/clients/99999")

    assert response.status_code == 404
    assert response.json()["type"] == "urn:harvest-async:not-found"


async def test_no_credential_gets_into_a_problem():
    """A problem document shows neither header nor token of the request that failed."""
    async with started(failing(OutcomeUnknown("lost", request=REQUEST))) as (browser, _):
        response = await browser.get("/")

    assert "c2VjcmV0" not in response.text
    assert "abc" not in response.text


async def test_an_app_without_the_lifespan_gets_an_error():
    """The dependency names what is missing instead of failing on an attribute."""
    app = clients_app(lambda: None)
    app.router.lifespan_context = FastAPI().router.lifespan_context

    async with started(app) as (browser, _):
        with pytest.raises(TypeError, match=r"FastAPI\(lifespan=harvest_lifespan"):
            await browser.get("/clients")


@pytest.mark.parametrize("options", [{"max_wait": -1}, {"attempts": 0}, {"patience": 3}, {"timeout": "soon"}])
def test_options_that_can_t_be_used_are_refused_at_once(options):
    """Where the route is defined, not in its first request."""
    with pytest.raises(InvalidArgument, match=next(iter(options))):
        harvest_options(**options)


async def sent_in_web_socket(app):
    """Open the app's WebSocket at `/`, and return what the app sends."""
    incoming, sent = deque([{"type": "websocket.connect"}]), []

    async def receive():
        return incoming.popleft()

    async def send(message):
        sent.append(message)

    scope = {"type": "websocket", "path": "/", "headers": [], "query_string": b"", "subprotocols": []}
    async with started(app) as (_, asgi):
        await asgi(scope, receive, send)
    return sent


async def test_web_sockets_use_the_same_client(harvest_client):
    """The dependency works where there is a connection and no request."""
    app = FastAPI(lifespan=harvest_lifespan(harvest_client))

    @app.websocket("/", dependencies=[Depends(harvest_options(max_wait=1))])
    async def page(socket: WebSocket, harvest: HarvestV1Dep):
        await socket.accept()
        await socket.send_text((await harvest.account.who_am_i()).user.email)
        await socket.close()

    sent = await sent_in_web_socket(app)

    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert sent[1]["text"] == "admin@example.com"


@pytest.mark.parametrize(
    ("error", "code", "title"),
    [
        (WouldWait("busy", wait=9.0), 1013, "Harvest is busy"),
        (InvalidArgument("no such id"), 1011, "Harvest has no such request"),
    ],
)
async def test_an_error_closes_an_accepted_web_socket(harvest_client, error, code, title):
    """Closes with the error's title and a code: after the handshake no HTTP response can be sent."""
    app = FastAPI(lifespan=harvest_lifespan(harvest_client))
    add_handlers(app)

    @app.websocket("/")
    async def page(socket: WebSocket):
        await socket.accept()
        raise error

    sent = await sent_in_web_socket(app)

    assert sent[1:] == [{"type": "websocket.close", "code": code, "reason": title}]


async def test_an_error_after_the_end_of_a_web_socket_is_logged(harvest_client, caplog):
    """Sends nothing in a WebSocket that the app has closed, and logs the error."""
    app = FastAPI(lifespan=harvest_lifespan(harvest_client))
    add_handlers(app)

    @app.websocket("/")
    async def page(socket: WebSocket):
        await socket.accept()
        await socket.close()
        raise InvalidArgument("no such id")

    sent = await sent_in_web_socket(app)

    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]
    assert "WebSocket /: InvalidArgument: no such id" in caplog.text


async def test_openapi_does_not_see_the_client(harvest_client):
    """The dependency adds neither parameters nor schemas to the app's own description."""
    app = clients_app(harvest_client, max_wait=1)

    description = app.openapi()

    operation = description["paths"]["/clients"]["get"]
    assert "parameters" not in operation
    assert "requestBody" not in operation
    assert "Harvest" not in json.dumps(description.get("components", {}))


async def test_the_dependency_keeps_what_the_client_has_learned(harvest_sandbox, harvest_client):
    """Three requests that each start a timer ask once who is signed in."""
    app = FastAPI(lifespan=harvest_lifespan(harvest_client))

    @app.post("/timers", dependencies=[Depends(harvest_options(max_wait=60))])
    async def timers(harvest: HarvestV1Dep):
        return (await harvest.time.start_timer(*ids)).id

    async with harvest_client() as harvest:
        ids = await new_assignment(harvest)
    async with started(app) as (browser, _):
        answers = [await browser.post("/timers") for _ in range(3)]

    assert [each.status_code for each in answers] == [200] * 3
    assert [each.path for each in harvest_sandbox.requests()].count("/account/who_am_i") == 2


async def new_assignment(harvest):
    """The ids of a project and a task on which the person who is signed in may work."""
    client = await harvest.clients.create("ACME")
    project = await harvest.projects.create("Website", client)
    task = await harvest.tasks.create("Work")
    await harvest.task_assignments.create(project, task)
    await harvest.user_assignments.create(project, (await harvest.account.who_am_i()).user)
    return project.id, task.id


def two_accounts(harvest_client, **names):
    """Return an app with an administrator's client and one of a regular user with the key `team`."""

    @asynccontextmanager
    async def lifespan(app):
        team = harvest_lifespan(lambda: harvest_client("user@example.com"), key="team")
        async with harvest_lifespan(harvest_client, **names)(app) as default, team(app) as other:
            yield {**default, **other}

    return FastAPI(lifespan=lifespan)


async def test_an_app_has_several_clients_by_key(harvest_client):
    """Gives each dependency the client of its key, and the client without a key by default."""
    app = two_accounts(harvest_client)

    @app.get("/")
    async def page(
        default: HarvestV1Dep,
        team: Annotated[HarvestV1, Depends(harvest_by_key("team"))],
    ) -> list[str]:
        return [(await each.account.who_am_i()).user.email for each in (default, team)]

    async with started(app) as (browser, _):
        response = await browser.get("/")

    assert response.json() == ["admin@example.com", "user@example.com"]


async def test_two_clients_with_one_key_are_refused(harvest_client):
    """Refuses to start an app in which one client would hide another; the key is free again after the app's end."""
    app = two_accounts(harvest_client, key="team")

    for _ in range(2):
        with pytest.raises(ValueError, match="already has a Harvest client with key='team'"):
            async with started(app):
                raise AssertionError


async def test_an_app_can_be_started_again(harvest_client):
    """Releases each key when the app ends."""
    app = two_accounts(harvest_client)

    for _ in range(2):
        async with started(app):
            assert app.state.harvest_async_keys == {"default", "team"}
        assert app.state.harvest_async_keys == set()


async def test_an_unknown_key_lists_the_keys(harvest_client):
    """Names the keys of the app's clients."""
    app = two_accounts(harvest_client)

    @app.get("/")
    async def page(harvest: Annotated[HarvestV1, Depends(harvest_by_key("billing"))]) -> str:
        return harvest.name

    async with started(app) as (browser, _):
        with pytest.raises(TypeError, match=r"key='billing' in this app. Available: 'default', 'team'"):
            await browser.get("/")


async def test_a_request_without_the_state_of_the_lifespan_says_what_to_do(harvest_client):
    """Names the two causes, an own lifespan that does not yield the state and a test client that does not run it."""

    @asynccontextmanager
    async def own(app):
        async with harvest_lifespan(harvest_client)(app):
            yield {}

    app = FastAPI(lifespan=own)

    @app.get("/")
    async def page(harvest: HarvestV1Dep) -> str:
        return harvest.name

    async with started(app) as (browser, _):
        with pytest.raises(TypeError, match=r"key='default' is open, .* yield the state .* TestClient"):
            await browser.get("/")


async def test_a_route_s_options_go_before_those_of_its_router(harvest_client):
    """`Retry-After` follows the route's `max_wait`; options that the route doesn't set are the router's."""
    router = APIRouter(dependencies=[Depends(harvest_options(max_wait=1, attempts=2))])

    @router.get("/", dependencies=[Depends(harvest_options(max_wait=10))])
    async def page(harvest: HarvestV1Dep) -> None:
        limits = harvest._exchange.options.limits
        raise WouldWait(f"{limits.attempts} attempts", wait=12.0)

    app = FastAPI(lifespan=harvest_lifespan(harvest_client))
    add_handlers(app)
    app.include_router(router)

    async with started(app) as (browser, _):
        response = await browser.get("/")

    assert (response.headers["retry-after"], response.json()["detail"]) == ("3", "2 attempts")


def scripted_client(account, email):
    """Return a client of an account whose one client has an e-mail address as its name."""
    tree = {"client": {"id": 7, "name": email}}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=tree))
    return HarvestV1(account, auth=harvest_async.BearerAuth("t"), app="tests", transport=transport)


async def test_two_accounts_of_one_version_live_in_one_app():
    """Gives each key its own account, with a throttle of its own."""
    made = {name: harvest_lifespan(lambda name=name: scripted_client(name, f"{name}@x.example"), key=name)
            for name in ("one", "two")}  # fmt: skip

    @asynccontextmanager
    async def lifespan(app):
        async with made["one"](app) as one, made["two"](app) as two:
            yield {**one, **two}

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def page(
        one: Annotated[HarvestV1, Depends(harvest_by_key("one"))],
        two: Annotated[HarvestV1, Depends(harvest_by_key("two"))],
    ) -> list[str]:
        assert one.throttle is not two.throttle
        return [(await each.clients.get(7)).name for each in (one, two)]

    async with started(app) as (browser, _):
        response = await browser.get("/")

    assert response.json() == ["one@x.example", "two@x.example"]


async def test_clients_of_two_versions_live_in_one_app(harvest_client, harvest_v2):
    """Makes, opens, gives and closes both, each with its key; a mapping of keys is enough."""
    made = []

    def make():
        made.append(harvest_v2("user@example.com"))
        return made[-1]

    app = FastAPI(lifespan=harvest_lifespan({"default": harvest_client, "new": make}))

    @app.get("/")
    async def page(old: HarvestV1Dep, new: Annotated[HarvestV2, Depends(harvest_by_key("new"))]) -> list[str]:
        return [(await old.account.who_am_i()).user.email, (await new.users.me()).email]

    async with started(app) as (browser, _):
        response = await browser.get("/")

    assert response.json() == ["admin@example.com", "user@example.com"]
    with pytest.raises(InvalidArgument, match="closed"):
        await made[0].users.me()
