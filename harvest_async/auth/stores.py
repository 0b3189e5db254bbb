"""Where tokens are kept between two calls, and between two runs.

Rules of this room: a refresh token is good for once, so a store has the new ones on its disk before `save` returns;
they are not used earlier. Whoever cannot read the store must not read the tokens: a file is its owner's alone.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Final, Protocol

from anyio import to_thread

from harvest_async.auth import tokens as format_
from harvest_async.auth.tokens import Tokens
from harvest_async.errors import StorageError

__all__ = ["FileTokenStore", "MemoryTokenStore", "TokenStore"]

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class TokenStore(Protocol):
    """Keeps the tokens of one sign-in."""

    async def load(self) -> Tokens | None:
        """Give the tokens as they were saved last, by whomever; None where nobody has signed in."""
        ...

    async def save(self, tokens: Tokens) -> None:
        """Keep new tokens in the place of the old ones; they are safe when this returns."""
        ...


class MemoryTokenStore:
    """Keeps tokens as long as the process lives.

    Args:
        tokens: what is there at the beginning.
    """

    def __init__(self, tokens: Tokens | None = None) -> None:
        self._tokens = tokens

    async def load(self) -> Tokens | None:
        """Give the tokens."""
        return self._tokens

    async def save(self, tokens: Tokens) -> None:
        """Keep new tokens."""
        self._tokens = tokens

    def __repr__(self) -> str:
        return "MemoryTokenStore(...)"


class FileTokenStore:
    """Keeps tokens in a file that only its owner can read.

    The file is replaced as a whole and synced, so that no moment has half a file or none. Several processes may share
    it: each looks into it before it asks for new tokens.

    Args:
        path: the file; its folder has to be there.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    async def load(self) -> Tokens | None:
        """Give the tokens as any process saved them last; None where there is no file.

        Raises:
            InvalidArgument: the file is something else, or others than its owner may read it.
        """
        return await to_thread.run_sync(self._load)

    async def save(self, tokens: Tokens) -> None:
        """Replace the file, and have it on the disk when this returns.

        Raises:
            OSError: that is not possible; the old file is as it was.
        """
        await to_thread.run_sync(self._save, format_.dump(tokens))

    def __repr__(self) -> str:
        return f"FileTokenStore({str(self._path)!r})"

    def _load(self) -> Tokens | None:
        try:
            with self._path.open("rb") as file:
                mode, content = os.fstat(file.fileno()).st_mode, file.read()
        except FileNotFoundError:
            return None
        if os.name == "posix" and mode & _OTHERS:
            raise StorageError(f"{self._path}: others can read the tokens in it: chmod 600, and sign in again")
        try:
            return format_.load(content)
        except (ValueError, AttributeError, TypeError):
            raise StorageError(f"{self._path}: there are no tokens in it: remove it, and sign in again") from None

    def _save(self, content: bytes) -> None:
        target = self._path.resolve()  # a link stays one
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # its owner's alone
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync(target.parent)


def _sync(folder: Path) -> None:
    """Have the new name on the disk, too, where a folder can be opened."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
