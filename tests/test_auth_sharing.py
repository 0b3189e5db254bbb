"""Renewals survive their callers, and one store serves processes, threads and event loops."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import anyio
import httpx
import pytest

from harvest_async import (
    FileTokenStore,
    HarvestError,
    InvalidArgument,
    MemoryTokenStore,
    NotSent,
    Tokens,
    Unauthorized,
)
from harvest_async.auth import current, renewal
from harvest_async.auth.oauth2 import OAuth2
from harvest_async.testing import VirtualLoop
from tests.renewal.harness import run
from tests.support.signin import SERVICE, SignIn
from tests.support.virtual_time import clock

pytestmark = pytest.mark.virtual_time

HOUR = timedelta(hours=1)
ADDRESS = "https://acme.example.com"


def old(access="a0", refresh="r0"):
    return Tokens(access, refresh, clock().today() - HOUR, "grant")


def client_of(server, store):
    """A plain client, and what signs in it."""
    auth = OAuth2("id", "s+/=", store=store, base_url=ADDRESS, service=SERVICE, clock=clock())
    return httpx.AsyncClient(transport=server, auth=auth, base_url=ADDRESS), auth


# Cancelled callers


@pytest.mark.anyio
@pytest.mark.parametrize("after", [0.001, 0.3, 0.7, 1.1, 1.9])
@pytest.mark.parametrize("how", ["task", "scope"])
async def test_cancelling_the_call_that_renews_leaves_the_renewal_to_the_others(after, how):
    """In a plain client too: the renewal goes on, is saved, and serves every other call."""
    server, store = SignIn(way=0.5), MemoryTokenStore(old())
    client, _ = client_of(server, store)

    async def leave():
        with anyio.move_on_after(after):
            await client.get("/clients/7")

    first = asyncio.ensure_future(leave() if how == "scope" else client.get("/clients/7"))
    await asyncio.sleep(0)
    others = [asyncio.ensure_future(client.get("/clients/7")) for _ in range(3)]
    await asyncio.sleep(after)
    first.cancel()
    await asyncio.wait([first])

    assert [response.status_code for response in await asyncio.gather(*others)] == [200] * 3
    assert (await client.get("/clients/7")).status_code == 200
    assert len(server.forms) == 1
    assert (await store.load()).access_token == "a1"


@pytest.mark.anyio
async def test_a_renewal_that_every_call_has_left_is_saved():
    """Nobody waits for it any more, and its tokens are good for the next call."""
    server, store = SignIn(way=0.5), MemoryTokenStore(old())
    client, auth = client_of(server, store)
    calls = [asyncio.ensure_future(client.get("/clients/7")) for _ in range(3)]
    await asyncio.sleep(0.6)
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)
    await auth.settle()

    assert (await store.load()).access_token == "a1"
    assert (await client.get("/clients/7")).status_code == 200
    assert len(server.forms) == 1


def test_an_event_loop_that_ends_waits_for_a_renewal():
    """Its task is not cancelled with the others, so that the new tokens are saved."""
    store = MemoryTokenStore()

    async def begin():
        server = SignIn(way=2)
        await store.save(old())
        client, _ = client_of(server, store)
        asyncio.ensure_future(client.get("/clients/7"))  # noqa: RUF006
        await asyncio.sleep(0.1)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(begin())
        loop = runner.get_loop()

    assert asyncio.run(store.load()).access_token == "a1"
    assert loop.clock.now() < 10e9


def test_an_event_loop_that_ends_does_not_wait_for_ever():
    """A server that never responds can't keep a program from ending."""

    async def begin():
        client, _ = client_of(SignIn(way=10_000), MemoryTokenStore(old()))
        asyncio.ensure_future(client.get("/clients/7"))  # noqa: RUF006
        await asyncio.sleep(0.1)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(begin())
        loop = runner.get_loop()

    assert renewal.PATIENCE <= loop.clock.now() / 1e9 < renewal.PATIENCE + 1


@pytest.mark.anyio
async def test_calls_that_wait_for_a_stopped_renewal_fail():
    """As for a renewal whose response was lost: the refresh token may be spent."""
    client, auth = client_of(SignIn(way=10_000), MemoryTokenStore(old()))
    call = asyncio.ensure_future(client.get("/clients/7"))
    await asyncio.sleep(0.1)
    await auth.settle()

    with pytest.raises(Unauthorized, match="may be spent"):
        await call


@pytest.mark.anyio
@pytest.mark.parametrize("error", [RuntimeError("odd"), RecursionError(), MemoryError(), ValueError("digits")])
async def test_any_exception_after_the_request_left_means_that_the_answer_was_lost(error):
    """Any exception of a transport becomes our error, and nothing is sent again by itself."""
    server = SignIn()
    server.script = [error, error]
    client, _ = client_of(server, MemoryTokenStore(old()))
    results = await asyncio.gather(*(client.get("/clients/7") for _ in range(3)), return_exceptions=True)

    assert {type(result) for result in results} == {Unauthorized}
    assert "may be spent" in str(results[0])
    assert len(server.forms) == 1


@pytest.mark.anyio
async def test_a_flow_that_no_client_runs_sends_by_a_client_of_its_own():
    """Another HTTP library may run the flow: the renewal is sent as usual."""
    nobody = "http://127.0.0.1:1"
    auth = OAuth2("id", "s", store=MemoryTokenStore(old()), base_url=nobody, service=SERVICE, clock=clock())
    flow = auth.async_auth_flow(httpx.Request("GET", nobody))
    with pytest.raises(NotSent, match="ConnectError"):
        await anext(flow)


# Stores


@pytest.mark.anyio
async def test_a_sign_in_waits_for_a_renewal_of_the_old_tokens():
    """So that the tokens of the new sign-in are the ones that stay in the store."""
    server, store = SignIn(way=1), MemoryTokenStore(old())
    client, _ = client_of(server, store)
    other = OAuth2(
        "id", "s+/=", store=store, base_url=ADDRESS, service=SERVICE, redirect_uri="https://x.example/", clock=clock()
    )
    call = asyncio.ensure_future(client.get("/clients/7"))
    await asyncio.sleep(0.1)
    await other.accept_fragment("https://x.example/#access_token=new&state=s&expires_in=900", state="s")

    assert (await store.load()).access_token == "new"
    await asyncio.wait([call])


@pytest.mark.anyio
async def test_tokens_that_could_not_be_saved_do_not_replace_a_new_sign_in():
    """Somebody signed in anew meanwhile: what could not be saved is dropped."""

    class Full(MemoryTokenStore):
        full = True

        async def save(self, tokens):
            if self.full:
                raise OSError("disk full")
            await super().save(tokens)

    server, store = SignIn(), Full(old())
    client, _ = client_of(server, store)
    with pytest.raises(HarvestError, match="could not be stored"):
        await client.get("/clients/7")
    store.full = False
    server.access.add("a9")
    await store.save(Tokens("a9", "r9", clock().today() + HOUR))
    await client.get("/clients/7")

    assert (await store.load()).access_token == "a9"


@pytest.mark.anyio
async def test_a_lock_that_is_held_too_long_is_an_error_that_names_the_store(tmp_path):
    """Nothing was sent, so it is safe to call again."""
    store = FileTokenStore(tmp_path / "tokens.json")
    await store.save(old())
    client, _ = client_of(SignIn(), store)
    async with FileTokenStore(tmp_path / "tokens.json").lock():
        with pytest.raises(NotSent, match=r"lock of FileTokenStore\('.*tokens.json'\) for 120 s"):
            await client.get("/clients/7")
        assert round(clock().now() / 1e9) == 120

    await asyncio.sleep(11)
    assert (await client.get("/clients/7")).status_code == 200


@pytest.mark.anyio
@pytest.mark.parametrize("refuse", [False, True])
async def test_a_call_that_starts_as_a_renewal_ends_does_not_spin(refuse):
    """Calls that begin in every iteration of the event loop use the outcome of the renewal, or start another one."""

    class Counted(OAuth2):
        renewals = 0

        async def renew(self, send):
            self.renewals += 1
            assert self.renewals < 10_000, "a call renews again and again without giving way"
            await super().renew(send)

    server = SignIn(way=0)
    store = MemoryTokenStore(old(refresh="spent" if refuse else "r0"))
    auth = Counted("id", "s+/=", store=store, base_url=ADDRESS, service=SERVICE, clock=clock())
    async with httpx.AsyncClient(transport=server, auth=auth, base_url=ADDRESS) as client:
        calls = []
        for _ in range(60):
            calls.append(asyncio.ensure_future(client.get("/clients/7")))
            await asyncio.sleep(0)
        ends = await asyncio.gather(*calls, return_exceptions=True)

    kind = Unauthorized if refuse else httpx.Response
    assert [type(end) for end in ends] == [kind] * 60
    assert len(server.forms) == 1


@pytest.mark.anyio
async def test_a_held_lock_does_not_stop_calls_while_the_old_token_lasts():
    """A renewal that is only early gives way: the old token signs a little longer."""
    server, store = SignIn(), MemoryTokenStore()
    await store.save(Tokens("a0", "r0", clock().today() + timedelta(seconds=62)))
    client, _ = client_of(server, store)
    await client.get("/clients/7")
    await asyncio.sleep(5)
    began = clock().now()
    async with store.lock():
        assert (await client.get("/clients/7")).status_code == 200

    assert clock().now() - began < (current._LOCKED_EARLY + 1) * 1e9
    assert server.forms == []


@pytest.mark.anyio
async def test_a_lock_that_can_not_be_made_is_an_error_that_says_why(tmp_path):
    """The folder of the file has to be there."""
    client, _ = client_of(SignIn(), FileTokenStore(tmp_path / "missing" / "tokens.json"))
    with pytest.raises(
        HarvestError, match=r"can't be used \(FileNotFoundError: the folder .*missing is missing: make it"
    ):
        await client.get("/clients/7")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.anyio
async def test_a_lock_file_is_its_owner_s_alone_and_links_share_it(tmp_path):
    """Two names of one file exclude each other."""
    path, link = tmp_path / "tokens.json", tmp_path / "link.json"
    path.touch(mode=0o600)
    link.symlink_to(path)
    async with FileTokenStore(path).lock():
        assert stat.S_IMODE((tmp_path / "tokens.json.lock").stat().st_mode) == 0o600
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1), FileTokenStore(link).lock():
                pass
    async with FileTokenStore(link).lock():
        pass


def test_threads_with_loops_of_their_own_share_one_sign_in():
    """One OAuth2 object in eight threads: the renewals follow each other, and one request is sent."""
    server = SignIn(way=0.02)
    past = datetime.now(UTC) - HOUR
    auth = OAuth2("id", "s+/=", store=Tokens("a0", "r0", past), base_url=ADDRESS, service=SERVICE)
    start, statuses = threading.Barrier(8), []

    async def call():
        async with httpx.AsyncClient(transport=server, auth=auth, base_url=ADDRESS) as client:
            statuses.extend([(await client.get("/clients/7")).status_code for _ in range(3)])

    def work():
        start.wait(10)
        asyncio.run(call())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert statuses == [200] * 24
    assert len(server.forms) == 1


@pytest.mark.socket
def test_processes_that_share_a_store_are_never_asked_to_sign_in_again():
    """One refresh a round, whichever process comes first and however late the token response is."""
    outcome = asyncio.run(run(rounds=5, latest=0.3))

    assert outcome.failures == []
    assert outcome.grants == [1] * 5
    assert outcome.refused == 0


_HOLDER = """
import asyncio, sys
from harvest_async import FileTokenStore

async def main():
    async with FileTokenStore(sys.argv[1]).lock():
        print("held", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.socket
def test_a_lock_is_released_when_its_process_dies(tmp_path):
    """Killed without any chance to clean up."""
    path = tmp_path / "tokens.json"
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER, str(path)], stdout=subprocess.PIPE, env={**os.environ})
    try:
        assert holder.stdout.readline() == b"held\n"
        holder.send_signal(signal.SIGKILL)
    finally:
        holder.kill()
        holder.communicate()

    async def acquire():
        began = time.monotonic()
        async with FileTokenStore(path).lock():
            return time.monotonic() - began

    assert asyncio.run(acquire()) < 5


def test_arguments_that_can_not_be_sent_are_refused():
    """Half a surrogate pair has no encoding."""
    for wrong in ({"client_id": "\ud800"}, {"client_secret": "\ud800"}, {"redirect_uri": "https://x/\udfff"}):
        with pytest.raises(InvalidArgument, match=next(iter(wrong))):
            OAuth2(**({"client_id": "id", "service": SERVICE} | wrong))
