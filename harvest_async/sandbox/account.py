"""A sandbox's account: world, API versions, rate limiter, faults, store and request log put together.

Notes:
- It knows no web framework and may be used from any thread: a lock serializes the requests.
- The store has times on the wall clock's scale, which is a fixed distance from the sandbox's own clock.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from harvest_async.clock import SECOND, span
from harvest_async.sandbox.faults import Fault, Faults, make_fault
from harvest_async.sandbox.log import Log, Request, most_in_window
from harvest_async.sandbox.messages import HttpRequest, Response
from harvest_async.sandbox.rate_limiter import BUDGETS, GENERAL, REPORTS, RateLimiter, RateLimitStatus
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.services import Services
from harvest_async.sandbox.settings import Settings
from harvest_async.sandbox.store import Store
from harvest_async.sandbox.versions import PACKAGES, mount_versions, version_for
from harvest_async.sandbox.world import World

__all__ = ["Account"]

_LOCKABLE: Final = ("entry", "expense")


class Account:
    """Everything behind the sandbox's address.

    Args:
        settings: the sandbox's settings.
        packages: the packages of the API versions to serve; those that do not exist are left out.
        number: the account's id.
    """

    def __init__(self, settings: Settings, packages: Iterable[str] = PACKAGES, number: int = 1) -> None:
        self.settings = settings
        self.clock = settings.clock
        self.names: set[str] = set()  # the hosts on which it listens
        self.world = World(timestamps=settings.timestamp_timers, quirks=settings.quirks, rounding=settings.rounding)
        self.faults = Faults()
        self.limiters = _limiters(settings)
        self.log = Log()
        self._services = Services.over(self.world, settings, self._status, number)
        self._versions = mount_versions(self._services, packages)
        self._lock = threading.RLock()
        self._offset = round(self.clock.today().timestamp() * SECOND) - self.clock.now()
        self._store = Store(_file(settings.db, number))
        self.world.keep = self._store.keep
        self._load()

    def _load(self) -> None:
        tables = self._store.tables()
        if not any(tables.values()):
            self.world.seed(self.clock.today(), fresh=self.settings.fresh_account)
            return
        self.world.restore(tables)
        for budget, limiter in self.limiters.items():
            since = self.clock.now() + self._offset - limiter.period
            arrivals, locked_until = self._store.throttle(budget, since)
            limiter.restore([arrival - self._offset for arrival in arrivals], locked_until - self._offset)

    @property
    def limiter(self) -> RateLimiter:
        """The rate limiter of the general budget."""
        return self.limiters[GENERAL]

    # Serving

    @property
    def linked_paths(self) -> frozenset[str]:
        """The paths to which pages of other web sites may link."""
        return frozenset[str]().union(*(version.linked_paths for version in self._versions))

    def account_of(self, path: str, headers: Mapping[str, str], query: str) -> str:
        """Return the account that a request names beside its address; an empty text if it names none."""
        version = version_for(path, self._versions)
        return "" if version is None else version.account_of(headers, query)

    def active_faults(self, method: str, path: str) -> dict[str, Fault]:
        """Return the faults that apply to a request, by kind."""
        with self._lock:
            return self.faults.of(method, path)

    def admit(self, call: tuple[str, str, str], headers: Iterable[tuple[str, str]]) -> tuple[int, bool]:
        """Count and log a request, given as method, path and query.

        Returns:
            Its index in the log, and whether the rate limiter refuses it.
        """
        with self._lock:
            now, budget = self.clock.now(), self._budget_of(call[1])
            counted = self.settings.status_counts or not any(each.is_status(call[1]) for each in self._versions)
            accepted = self._arrive(budget, now) if counted else not self.limiters[budget].is_locked(now)
            self.log.add(now, call, headers, counted=counted, refused=not accepted, budget=budget)
            return len(self.log) - 1, not accepted

    def record_status(self, index: int, status: int) -> None:
        """Record the status of the response to a logged request."""
        with self._lock:
            self.log.record_status(index, status)

    def serve(self, call: tuple[str, str, str], headers: dict[str, str], content: bytes) -> Response:
        """Execute a request, given as method, path and query, with its headers and body."""
        version = version_for(call[1], self._versions)
        if version is None:
            return _not_served(call[1])
        with self._lock:
            return version.serve(HttpRequest(*call, headers, content), self.clock.today())

    def throttled(self, call: tuple[str, str, str], headers: dict[str, str]) -> tuple[Response, int]:
        """Return the response to a request that exceeds the rate limit, and the seconds to wait."""
        version = version_for(call[1], self._versions)
        with self._lock:
            wait = max(1, self.limiters[self._budget_of(call[1])].wait(self.clock.now()))
        if version is None:
            return _not_served(call[1]), wait
        return version.throttled(HttpRequest(*call, headers), wait), wait

    def lock_out(self, path: str, seconds: float) -> None:
        """Begin a lockout of this length of the budget that counts a path."""
        with self._lock:
            budget = self._budget_of(path)
            self.limiters[budget].lock_out(self.clock.now(), span(seconds))
            self._store.lock_out(budget, self.limiters[budget].locked_until + self._offset)

    # Inspecting and controlling

    def requests(self) -> list[Request]:
        """Return all requests since the last reset."""
        with self._lock:
            return self.log.all()

    def max_in_window(self, budget: str = GENERAL) -> int:
        """Return the most requests of a budget that arrived in any half-open period, computed from the log."""
        period = self.limiter_of(budget).period
        counted = (request for request in self.requests() if request.counted and request.budget == budget)
        return most_in_window([request.arrival for request in counted], period)

    def limiter_of(self, budget: str) -> RateLimiter:
        """Return the rate limiter of a budget.

        Raises:
            ValueError: there is no such budget.
        """
        if budget not in self.limiters:
            msg = f"Unknown budget {budget!r}. Choose from: {', '.join(BUDGETS)}."
            raise ValueError(msg)
        return self.limiters[budget]

    def spend(self, calls: int, budget: str = GENERAL) -> None:
        """Count calls as if another program had made them."""
        self.limiter_of(budget)
        with self._lock:
            for _ in range(calls):
                self._arrive(budget, self.clock.now())

    def set_limits(self, calls: int | None = None, period: float | None = None, budget: str = GENERAL) -> None:
        """Change the rate limit of a budget.

        Raises:
            ValueError: a value is out of range, or there is no such budget.
        """
        limiter = self.limiter_of(budget)
        checked = Settings(
            calls=limiter.calls if calls is None else calls,
            period=limiter.period / SECOND if period is None else period,
        )
        with self._lock:
            limiter.calls = checked.calls
            if period is not None and checked.period is not None:
                limiter.period = checked.period
                if self.settings.lockout is None or budget != GENERAL:
                    limiter.lockout = checked.period

    def fault(self, **description: Any) -> None:
        """Add a fault (see `faults.KINDS`)."""
        fault = make_fault(description)
        with self._lock:
            self.faults.add(fault)

    def lock_records(self, kind: str, ids: Iterable[int], *, closed: bool = True, period: bool = False) -> None:
        """Approve time entries or expenses, or withdraw the approval; with `period` lock or unlock their period."""
        if kind not in _LOCKABLE:
            msg = f"Unknown kind {kind!r}. Choose from: {', '.join(_LOCKABLE)}."
            raise ValueError(msg)
        with self._lock:
            for record in [self.world.tables[kind][number] for number in ids]:
                fields: Record = {"is_period_locked": closed} if period else {"is_closed": closed}
                if kind == "expense" and not period:
                    fields |= {"is_locked": closed, "locked_reason": "Expense Approved and Locked." if closed else None}
                self.world.change(kind, record, fields, self.clock.today())

    def submit(self, ids: Iterable[int], *, withdrawn: bool) -> None:
        """Submit time entries for approval, or withdraw them."""
        with self._lock:
            for entry in [self.world.tables["entry"][number] for number in ids]:
                status = "unsubmitted" if withdrawn else "submitted"
                self.world.change("entry", entry, {"approval_status": status}, self.clock.today())

    def permit(self, token: str, accounts: Iterable[Mapping[str, Any]], email: str) -> None:
        """Make a token of API v2 valid that reaches these accounts."""
        with self._lock:
            self._services.grants.permit(token, email, "v2", accounts)

    def revoke_tokens(self, *, refresh: bool) -> None:
        """Revoke all access tokens that were issued; with `refresh` the refresh tokens, too."""
        with self._lock:
            self._services.grants.revoke(refresh=refresh)

    def reset(self) -> None:
        """Clear records, rate limiter, faults and log; the rate limit stays as it is set."""
        with self._lock:
            self.limiters = {
                budget: RateLimiter(each.calls, each.period, each.lockout, prolong=each.prolong)
                for budget, each in self.limiters.items()
            }
            self.log.clear()
            self.faults.clear()
            self._store.clear()
            self.world.restore({kind: {} for kind in self.world.tables})
            self.world.seed(self.clock.today(), fresh=self.settings.fresh_account)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._store.close()

    # Internals

    def _budget_of(self, path: str) -> str:
        version = version_for(path, self._versions)
        return GENERAL if version is None else version.budget_of(path)

    def _arrive(self, budget: str, now: int) -> bool:
        limiter = self.limiters[budget]
        accepted = limiter.arrive(now)
        self._store.arrived(budget, now + self._offset, now + self._offset - limiter.period)
        self._store.lock_out(budget, limiter.locked_until + self._offset)
        return accepted

    def _status(self) -> RateLimitStatus:
        with self._lock:
            last = self.limiter.last
            at = None if last is None else datetime.fromtimestamp((last + self._offset) // SECOND, UTC)
            return self.limiter.status(self.clock.now(), at)


def _file(db: str | os.PathLike[str] | None, number: int) -> str | os.PathLike[str] | None:
    """Return the file of an account: the first one has that of the settings, the others have theirs beside it."""
    if db is None or number == 1:
        return db
    path = Path(db)
    return path.with_name(f"{path.stem}-{number}{path.suffix}")


def _limiters(settings: Settings) -> dict[str, RateLimiter]:
    period, reports = settings.period or 0, settings.report_period
    return {
        GENERAL: RateLimiter(settings.calls, period, settings.lockout or period, prolong=settings.prolong),
        REPORTS: RateLimiter(settings.report_calls, reports, reports, prolong=settings.prolong),
    }


def _not_served(path: str) -> Response:
    message = f"No API version of this sandbox serves {path}.".encode("utf-8", "replace")
    return Response(404, message, media="text/plain; charset=utf-8")
