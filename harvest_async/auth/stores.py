"""Stores of OAuth 2.0 tokens: in memory, and in a file.

Invariants:
- A refresh token can be used once, so new tokens are on the disk when `save` returns, and are not used before.
- One renewal at a time uses a store: it holds the `lock`.
- Only its owner can read the file.
"""

from __future__ import annotations

import asyncio
import os
import stat
import tempfile
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

from anyio import to_thread
from filelock import FileLock, Timeout

from harvest_async.auth import tokens as format_
from harvest_async.auth.tokens import Tokens
from harvest_async.errors import StorageError
from harvest_async.secret import Secret

__all__ = ["FileTokenStore", "MemoryTokenStore", "TokenStore"]

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OWNER: Final = stat.S_IRUSR | stat.S_IWUSR

_AGAIN: Final = 0.02
"""Seconds after which a lock that somebody else holds is tried again."""


class TokenStore(Protocol):
    """Keeps the tokens of one sign-in.

    A store of your own has all three methods. If only one `OAuth2` in one process uses the store, `lock` may return
    `contextlib.nullcontext()`; otherwise it has to exclude all others, or two of them spend the same refresh token
    and one is asked to sign in again.
    """

    async def load(self) -> Tokens | None:
        """Return the tokens that were saved last, by any process; None if nobody has signed in."""
        ...

    async def save(self, tokens: Tokens) -> None:
        """Replace the tokens; the new ones are stored safely when this returns."""
        ...

    def lock(self) -> AbstractAsyncContextManager[None]:
        """Return a context manager that excludes everyone else who enters it for the same tokens.

        It is entered around each renewal: load the tokens, send the request, save the new tokens. Entering it waits
        without blocking the event loop, and may be cancelled. It is released when the process that holds it dies.
        """
        ...


class MemoryTokenStore:
    """Keeps tokens in memory; event loops in several threads may share it.

    Args:
        tokens: the initial tokens.
    """

    def __init__(self, tokens: Tokens | None = None) -> None:
        self._tokens = tokens
        self._lock = Lock()

    async def load(self) -> Tokens | None:
        """Return the tokens."""
        return self._tokens

    async def save(self, tokens: Tokens) -> None:
        """Replace the tokens."""
        self._tokens = tokens

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        """Exclude everyone else in this process."""
        while not self._lock.acquire(blocking=False):  # noqa: ASYNC110 - the holder may be on another event loop
            await asyncio.sleep(_AGAIN)
        try:
            yield
        finally:
            self._lock.release()

    def __repr__(self) -> str:
        return "MemoryTokenStore(...)"


class FileTokenStore:
    """Keeps tokens in a file that only its owner can read.

    The file is replaced as a whole and synced, so that there is a complete file at any time. Several processes may
    share it: they renew the tokens one after the other, and each uses what another one has saved. The lock for that is
    a file beside it whose name ends in `.lock`; it holds nothing, and may be deleted while no process runs.

    Args:
        path: the file; its folder has to be there.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    async def load(self) -> Tokens | None:
        """Return the tokens that were saved last, by any process; None if there is no file.

        Raises:
            StorageError: the file is something else, or others than its owner may read it.
        """
        return await to_thread.run_sync(self._load)

    async def save(self, tokens: Tokens) -> None:
        """Replace the file; it is on the disk when this returns.

        Raises:
            OSError: that is not possible; the old file is as it was.
        """
        await to_thread.run_sync(self._save, Secret(format_.dump(tokens)))

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        """Exclude every other process, thread and event loop that uses the same file.

        Raises:
            OSError: the lock file can't be made.
        """
        target = self._path.resolve()  # links to one file share one lock
        if not target.parent.is_dir():
            raise FileNotFoundError(f"the folder {target.parent} is missing: make it, for its owner alone")
        lock = FileLock(target.with_name(f"{target.name}.lock"), mode=_OWNER, thread_local=False)
        while not _acquire(lock):  # noqa: ASYNC110 - the holder may be another process
            await asyncio.sleep(_AGAIN)
        try:
            yield
        finally:
            lock.release()

    def __repr__(self) -> str:
        return f"FileTokenStore({str(self._path)!r})"

    def _load(self) -> Tokens | None:
        try:
            with self._path.open("rb") as file:
                mode, content = os.fstat(file.fileno()).st_mode, Secret(file.read())
        except FileNotFoundError:
            return None
        if os.name == "posix" and mode & _OTHERS:
            raise StorageError(
                f"{self._path}: other users can read the tokens in it: run chmod 600 on it, and sign in again"
            )
        try:
            return format_.load(content.reveal())
        except (ValueError, AttributeError, TypeError, RecursionError):
            raise StorageError(f"{self._path}: it holds no tokens: remove it, and sign in again") from None

    def _save(self, content: Secret) -> None:
        target = self._path.resolve()  # a link stays one
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # its owner's alone
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content.reveal())
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync(target.parent)


def _acquire(lock: FileLock) -> bool:
    """Try once to acquire a lock; return whether it was free."""
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True


def _sync(folder: Path) -> None:
    """Write the new name to the disk, too, where a folder can be opened."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
