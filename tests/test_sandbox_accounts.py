"""A sandbox with several accounts: each has its own records, rate limits, faults and log."""

import httpx
import pytest

from harvest_async.sandbox import Sandbox

HEADERS = {"authorization": "Bearer sandbox-token", "user-agent": "tests (tests@example.com)"}
V1 = {"authorization": "Bearer sandbox-v1-token", "user-agent": "tests", "accept": "application/json"}

pytestmark = pytest.mark.anyio


@pytest.fixture
def sandbox():
    """A sandbox of three accounts."""
    found = Sandbox(calls=3, accounts=3)
    yield found
    found.close()


@pytest.fixture
async def client(sandbox):
    """Plain httpx, for the sandbox without a socket."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(sandbox.app), base_url="http://127.0.0.1") as client:
        yield client


async def test_accounts_have_records_of_their_own(sandbox, client):
    """A record that is created in one account, by v2, is in no other one."""
    other = HEADERS | {"harvest-account-id": "2"}

    created = await client.post("/v2/clients", json={"name": "ACME"}, headers=other)
    listed = [
        (await client.get("/v2/clients", headers=HEADERS | {"harvest-account-id": f"{n}"})).json() for n in (1, 2)
    ]

    assert [created.status_code, *(each["total_entries"] for each in listed)] == [201, 0, 1]
    assert len(sandbox.account(2).world.tables["client"]) == 1


async def test_accounts_have_rate_limits_of_their_own(sandbox, client):
    """An account that is blocked refuses, and the next one serves."""
    for _ in range(4):
        refused = await client.get("/v2/company", headers=HEADERS | {"harvest-account-id": "3"})
    served = await client.get("/v2/company", headers=HEADERS | {"harvest-account-id": "2"})

    counts = (await client.get("/_sandbox/accounts")).json()

    assert (refused.status_code, served.status_code) == (429, 200)
    assert {name: each["throttled"] for name, each in counts.items()} == {"1": 0, "2": 0, "3": 1}
    assert (sandbox.account(3).max_in_window(), sandbox.account("sandbox-2").max_in_window()) == (4, 1)


async def test_addresses_name_accounts_of_v1(sandbox, client):
    """The path `/accounts/sandbox-2` leads to the second account, and a path without it to the first."""
    made = await client.post("/accounts/sandbox-2/clients", json={"client": {"name": "ACME"}}, headers=V1)
    first, second = [await client.get(f"{where}/clients", headers=V1) for where in ("", "/accounts/sandbox-2")]

    assert (made.status_code, first.json(), len(second.json())) == (201, [], 1)


@pytest.mark.parametrize("path", ["/accounts/sandbox-4/clients", "/accounts/nobody/clients", "/accounts/0/clients"])
async def test_an_account_that_does_not_exist_is_not_found_by_address(client, path):
    """Returns 404 with the part of the address that names no account."""
    response = await client.get(path, headers=V1)

    assert response.status_code == 404
    assert path.removesuffix("/clients") in response.json()["message"]


async def test_an_id_that_does_not_exist_is_refused(client):
    """API v2 refuses an id beyond the last one, as it refuses any foreign account."""
    response = await client.get("/v2/company", headers=HEADERS | {"harvest-account-id": "4"})

    assert response.status_code == 401


async def test_a_token_may_belong_to_one_account(sandbox, client):
    """A token that was made valid in one account is unknown in the others."""
    sandbox.account(2).permit("token-2", [{"id": 2}])
    own = HEADERS | {"authorization": "Bearer token-2"}

    statuses = [
        (await client.get("/v2/company", headers=own | {"harvest-account-id": each})).status_code for each in "12"
    ]

    assert statuses == [401, 200]


async def test_pages_are_about_one_account(sandbox, client):
    """The pages take `?account=`; without it they are about the first one."""
    await client.get("/v2/company", headers=HEADERS | {"harvest-account-id": "2"})

    second, first = [await client.get(f"/_sandbox/requests{query}") for query in ("?account=2", "")]
    unknown = await client.get("/_sandbox/requests?account=9")

    assert (len(second.json()), len(first.json()), unknown.status_code) == (1, 0, 400)


def test_each_account_has_a_file_of_its_own(tmp_path):
    """With a database, the others' files are beside the first one's, and are read again."""
    sandbox = Sandbox(db=tmp_path / "sandbox.db", accounts=2)
    sandbox.account(2).spend(5)
    sandbox.close()

    assert (tmp_path / "sandbox-2.db").is_file()
    again = Sandbox(db=tmp_path / "sandbox.db", accounts=2)
    assert again.account(2)._account.limiter.status(again.account(2)._account.clock.now(), None).counted == 5
    again.close()


@pytest.mark.parametrize("count", [0, -1, 100_001, True, "3"])
def test_the_number_of_accounts_is_checked(count):
    """Refuses what is no number of accounts."""
    with pytest.raises(ValueError, match="accounts: must be a whole number from 1 to 100,000"):
        Sandbox(accounts=count)


def test_an_account_that_does_not_exist_is_a_key_error(sandbox):
    """`Sandbox.account` raises for an id that is not there."""
    with pytest.raises(KeyError):
        sandbox.account(4)
