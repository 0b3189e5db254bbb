"""The addresses of API v1."""

import pytest

from harvest_async import InvalidArgument
from harvest_async.v1.service import SERVICE, home_of


@pytest.mark.parametrize(
    ("url", "service"),
    [
        ("https://acme.harvestapp.com", "harvestapp.com"),
        ("https://api.harvestapp.com/v2", "harvestapp.com"),
        ("https://harvestapp.com.", "harvestapp.com"),
        ("https://evilharvestapp.com", "https://evilharvestapp.com"),
        ("http://127.0.0.1:8765/x", "http://127.0.0.1:8765"),
    ],
)
def test_all_hosts_of_harvest_are_one_service(url, service):
    """Another origin is a service of its own."""
    assert SERVICE.owner_of(url) == service


@pytest.mark.parametrize(
    ("one", "other"),
    [("https://a.example", "https://a.example:443"), ("http://127.0.0.1", "HTTP://127.0.0.1:80/x")],
)
def test_a_port_that_goes_without_saying_is_no_other_service(one, other):
    """Two ways to write an address lead to one budget."""
    assert SERVICE.owner_of(one) == SERVICE.owner_of(other)


@pytest.mark.parametrize("account", ["acme", "acme-2", "ACME"])
def test_an_account_has_a_host_of_its_own(account):
    """Its subdomain is its name."""
    assert home_of(account) == f"https://{account}.harvestapp.com"


@pytest.mark.parametrize("account", ["", "a.b", "evil.example/", "a@b", "ärger", "a b", "--"])
def test_a_name_that_is_no_subdomain_leads_nowhere(account):
    """It is refused before credentials are sent."""
    with pytest.raises(InvalidArgument, match="subdomain"):
        home_of(account)
