"""The protocols of telemetry: what is notified of calls, of their waits at the gate and of the requests they send.

Nothing here imports a telemetry library: `telemetry` implements the protocols with OpenTelemetry. Without one,
`SILENT` is notified, which does nothing.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

if TYPE_CHECKING:
    import httpx

    from harvest_async.call import Call
    from harvest_async.throttle.registry import Identity
    from harvest_async.throttle.throttle import Throttle

__all__ = ["SILENT", "AccountObserver", "CallObserver", "Observer", "RequestObserver"]


class RequestObserver(Protocol):
    """Is notified of one HTTP request, while it is used as a context manager."""

    def responded(self, status: int, /) -> None:
        """Note the status of the response, whose headers have arrived."""
        ...


class CallObserver(Protocol):
    """Is notified of what happens in one call, while it is used as a context manager. No method may raise."""

    def waiting(self) -> AbstractContextManager[object]:
        """Observe a wait at the gate."""
        ...

    def sending(self, request: httpx.Request, /) -> AbstractContextManager[RequestObserver]:
        """Observe a request that is sent, up to its response's headers."""
        ...

    def refused(self) -> None:
        """Note that the server's throttle refused the last request."""
        ...

    def cached(self, *, confirmed: bool) -> None:
        """Note that the cache had the response; `confirmed` is True if the server was requested to confirm it."""
        ...

    def missed(self) -> None:
        """Note that the cache did not have the response."""
        ...

    def unknown(self) -> None:
        """Note that the outcome of the call is unknown."""
        ...


class AccountObserver(Protocol):
    """Observes the calls of one client."""

    def call(self, call: Call[Any], /) -> AbstractContextManager[CallObserver]:
        """Observe one call."""
        ...


class Observer(Protocol):
    """Observes clients; `telemetry.Telemetry` is one."""

    def account(self, identity: Identity, throttle: Throttle, /) -> AccountObserver:
        """Return what observes the calls of a client.

        Args:
            identity: the account.
            throttle: the account's throttle.
        """
        ...


class _Silent:
    """Observes nothing."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def account(self, *_: object) -> Self:
        return self

    def call(self, *_: object) -> Self:
        return self

    def waiting(self) -> Self:
        return self

    def sending(self, *_: object) -> Self:
        return self

    def responded(self, *_: object) -> None:
        pass

    def refused(self) -> None:
        pass

    def cached(self, *, confirmed: bool) -> None:
        pass

    def missed(self) -> None:
        pass

    def unknown(self) -> None:
        pass


SILENT: Final = _Silent()
"""Observes nothing."""
