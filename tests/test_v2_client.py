"""The client of API v2: how it is created, and what it refuses before anything is sent."""

import subprocess
import sys

import httpx
import pytest

from harvest_async import (
    DEFAULT_REGISTRY,
    BasicAuth,
    BearerAuth,
    HarvestV1,
    HarvestV2,
    InvalidArgument,
    QueryTokenAuth,
    Throttle,
)
from tests.support.v2 import BASE_URL, scripted

pytestmark = pytest.mark.anyio

APP = "Importer (ops@example.com)"
ENVIRONMENT = {"HARVEST_ACCOUNT_ID": "7", "HARVEST_ACCESS_TOKEN": "token", "HARVEST_APP": APP}


@pytest.fixture
def environment(monkeypatch):
    """Set these variables and no others."""

    def use(variables):
        for name in (*ENVIRONMENT, "HARVEST_BASE_URL", "HARVEST_ACCOUNT"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return use


def test_from_env_reads_account_token_and_app(environment):
    """The address is that of the API."""
    environment(ENVIRONMENT)

    harvest = HarvestV2.from_env()

    assert (harvest.account_id, harvest.address, repr(harvest)) == (7, BASE_URL, "<HarvestV2 7>")


@pytest.mark.parametrize("missing", ENVIRONMENT)
def test_from_env_names_a_missing_variable(environment, missing):
    """The message has its name."""
    environment({name: value for name, value in ENVIRONMENT.items() if name != missing})

    with pytest.raises(InvalidArgument, match=missing):
        HarvestV2.from_env()


@pytest.mark.parametrize("account_id", [0, -1, True, "", "acme", "7.5", None, 2**63, 1.5, [], "٣"])
def test_an_account_id_must_be_a_positive_number(account_id):
    """A subdomain of API v1 is none."""
    with pytest.raises(InvalidArgument, match="account_id"):
        scripted(account_id=account_id)


@pytest.mark.parametrize("auth", [BasicAuth("me@example.com", "secret"), QueryTokenAuth("secret")])
def test_credentials_of_api_v1_are_refused(auth):
    """The message says which to give, and has no credential."""
    with pytest.raises(InvalidArgument, match="BearerAuth") as caught:
        scripted(auth=auth)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("app", ["Importer", "", "Importer 1.0", "@"])
def test_an_app_without_a_contact_is_refused(app):
    """The server rejects requests whose sender it can't reach."""
    with pytest.raises(InvalidArgument, match="app"):
        scripted(app=app)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/v2"),
        ("https://example.com/api/v2/", "https://example.com/api/v2"),
    ],
)
def test_an_address_without_a_path_gets_one(given, expected):
    """An address with a path is used as it is."""
    harvest, _ = scripted(base_url=given)

    assert harvest.address == expected


async def test_each_request_names_account_and_sender():
    """And signs by a bearer token; a read has no body and no type of one."""
    harvest, sent = scripted(httpx.Response(200, json={"name": "ACME"}))

    await harvest.company.get()

    headers = sent[0].headers
    assert (headers["harvest-account-id"], headers["authorization"]) == ("7", "Bearer token")
    assert headers["user-agent"].startswith(APP)
    assert "content-type" not in headers


async def test_accounts_are_listed_by_the_server_for_sign_ins():
    """Without the header of an account."""
    accounts = [{"id": 7, "name": "ACME", "product": "harvest"}, {"id": 8, "name": "Plan", "product": "forecast"}]
    harvest, sent = scripted(httpx.Response(200, json={"user": {"id": 1}, "accounts": accounts}))

    found = await harvest.accounts()

    assert [(each.id, each.product) for each in found] == [(7, "harvest"), (8, "forecast")]
    assert str(sent[0].url) == "https://id.getharvest.com/api/v2/accounts"
    assert "harvest-account-id" not in sent[0].headers


@pytest.mark.parametrize("account_id", [8, 9])
async def test_an_account_that_the_token_does_not_reach_is_refused(account_id):
    """An account of Forecast, too; the message lists the accounts."""
    accounts = [{"id": 7, "name": "ACME", "product": "harvest"}, {"id": 8, "name": "Plan", "product": "forecast"}]
    harvest, _ = scripted(httpx.Response(200, json={"accounts": accounts}), account_id=account_id)

    with pytest.raises(InvalidArgument, match=r"7 \(ACME, harvest\), 8 \(Plan, forecast\)"):
        await harvest.check_account()


def test_both_versions_share_a_throttle_on_request():
    """`same_as` names the subdomain by which API v1 knows the account."""
    DEFAULT_REGISTRY.clear()
    first = HarvestV2(7, auth=BearerAuth("token"), app=APP, same_as="acme")
    second = HarvestV1("acme", auth=BearerAuth("token"), app=APP)

    assert first.throttle is second.throttle
    DEFAULT_REGISTRY.clear()


def test_a_throttle_and_same_as_exclude_each_other():
    """A given throttle is shared by giving it to both clients."""
    with pytest.raises(InvalidArgument, match="same_as"):
        scripted(same_as="acme", throttle=Throttle())


def test_options_share_what_the_client_has():
    """Account, throttle and address of the server for sign-ins."""
    harvest, _ = scripted()

    other = harvest.options(timeout=5)

    assert (other.account_id, other.throttle, other.id_url) == (7, harvest.throttle, harvest.id_url)


@pytest.mark.parametrize(("used", "other"), [("HarvestV1", "v2"), ("HarvestV2", "v1")])
def test_one_version_loads_nothing_of_the_other(used, other):
    """Importing it reads no module of the other's package."""
    code = (
        f"import sys, harvest_async; harvest_async.{used}; "
        f"print([name for name in sys.modules if name.startswith('harvest_async.{other}')])"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)

    assert ended.stdout.strip() == "[]"


async def test_a_wrong_proxy_of_the_environment_is_refused_at_the_first_call(monkeypatch):
    """Nothing is sent; a client is created without a look at the environment, which takes longer than all the rest."""
    monkeypatch.setenv("https_proxy", "ftp://proxy.example")
    harvest = HarvestV2(7, auth=BearerAuth("token"), app=APP, throttle=Throttle())

    with pytest.raises(InvalidArgument, match="proxy: give an address like"):
        await harvest.clients.get(1)
