"""Checks of addresses and header values before anything is sent.

Invariants: every request has credentials, so plain `http` is for loopback alone, and no address has user info.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from harvest_async.errors import InvalidArgument
from harvest_async.secret import hide_user

__all__ = ["check_address", "check_target", "header_value", "is_loopback"]

_PRINTABLE: Final = re.compile(r"[ -~]*")
_ALLOWED: Final = re.compile(r"[!-\[\]-~]*")
_NO_ADDRESS: Final = "base_url: give a whole address, like https://host.example"


def is_loopback(url: str) -> bool:
    """Return whether an address is on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_address(url: str) -> str:
    """Return a base address without the slash at its end.

    Raises:
        InvalidArgument: it is no http address, it carries credentials or a query, or it is plain http to another
            machine.
    """
    if "@" in url:
        url = hide_user(url)
        raise InvalidArgument("base_url: leave the credentials out of the address and give them as auth")
    return _checked_once(url)


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:  # its text quotes the address, and so a password in it
        raise InvalidArgument("base_url: the host or the port is not valid; credentials don't belong here") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise InvalidArgument(_NO_ADDRESS)
    if "@" in parts.netloc:
        raise InvalidArgument("the address has credentials in it, which are not sent")
    if parts.query or parts.fragment:
        raise InvalidArgument("base_url: leave out the query and the fragment")
    if not _ALLOWED.fullmatch(url):
        raise InvalidArgument("base_url: it has a character that is not allowed in an address")
    if parts.scheme == "http" and not is_loopback(url):
        raise InvalidArgument("base_url: plain http would send credentials in the clear: use https")
    return url.rstrip("/")


_checked_once: Final = lru_cache(256)(_checked)
"""The same for addresses of accounts, of which a process has few."""


def check_target(url: str, base_url: str) -> str:
    """Return the address of a redirect, if it may be followed.

    Args:
        url: the address.
        base_url: the server that redirects: only one on this machine may redirect to this machine, where services
            trust local callers.

    Raises:
        InvalidArgument: it is no https address, or not on this machine if it is plain http.
    """
    _checked(url.partition("#")[0].partition("?")[0])
    if is_loopback(url) and not is_loopback(base_url):
        raise InvalidArgument("the server redirects to an address on this machine, which is not followed")
    return url


def header_value(name: str, value: str) -> str:
    """Return a text that can be the value of a header field.

    Raises:
        InvalidArgument: it is empty, or has a line break or another character that no header may have.
    """
    if not value.strip() or not _PRINTABLE.fullmatch(value):
        raise InvalidArgument(f"{name}: give printable ASCII text without line breaks, not {value!r}")
    return value.strip()
