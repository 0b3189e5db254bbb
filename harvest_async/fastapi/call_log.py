"""The last calls of each account in this process, with their waits at the gate: an observer for clients.

    log = CallLog()
    app = FastAPI(lifespan=harvest_lifespan(lambda: HarvestV1.from_env(telemetry=log)))

Invariants:
- Memory is bounded: of more than a hundred accounts, the one that was not called for the longest time is dropped until
  it is called again.
- No query, header or body is kept.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import AbstractContextManager
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from attrs import define, field, frozen

from harvest_async.observer import SILENT, AccountObserver, CallObserver, Observer, RequestObserver

if TYPE_CHECKING:
    import httpx

    from harvest_async.call import Call
    from harvest_async.throttle.registry import Identity
    from harvest_async.throttle.throttle import Throttle

__all__ = ["AccountLog", "CallEntry", "CallLog"]

_KEPT: Final = 30
"""The calls that are kept of each account."""

_MOST_ACCOUNTS: Final = 100


@frozen
class CallEntry:
    """A call that has ended.

    Attributes:
        at: when it began, as a timestamp.
        name: the method of the client, such as `clients.list`.
        request: its HTTP method and path, without the query.
        waited: seconds at the gate.
        took: seconds of all of its requests.
        result: the status of its last response, or the name of the error; `cached` if nothing was sent.
        refused: how often the server's throttle refused it.
    """

    at: float
    name: str
    request: str
    waited: float
    took: float
    result: str
    refused: int


@define(eq=False)
class AccountLog:
    """The last calls of an account.

    Attributes:
        name: the account.
        throttle: its throttle.
        calls: the last calls, the latest last.
        last_at: when its last call began, or it was added, as a timestamp.
    """

    name: str
    throttle: Throttle
    calls: deque[CallEntry] = field(factory=lambda: deque(maxlen=_KEPT))
    last_at: float = field(factory=time.time)


class CallLog:
    """Keeps the last calls of all clients to which it is given as `telemetry`.

    Args:
        also: another observer of the same clients, such as `telemetry.Telemetry`.
    """

    def __init__(self, also: Observer = SILENT) -> None:
        self._also = also
        self._accounts: dict[int, AccountLog] = {}
        self._lock = Lock()  # clients may be created in several threads

    @property
    def accounts(self) -> tuple[AccountLog, ...]:
        """The accounts, in the order of their first clients."""
        return tuple(self._accounts.values())

    def add(self, name: str, throttle: Throttle) -> AccountLog:
        """Add an account before its first client is created, so that a process shows it from the beginning."""
        found = self._accounts.get(id(throttle))
        return self.keep(AccountLog(name, throttle)) if found is None else found

    def keep(self, account: AccountLog) -> AccountLog:
        """Keep an account, in place of the one that was not called for the longest time if there are too many."""
        with self._lock:
            kept = self._accounts.setdefault(id(account.throttle), account)
            kept.last_at = time.time()
            if len(self._accounts) > _MOST_ACCOUNTS:
                others = (each for each in self._accounts.values() if each is not kept)
                del self._accounts[id(min(others, key=lambda each: each.last_at).throttle)]
        return kept

    def account(self, identity: Identity, throttle: Throttle) -> AccountObserver:
        """See `Observer.account`; clients with the same throttle are one account."""
        return _Account(self, self.add(str(identity), throttle), self._also.account(identity, throttle))


class _Account:
    """Observes the calls of one client."""

    def __init__(self, all_accounts: CallLog, log: AccountLog, also: AccountObserver) -> None:
        self._all, self._log, self._also = all_accounts, log, also

    def call(self, call: Call[Any]) -> AbstractContextManager[CallObserver]:
        self._log = self._all.keep(self._log)
        return _Call(self._log, call, self._also.call(call))


class _Call:
    """Observes one call; a context manager."""

    def __init__(self, log: AccountLog, call: Call[Any], also: AbstractContextManager[CallObserver]) -> None:
        self._log, self._what, self._context = log, call, also
        self._also: CallObserver = SILENT
        self._at = time.time()
        self.waited = self.took = 0.0
        self._refused = 0
        self.result = ""

    def __enter__(self) -> Self:
        self._also = self._context.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        result = type(error).__name__ if error is not None else self.result or "cached"
        call = self._what
        entry = CallEntry(
            self._at, call.name, f"{call.method} {call.path}", self.waited, self.took, result, self._refused
        )
        self._log.calls.append(entry)
        self._context.__exit__(kind, error, trace)

    def waiting(self) -> AbstractContextManager[object]:
        return _Wait(self, self._also.waiting())

    def sending(self, request: httpx.Request) -> AbstractContextManager[RequestObserver]:
        return _Request(self, self._also.sending(request))

    def refused(self) -> None:
        self._refused += 1
        self._also.refused()

    def cached(self, *, confirmed: bool) -> None:
        self._also.cached(confirmed=confirmed)

    def missed(self) -> None:
        self._also.missed()

    def unknown(self) -> None:
        self._also.unknown()


class _Wait:
    """Measures a wait at the gate."""

    def __init__(self, call: _Call, also: AbstractContextManager[object]) -> None:
        self._call, self._also = call, also
        self._began = time.perf_counter()

    def __enter__(self) -> None:
        self._also.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call.waited += time.perf_counter() - self._began
        self._also.__exit__(kind, error, trace)


class _Request:
    """Measures a request."""

    def __init__(self, call: _Call, also: AbstractContextManager[RequestObserver]) -> None:
        self._call, self._context = call, also
        self._also: RequestObserver = SILENT
        self._began = time.perf_counter()

    def __enter__(self) -> Self:
        self._also = self._context.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call.took += time.perf_counter() - self._began
        self._context.__exit__(kind, error, trace)

    def responded(self, status: int) -> None:
        self._call.result = str(status)
        self._also.responded(status)
