"""No credential is ever shown: not by what a client is made of, not by an error, not by the log."""

import asyncio
import base64
import copy
import gc
import logging
import pickle
import traceback

import pytest

from harvest_async import (
    BasicAuth,
    BearerAuth,
    HarvestError,
    HarvestV1,
    HttpCache,
    OAuth2,
    OutcomeUnknown,
    QueryTokenAuth,
    Throttle,
    Tokens,
)
from harvest_async.messages import Request, Response
from harvest_async.sandbox import Sandbox
from harvest_async.secret import Secret
from harvest_async.testing import VirtualLoop, in_process
from tests.support.sample import make_rows, write_csv
from tests.support.shell import shell_at

pytestmark = pytest.mark.anyio

SECRET = "s3cr3t-0f-0urs"
WAYS = {
    "basic": lambda: BasicAuth("admin@example.com", SECRET),
    "bearer": lambda: BearerAuth(SECRET),
    "query": lambda: QueryTokenAuth(SECRET),
}
GOOD = {
    "basic": lambda: BasicAuth("admin@example.com", "sandbox"),
    "bearer": lambda: BearerAuth("sandbox-v1-token"),
    "query": lambda: QueryTokenAuth("sandbox-v1-token"),
}
SHOWN = {
    # what would give the sandbox's own credentials away
    "basic": ("Basic " + base64.b64encode(b"admin@example.com:sandbox").decode(), "YWRtaW5A"),
    "bearer": ("sandbox-v1-token",),
    "query": ("sandbox-v1-token",),
}


def encodings(secret):
    """A secret as it is, and as HTTP Basic writes it."""
    return secret, base64.b64encode(f"admin@example.com:{secret}".encode()).decode()


def ours(root):
    """Every object of this library that can be reached from another one."""
    seen, waiting, found = {id(root)}, [root], [root]
    while waiting:
        for each in gc.get_referents(waiting.pop()):
            if id(each) in seen or isinstance(each, type | str | bytes | int):
                continue
            seen.add(id(each))
            mine = type(each).__module__.startswith("harvest_async")
            if mine:
                found.append(each)
            if mine or type(each) in {dict, list, tuple, set, frozenset} or hasattr(each, "__closure__"):
                waiting.append(each)
    return found


@pytest.fixture(params=list(WAYS))
def way(request):
    """Each way to sign in."""
    return request.param


async def test_nothing_that_a_client_is_made_of_shows_a_credential(harvest_client, way):
    """Every object of ours behind a client, before and after a call, can be shown to anybody."""
    async with harvest_client(auth=WAYS[way]()) as harvest:
        with pytest.raises(HarvestError):
            await harvest.account.who_am_i()
        with pytest.raises(HarvestError):
            await harvest.clients.list()
        parts = [*ours(harvest), *ours(harvest.throttle), *ours(harvest.clients.list())]
        shown = [f"{each!r} {each!s}" for each in parts]

    assert {"HarvestV1", "Shared", "Throttle", type(WAYS[way]()).__name__} <= {type(each).__name__ for each in parts}
    assert [each for each in shown if any(secret in each for secret in encodings(SECRET))] == []


async def test_no_error_shows_a_credential(harvest_sandbox, harvest_client, way):
    """Refused, lost, blocked or unreadable: message, report, command and traceback hold no credential."""
    faults = {
        "refused": None,
        "lost": {"kind": "drop_after"},
        "unreadable": {"kind": "raw", "status": 200, "body": "{"},
        "failed": {"kind": "raw", "status": 422, "body": "{}"},
        "redirected": {"kind": "redirect", "location": f"http://127.0.0.1/?access_token={SECRET}"},
    }
    errors = []
    async with harvest_client(auth=WAYS[way]()) as harvest:
        for fault in faults.values():
            harvest_sandbox.clear_faults()
            if fault is not None:
                harvest_sandbox.fault(**fault)
            try:
                await harvest.clients.create(name="ACME")
            except HarvestError as error:
                errors.append(error)

    assert len(errors) == len(faults)
    for error in errors:
        shown = [str(error), repr(error), error.report(), error.as_curl(), "".join(traceback.format_exception(error))]
        assert [each for each in shown if any(secret in each for secret in encodings(SECRET))] == []


@pytest.mark.socket
async def test_the_log_tells_each_call_once_and_no_credential(harvest_address, caplog, way):
    """With every logger of the process at DEBUG there is one line of ours a call, and no credential in any line."""
    caplog.set_level(logging.DEBUG)
    auth = GOOD[way]()
    async with HarvestV1("sandbox", auth=auth, app="tests", base_url=harvest_address, throttle=Throttle()) as harvest:
        await harvest.account.who_am_i()
        made = await harvest.clients.create_id("ACME")
        await harvest.clients.delete(made.id)

    lines = [record.getMessage() for record in caplog.records if record.name == "harvest_async"]
    calls = [line for line in lines if " -> " in line]
    assert [line.partition(" in ")[0].replace(harvest_address, "") for line in calls] == [
        "GET /account/who_am_i -> 200",
        "POST /clients -> 201",
        f"DELETE /clients/{made.id} -> 200",
    ]
    assert {record.levelno for record in caplog.records if record.name == "harvest_async"} == {logging.DEBUG}
    everything = [f"{record.getMessage()} {record.args!r}" for record in caplog.records]
    assert [line for line in everything if any(secret in line for secret in SHOWN[way])] == []


def test_the_log_tells_each_closing_and_opening_of_the_gate(caplog):
    """One warning when the account is blocked, one when it is open again, and no more of them."""
    caplog.set_level(logging.DEBUG)
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        clock = runner.get_loop().clock
        sandbox, throttle = Sandbox(clock=clock), Throttle(clock=clock, name="acme")

        async def main():
            options = {"throttle": throttle, "transport": in_process(sandbox), "base_url": "http://127.0.0.1"}
            async with HarvestV1("sandbox", auth=GOOD["basic"](), app="tests", **options) as harvest:
                await harvest.account.who_am_i()
                sandbox.spend(100)
                async with asyncio.TaskGroup() as group:
                    for _ in range(10):
                        group.create_task(harvest.request("GET", "/account/who_am_i"))

        runner.run(main())
    sandbox.close()

    warnings = [
        each for each in caplog.records if each.name.startswith("harvest_async") and each.levelno >= logging.WARNING
    ]
    assert [(each.levelname, each.getMessage().partition(" for ")[0]) for each in warnings] == [
        ("WARNING", "acme: the gate is closed"),
        ("WARNING", "acme: the gate is open again"),
    ]


@pytest.mark.parametrize(
    "address",
    [
        f"https://me:{SECRET}/zz@acme.example.com",
        f"https://me:{SECRET}@acme\u2100.example.com",
        f"https://{SECRET}/zz@acme.example.com",
        f"https://me:{SECRET}@acme.example.com",
        f"https://[{SECRET}",
        f"http://me:{SECRET}@acme.example.com",
        f"http://{SECRET}/zz@acme.example.com:99999999",
        f"https://acme.example.com:{SECRET}",
    ],
)
def test_a_wrong_address_is_refused_without_quoting_it(address):
    """Refuses a base address that holds a credential, wherever it is, without showing it in the error or its cause."""
    with pytest.raises(HarvestError) as raised:
        HarvestV1("acme", auth=GOOD["basic"](), app="tests", base_url=address)

    assert SECRET not in "".join(traceback.format_exception(raised.value)).replace(address, "")
    assert SECRET not in str(raised.value)


def test_an_address_in_the_place_of_an_account_is_not_quoted():
    """Refuses an account name that is an address without showing the address."""
    with pytest.raises(HarvestError) as raised:
        HarvestV1(f"https://me:{SECRET}@acme.harvestapp.com", auth=GOOD["basic"](), app="tests")

    assert SECRET not in str(raised.value)


async def test_a_pickled_error_holds_no_credential():
    """Pickles errors of sign-in and of calls without client secret, refresh token, password or token."""
    request = Request(
        "POST",
        f"https://acme.example.com/oauth2/token?access_token={SECRET}",
        (("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", f"Basic {SECRET}")),
        f"client_secret={SECRET}&refresh_token={SECRET}&grant_type=refresh_token".encode(),
    )
    response = Response(400, (("Set-Cookie", SECRET),), f'{{"refresh_token": "{SECRET}"}}'.encode())
    error = OutcomeUnknown("lost", request=request, response=response)

    for copied in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):  # noqa: S301
        assert "grant_type=refresh_token" in copied.report()
        assert SECRET not in repr(vars(copied)) + repr(copied.request.content) + repr(copied.response.content)
    assert SECRET.encode() not in pickle.dumps(error)


@pytest.mark.parametrize("cached", [False, True])
async def test_a_traceback_with_local_variables_shows_no_credential(
    harvest_client, harvest_sandbox, tmp_path, way, cached
):
    """Keeps credentials out of the local variables of this library's frames, with and without a cache."""
    harvest_sandbox.fault("raw", status=500, body="{}", times=20)
    options = {"cache": HttpCache(tmp_path / "cache.sqlite3")} if cached else {}
    async with harvest_client(auth=WAYS[way](), **options) as harvest:
        with pytest.raises(HarvestError) as raised:
            await harvest.clients.list()

    frames = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    shown = [
        line
        for chained in (frames, frames.__cause__, frames.__context__)
        if chained is not None
        for frame in chained.stack
        if "harvest_async" in frame.filename and "/tests/" not in frame.filename
        for line in (frame.locals or {}).values()
    ]
    assert shown
    assert [line for line in shown if any(secret in line for secret in encodings(SECRET))] == []


def test_a_secret_value_is_not_shown_and_not_pickled():
    """Shows a placeholder in the place of the bytes."""
    secret = Secret(SECRET.encode())

    assert SECRET not in f"{secret!r} {secret}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize(
    "holder",
    [
        BasicAuth("me@example.com", SECRET),
        BearerAuth(SECRET),
        QueryTokenAuth(SECRET),
        Tokens(SECRET, refresh_token=SECRET),
        OAuth2("id", SECRET),
    ],
    ids=lambda holder: type(holder).__name__,
)
def test_credentials_are_not_pickled(holder):
    """Names the class and says what to do instead; a copy is the object itself."""
    with pytest.raises(TypeError, match=f"{type(holder).__name__} has credentials and can't be pickled: create it"):
        pickle.dumps(holder)

    assert copy.copy(holder) is copy.deepcopy(holder) is holder


@pytest.mark.socket
def test_the_command_line_and_its_files_show_no_credential(harvest_address, tmp_path):
    """Neither of a refused nor of a good sign-in: not the output, not the journal, not the ledger."""
    shell = shell_at(harvest_address, tmp_path / "state")
    file = tmp_path / "time.csv"
    file.write_bytes(write_csv(make_rows(5)))
    refused = shell("import", file, "--client", "ACME", "--task", "Work", HARVEST_PASSWORD=SECRET)
    done = shell("import", file, "--client", "ACME", "--task", "Work", "--json")
    exported = shell("export", tmp_path / "state" / "backup")

    secrets = (*encodings(SECRET), *SHOWN["basic"])
    written = [each.read_bytes() for each in (tmp_path / "state").rglob("*") if each.is_file()]
    assert refused.code != 0
    assert (done.code, exported.code, len(written) > 10) == (0, 0, True)
    assert [
        each
        for each in (refused.out, refused.err, done.out, exported.out, exported.err)
        if any(s in each for s in secrets)
    ] == []
    assert [each for each in written if any(secret.encode() in each for secret in secrets)] == []
