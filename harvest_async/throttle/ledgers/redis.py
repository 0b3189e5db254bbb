"""A ledger on a Redis or Valkey server: all processes that use the server share the state of an account's budgets.

Invariants:
- There is one hash for each budget of each account: the version, the state, and when it was stored.
- A step is one script, which stores a new state only if the stored version is the one on which it was planned.
- What counts in any case, the entries, is in a second hash: so it needs no second attempt where others were faster.
- Beside it each user has a key with the version that it stored last. So a step that is sent again, since its response
  was lost, is recognised; and a server that lost versions is, too.
- The time is the server's. All keys of an account have one hash tag, and all of them expire.
- No secret is stored, and the server's password is in no message.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from fractions import Fraction
from typing import Final
from urllib.parse import quote

from harvest_async.errors import InvalidArgument, StorageError
from harvest_async.redis_client import ServerAway, connect, location
from harvest_async.throttle.ledgers.redis_connection import RedisConnection, Script, connections
from harvest_async.throttle.ledgers.remote import Commit, LedgerDown, RemoteLedger, Reply

__all__ = ["RedisLedger"]

_STEP: Final = Script("""
local time = redis.call('TIME')
local stored = redis.call('HGET', KEYS[1], 'version') or ''
local is_new, obsolete = ARGV[2] ~= '', 8 + 2 * ARGV[7]
local again = is_new and ARGV[6] == '1'
local is_stored = stored == ARGV[1]
if again then is_stored = redis.call('GET', KEYS[2]) == ARGV[2] end
if is_stored and is_new then
  if not again then
    redis.call('HSET', KEYS[1], 'version', ARGV[2], 'state', ARGV[3], 'at', time[1] .. ' ' .. time[2])
    redis.call('PEXPIRE', KEYS[1], ARGV[4])
    redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[4])
    for first = obsolete, #ARGV, 1000 do
      redis.call('HDEL', KEYS[3], unpack(ARGV, first, math.min(first + 999, #ARGV)))
    end
    if ARGV[5] ~= '' then redis.call('PUBLISH', KEYS[1], ARGV[5] .. ARGV[2]) end
  end
elseif obsolete > 8 then
  local received = ',' .. time[1] .. ',' .. time[2]
  for name = 8, obsolete - 2, 2 do redis.call('HSET', KEYS[3], ARGV[name], ARGV[name + 1] .. received) end
  redis.call('PEXPIRE', KEYS[3], ARGV[4])
end
local entries = table.concat(redis.call('HVALS', KEYS[3]), ' ')
if is_stored then
  local reply = time[1] .. ' ' .. time[2] .. ' ' .. entries
  if #reply < 32768 then return redis.status_reply(reply) end -- a line, which is read sooner but must be short
  return reply
end
local found = redis.call('HMGET', KEYS[1], 'state', 'at')
return {time[1], time[2], stored, found[1] or '', found[2] or '', redis.call('GET', KEYS[2]) or '', entries}
""")


_LOOK: Final = Commit(b"", b"", 0, b"")
"""A step that only looks."""


class RedisLedger(RemoteLedger):
    """The state of one account's budgets on a server. All throttles of the account, on any machine, take the same URL.

    Needs the extra `redis`. The server should have the policy `noeviction` (https://valkey.io/topics/lru-cache/).

    Args:
        url: `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, `rediss://` for TLS, or `unix://PATH`.
        account: the account's name: any name that no other account in the database has.
        share: the part of each budget that this process may use while the server can't be reached, such as `1 / 4` for
            four processes: the process continues with it after one period without calls. None lets the calls fail.
        budget: the name of the budget.

    Raises:
        InvalidArgument: `url` is not the address of a Redis server, `account` is empty, or `share` is not from 0 to 1.
        ImportError: redis-py is not installed.
    """

    def __init__(
        self, url: str, account: str, *, share: float | Fraction | None = None, budget: str = "general"
    ) -> None:
        if not account:
            raise InvalidArgument("RedisLedger(account=''): give the account a name")
        if share is not None and not 0 < share <= 1:
            raise InvalidArgument(f"RedisLedger(share={share!r}): give a part such as 1 / 4, or None")
        super().__init__(None if share is None else Fraction(share).limit_denominator(1_000_000))
        connect(url)
        self.account = account
        self.budget = budget
        self._url = url
        self._connections = connections(url)

    def __repr__(self) -> str:
        return f"RedisLedger({self.location!r}, account={self.account!r})"

    @property
    def location(self) -> str:
        """The server's address without credentials."""
        return location(self._url)

    def for_budget(self, name: str) -> RedisLedger:
        """See `RemoteLedger.for_budget`."""
        return self if name == self.budget else RedisLedger(self._url, self.account, share=self.share, budget=name)

    def store(self, user: str, flush: Callable[[], Awaitable[None]]) -> RedisStore:
        """See `RemoteLedger.store`."""
        key = f"harvest_async:{{{quote(self.account, safe='')}}}:{quote(self.budget, safe='')}"
        return RedisStore(self._connections.get, key, user, flush)

    async def aclose(self) -> None:
        """Close the connections of all ledgers with the same URL; the next call opens them again."""
        await self._connections.aclose()


class RedisStore:
    """See `remote.Store`.

    Args:
        connect: returns the connections of the running event loop.
        key: the key of the state.
        user: the name of the user.
        flush: see `RemoteLedger.store`.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[RedisConnection]],
        key: str,
        user: str,
        flush: Callable[[], Awaitable[None]],
    ) -> None:
        self._connect = connect
        self._key = key
        self._keys = [key.encode(), f"{key}:{user}".encode(), f"{key}:entries".encode()]
        self._flush = flush
        self._connection: RedisConnection | None = None
        self._notified: Callable[[bytes, bytes], None] = _nobody
        self._listens = False

    async def exchange(self, expected: bytes, commit: Commit | None, *, again: bool) -> Reply:
        """See `remote.Store.exchange`."""
        connection = self._connection
        if connection is None or connection.closed:
            connection = await self._connect()
            self._begin(connection)
        try:
            reply, server = await connection.run(_STEP, self._keys, _arguments(expected, commit or _LOOK, again=again))
        except ServerAway as away:
            raise LedgerDown(f"the throttle's ledger {away.message}") from away
        except StorageError as error:
            raise StorageError(f"the throttle's ledger {error.message}") from error
        if isinstance(reply, bytes):
            seconds, microseconds, *entries = reply.split()
            time = _nanoseconds(seconds, microseconds)
            return Reply(stored=True, time=time, server=server, entries=tuple(entries))
        seconds, microseconds, token, state, at, own, texts = reply
        time, written = _nanoseconds(seconds, microseconds), _nanoseconds(*at.split())
        return Reply(
            stored=False,
            time=time,
            token=token,
            state=state,
            written=written,
            own=own,
            server=server,
            entries=tuple(texts.split()),
        )

    def listen(self, notified: Callable[[bytes, bytes], None]) -> None:
        """See `remote.Store.listen`."""
        self._notified, self._listens = notified, True
        if self._connection is not None:
            self._connection.listen(self._key, self._receive)

    def idle(self) -> None:
        """See `remote.Store.idle`."""
        self._notified, self._listens = _nobody, False
        if self._connection is not None:
            self._connection.ignore(self._key, self._receive)

    async def flush(self) -> None:
        """Write what the user has not stored yet."""
        await self._flush()

    def _begin(self, connection: RedisConnection) -> None:
        """Use a connection: the first one, or a new one after the last one was closed."""
        self._connection = connection
        connection.before_close(self)
        if self._listens:
            connection.listen(self._key, self._receive)

    def _receive(self, message: bytes) -> None:
        self._notified(message[:1], message[1:])


def _arguments(expected: bytes, commit: Commit, *, again: bool) -> list[bytes]:
    """Return the arguments of the script."""
    return [
        *(expected, commit.token, commit.state, b"%d" % commit.keep, commit.notice),
        *(b"1" if again else b"0", b"%d" % len(commit.entries)),
        *(part for entry in commit.entries for part in entry),
        *commit.obsolete,
    ]


def _nobody(_notice: bytes, _token: bytes) -> None:
    """Ignore a notice."""


def _nanoseconds(seconds: bytes = b"0", microseconds: bytes = b"0") -> int:
    return int(seconds) * 1_000_000_000 + int(microseconds) * 1_000
