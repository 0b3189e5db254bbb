"""One client's part of a cache: stores responses, and requests them again only if they may have changed.

Invariants:
- It sits above the throttle: a fresh response takes no lease, a revalidation takes one, like any call.
- Responses are stored separately by account and credential. Requests come here unsigned, and of a response only those
  header fields are kept that caching or reading needs, so that no credential and no token comes near the file.
- Only what the server calls fresh is used without asking. How long it might be fresh is never guessed.
- After a write of one's own nothing is fresh that was not asked for since.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import anysqlite
import hishel
from anyio import Lock, to_thread
from attrs import define, evolve, field, frozen

from harvest_async.errors import InvalidArgument, StorageError
from harvest_async.messages import Headers, Request, Response, redact_url
from harvest_async.per_loop import PerLoop
from harvest_async.secret import Secret

__all__ = ["ResponseStore"]

logger = logging.getLogger("harvest_async")

Fetch = Callable[[Request], Awaitable[Response]]

_OPTIONS: Final = hishel.CacheOptions(shared=False, supported_methods=["GET"])
_ASKED: Final = frozenset({"accept", "accept-encoding", "content-type", "user-agent"})
_KEPT: Final = frozenset(
    {"age", "cache-control", "content-type", "date", "etag", "expires", "hint", "last-modified", "location", "vary"}
)
_CONDITIONS: Final = frozenset({"if-none-match", "if-modified-since"})
_OK: Final = 200


@define(eq=False)
class _File:
    """The file, as one event loop has it open."""

    lock: Lock = field(factory=Lock)
    storage: hishel.AsyncBaseStorage | None = None
    is_closed: bool = False

    async def aclose(self) -> None:
        """Close it, for good; a read that is opening it ends that first."""
        async with self.lock:
            self.is_closed = True
            if self.storage is not None:
                await self.storage.close()
                self.storage = None


@frozen
class _Read:
    """A read on its way through the states of a cache."""

    wire: Request
    request: hishel.Request
    key: str
    writes: int
    storage: hishel.AsyncBaseStorage
    fetch: Fetch


class ResponseStore:
    """What one client keeps.

    Attributes:
        saved: how many requests were not sent because a fresh response was stored.
        confirmed: how many responses the server confirmed (304) instead of sending them again.
    """

    def __init__(self, path: Path, max_size: int, place: str) -> None:
        self._path = path
        self._max_size = max_size
        self._place = place
        self._files = PerLoop(_File, _File.aclose)
        self._is_closed = False
        self._people: dict[Secret, str] = {}
        self._writes = 0
        self._seen: set[str] = set()  # what the server has said something about since the last write
        self.saved = 0

    def written(self) -> None:
        """Record that a write is sent, or has ended: stored responses may be out of date."""
        self._writes += 1
        self._seen.clear()

    async def response(self, wire: Request, cache_identity: Secret, fetch: Fetch) -> Response:
        """Return the response to a read: the stored one if it is fresh or the server confirms it, else the server's.

        Args:
            wire: the request, unsigned.
            cache_identity: distinguishes its sender from all others.
            fetch: sends a request; a response of 304 is a success.

        Raises:
            HarvestError: as `fetch`, or the file can't be used.
            InvalidArgument: the client was closed.
        """
        if self._is_closed:
            raise _closed()
        file = await self._files.get()
        storage = await self._opened(file)
        key = await self._key(file, wire, cache_identity)
        request = hishel.Request("GET", wire.url, _headers(wire.headers, _ASKED))
        if self._writes and key not in self._seen:
            request.headers["cache-control"] = "no-cache"
        try:
            return await self._next(_Read(wire, request, key, self._writes, storage, fetch))
        except (RuntimeError, sqlite3.Error) as error:
            raise (_closed() if file.is_closed else self._unusable(error)) from error

    async def aclose(self) -> None:
        """Close the file, for good: reads that use it raise `InvalidArgument`."""
        self._is_closed = True
        await self._files.aclose()

    # Inside

    async def _next(self, read: _Read) -> Response:
        """Go through the states of a read."""
        entries = await read.storage.get_entries(read.key)
        state: Any = hishel.IdleClient(_OPTIONS).next(read.request, entries)
        answer = None
        while True:
            if isinstance(state, hishel.CacheMiss | hishel.NeedRevalidation):
                answer = await read.fetch(_asking(read.wire, state.request))
                self._note(read)
                state = state.next(hishel.Response(answer.status, _kept(answer)))
            elif isinstance(state, hishel.FromCache):
                return await self._from_cache(read, state.entry, asked=answer is not None)
            elif isinstance(state, hishel.StoreAndUse) and answer is not None:
                await self._keep(read, answer, entries)
                return answer
            elif isinstance(state, hishel.CouldNotBeStored) and answer is not None:
                return answer
            else:
                state = await self._tidy(read, state)

    async def _tidy(self, read: _Read, state: Any) -> Any:
        """Do to the file what a state asks for, and go on to the next."""
        if isinstance(state, hishel.NeedToBeUpdated):
            for entry in state.updating_entries:
                await read.storage.update_headers(entry.id, entry.response.headers)
        if isinstance(state, hishel.InvalidateEntries):
            for id_ in state.entry_ids:
                await read.storage.remove_entry(id_)
        return state.next()

    async def _from_cache(self, read: _Read, entry: hishel.Entry, *, asked: bool) -> Response:
        if not asked:
            self.saved += 1
            logger.debug("%s %s -> kept", read.wire.method, redact_url(read.wire.url))
        response = entry.response
        content = b"".join([chunk async for chunk in _body_of(response)])
        pairs = [(name, value) for name in response.headers for value in response.headers.get_list(name) or []]
        return Response(response.status_code, tuple(pairs), content)

    async def _keep(self, read: _Read, answer: Response, entries: list[hishel.Entry]) -> None:
        """Store a response in place of the others, if it can ever save a request."""
        for entry in entries:
            await read.storage.remove_entry(entry.id)
        headers = _kept(answer)
        if answer.buffer is not None or answer.status != _OK or not _useful(headers):
            return
        response = hishel.Response(answer.status, headers, _once(answer.content))
        stored = await read.storage.create_entry(read.request, response, read.key)
        async for _ in _body_of(stored.response):
            pass  # it is stored as it is read

    def _note(self, read: _Read) -> None:
        """Record a response of the server; it is current if no write was sent since the request."""
        if read.writes == self._writes:
            self._seen.add(read.key)

    async def _key(self, file: _File, wire: Request, cache_identity: Secret) -> str:
        async with file.lock:
            person = self._people.get(cache_identity)
            if person is None:
                person = self._people[cache_identity] = await to_thread.run_sync(_name_of, cache_identity, self._place)
        accept = wire.header("accept") or ""
        return hashlib.sha256(f"{person}\n{accept}\n{wire.url}".encode()).hexdigest()

    async def _opened(self, file: _File) -> hishel.AsyncBaseStorage:
        async with file.lock:
            if file.is_closed:
                raise _closed()
            if file.storage is None:
                try:
                    connection = await _connect(self._path)
                except (OSError, sqlite3.Error) as error:
                    raise self._unusable(error) from error
                file.storage = hishel.AsyncSqliteStorage(connection=connection, max_size=self._max_size)
            return file.storage

    def _unusable(self, error: Exception) -> StorageError:
        return StorageError(f"HttpCache: {self._path} can't be used ({error}): give another file, or remove it")


def _closed() -> InvalidArgument:
    return InvalidArgument("the client has been closed: make a new one")


def _asking(wire: Request, request: hishel.Request) -> Request:
    """The request as it is sent: with the conditions under which the server need not repeat itself."""
    conditions = tuple((name, request.headers[name]) for name in sorted(_CONDITIONS & set(request.headers)))
    return evolve(wire, headers=wire.headers + conditions) if conditions else wire


def _kept(answer: Response) -> hishel.Headers:
    """Return the header fields of a response that are stored; without a lifetime of its own it is never fresh."""
    headers = _headers(answer.headers, _KEPT)
    if "max-age" not in headers.get("cache-control", "").lower() and "expires" not in headers:
        headers["cache-control"] = "no-cache"
    return headers


def _useful(headers: hishel.Headers) -> bool:
    """Whether what is kept can save anything: the server says how long it is fresh, or confirms it."""
    return "no-cache" not in headers.get("cache-control", "").lower() or "etag" in headers or "last-modified" in headers


def _headers(headers: Headers, names: frozenset[str]) -> hishel.Headers:
    kept = hishel.Headers({})
    for name, value in headers:
        if name.lower() in names:
            kept[name] = value
    return kept


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _body_of(response: hishel.Response) -> AsyncIterator[bytes]:
    stream: Any = response.stream
    async for chunk in stream:
        yield chunk


def _name_of(cache_identity: Secret, place: str) -> str:
    """A name for a person in an account, out of which nobody finds the credential again, not even a short password."""
    salt = hashlib.sha256(place.encode()).digest()
    return hashlib.scrypt(cache_identity.reveal(), salt=salt, n=2**14, r=8, p=1, dklen=32).hex()


async def _connect(path: Path) -> anysqlite.Connection:
    """Open the file; it is made for its owner alone, and the database's other files follow it."""
    await to_thread.run_sync(_make_private, path)
    connection = await anysqlite.connect(str(path), isolation_level=None)
    try:
        await connection.execute("PRAGMA schema_version")
    except BaseException:
        await connection.close()
        raise
    return connection


def _make_private(path: Path) -> None:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
