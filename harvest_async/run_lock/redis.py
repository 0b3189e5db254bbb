"""Run locks on a Redis or Valkey server: at most one run per account on all machines that use the server.

Invariants:
- The time is the server's. A holder's own deadline counts from before its request was sent.
- A server that begins empty (a restart without persistence, `FLUSHALL`) may have lost a lock. Whether it did is
  unknown, so for the length of a lease the locks of all accounts without a record count as held, and after that the
  account counts as quiet only since the server's data began.

Notes: the server must not evict keys (`maxmemory-policy noeviction`). A failover to a replica that lacks the last
writes can give a lock to a second run; the first one finds out at its next renewal, after at most a third of its lease.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from harvest_async import redis_client
from harvest_async.clock import Clock, SystemClock, span
from harvest_async.per_loop import PerLoop
from harvest_async.run_lock import scripts
from harvest_async.run_lock.lock import Holder, LockHeld, LockLost, RunLock, check_names

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["RedisRunLocks"]

_MICROSECONDS: Final = 1_000_000
_DATA_AGE: Final = "harvest_async:data-since"
_KEEP: Final = 24 * 3600.0
"""Seconds for which the record of a run is kept after its last heartbeat."""


class RedisRunLocks:
    """The locks of all processes that use the same server.

    Args:
        url: the address of the server, as `redis_client.connect` takes it.
        clock: the source of time for deadlines in this process.

    Raises:
        InvalidArgument: `url` is not the address of a Redis server.
        ImportError: redis-py is not installed.
    """

    def __init__(self, url: str, *, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()
        self._url = url
        redis_client.connect(url)  # a wrong address is refused now, not in the middle of a run
        self._clients: PerLoop[Redis] = PerLoop(lambda: redis_client.connect(url), lambda client: client.aclose())

    def __repr__(self) -> str:
        return f"RedisRunLocks({redis_client.location(self._url)!r})"

    async def acquire(self, account: str, owner: str, lease: float) -> RunLock:
        """See `RunLocks.acquire`."""
        check_names(account, owner, lease)
        began = self.clock.now()
        arguments = (owner, round(lease * _MICROSECONDS), -1, _keep(lease))
        result, *values = await self._run(scripts.ACQUIRE, account, *arguments)
        if result == b"empty":
            age = await self._call(scripts.AGE, _DATA_AGE)
            began = self.clock.now()
            result, *values = await self._run(scripts.ACQUIRE, account, *arguments[:2], age, *arguments[3:])
        if result == b"unknown":
            raise LockHeld(account, None, values[0] / _MICROSECONDS)
        if result == b"held":
            holder = _holder(account, values)
            raise LockHeld(account, holder, holder.expires_in)
        token, *quiet = values
        quiet_since = self.clock.now() - _span(quiet[0]) if quiet else None
        return RunLock(account, owner, token, lease, began + span(lease), quiet_since)

    async def renew(self, lock: RunLock) -> RunLock:
        """See `RunLocks.renew`."""
        began = self.clock.now()
        lease = round(lock.lease * _MICROSECONDS)
        may_restore = int(began < lock.deadline)
        arguments = (lock.token, lock.owner, lease, may_restore, _keep(lock.lease))
        if not await self._run(scripts.RENEW, lock.account, *arguments):
            raise LockLost(f"account {lock.account}: another run has taken its lock")
        return RunLock(lock.account, lock.owner, lock.token, lock.lease, began + span(lock.lease), lock.quiet_since)

    async def release(self, lock: RunLock, *, clean: bool = True) -> None:
        """See `RunLocks.release`."""
        await self._run(scripts.RELEASE, lock.account, lock.token, "clean" if clean else "released")

    async def holder(self, account: str) -> Holder | None:
        """See `RunLocks.holder`."""
        values = await self._run(scripts.HOLDER, account)
        return _holder(account, values) if values else None

    async def aclose(self) -> None:
        """Close the connections to the server."""
        await self._clients.aclose()

    async def _run(self, script: str, account: str, *arguments: str | int) -> Any:
        return await self._call(script, f"harvest_async:{{{quote(account, safe='')}}}:run-lock", *arguments)

    async def _call(self, script: str, key: str, *arguments: str | int) -> Any:
        """Run a script on one key.

        Raises:
            StorageError: the server can't be used.
        """
        with redis_client.explained(self._url, "the run locks"):
            client = await self._clients.get()
            return await client.register_script(script)(keys=[key], args=list(arguments))


def _holder(account: str, values: list[Any]) -> Holder:
    owner, token, age, left = values
    return Holder(account, owner.decode(), token, age / _MICROSECONDS, left / _MICROSECONDS)


def _keep(lease: float) -> int:
    return round(1_000 * (_KEEP + lease))


def _span(microseconds: int) -> int:
    return microseconds * 1_000
