"""A Harvest account to run against: API v1 over a real socket or in process, with its throttle and its quirks.

Rules of this room: it imports nothing of ours but the clock, so that it judges clients from outside. The web parts are
imported when they are needed (extra `sandbox`).
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import cached_property
from typing import Any

from harvest_async.clock import Clock, SystemClock
from harvest_async.sandbox.account import Account
from harvest_async.sandbox.log import Request
from harvest_async.sandbox.settings import Settings
from harvest_async.sandbox.world import World

__all__ = ["Request", "Sandbox"]

_MISSING = "the sandbox needs Starlette and uvicorn: python -m pip install 'harvest-async[sandbox]'"


class Sandbox:
    """A Harvest account to run against.

    It has account `sandbox`, the administrator `admin@example.com` and the regular user `user@example.com`, both with
    the password `sandbox`, and the administrator's token `sandbox-token`. It is an authorization server, too, at
    `/oauth2/authorize` and `/oauth2/token` (contract: auth.oauth2), for the client id `sandbox-client` with the secret
    `sandbox-secret` and any redirect_uri; whoever is signed in, else the administrator, approves at once.

    Args:
        calls: calls allowed in a period.
        period: seconds.
        lockout: seconds that an account is shut once it made too many calls; None is the period.
        prolong: whether each call made while it is shut begins the lockout anew (contract: throttle_resets).
        db: a file in which the state is kept; None keeps it in memory.
        clock: what tells the time; None is the machine's.
        timestamp_timers: whether time is tracked by start and end, not by duration.
        status_counts: whether the status call counts like any other.
        validators: whether what may be kept is answered with an ETag, and asked for again with 304.
        modules: the modules that are on, of expenses, invoices, estimates and approval (contract: modules).
        quirks: the quirks to show that the documentation's samples do not agree on, by the contract's names;
            `harvest_async.sandbox.quirks.VARIANTS` has the table.
        plan: how many active `people` and `projects` the account's plan allows; what is left out has no limit.
        fresh_account: whether it begins with the five default tasks and the expense categories that the server puts
            into a new account; a new project gets the default tasks.

    Raises:
        ValueError: a number, a module, a quirk or a limit is none that an account could have.
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
    ) -> None:
        self._account = Account(
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
            )
        )

    @cached_property
    def app(self) -> Any:
        """The ASGI application.

        Raises:
            ImportError: the extra `sandbox` is not installed.
        """
        try:
            from harvest_async.sandbox.app import make_app  # noqa: PLC0415 - optional dependency
        except ImportError as error:  # of any kind: another thread may be failing to import it at the moment
            raise ImportError(_MISSING) from error
        return make_app(self._account)

    # Serving

    @contextmanager
    def serve_in_thread(self, host: str = "127.0.0.1", port: int = 0, *, allow_remote: bool = False) -> Iterator[str]:
        """Serve on a socket, in a thread; gives the address. Port 0 takes any that is free."""
        serve = _serving()
        self._account.names.add(host)
        with serve.running(self.app, serve.bind(host, port, allow_remote=allow_remote)) as address:
            yield address

    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0, *, allow_remote: bool = False) -> AsyncIterator[str]:
        """Serve on a socket, in a thread with an event loop of its own; gives the address."""
        with self.serve_in_thread(host, port, allow_remote=allow_remote) as address:
            yield address

    def run(self, host: str, port: int, ready: Callable[[str], None], *, allow_remote: bool = False) -> None:
        """Serve until Ctrl-C; `ready` is given the address."""
        serve = _serving()
        self._account.names.add(host)
        serve.run(self.app, serve.bind(host, port, allow_remote=allow_remote), ready)

    # Looking on, and meddling

    @property
    def world(self) -> World:
        """The account's records, to look at."""
        return self._account.world

    def requests(self) -> list[Request]:
        """All requests since the last reset, as they arrived."""
        return self._account.requests()

    def max_in_window(self) -> int:
        """The most requests that arrived in any half-open period, computed from the list of requests."""
        return self._account.max_in_window()

    def throttled(self) -> int:
        """How many requests were refused."""
        return self._account.judge.throttled

    def lockouts(self) -> int:
        """How many lockouts began."""
        return self._account.judge.lockouts

    def spend(self, calls: int) -> None:
        """Another program makes calls now."""
        self._account.spend(calls)

    def set_limits(self, calls: int | None = None, period: float | None = None) -> None:
        """Tune the throttle's numbers while it runs; what is left out stays.

        Raises:
            ValueError: they are no numbers to allow anything by.
        """
        self._account.set_limits(calls, period)

    def fault(self, kind: str, **details: Any) -> None:
        """Let something go wrong; `harvest_async.sandbox.faults.KINDS` has the table.

        Args:
            kind: what goes wrong.
            details: `match` ({"method", "path"}), `times` (None is always), `after`, `seconds`, and the kind's own.

        Raises:
            ValueError: there is no such kind, or it is badly described.
        """
        self._account.fault(kind=kind, **details)

    def clear_faults(self) -> None:
        """Let nothing go wrong any more."""
        self._account.faults.clear()

    def lock(self, kind: str, *ids: int, closed: bool = True) -> None:
        """Approve records, so that they are locked (contract: locked_records), or take it back.

        Args:
            kind: `entry` or `expense`.
            ids: which.
            closed: False takes it back.

        Raises:
            ValueError: there is no such kind.
            KeyError: there is no such record.
        """
        self._account.lock_records(kind, ids, closed=closed)

    def revoke_tokens(self, *, refresh: bool = False) -> None:
        """Take back the access tokens that the authorization server gave out; `sandbox-token` stays.

        Args:
            refresh: whether the refresh tokens are taken back, too.
        """
        self._account.revoke_tokens(refresh=refresh)

    def reset(self) -> None:
        """Begin anew: records, throttle, faults and the list of requests."""
        self._account.reset()

    def close(self) -> None:
        """Close the database."""
        self._account.close()


def _serving() -> Any:
    try:
        from harvest_async.sandbox import serve  # noqa: PLC0415 - optional dependency
    except ImportError as error:  # of any kind: another thread may be failing to import it at the moment
        raise ImportError(_MISSING) from error
    return serve
