"""The whole dance of OAuth 2.0, caching and the directory, against a sandbox over a real socket."""

import asyncio
from urllib.parse import urlsplit

import httpx
import pytest

from harvest_async import (
    BasicAuth,
    Directory,
    FileTokenStore,
    HarvestV1,
    HttpCache,
    OAuth2,
    OutcomeUnknown,
    Throttle,
    Unauthorized,
    new_state,
)
from harvest_async.sandbox import Sandbox
from harvest_async.testing import VirtualClock

pytestmark = [pytest.mark.anyio, pytest.mark.socket]

BACK = "http://localhost:1/back"
TOKEN_PATH = "/oauth2/token"


@pytest.fixture
def clock():
    """The sandbox's time, which is that of the sign-in, too: it stays the same until it is moved."""
    return VirtualClock()


@pytest.fixture
def sandbox(clock):
    sandbox = Sandbox(10_000, 15, clock=clock)
    yield sandbox
    sandbox.close()


def oauth_of(address, path, clock, **options):
    store = FileTokenStore(path / "tokens.json")
    given = {"redirect_uri": BACK, "base_url": address, "store": store, "clock": clock}
    return OAuth2("sandbox-client", "sandbox-secret", **(given | options))


def harvest_of(address, auth, **options):
    return HarvestV1("sandbox", auth=auth, app="tests", base_url=address, **({"throttle": Throttle()} | options))


async def browse(url):
    """The person who is asked approves: the address to which the browser is sent back."""
    async with httpx.AsyncClient() as browser:
        response = await browser.get(url)
    return response.headers["location"]


async def sign_in(harvest, auth):
    state = new_state()
    await harvest.sign_in(await browse(auth.authorize_url(state)), state=state)


def count(sandbox, path=None, status=None):
    return sum(
        (path is None or each.path == path) and (status is None or each.status == status) for each in sandbox.requests()
    )


@pytest.mark.parametrize("way", ["header", "query"])
@pytest.mark.parametrize("format", ["json", "xml"])
async def test_a_sign_in_lasts(way, format, sandbox, address, clock, tmp_path):
    """From the first redirect over eighteen hours into the next process, by renewals that nobody notices."""
    auth = oauth_of(address, tmp_path, clock, send_token_as=way)
    async with harvest_of(address, auth, format=format) as harvest:
        await sign_in(harvest, auth)
        assert (await harvest.account.who_am_i()).user.email == "admin@example.com"
        clock.advance(64_799 - 61)
        await harvest.account.who_am_i()
        assert count(sandbox, TOKEN_PATH) == 1
        clock.advance(2)
        await harvest.account.who_am_i()
        assert count(sandbox, TOKEN_PATH) == 2

    clock.advance(3 * 64_799)
    again = oauth_of(address, tmp_path, clock, send_token_as=way)
    async with harvest_of(address, again, format=format) as harvest:
        await harvest.account.who_am_i()

    assert count(sandbox, TOKEN_PATH, 200) == 3
    assert count(sandbox, status=401) == 0


async def test_an_implicit_sign_in_ends(sandbox, address, clock, tmp_path):
    """Its token signs until it is out of date; then somebody has to sign in again."""
    auth, state = oauth_of(address, tmp_path, clock), new_state()
    await auth.accept_fragment(await browse(auth.authorize_url(state, implicit=True)), state=state)
    async with harvest_of(address, auth) as harvest:
        await harvest.account.who_am_i()
        clock.advance(64_800)
        with pytest.raises(Unauthorized, match="sign in again"):
            await harvest.account.who_am_i()

    assert count(sandbox, status=401) == 0


@pytest.mark.alone
async def test_a_thousand_calls_at_the_end_of_a_token(sandbox, address, clock, tmp_path):
    """One renewal, in front of them all, and no refusal."""
    auth = oauth_of(address, tmp_path, clock)
    async with harvest_of(address, auth) as harvest:
        await sign_in(harvest, auth)
        await harvest.account.who_am_i()
        clock.advance(64_799 - 30)
        found = await asyncio.gather(*(harvest.account.who_am_i() for _ in range(1_000)))
        idle = harvest.throttle.snapshot().in_flight, harvest.throttle._gate().connections.busy

    assert {each.user.email for each in found} == {"admin@example.com"}
    assert count(sandbox, TOKEN_PATH) == 2
    assert count(sandbox, status=401) == 0
    assert idle == (0, 0)


@pytest.mark.alone
async def test_a_thousand_calls_with_a_token_that_was_revoked(sandbox, address, clock, tmp_path):
    """One renewal; refused are at most those that were on their way, as many as there are connections."""
    auth = oauth_of(address, tmp_path, clock)
    async with harvest_of(address, auth) as harvest:
        await sign_in(harvest, auth)
        await harvest.account.who_am_i()
        sandbox.revoke_tokens()
        found = await asyncio.gather(*(harvest.account.who_am_i() for _ in range(1_000)))
        idle = harvest.throttle.snapshot().in_flight, harvest.throttle._gate().connections.busy

    assert {each.user.email for each in found} == {"admin@example.com"}
    assert count(sandbox, TOKEN_PATH) == 2
    assert 1 <= count(sandbox, status=401) <= 48
    assert idle == (0, 0)


async def test_a_revoked_sign_in_is_reported(sandbox, address, clock, tmp_path):
    """Nothing but a new sign-in helps, and that is said without asking the server again."""
    auth = oauth_of(address, tmp_path, clock)
    async with harvest_of(address, auth) as harvest:
        await sign_in(harvest, auth)
        await harvest.account.who_am_i()
        sandbox.revoke_tokens(refresh=True)
        for _ in range(3):
            with pytest.raises(Unauthorized, match="sign in again"):
                await harvest.account.who_am_i()
        assert count(sandbox, TOKEN_PATH, 400) == 1

        await sign_in(harvest, auth)
        await harvest.account.who_am_i()


async def test_a_lost_renewal_is_reported_and_never_repeated_by_itself(sandbox, address, clock, tmp_path):
    """The server has processed it, so the refresh token is spent: the next try reports so."""
    auth = oauth_of(address, tmp_path, clock)
    async with harvest_of(address, auth) as harvest:
        await sign_in(harvest, auth)
        await harvest.account.who_am_i()
        clock.advance(64_800)
        sandbox.fault("drop_after", match={"path": TOKEN_PATH})
        with pytest.raises(Unauthorized, match="may be spent") as caught:
            await harvest.clients.create_id("ACME")
        assert isinstance(caught.value.__cause__, OutcomeUnknown)
        clock.advance(11)
        with pytest.raises(Unauthorized, match="sign in again"):
            await harvest.clients.create_id("ACME")

    assert count(sandbox, TOKEN_PATH) == 3
    assert count(sandbox, "/clients") == 0


async def test_a_code_is_good_for_once(sandbox, address, clock, tmp_path):
    """The second sign-in with it is refused, and leaves the first as it was."""
    auth, state = oauth_of(address, tmp_path, clock), new_state()
    redirect = await browse(auth.authorize_url(state))
    async with harvest_of(address, auth) as harvest:
        await harvest.sign_in(redirect, state=state)
        with pytest.raises(Unauthorized, match="spent"):
            await harvest.sign_in(redirect, state=state)
        await harvest.account.who_am_i()

    assert urlsplit(redirect).netloc == "localhost:1"


async def test_two_processes_share_a_sign_in(sandbox, address, clock, tmp_path):
    """The second one finds what the first has brought, whichever of them looks when."""
    one, other = oauth_of(address, tmp_path, clock), oauth_of(address, tmp_path, clock)
    async with harvest_of(address, one) as first, harvest_of(address, other) as second:
        await sign_in(first, one)
        await second.account.who_am_i()
        clock.advance(64_800)
        for each in (first, second, first):
            await each.account.who_am_i()

    assert count(sandbox, TOKEN_PATH) == 2


async def test_it_signs_in_any_client(sandbox, address, clock, tmp_path):
    """Without anything else of ours."""
    auth, state = oauth_of(address, tmp_path, clock), new_state()
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    async with httpx.AsyncClient(auth=auth, base_url=address, headers=headers) as client:
        await auth.sign_in(await browse(auth.authorize_url(state)), state=state, send=client)
        clock.advance(64_800)
        sandbox.revoke_tokens()
        answers = await asyncio.gather(*(client.get("/account/who_am_i") for _ in range(20)))

    assert {response.status_code for response in answers} == {200}
    assert count(sandbox, TOKEN_PATH) == 2


# Caching


@pytest.mark.parametrize("format", ["json", "xml"])
async def test_what_has_not_changed_is_not_sent_again(format, sandbox, address, tmp_path):
    """The server confirms it by its validator, and it reads the same; each person has their own."""
    cache = HttpCache(tmp_path / "harvest.db")
    admin = harvest_of(address, BasicAuth("admin@example.com", "sandbox"), cache=cache, format=format)
    user = harvest_of(address, BasicAuth("user@example.com", "sandbox"), cache=cache, format=format)
    async with admin, user:
        await admin.clients.create("ACME")
        first = await admin.clients.list()
        again = await admin.clients.list()
        await admin.clients.update(first[0].id, name="Other")
        changed = await admin.clients.list()
        people = [(await each.account.who_am_i()).user.email for each in (admin, user, admin, user)]

    assert first == again
    assert [client.name for client in changed] == ["Other"]
    assert people == ["admin@example.com", "user@example.com"] * 2
    lists = [each.status for each in sandbox.requests() if each.path == "/clients" and each.method == "GET"]
    assert lists == [200, 304, 200]
    assert [each.status for each in sandbox.requests() if each.path == "/account/who_am_i"] == [200, 200, 304, 304]


# The directory


@pytest.mark.parametrize("format", ["json", "xml"])
async def test_a_directory_follows_the_account(format, sandbox, address, clock):
    """One's own writes at once, those of others by the next refresh, in as few calls as can be."""
    mine = harvest_of(address, BasicAuth("admin@example.com", "sandbox"), format=format)
    theirs = harvest_of(address, BasicAuth("admin@example.com", "sandbox"))
    async with mine, theirs:
        directory = Directory(mine, clock=clock)
        client = await mine.clients.create("ACME")
        project = await mine.projects.create(name="Site", client_id=client.id, code="P-1")
        task = await mine.tasks.create("Design")
        category = await mine.expense_categories.create("Zeppelin")
        link = await mine.task_assignments.create(project.id, task.id)
        await mine.task_assignments.create(project.id, (await mine.tasks.create("Another")).id)  # one has to stay

        assert await directory.clients.by_name("acme") == await mine.clients.get(client.id)
        assert (await directory.projects.by_code("p-1")).id == project.id
        assert (await directory.tasks.by_name("Design")).id == task.id
        assert (await directory.people.by_email("user@example.com")).email == "user@example.com"
        assert (await directory.expense_categories.by_name("zeppelin")).id == category.id
        assert (await directory.task_assignments(project.id).by_task(task.id)).id == link.id
        assert await directory.user_assignments(project.id).by_user(10**9) is None
        assert (directory.calls, directory.saved) == (7, 0)

        clock.advance(200)
        await theirs.clients.create("Theirs")
        await theirs.projects.update(project.id, name="Shop")
        assert await directory.clients.by_name("Theirs") is None
        clock.advance(101)
        assert (await directory.clients.by_name("Theirs")).active
        assert (await directory.projects.by_code("P-1")).name == "Shop"
        assert directory.calls == 9

        await mine.projects.toggle(project.id)
        assert not (await directory.projects.by_id(project.id)).active
        await mine.task_assignments.delete(project.id, link.id)
        await mine.clients.update(client.id, name="Renamed")
        assert (await directory.clients.by_name("Renamed")).id == client.id
        assert await directory.clients.by_name("ACME") is None
        found = await directory.task_assignments(project.id).by_task(task.id)
        assert found is None or found.deactivated
