"""The settings of the example app, from the environment, and what its worker processes share."""

from __future__ import annotations

import os
from pathlib import Path

from attrs import frozen

from harvest_async import InvalidArgument, SqliteLedger, Throttle
from harvest_async.fastapi import CookieSessions, RedisSessions, Sessions, SignedCookies
from harvest_async.run_lock import RedisRunLocks, RunLocks, SqliteRunLocks

__all__ = ["Shared", "check", "shared"]

REQUIRED = (
    "HARVEST_ACCOUNT_ID",
    "HARVEST_ACCESS_TOKEN",
    "HARVEST_APP",
    "HARVEST_CLIENT_ID",
    "HARVEST_CLIENT_SECRET",
    "HARVEST_REDIRECT_URI",
    "HARVEST_SESSION_KEYS",
)


@frozen
class Shared:
    """What the worker processes share: the throttle's ledger, the run locks, and the sessions."""

    throttle: Throttle
    locks: RunLocks
    sessions: Sessions


def check() -> None:
    """Name all settings that are missing, before the app starts.

    Raises:
        InvalidArgument: some are.
    """
    if missing := [name for name in REQUIRED if not os.environ.get(name)]:
        raise InvalidArgument(f"set these environment variables: {', '.join(missing)}")


def shared(state: Path, account: str, cookies: SignedCookies) -> Shared:
    """Return what the workers share: files in a folder, or a Redis or Valkey server if `WEBAPP_REDIS` names one."""
    if server := os.environ.get("WEBAPP_REDIS"):
        from harvest_async import RedisLedger  # noqa: PLC0415 - the extra `redis` is needed here alone

        ledger = RedisLedger(server, account=account)
        return Shared(Throttle(ledger=ledger), RedisRunLocks(server), RedisSessions(cookies, server))
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    throttle = Throttle(ledger=SqliteLedger(state / "ledger.sqlite3", account=account))
    return Shared(throttle, SqliteRunLocks(state / "locks.sqlite3"), CookieSessions(cookies, state / "sessions"))
