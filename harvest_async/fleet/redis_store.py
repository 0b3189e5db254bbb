"""The state of all jobs on a Redis or Valkey server.

Each job has a hash, and all ids are in one set. All keys of a fleet have one hash tag, so that a cluster keeps them
together.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from harvest_async import redis_client
from harvest_async.fleet.job import Job
from harvest_async.fleet.store import FINISHED, Counter, JobStatus
from harvest_async.per_loop import PerLoop

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["RedisJobStore"]

_ADD: Final = """
local state = redis.call('HGET', KEYS[1], 'state')
local finished = state and string.find(ARGV[3], ' ' .. state .. ' ', 1, true)
redis.call('SADD', KEYS[2], ARGV[1])
if not state or (finished and ARGV[4] == '1') then
  redis.call('HSET', KEYS[1], 'job', ARGV[2], 'state', 'queued', 'failures', 0, 'deaths', 0, 'steps', 0, 'total', 0,
    'message', '')
  return 1
end
if finished then return 0 end
return 1
"""
_CHANGE: Final = """
local stored = redis.call('HGET', KEYS[1], 'token') or '0'
if tonumber(ARGV[1]) < tonumber(stored) then return 0 end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'job', ARGV[3])
for place = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[place], ARGV[place + 1]) end
redis.call('SADD', KEYS[2], ARGV[2])
return 1
"""
_COUNT: Final = """
local stored = redis.call('HGET', KEYS[1], 'token') or '0'
if tonumber(ARGV[1]) >= tonumber(stored) then redis.call('HSET', KEYS[1], 'token', ARGV[1], 'job', ARGV[2]) end
return redis.call('HINCRBY', KEYS[1], ARGV[3], 1)
"""
_WRITE: Final = """
local stored = redis.call('HGET', KEYS[1], 'token') or '0'
if tonumber(ARGV[1]) < tonumber(stored) then return 0 end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'journal', ARGV[2])
return 1
"""
_NUMBERS: Final = frozenset({"token", "steps", "total", "failures", "deaths"})
_PATIENCE: Final = 5.0
"""Seconds for a page of jobs."""
_PAGE: Final = 500


class RedisJobStore:
    """The jobs of all workers that use the same server and the same name.

    Args:
        url: the address of the server, as `redis_client.connect` takes it.
        name: the name of the fleet.

    Raises:
        InvalidArgument: `url` is not the address of a Redis server.
        ImportError: redis-py is not installed.
    """

    def __init__(self, url: str, name: str = "fleet") -> None:
        redis_client.connect(url)  # a wrong address is refused now
        self._url = url
        self._tag = f"harvest_async:{{{quote(name, safe='')}}}:fleet"
        self._clients: PerLoop[Redis] = PerLoop(lambda: redis_client.connect(url), lambda client: client.aclose())

    def __repr__(self) -> str:
        return f"RedisJobStore({redis_client.location(self._url)!r})"

    async def add(self, jobs: Iterable[Job], *, again: bool = False) -> list[Job]:
        """See `JobStore.add`."""
        finished = f" {' '.join(sorted(FINISHED))} "
        return [job for job in jobs if await self._run(_ADD, job, job.id, job.dump(), finished, int(again))]

    async def find(self, id: str) -> JobStatus | None:
        """See `JobStore.find`."""
        with redis_client.explained(self._url, "the jobs"):
            client: Any = await self._clients.get()
            return _status(await client.hgetall(f"{self._tag}:job:{id}"))

    async def change(self, job: Job, token: int, **changes: Any) -> None:
        """See `JobStore.change`."""
        pairs = [part for pair in changes.items() for part in pair]
        await self._run(_CHANGE, job, token, job.id, job.dump(), *pairs)

    async def count(self, job: Job, token: int, name: Counter) -> int:
        """See `JobStore.count`."""
        return int(await self._run(_COUNT, job, token, job.dump(), name))

    async def writer(self, account: str) -> str | None:
        """See `JobStore.writer`."""
        with redis_client.explained(self._url, "the jobs"):
            client: Any = await self._clients.get()
            found: bytes | None = await client.hget(self._writer(account), "journal")
        return None if found is None else found.decode()

    async def set_writer(self, account: str, token: int, journal: str) -> None:
        """See `JobStore.set_writer`."""
        await self._call(_WRITE, [self._writer(account)], token, journal)

    async def all(self) -> AsyncIterator[JobStatus]:
        """See `JobStore.all`."""
        with redis_client.explained(self._url, "the jobs"):
            client: Any = await self._clients.get()
            ids = sorted(await client.smembers(f"{self._tag}:jobs"))
            for first in range(0, len(ids), _PAGE):
                pipeline = client.pipeline(transaction=False)
                for each in ids[first : first + _PAGE]:
                    pipeline.hgetall(f"{self._tag}:job:{each.decode()}")
                for found in await redis_client.within(_PATIENCE, pipeline.execute()):
                    if (status := _status(found)) is not None:
                        yield status

    async def aclose(self) -> None:
        """Close the connections to the server."""
        await self._clients.aclose()

    def _writer(self, account: str) -> str:
        return f"{self._tag}:writer:{quote(account, safe='')}"

    async def _run(self, script: str, job: Job, *arguments: str | int) -> Any:
        return await self._call(script, [f"{self._tag}:job:{job.id}", f"{self._tag}:jobs"], *arguments)

    async def _call(self, script: str, keys: list[str], *arguments: str | int) -> Any:
        with redis_client.explained(self._url, "the jobs"):
            client = await self._clients.get()
            return await client.register_script(script)(keys=keys, args=list(arguments))


def _status(found: dict[bytes, bytes]) -> JobStatus | None:
    """Return the state of a job from its hash; None for a hash without a job."""
    if b"job" not in found:
        return None
    texts = {name.decode(): value.decode() for name, value in found.items()}
    job = Job.load(texts.pop("job"))
    return JobStatus(job, **{name: int(text) if name in _NUMBERS else text for name, text in texts.items()})  # type: ignore[arg-type]
