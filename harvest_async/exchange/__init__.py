"""Send calls: encode them, wait for the throttle, retry, and decode the responses.

`exchange` is the interface for resources, `retrying` sends a call until it succeeds or must not be repeated,
`response_body` reads bodies, `files` uploads and downloads, `options` checks the options of calls, `recording` keeps
raw responses, `factory` creates an exchange. httpx is imported here, in `auth`, `transport` and `testing` only.
"""

from harvest_async.exchange.cache_protocol import Watcher
from harvest_async.exchange.exchange import Exchange, creations
from harvest_async.exchange.factory import ExchangeSettings, open_exchange
from harvest_async.exchange.files import form_data
from harvest_async.exchange.options import OnUnknown, Options, check_options
from harvest_async.exchange.recording import RawResponse, with_raw_response
from harvest_async.exchange.shared import BeforeSend, Shared

__all__ = [
    "BeforeSend",
    "Exchange",
    "ExchangeSettings",
    "OnUnknown",
    "Options",
    "RawResponse",
    "Shared",
    "Watcher",
    "check_options",
    "creations",
    "form_data",
    "open_exchange",
    "with_raw_response",
]
