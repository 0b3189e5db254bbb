"""Asyncio client for the Harvest time-tracking and invoicing API that is never blocked by its own calls."""

from harvest_async.auth import BasicAuth, BearerAuth, QueryTokenAuth
from harvest_async.call import Call, Created, Gone
from harvest_async.errors import (
    BadRequest,
    CreatedUnread,
    DecodeError,
    Forbidden,
    HarvestError,
    InvalidArgument,
    NotFound,
    NotSent,
    OutcomeUnknown,
    RequestError,
    ResponseError,
    ServerError,
    Throttled,
    Unauthorized,
    Unprocessable,
    WouldWait,
)
from harvest_async.throttle.ledger import Ledger, MemoryLedger
from harvest_async.throttle.ledger_sqlite import SqliteLedger
from harvest_async.throttle.registry import DEFAULT_REGISTRY, Identity, Registry
from harvest_async.throttle.throttle import Snapshot, Throttle
from harvest_async.transport import ThrottledTransport
from harvest_async.v1.client import HarvestV1
from harvest_async.v1.section import Listing

__all__ = [
    "DEFAULT_REGISTRY",
    "BadRequest",
    "BasicAuth",
    "BearerAuth",
    "Call",
    "Created",
    "CreatedUnread",
    "DecodeError",
    "Forbidden",
    "Gone",
    "HarvestError",
    "HarvestV1",
    "Identity",
    "InvalidArgument",
    "Ledger",
    "Listing",
    "MemoryLedger",
    "NotFound",
    "NotSent",
    "OutcomeUnknown",
    "QueryTokenAuth",
    "Registry",
    "RequestError",
    "ResponseError",
    "ServerError",
    "Snapshot",
    "SqliteLedger",
    "Throttle",
    "Throttled",
    "ThrottledTransport",
    "Unauthorized",
    "Unprocessable",
    "WouldWait",
]
