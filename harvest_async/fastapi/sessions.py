"""Sessions of signed-in people: who they are, in a signed cookie, and their tokens, on the server.

Tokens are never in a cookie, not even encrypted. A refresh token can be used once: two requests that a browser sends
side by side would both bring the old one, and the second renewal would sign the person out. On the server one lock per
session lets one renewal run, and a sign-out takes effect in every browser that has a copy of the cookie.

Invariants:
- A session's id has 256 random bits, and is replaced at every sign-in.
- The id is stored as a digest: a copy of the store signs nobody in.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

from anyio import to_thread
from attrs import asdict, field, frozen

from harvest_async.auth.stores import FileTokenStore, TokenStore
from harvest_async.errors import StorageError
from harvest_async.fastapi.signed_cookies import SignedCookies

__all__ = ["SESSION", "CookieSessions", "Session", "Sessions", "digest", "new_session_id", "session_of"]

SESSION: Final = "harvest-session"
"""The purpose, and the name, of the session's cookie."""

_LONGEST: Final = 4_000
"""Characters of a cookie, at most: with its name browsers keep 4,096 bytes (RFC 6265bis, 5.6)."""

MAX_AGE: Final = 14 * 24 * 3600.0
"""Seconds after which a person has to sign in again."""


@frozen(kw_only=True)
class Session:
    """A signed-in person.

    Attributes:
        id: identifies the session; it is no credential by itself.
        version: the API version, `v1` or `v2`.
        account: the account, a subdomain (v1) or a number (v2); empty while it has to be chosen.
        accounts: the accounts to choose from, as pairs of number and name.
        company: the name of the account's company.
        person: the person's e-mail address.
        name: the person's full name.
        role: `administrator`, `manager` or `regular user`, at the time of the sign-in.
    """

    id: str = field(repr=False)
    version: str
    account: str = ""
    accounts: tuple[tuple[str, str], ...] = ()
    company: str = ""
    person: str = ""
    name: str = ""
    role: str = ""


class Sessions(Protocol):
    """Stores sessions, and the tokens of each."""

    async def save(self, session: Session) -> str:
        """Store a session, and return the text of its cookie, which is signed."""
        ...

    async def load(self, text: str) -> Session | None:
        """Return the session of a cookie; None if it is not valid, too old, or was signed out.

        Raises:
            StorageError: the sessions can't be read.
        """
        ...

    async def delete(self, session: Session) -> None:
        """Delete a session and its tokens."""
        ...

    def tokens(self, session: Session) -> TokenStore:
        """Return the store of the session's tokens, which all processes of the app share."""
        ...

    @property
    def max_age(self) -> float:
        """Seconds after which a person has to sign in again."""
        ...


class CookieSessions:
    """Keeps sessions in signed cookies, and their tokens in files that only their owner can read.

    The processes of one machine may share the folder.

    Args:
        cookies: signs the cookies.
        folder: the folder of the token files; it is created for its owner alone.
        max_age: seconds after which a person has to sign in again.
    """

    def __init__(self, cookies: SignedCookies, folder: str | Path, *, max_age: float = MAX_AGE) -> None:
        self._cookies = cookies
        self._folder = Path(folder)
        self._max_age = max_age

    @property
    def max_age(self) -> float:
        """See `Sessions.max_age`."""
        return self._max_age

    async def save(self, session: Session) -> str:
        """See `Sessions.save`.

        Raises:
            StorageError: the session does not fit into a cookie: browsers would drop it without a message.
        """
        text = self._cookies.sign(SESSION, asdict(session))
        if len(text) > _LONGEST:
            raise StorageError(
                f"the session of a person with {len(session.accounts)} accounts is too large for a cookie: use "
                "RedisSessions, or give the app's account"
            )
        await to_thread.run_sync(self._prepare)
        return text

    async def load(self, text: str) -> Session | None:
        """See `Sessions.load`."""
        found = session_of(self._cookies.value(SESSION, text, self._max_age))
        if found is None or not await to_thread.run_sync(self._path(found).exists):
            return None
        return found

    async def delete(self, session: Session) -> None:
        """See `Sessions.delete`."""
        tokens = self.tokens(session)
        async with tokens.lock():  # a renewal that is in progress would store its tokens again
            await to_thread.run_sync(partial(self._path(session).unlink, missing_ok=True))

    def tokens(self, session: Session) -> TokenStore:
        """See `Sessions.tokens`."""
        return FileTokenStore(self._path(session))

    def _path(self, session: Session) -> Path:
        return self._folder / f"{digest(session.id)}.json"

    def _prepare(self) -> None:
        """Create the folder, and remove what belongs to sessions that have expired."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        oldest = time.time() - 2 * self._max_age
        for path in self._folder.glob("*.json*"):
            with suppress(FileNotFoundError):  # another process may be doing the same
                if path.stat().st_mtime < oldest:
                    path.unlink()


def new_session_id() -> str:
    """Return the id of a new session."""
    return secrets.token_urlsafe(32)


def digest(session_id: str) -> str:
    """Return the name under which a session is stored."""
    return sha256(session_id.encode()).hexdigest()


def session_of(value: Any) -> Session | None:
    """Return the session that a cookie or a store describes; None for anything else."""
    if not isinstance(value, Mapping):
        return None
    try:
        accounts = tuple((str(number), str(name)) for number, name in value["accounts"])
        names = ("id", "version", "account", "company", "person", "name", "role")
        return Session(**{name: str(value[name]) for name in names}, accounts=accounts)
    except (LookupError, TypeError, ValueError):
        return None
