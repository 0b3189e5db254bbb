"""The accounts that a token of API v2 reaches, in the sandbox and through the client."""

import asyncio
import gc

import httpx
import pytest

from harvest_async import BearerAuth, HarvestV2, InvalidArgument, Unauthorized
from harvest_async.testing import in_process
from tests.support.sandbox import Caller
from tests.support.v2_sandbox import V2Caller

APP = "tests (tests@example.com)"
OWN = {"id": 1, "name": "Sandbox", "product": "harvest"}
OTHER = {"id": 2, "name": "Other", "product": "harvest"}
PLAN = {"id": 3, "name": "Plan", "product": "forecast"}
SECRET = "a-token"


def options_for(sandbox):
    given = {"auth": BearerAuth(SECRET), "app": APP, "transport": in_process(sandbox)}
    return {"base_url": "http://127.0.0.1", **given}


@pytest.mark.parametrize("accounts", [[], [OWN], [OWN, OTHER, PLAN], [PLAN]])
def test_a_token_reaches_the_accounts_that_were_set(sandbox, accounts):
    """Lists them for the token alone, and signs the person in."""
    sandbox.permit(SECRET, accounts, "user@example.com")
    call = V2Caller(sandbox, Authorization=f"Bearer {SECRET}")

    found = call.get("/api/v2/accounts").json()

    assert (found["accounts"], found["user"]["email"]) == (accounts, "user@example.com")
    assert V2Caller(sandbox).get("/api/v2/accounts").json()["accounts"] == [OWN]
    assert call.get("/users/me").status_code == (200 if OWN in accounts else 401)


@pytest.mark.parametrize("account", [OTHER, PLAN])
def test_an_account_that_is_not_served_is_refused(sandbox, account):
    """Responds with 401 to the id of another account and of an account of Forecast."""
    sandbox.permit(SECRET, [OWN, account])
    call = V2Caller(sandbox, Authorization=f"Bearer {SECRET}")

    assert call("GET", "/users/me", headers={"Harvest-Account-Id": str(account["id"])}).status_code == 401


def test_accounts_are_set_by_the_page(sandbox):
    """As by the call; the person is the administrator if none is given."""
    response = Caller(sandbox, None).post("/_sandbox/tokens", {"token": SECRET, "accounts": [OWN, PLAN]})

    assert response.json() == {"accounts": 2}
    call = V2Caller(sandbox, Authorization=f"Bearer {SECRET}")
    assert call.get("/api/v2/accounts").json()["accounts"] == [OWN, PLAN]
    assert call.get("/users/me").json()["email"] == "admin@example.com"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"token": 7, "accounts": []},
        {"token": SECRET, "accounts": {}},
        {"token": SECRET, "accounts": [{"id": "1"}]},
        {"token": SECRET, "accounts": [{"id": 0}]},
        {"token": SECRET, "accounts": [{"id": True}]},
        {"token": SECRET, "accounts": [{"id": 1, "product": "other"}]},
    ],
)
def test_accounts_that_cant_be_used_are_refused(sandbox, body):
    """Responds with 400, and the token stays unknown."""
    response = Caller(sandbox, None).post("/_sandbox/tokens", body)

    assert response.status_code == 400
    assert V2Caller(sandbox, Authorization=f"Bearer {SECRET}").get("/users/me").status_code == 401


@pytest.mark.parametrize(
    ("accounts", "wanted", "message"),
    [
        ([], None, "reaches no Harvest account. Accounts: none"),
        ([PLAN], None, r"reaches no Harvest account. Accounts: 3 \(Plan, forecast\)"),
        ([OWN, OTHER], None, r"several accounts: name one. Accounts: 1 \(Sandbox, harvest\), 2 \(Other, harvest\)"),
        ([OWN, PLAN], 3, r"3 is no Harvest account. Accounts: 1 \(Sandbox, harvest\), 3"),
        ([OWN], 9, r"does not reach 9. Accounts: 1 \(Sandbox, harvest\)"),
    ],
)
def test_the_client_refuses_an_account_that_is_not_clear(sandbox, accounts, wanted, message):
    """Lists the accounts, and sends nothing to any of them."""
    sandbox.permit(SECRET, accounts)

    with pytest.raises(InvalidArgument, match=message):
        asyncio.run(HarvestV2.connect(account_id=wanted, **options_for(sandbox)))

    assert [each.path for each in sandbox.requests()] == ["/api/v2/accounts"]


@pytest.mark.parametrize(("accounts", "wanted"), [([OWN], None), ([PLAN, OWN], None), ([OWN, OTHER], 1)])
def test_the_client_connects_to_a_clear_account(sandbox, accounts, wanted):
    """The only Harvest account, or the one that is named."""
    sandbox.permit(SECRET, accounts)

    async def connect():
        async with await HarvestV2.connect(account_id=wanted, **options_for(sandbox)) as harvest:
            return harvest.account_id, (await harvest.users.me()).id

    assert asyncio.run(connect()) == (1, 1)


@pytest.mark.socket
def test_listing_accounts_leaves_the_caller_s_transport_open(sandbox, address):
    """The client goes on over it, and closes it when it is closed itself."""
    closings = []

    class Recorded(httpx.AsyncHTTPTransport):
        async def aclose(self):
            closings.append(len(sandbox.requests()))
            await super().aclose()

    async def connect():
        given = options_for(sandbox) | {"base_url": f"{address}/v2", "transport": Recorded()}
        async with await HarvestV2.connect(**given) as harvest:
            for call in (harvest.accounts, harvest.check_account, harvest.users.me):
                await call()
                gc.collect()
                await asyncio.sleep(0.01)  # what was collected would be closed by then

    sandbox.permit(SECRET, [OWN])
    asyncio.run(connect())

    assert closings == [4]


@pytest.mark.parametrize("token", ["sandbox-v1-token", "wrong"])
def test_a_token_of_another_version_is_refused(sandbox, token):
    """Raises Unauthorized with the server's reason and without the token."""

    async def read():
        async with HarvestV2(1, **{**options_for(sandbox), "auth": BearerAuth(token)}) as harvest:
            await harvest.users.me()

    with pytest.raises(Unauthorized, match="expired, revoked, malformed or invalid") as caught:
        asyncio.run(read())

    assert token not in f"{caught.value!r} {caught.value}"
