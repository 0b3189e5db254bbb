"""The check that refuses requests which another web site makes through a browser.

The sandbox's passwords are public, so a page that is open in a browser on this machine could use it. Browsers send the
page's origin (`Origin`, `Sec-Fetch-Site`) and the host that the page requested (`Host`):

- Below `/_sandbox/` the host must be one of the sandbox's own names, so that a foreign name that resolves to this
  machine (DNS rebinding) is refused, and the origin must be the sandbox itself.
- Elsewhere the page must not belong to another site, except on the sign-in pages, to which other sites link.

Programs other than browsers send none of these headers but `Host`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

__all__ = ["PAGES", "refusal"]

PAGES: Final = "/_sandbox/"

_HOST: Final = re.compile(r"(\[[^\]]*\]|[^:@/\\\s]*)(?::(\d{1,5}))?")
_OWN_SITES: Final = frozenset({"same-origin", "none"})


def refusal(scope: Any, names: Iterable[str], linked_paths: frozenset[str]) -> str | None:
    """Return why a request is refused; None if it is accepted.

    Args:
        scope: the ASGI scope of the request.
        names: the hosts on which the sandbox listens.
        linked_paths: the paths to which other web sites may link.
    """
    known = {_plain(name) for name in names}
    server = scope.get("server")
    if server is not None:
        known.add(_plain(str(server[0])))
    hosts, origins, sites = (_values(scope, name) for name in (b"host", b"origin", b"sec-fetch-site"))
    if scope["path"].startswith(PAGES):
        return _page_refusal(hosts, origins, sites, known)
    if scope["path"].rstrip("/") in linked_paths:
        return None
    foreign = not _OWN_SITES.issuperset(sites) if sites else any(not _is_ours(each, hosts, known) for each in origins)
    return "Another web site may not use the sandbox: its passwords are public." if foreign else None


def _page_refusal(hosts: list[str], origins: list[str], sites: list[str], known: set[str]) -> str | None:
    for host in hosts:
        name, _ = _parts(host)
        if name is None or not _is_known(name, known):
            shown = host[:80]
            return f"The host {shown!r} is none of the sandbox's names: use 127.0.0.1, localhost or the address it has."
    if not _OWN_SITES.issuperset(sites) or any(not _is_own(each, hosts, known) for each in origins):
        return "Another web site may not inspect or control the sandbox: send the request from a program."
    return None


def _is_own(origin: str, hosts: list[str], known: set[str]) -> bool:
    """Return whether an origin is the sandbox itself, under any of its names."""
    name, port = _origin_parts(origin)
    return name is not None and _is_known(name, known) and all(_parts(host)[1] == port for host in hosts)


def _is_ours(origin: str, hosts: list[str], known: set[str]) -> bool:
    """Return whether an origin is on this machine, or is the requested host."""
    name, port = _origin_parts(origin)
    return name is not None and (_is_known(name, known) or any(_parts(host) == (name, port) for host in hosts))


def _is_known(name: str, known: set[str]) -> bool:
    if name == "localhost" or name in known:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _parts(host: str) -> tuple[str | None, str]:
    """Return the name and the port of a `Host` header; no name if it is malformed."""
    match = _HOST.fullmatch(host.strip())
    return (None, "") if match is None or not match[1] else (_plain(match[1]), match[2] or "80")


def _origin_parts(origin: str) -> tuple[str | None, str]:
    """Return the name and the port of an `Origin` header; no name if it is `null` or malformed."""
    try:
        parts = urlsplit(origin.strip())
    except ValueError:
        return None, ""
    name, port = _parts(parts.netloc)
    if parts.scheme not in {"http", "https"} or parts.path or parts.query or parts.fragment:
        return None, ""
    return name, "443" if parts.scheme == "https" and not parts.netloc.endswith(f":{port}") else port


def _plain(name: str) -> str:
    return name.strip().lower().removeprefix("[").removesuffix("]").removesuffix(".")


def _values(scope: Any, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
