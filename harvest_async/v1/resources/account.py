"""The account, the signed-in person, and the state of the account's rate limit."""

from __future__ import annotations

from typing import Final

from harvest_async.client.endpoints import SAFE, Endpoint
from harvest_async.client.resource import Resource
from harvest_async.client.results import Bare
from harvest_async.v1.models import RateLimitStatus, WhoAmI
from harvest_async.v1.references import ENDPOINTS

__all__ = ["Account"]

WHO_AM_I: Final[Endpoint[WhoAmI]] = ENDPOINTS.custom("account.who_am_i", "GET", "/account/who_am_i", Bare(WhoAmI), SAFE)
RATE_LIMIT_STATUS: Final[Endpoint[RateLimitStatus]] = ENDPOINTS.custom(
    "account.rate_limit_status", "GET", "/account/rate_limit_status", Bare(RateLimitStatus), SAFE
)


class Account(Resource):
    """The account, the signed-in person, and the rate limit.

    https://help.getharvest.com/api-v1/introduction/overview/who-am-i/
    """

    __slots__ = ()

    async def who_am_i(self) -> WhoAmI:
        """Return the signed-in person and the account. Use it to check credentials.

        Raises:
            Unauthorized: the credentials are not valid.
        """
        return await self._send(WHO_AM_I())

    async def rate_limit_status(self) -> RateLimitStatus:
        """Return the state of the account's rate limit as the server counts it; times in seconds.

        The call counts against the rate limit, too. `harvest.throttle.snapshot()` shows the client's own count without
        a call.
        """
        return await self._send(RATE_LIMIT_STATUS())
