"""The API versions that the sandbox serves, imported when an account is opened.

A version is a package of this one with a module `version`, whose function `mount` returns a `Version`. A package that
is not there is not mounted, so the sandbox runs without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Final, Protocol

from harvest_async.sandbox.messages import HttpRequest, Response
from harvest_async.sandbox.services import Services

__all__ = ["PACKAGES", "Version", "mount_versions", "version_for"]

PACKAGES: Final = ("harvest_async.sandbox.v2", "harvest_async.sandbox.v1")
"""The packages of the versions; the first version that serves a path gets the request."""


class Version(Protocol):
    """An API version over an account's services."""

    @property
    def linked_paths(self) -> frozenset[str]:
        """The paths to which pages of other web sites may link."""
        ...

    def serves(self, path: str) -> bool:
        """Return whether a path belongs to this version."""
        ...

    def is_status(self, path: str) -> bool:
        """Return whether a path is the call that reports the rate limiter's numbers."""
        ...

    def budget_of(self, path: str) -> str:
        """Return the name of the budget that counts requests of a path (see `rate_limiter.BUDGETS`)."""
        ...

    def account_of(self, headers: Mapping[str, str], query: str) -> str:
        """Return the account that a request names beside its address; an empty text if it names none."""
        ...

    def serve(self, request: HttpRequest, now: datetime) -> Response:
        """Execute a request."""
        ...

    def throttled(self, request: HttpRequest, wait: int) -> Response:
        """Return the response to a request that exceeds the rate limit and may be retried in `wait` seconds."""
        ...


def mount_versions(services: Services, packages: Iterable[str] = PACKAGES) -> tuple[Version, ...]:
    """Import the versions that are there and mount them over the services."""
    return tuple(import_module(f"{name}.version").mount(services) for name in packages if _is_there(name))


def version_for(path: str, versions: Iterable[Version]) -> Version | None:
    """Return the version that serves a path; None if there is none."""
    return next((version for version in versions if version.serves(path)), None)


def _is_there(package: str) -> bool:
    """Return whether a package can be imported; a folder without `__init__.py` is none."""
    spec = find_spec(package)
    return spec is not None and spec.origin is not None
