"""Addresses and names are checked before anything is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.address import check_address, check_target, header_value, is_loopback
from harvest_async.errors import InvalidArgument


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:8000/x", True),
        ("http://localhost", True),
        ("http://LOCALHOST:1", True),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://0.0.0.0", False),
        ("http://10.0.0.1", False),
        ("https://acme.harvestapp.com", False),
        ("nonsense", False),
    ],
)
def test_only_this_machine_is_loopback(url, loopback):
    """Names that merely look like it are not."""
    assert is_loopback(url) is loopback


@pytest.mark.parametrize(
    ("url", "checked"),
    [
        ("https://acme.harvestapp.com", "https://acme.harvestapp.com"),
        ("https://acme.harvestapp.com/", "https://acme.harvestapp.com"),
        ("https://proxy.example/harvest//", "https://proxy.example/harvest"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
    ],
)
def test_an_address_loses_only_its_last_slash(url, checked):
    """A path before the account's own is kept."""
    assert check_address(url) == checked


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://acme.harvestapp.com", "in the clear"),
        ("http://localhost.example.com", "in the clear"),
        ("acme.harvestapp.com", "whole address"),
        ("ftp://acme.harvestapp.com", "whole address"),
        ("https://", "whole address"),
        ("https://me:pw@acme.harvestapp.com", "credentials"),
        ("https://me:pw/zz@acme.harvestapp.com", "credentials"),
        ("https://me:pw\u2100@acme.harvestapp.com", "credentials"),
        ("https://me:pw@acme.harvestapp.com\u2100", "credentials"),
        ("https://me:pw@[::1", "credentials"),
        ("https://me:12/pw@acme.harvestapp.com", "credentials"),
        ("https://me@acme.harvestapp.com", "credentials"),
        ("https://acme.harvestapp.com?x=1", "query"),
        ("https://acme.harvestapp.com#x", "query"),
        ("https://acme.harvestapp.com:99999", "base_url"),
        ("https://acme.harvestapp.com/a b", "character"),
        ("https://acme.harvestapp.com/a\\b", "character"),
        ("https://acme.härvest.com", "character"),
        ("https://[::1", "base_url"),
    ],
)
def test_an_address_that_can_not_be_used_is_refused(url, why):
    """The error says what is wrong, and shows no password."""
    with pytest.raises(InvalidArgument, match=why) as caught:
        check_address(url)

    assert "pw" not in str(caught.value)


@given(st.text(max_size=30))
def test_no_text_breaks_out_of_its_header(text):
    """Every accepted value is one line of printable ASCII; others are refused with their name."""
    refused = None
    try:
        value = header_value("app", text)
    except InvalidArgument as error:
        refused = str(error)

    assert (
        refused.startswith("app: ") if refused else (value == text.strip() and value.isascii() and value.isprintable())
    )


def test_where_a_server_sends_us_may_have_a_query():
    """An address that is not ours to choose is checked for what would show a credential, and is kept whole."""
    url = "https://files.example/x?signature=1#part"

    assert check_target(url, "https://acme.example") == url
    with pytest.raises(InvalidArgument, match="in the clear"):
        check_target("http://files.example/x?signature=1", "https://acme.example")


@pytest.mark.parametrize("url", ["http://127.0.0.1:6379/x", "http://localhost/x", "https://[::1]/x"])
def test_nobody_elsewhere_sends_us_to_this_machine(url):
    """Services on this machine trust any local caller; a sandbox is local itself."""
    assert check_target(url, "http://127.0.0.1:8000") == url
    with pytest.raises(InvalidArgument, match="on this machine"):
        check_target(url, "https://acme.example")
