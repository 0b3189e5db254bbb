"""Credentials that a program provides when they are needed: `HarvestPool` gets those of each account so.

Invariants:
- Concurrent first uses call the provider once, and it may go on if the caller that was first is cancelled.
- Its error is raised from every call that waits for it, and not kept: the next call asks the provider again.
- A call that waits for it holds no lease and no connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, cast

import httpx

from harvest_async.auth.refreshable import Renewing, Send
from harvest_async.auth.signing import Signing
from harvest_async.errors import InvalidArgument, NotSent, Unauthorized
from harvest_async.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["ProvidedAuth"]


class ProvidedAuth(Renewing):
    """The credentials of one account, from a provider.

    Args:
        account: the account's name, for messages.
        provide: returns the account's credentials.
        check: raises `InvalidArgument` for credentials that the API version does not accept.
        patience: seconds that `provide` may take.
    """

    def __init__(
        self,
        account: str,
        provide: Callable[[], Awaitable[httpx.Auth]],
        check: Callable[[httpx.Auth], None],
        patience: float,
    ) -> None:
        self._account = account
        self._provide = provide
        self._check = check
        self._patience = patience
        self._auth: httpx.Auth | None = None
        self._asked: tuple[asyncio.Task[httpx.Auth], float] | None = None

    def __repr__(self) -> str:
        return f"ProvidedAuth({self._account!r})"

    async def ready(self) -> httpx.Auth:
        """Return the credentials; the provider is called if they are not known.

        Raises:
            NotSent: the provider took longer than it may.
            InvalidArgument: it returned no credentials.
            Exception: as the provider.
        """
        if self._auth is not None:
            return self._auth
        task, until = self._asked or self._ask()
        left = max(0.0, until - asyncio.get_running_loop().time())
        await asyncio.wait({task}, timeout=left)
        if not task.done():
            self._give_up(task)
            raise NotSent(
                f"the credentials of account {self._account} were not provided within {self._patience:g} s: "
                "look at what the function waits for that was given as `credentials`"
            )
        if task.cancelled():
            raise NotSent(f"the function that provides the credentials of account {self._account} was cancelled")
        return task.result()

    def forget(self) -> None:
        """Forget the credentials: the next call asks the provider again."""
        self._auth = None
        if self._asked is not None:
            self._asked = None

    def close(self) -> None:
        """Cancel the provider if it is running; calls that wait for it raise `NotSent`."""
        if self._asked is not None:
            self._give_up(self._asked[0])

    # See `Renewing`

    def signer(self) -> Signing | None:
        """See `Renewing.signer`."""
        auth = self._auth
        return auth.signer() if isinstance(auth, Renewing) else cast("Signing | None", auth)

    def invalidate(self, signer: Signing) -> None:
        """See `Renewing.invalidate`."""
        if isinstance(self._auth, Renewing):
            self._auth.invalidate(signer)
        elif self._auth is signer:
            self._auth = None

    async def cache_identity(self) -> Secret:
        """See `Renewing.cache_identity`."""
        auth = await self.ready()
        if isinstance(auth, Renewing):
            return await auth.cache_identity()
        return auth.cache_identity() if isinstance(auth, Signing) else Secret(b"")

    async def renew(self, send: Send) -> None:
        """See `Renewing.renew`; credentials that can't be renewed are forgotten.

        Raises:
            Exception: as `ready`.
        """
        auth = await self.ready()
        if not isinstance(auth, Renewing) or auth.signer() is not None:
            return
        try:
            await auth.renew(send)
        except Unauthorized:
            if self._auth is auth:
                self._auth = None
            raise

    async def settle(self) -> None:
        """End a renewal that is running, before the client closes."""
        if isinstance(self._auth, Renewing):
            await self._auth.settle()

    # The provider

    def _ask(self) -> tuple[asyncio.Task[httpx.Auth], float]:
        loop = asyncio.get_running_loop()
        task = loop.create_task(cast("Coroutine[None, None, httpx.Auth]", self._provided()))
        self._asked = task, loop.time() + self._patience
        task.add_done_callback(self._returned)
        return self._asked

    async def _provided(self) -> httpx.Auth:
        auth = await self._provide()
        if not isinstance(auth, httpx.Auth):
            raise InvalidArgument(
                f"credentials: the function returned {type(auth).__name__} for account {self._account}: return "
                "BearerAuth(token), OAuth2(...) or another httpx.Auth"
            )
        self._check(auth)
        return auth

    def _returned(self, task: asyncio.Task[httpx.Auth]) -> None:
        """Keep what the provider returned, unless it was given up or is to be forgotten meanwhile."""
        is_current = self._asked is not None and self._asked[0] is task
        if is_current:
            self._asked = None
        if not task.cancelled() and task.exception() is None and is_current:
            self._auth = task.result()

    def _give_up(self, task: asyncio.Task[httpx.Auth]) -> None:
        if self._asked is not None and self._asked[0] is task:
            self._asked = None
        task.cancel()
