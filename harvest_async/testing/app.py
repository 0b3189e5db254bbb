"""Put the sandbox behind an app in its tests.

Notes:
    Nothing of the web framework is imported here: what the app makes is replaced through an attribute of its state.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Final, Self, get_args, get_origin, get_type_hints

import httpx

from harvest_async.client.setup import STAND_IN
from harvest_async.errors import InvalidArgument
from harvest_async.pool import HarvestPool
from harvest_async.sandbox import Sandbox
from harvest_async.testing.transport import in_process
from harvest_async.throttle.throttle import Throttle
from harvest_async.versions import VERSIONS, load

__all__ = ["AppClient", "open_app", "sandbox_behind"]

_ADDRESS: Final = "http://app"
_POOLED: Final = "v2"
_APP: Final = "tests (tests@example.com)"


class AppClient(httpx.AsyncClient):
    """An HTTP client of an app in process.

    Attributes:
        sandbox: the Harvest account of the app.
    """

    sandbox: Sandbox


@contextmanager
def sandbox_behind(
    app: Any, *, sandbox: Sandbox | None = None, clients: Mapping[str, Any] | None = None
) -> Iterator[Sandbox]:
    """Let an app that is started inside use a sandbox (see `harvest_async.testing.sandbox_behind`)."""
    account = Sandbox() if sandbox is None else sandbox
    setattr(app.state, STAND_IN, partial(_stand_in, account, Throttle(), clients or {}))
    try:
        yield account
    finally:
        delattr(app.state, STAND_IN)
        if sandbox is None:
            account.close()


@asynccontextmanager
async def open_app(app: Any, **options: Any) -> AsyncIterator[AppClient]:
    """Start an app with a sandbox, and yield an HTTP client of it (see `harvest_async.testing.harvest_app_client`)."""
    with sandbox_behind(app, **options) as sandbox:
        async with app.router.lifespan_context(app) as state:

            async def started(scope: Any, receive: Any, send: Any) -> None:
                await app({**scope, "state": dict(state or {})}, receive, send)

            async with AppClient(transport=httpx.ASGITransport(app=started), base_url=_ADDRESS) as client:
                client.sandbox = sandbox
                yield client


class _Accounts:
    """A pool whose accounts are all that of the sandbox.

    Args:
        client: its client.
    """

    def __init__(self, client: AbstractAsyncContextManager[Any]) -> None:
        self._client = client

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._client.__aexit__(None, None, None)

    @asynccontextmanager
    async def account(self, _: object) -> AsyncIterator[Any]:
        """Give the client of the sandbox's account."""
        yield self._client


def _stand_in(
    sandbox: Sandbox, throttle: Throttle, clients: Mapping[str, Any], make: Callable[[], Any], key: str
) -> Callable[[], Any]:
    """Return what makes the sandbox's client, or pool, in place of the app's."""
    kind = clients.get(key) or _made_by(make)
    plain = get_origin(kind) or kind
    if isinstance(plain, type) and issubclass(plain, HarvestPool):
        of_account = next(iter(get_args(kind)), None) or load("client", _POOLED)
        return lambda: _Accounts(_client(sandbox, throttle, of_account))
    if not isinstance(plain, type):
        raise InvalidArgument(
            f"The client with key={key!r} can't be replaced, since nothing says of which class it is: annotate the "
            f"function that makes it, or give clients={{{key!r}: HarvestV2}}."
        )
    return partial(_client, sandbox, throttle, plain)


def _client(sandbox: Sandbox, throttle: Throttle, kind: type[Any]) -> Any:
    """Return the sandbox's client of a class."""
    version = next((name for name in VERSIONS if issubclass(kind, load("client", name))), None)
    if version is None:
        raise InvalidArgument(f"{kind.__name__} is no client of a known API version, and no HarvestPool.")
    given = load("setup", version).sandbox("http://127.0.0.1", "admin@example.com")
    return kind(**given, app=_APP, throttle=throttle, transport=in_process(sandbox))


def _made_by(make: Any) -> Any:
    """Return the class of what a function makes; None if nothing says it."""
    if isinstance(make, partial):
        return _made_by(make.func)
    owner = getattr(make, "__self__", None)
    if isinstance(make, type) or isinstance(owner, type):
        return make if isinstance(make, type) else owner
    return get_type_hints(make).get("return")
