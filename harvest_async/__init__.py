"""Asyncio client for the Harvest time-tracking and invoicing API that is never blocked by its own calls.

    async with HarvestV1.from_env() as harvest:
        print([client.name async for client in harvest.clients.list()])

Names that not every program needs are loaded on first use: an API version with its records, and all ledgers except
the one in memory.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from harvest_async.auth import BasicAuth, BearerAuth, QueryTokenAuth
from harvest_async.call import Call, Created, DeleteResult, ImageResponse
from harvest_async.errors import (
    BadRequest,
    CreatedUnread,
    DecodeError,
    FieldsIgnored,
    Forbidden,
    HarvestError,
    InvalidArgument,
    NotFound,
    NotSent,
    OutcomeUnknown,
    RequestError,
    ResponseError,
    ServerError,
    StorageError,
    Throttled,
    Unauthorized,
    Unprocessable,
    WouldWait,
)
from harvest_async.throttle.ledgers.memory import Ledger, LedgerBusy, MemoryLedger
from harvest_async.throttle.registry import DEFAULT_REGISTRY, Identity, Registry
from harvest_async.throttle.throttle import Snapshot, Throttle
from harvest_async.transport import ThrottledTransport

if TYPE_CHECKING:
    __version__: str
    from harvest_async.auth.redirects import new_state
    from harvest_async.auth.stores import FileTokenStore, MemoryTokenStore, TokenStore
    from harvest_async.auth.tokens import Tokens
    from harvest_async.cache import HttpCache
    from harvest_async.client.json_form import decimals_as
    from harvest_async.client.record import Record
    from harvest_async.client.resource import Listing
    from harvest_async.exchange import RawResponse
    from harvest_async.pool import HarvestPool
    from harvest_async.throttle.ledgers.redis import RedisLedger
    from harvest_async.throttle.ledgers.sqlite import SqliteLedger
    from harvest_async.versions import Directory, DirectoryV2, HarvestV1, HarvestV2, OAuth2

__all__ = [
    "DEFAULT_REGISTRY",
    "BadRequest",
    "BasicAuth",
    "BearerAuth",
    "Call",
    "Created",
    "CreatedUnread",
    "DecodeError",
    "DeleteResult",
    "Directory",
    "DirectoryV2",
    "FieldsIgnored",
    "FileTokenStore",
    "Forbidden",
    "HarvestError",
    "HarvestPool",
    "HarvestV1",
    "HarvestV2",
    "HttpCache",
    "Identity",
    "ImageResponse",
    "InvalidArgument",
    "Ledger",
    "LedgerBusy",
    "Listing",
    "MemoryLedger",
    "MemoryTokenStore",
    "NotFound",
    "NotSent",
    "OAuth2",
    "OutcomeUnknown",
    "QueryTokenAuth",
    "RawResponse",
    "Record",
    "RedisLedger",
    "Registry",
    "RequestError",
    "ResponseError",
    "ServerError",
    "Snapshot",
    "SqliteLedger",
    "StorageError",
    "Throttle",
    "Throttled",
    "ThrottledTransport",
    "TokenStore",
    "Tokens",
    "Unauthorized",
    "Unprocessable",
    "WouldWait",
    "decimals_as",
    "new_state",
]

_LATER: Final = {
    "Directory": "harvest_async.versions",
    "DirectoryV2": "harvest_async.versions",
    "FileTokenStore": "harvest_async.auth.stores",
    "HarvestPool": "harvest_async.pool",
    "HarvestV1": "harvest_async.versions",
    "HarvestV2": "harvest_async.versions",
    "HttpCache": "harvest_async.cache",
    "Listing": "harvest_async.client.resource",
    "MemoryTokenStore": "harvest_async.auth.stores",
    "OAuth2": "harvest_async.versions",
    "RawResponse": "harvest_async.exchange",
    "Record": "harvest_async.client.record",
    "RedisLedger": "harvest_async.throttle.ledgers.redis",
    "SqliteLedger": "harvest_async.throttle.ledgers.sqlite",
    "TokenStore": "harvest_async.auth.stores",
    "Tokens": "harvest_async.auth.tokens",
    "decimals_as": "harvest_async.client.json_form",
    "new_state": "harvest_async.auth.redirects",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Load a name on first use."""
        if name == "__version__":
            return _version()
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(_LATER[name]), name)
        return found


def _version() -> str:
    """Return the version of the installed distribution."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - not every program needs it

    try:
        return version("harvest-async")
    except PackageNotFoundError:
        raise AttributeError(
            "harvest_async.__version__ is read from the installed distribution, and harvest-async is not installed"
        ) from None


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
