"""The account: an endpoint a function.

Rules of this room: see `calls`.
"""

from __future__ import annotations

from harvest_async.call import Call
from harvest_async.client.builders import SAFE
from harvest_async.client.results import Bare
from harvest_async.v1.models import RateLimitStatus, WhoAmI

__all__ = ["rate_limit_status", "who_am_i"]


def who_am_i() -> Call[WhoAmI]:
    """Contract: account.who_am_i."""
    return Call("account.who_am_i", "GET", "/account/who_am_i", Bare(WhoAmI), SAFE)


def rate_limit_status() -> Call[RateLimitStatus]:
    """Contract: account.rate_limit_status."""
    return Call("account.rate_limit_status", "GET", "/account/rate_limit_status", Bare(RateLimitStatus), SAFE)
