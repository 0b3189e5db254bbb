"""The pages under `/_sandbox/`: looking on, and meddling.

Rules of this room: they are never counted and need no sign-in. What can't be read is answered 400 with a message.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request as Web
from starlette.responses import JSONResponse
from starlette.routing import Route

from harvest_async.clock import SECOND
from harvest_async.sandbox.account import Account
from harvest_async.sandbox.log import Request

__all__ = ["routes"]

_LONGEST: Final = 300
_Page = Callable[[Web], Awaitable[JSONResponse]]


def routes(account: Account) -> list[Route]:
    """The pages of an account."""
    pages = _Pages(account)
    return [
        Route("/_sandbox/requests", pages.requests),
        Route("/_sandbox/throttle", pages.throttle),
        Route("/_sandbox/limits", _careful(pages.limits), methods=["POST"]),
        Route("/_sandbox/lock", _careful(pages.lock), methods=["POST"]),
        Route("/_sandbox/revoke", _careful(pages.revoke), methods=["POST"]),
        Route("/_sandbox/reset", pages.reset, methods=["POST"]),
        Route("/_sandbox/faults", _careful(pages.faults), methods=["POST", "DELETE"]),
    ]


_BAD: Final = (ValueError, TypeError, ArithmeticError, LookupError, RecursionError)


def _careful(page: _Page) -> _Page:
    async def answer(web: Web) -> JSONResponse:
        try:
            return await page(web)
        except _BAD as error:
            return JSONResponse({"message": str(error)[:_LONGEST]}, 400)

    return answer


async def _object(web: Web) -> dict[str, Any]:
    """The body as an object; an empty one where there is no body.

    Raises:
        ValueError: it is no JSON object.
        RecursionError: it is nested too deeply.
    """
    given = json.loads(await web.body() or b"{}")
    if not isinstance(given, dict):
        msg = "the body is no JSON object"
        raise ValueError(msg)  # noqa: TRY004 - all that is wrong with a body is a ValueError
    return given


class _Pages:
    def __init__(self, account: Account) -> None:
        self._account = account

    async def requests(self, _: Web) -> JSONResponse:
        return JSONResponse([_shown(each) for each in self._account.requests()])

    async def throttle(self, _: Web) -> JSONResponse:
        account = self._account
        told = {"max_in_window": account.max_in_window(), "throttled": account.judge.throttled}
        told |= {"lockouts": account.judge.lockouts, "requests": len(account.log)}
        return JSONResponse(told | {"calls": account.judge.calls, "period": account.judge.period / SECOND})

    async def limits(self, web: Web) -> JSONResponse:
        given = await _object(web)
        self._account.set_limits(given.get("calls"), given.get("period"))
        return await self.throttle(web)

    async def lock(self, web: Web) -> JSONResponse:
        given = await _object(web)
        kind, ids, closed = given.get("kind"), given.get("ids"), given.get("closed", True)
        if not isinstance(ids, list) or not isinstance(closed, bool):
            msg = "give kind, ids as a list, and closed as true or false"
            raise ValueError(msg)  # noqa: TRY004 - all that is wrong with a body is a ValueError
        self._account.lock_records(str(kind), ids, closed=closed)
        return JSONResponse({"locked": ids})

    async def revoke(self, web: Web) -> JSONResponse:
        refresh = bool((await _object(web)).get("refresh", False))
        self._account.revoke_tokens(refresh=refresh)
        return JSONResponse({"revoked": True, "refresh": refresh})

    async def reset(self, _: Web) -> JSONResponse:
        self._account.reset()
        return JSONResponse({"reset": True})

    async def faults(self, web: Web) -> JSONResponse:
        if web.method == "DELETE":
            self._account.faults.clear()
            return JSONResponse({"cleared": True})
        self._account.fault(**await _object(web))
        return JSONResponse({"set": True}, 201)


def _shown(request: Request) -> dict[str, Any]:
    return {
        "arrival": request.arrival / SECOND,
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": dict(request.headers),
        "counted": request.counted,
        "refused": request.refused,
        "status": request.status,
    }
