"""A Harvest account to test against: over a socket or in process, with rate limit, faults and quirks.

It imports nothing of the client but the clock, so that it checks clients from outside. The server is imported on first
use and needs the extra `sandbox`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import cached_property
from typing import Any

from harvest_async.clock import Clock, SystemClock
from harvest_async.sandbox.accounts import Accounts
from harvest_async.sandbox.log import Request
from harvest_async.sandbox.settings import Settings
from harvest_async.sandbox.world import World

__all__ = ["Request", "Sandbox"]

_SHOWN = 5
"""The most requests that an error lists."""

_MISSING = "The sandbox needs Starlette and uvicorn. Install them: python -m pip install 'harvest-async[sandbox]'"


class Sandbox:
    """A Harvest account for tests and trials, as a server.

    It serves API v1 and API v2 over one account, which has the administrator `admin@example.com` and the regular user
    `user@example.com`, both with the password `sandbox`.

    - v1: the subdomain `sandbox`, the passwords or the administrator's token `sandbox-v1-token`.
    - v2, below `/v2` and `/api/v2`: the account id 1, the administrator's token `sandbox-token` and the
      user's token `sandbox-user-token`.

    It is an authorization server, too: `/oauth2/authorize`, with the token endpoints `/oauth2/token` for v1 and
    `/api/v2/oauth2/token` for v2, for the client id `sandbox-client` with the secret `sandbox-secret` and any
    redirect_uri. It approves every request at once, for the signed-in person or else for the administrator. The refresh
    token `sandbox-refresh` can be used once; a reset issues it again.

    Args:
        calls: calls allowed in a period.
        period: length of the period in seconds.
        lockout: length in seconds of the lockout after too many calls; None is the period.
        prolong: whether a call made during the lockout restarts it.
        db: a file in which to keep the state; None keeps it in memory.
        clock: the clock; None is the machine's.
        timestamp_timers: whether time is tracked by start and end, not by duration.
        status_counts: whether the rate limit status counts like any other call.
        validators: whether responses that may be stored have an ETag and get 304 when it matches.
        modules: the modules that are on: `expenses`, `invoices`, `estimates` and `approval`.
        quirks: the variants to show in which the documentation's samples contradict each other;
            `harvest_async.sandbox.quirks.QUIRKS` lists them.
        plan: the greatest number of active `people` and `projects`; one that is missing has no limit.
        report_calls: calls of reports allowed in a period, which v2 counts apart.
        report_period: length of that period in seconds.
        accounts: the number of accounts, from 1 to 100,000. Each has its own records, rate limits and log, and is
            created when it is first used: by v2 the ids from 1 on, by v1 the subdomains `sandbox`, `sandbox-2` and so
            on, below `/accounts/sandbox-2`.
        rounding: the minutes to which reports and invoices round hours up; 0 for none.
        fresh_account: whether to begin with the five default tasks and the expense categories of a new account; a new
            project gets the default tasks.

    Raises:
        ValueError: a number is out of range, or a module, a quirk or a limit is unknown.
    """

    def __init__(
        self,
        calls: int = 100,
        period: float = 15.0,
        *,
        lockout: float | None = None,
        prolong: bool = True,
        db: str | os.PathLike[str] | None = None,
        clock: Clock | None = None,
        timestamp_timers: bool = False,
        status_counts: bool = True,
        validators: bool = True,
        modules: Iterable[str] = ("expenses", "invoices", "estimates"),
        quirks: Iterable[str] = (),
        plan: Mapping[str, int] | None = None,
        fresh_account: bool = False,
        report_calls: int = 100,
        report_period: float = 900.0,
        rounding: int = 0,
        accounts: int = 1,
    ) -> None:
        self._accounts = Accounts(
            Settings(
                calls,
                period,
                lockout,
                prolong,
                db,
                clock or SystemClock(),
                timestamp_timers,
                status_counts,
                validators,
                modules,
                quirks,
                plan,
                fresh_account,
                report_calls,
                report_period,
                rounding,
                accounts,
            )
        )
        self._account = self._accounts.first

    @cached_property
    def app(self) -> Any:
        """The ASGI application.

        Raises:
            ImportError: the extra `sandbox` is not installed.
        """
        try:
            from harvest_async.sandbox.app import make_app  # noqa: PLC0415 - optional dependency
        except ImportError as error:  # of any kind, since another thread may be failing to import it right now
            raise ImportError(_MISSING) from error
        return make_app(self._accounts)

    # Serving

    @contextmanager
    def serve_in_thread(self, host: str = "127.0.0.1", port: int = 0, *, allow_remote: bool = False) -> Iterator[str]:
        """Serve on a socket in a thread and yield the address. Port 0 uses any free port."""
        serve = _serving()
        self._account.names.add(host)
        with serve.running(self.app, serve.bind(host, port, allow_remote=allow_remote)) as address:
            yield address

    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0, *, allow_remote: bool = False) -> AsyncIterator[str]:
        """Serve on a socket, in a thread with an event loop of its own, and yield the address."""
        with self.serve_in_thread(host, port, allow_remote=allow_remote) as address:
            yield address

    def run(self, host: str, port: int, ready: Callable[[str], None], *, allow_remote: bool = False) -> None:
        """Serve until Ctrl-C; calls `ready` with the address."""
        serve = _serving()
        self._account.names.add(host)
        serve.run(self.app, serve.bind(host, port, allow_remote=allow_remote), ready)

    # Inspecting and controlling

    def account(self, name: str | int) -> Sandbox:
        """Return another account of this sandbox, to inspect and control it; all are served at one address.

        Args:
            name: its id, or its subdomain.

        Raises:
            KeyError: there is no such account.
        """
        account = self._accounts.find(name)
        if account is None:
            raise KeyError(name)
        other = object.__new__(type(self))
        other._accounts, other._account = self._accounts, account
        return other

    @property
    def world(self) -> World:
        """The account's records, for inspection."""
        return self._account.world

    def requests(self) -> list[Request]:
        """Return all requests since the last reset, in the order of arrival."""
        return self._account.requests()

    def assert_nothing_sent(self) -> None:
        """Check that no request has arrived since the last reset.

        Raises:
            AssertionError: requests have arrived; the message lists the first of them.
        """
        if requests := self.requests():
            shown = ", ".join(f"{each.method} {each.path}" for each in requests[:_SHOWN])
            more = f" and {len(requests) - _SHOWN} more" if len(requests) > _SHOWN else ""
            raise AssertionError(f"expected no request, but the sandbox received {shown}{more}")

    def max_in_window(self, budget: str = "general") -> int:
        """Return the most requests of a budget that arrived in any half-open period, computed from the log.

        The budgets are `general` and `reports`.
        """
        return self._account.max_in_window(budget)

    def throttled(self, budget: str = "general") -> int:
        """Return the number of refused requests of a budget."""
        return self._account.limiter_of(budget).throttled

    def lockouts(self, budget: str = "general") -> int:
        """Return the number of lockouts of a budget."""
        return self._account.limiter_of(budget).lockouts

    def spend(self, calls: int, budget: str = "general") -> None:
        """Count calls as if another program had made them."""
        self._account.spend(calls, budget)

    def set_limits(self, calls: int | None = None, period: float | None = None, budget: str = "general") -> None:
        """Change the rate limit of a budget; an omitted value stays as it is.

        Raises:
            ValueError: a value is out of range, or there is no such budget.
        """
        self._account.set_limits(calls, period, budget)

    def fault(self, kind: str, **details: Any) -> None:
        """Inject a fault; `harvest_async.sandbox.faults.KINDS` lists the kinds.

        Args:
            kind: the kind of fault.
            details: `match` ({"method", "path"}), `times` (None repeats it always), `after`, `seconds`, and the
                details of the kind.

        Raises:
            ValueError: the kind is unknown or a detail is invalid.
        """
        self._account.fault(kind=kind, **details)

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._account.faults.clear()

    def lock(self, kind: str, *ids: int, closed: bool = True, period: bool = False) -> None:
        """Approve records, which locks them, or withdraw the approval.

        Args:
            kind: `entry` or `expense`.
            ids: the ids of the records.
            closed: False withdraws the approval.
            period: whether to lock or unlock the period of the records instead.

        Raises:
            ValueError: the kind is unknown.
            KeyError: there is no such record.
        """
        self._account.lock_records(kind, ids, closed=closed, period=period)

    def submit(self, *ids: int, withdrawn: bool = False) -> None:
        """Submit time entries for approval, which locks nothing, or withdraw them.

        Args:
            ids: the ids of the time entries.
            withdrawn: whether to withdraw them.

        Raises:
            KeyError: there is no such time entry.
        """
        self._account.submit(ids, withdrawn=withdrawn)

    def permit(self, token: str, accounts: Iterable[Mapping[str, Any]], email: str = "admin@example.com") -> None:
        """Make a token of API v2 valid and set the accounts that it reaches; it never ends.

        Only the account with the id 1 is served; others are only in the list of accounts.

        Args:
            token: the token.
            accounts: each with an `id`, and optionally a `name` and a `product`, `harvest` or `forecast`.
            email: the person whose token it is.

        Raises:
            ValueError: an account can't be used.
        """
        self._account.permit(token, accounts, email)

    def revoke_tokens(self, *, refresh: bool = False) -> None:
        """Revoke the access tokens that the authorization server issued; the sandbox's own stay valid.

        Args:
            refresh: whether to revoke the refresh tokens, too.
        """
        self._account.revoke_tokens(refresh=refresh)

    def reset(self) -> None:
        """Clear records, rate limiter, faults and the log of the account."""
        self._account.reset()

    def close(self) -> None:
        """Close the databases of all accounts."""
        for account in self._accounts.created().values():
            account.close()


def _serving() -> Any:
    try:
        from harvest_async.sandbox import serve  # noqa: PLC0415 - optional dependency
    except ImportError as error:  # of any kind, since another thread may be failing to import it right now
        raise ImportError(_MISSING) from error
    return serve
