"""The exchange: the one place where a call meets its dialect, the throttle and the retries.

`calls` is what resources use, `attempts` sends until the table says stop, `body` reads answers, `files` is for what
is no record, `options` checks what calls are made with, `recording` keeps responses, `opening` puts the parts
together. httpx is imported here, in `auth`, `transport` and `testing` only.
"""

from harvest_async.exchange.cache_protocol import Watcher
from harvest_async.exchange.exchange import Exchange
from harvest_async.exchange.factory import open_exchange
from harvest_async.exchange.files import form_data
from harvest_async.exchange.options import OnUnknown, Options
from harvest_async.exchange.recording import RawResponse, with_raw_response
from harvest_async.exchange.retrying import BeforeSend, Shared

__all__ = [
    "BeforeSend",
    "Exchange",
    "OnUnknown",
    "Options",
    "RawResponse",
    "Shared",
    "Watcher",
    "form_data",
    "open_exchange",
    "with_raw_response",
]
