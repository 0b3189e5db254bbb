"""Who is signed in.

Rules of this room: see `resources`.
"""

from __future__ import annotations

from harvest_async.client.resource import Resource
from harvest_async.v1 import calls
from harvest_async.v1.models import RateLimitStatus, WhoAmI

__all__ = ["Account"]


class Account(Resource):
    """Who is signed in, and how the account's throttle stands."""

    __slots__ = ()

    async def who_am_i(self) -> WhoAmI:
        """The person and the account; the natural check of credentials."""
        return await self._send(calls.who_am_i())

    async def rate_limit_status(self) -> RateLimitStatus:
        """The server's own word on its throttle. The call counts as one itself."""
        return await self._send(calls.rate_limit_status())
