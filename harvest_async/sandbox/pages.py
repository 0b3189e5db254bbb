"""The pages below `/_sandbox/`, for inspecting and controlling the sandbox.

They are not counted by the rate limiter and need no sign-in. Invalid input gets a response with status 400 and a
message.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request as WebRequest
from starlette.responses import JSONResponse
from starlette.routing import Route

from harvest_async.clock import SECOND
from harvest_async.sandbox.account import Account
from harvest_async.sandbox.accounts import Accounts
from harvest_async.sandbox.log import Request
from harvest_async.sandbox.oauth import APPROVER
from harvest_async.sandbox.rate_limiter import GENERAL, REPORTS

__all__ = ["routes"]

_MAX_MESSAGE: Final = 300
_INVALID: Final = (ValueError, TypeError, ArithmeticError, LookupError, RecursionError)
_Page = Callable[[WebRequest], Awaitable[JSONResponse]]


def routes(accounts: Accounts) -> list[Route]:
    """Return the pages of all accounts; `?account=` names one of several."""
    pages = _Pages(accounts)
    return [
        Route("/_sandbox/accounts", pages.accounts),
        Route("/_sandbox/requests", _checked(pages.requests)),
        Route("/_sandbox/throttle", _checked(pages.throttle)),
        Route("/_sandbox/limits", _checked(pages.limits), methods=["POST"]),
        Route("/_sandbox/lock", _checked(pages.lock), methods=["POST"]),
        Route("/_sandbox/revoke", _checked(pages.revoke), methods=["POST"]),
        Route("/_sandbox/tokens", _checked(pages.permit), methods=["POST"]),
        Route("/_sandbox/reset", _checked(pages.reset), methods=["POST"]),
        Route("/_sandbox/faults", _checked(pages.faults), methods=["POST", "DELETE"]),
    ]


def _checked(page: _Page) -> _Page:
    """Wrap a page so that invalid input gets status 400."""

    async def respond(request: WebRequest) -> JSONResponse:
        try:
            return await page(request)
        except _INVALID as error:
            return JSONResponse({"message": str(error)[:_MAX_MESSAGE]}, 400)

    return respond


async def _object(request: WebRequest) -> dict[str, Any]:
    """Return the body as an object; an empty one if there is no body.

    Raises:
        ValueError: it is not a JSON object.
        RecursionError: it is nested too deeply.
    """
    given = json.loads(await request.body() or b"{}")
    if not isinstance(given, dict):
        msg = "The body must be a JSON object."
        raise ValueError(msg)  # noqa: TRY004 - an invalid body is always a ValueError
    return given


class _Pages:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def _account(self, request: WebRequest) -> Account:
        """Return the account that a page is about: the first one if none is named.

        Raises:
            ValueError: there is no such account.
        """
        name = request.query_params.get("account", "1")
        account = self._accounts.find(name)
        if account is None:
            msg = f"There is no account {name[:80]!r}."
            raise ValueError(msg)
        return account

    async def accounts(self, _: WebRequest) -> JSONResponse:
        created = self._accounts.created().items()
        return JSONResponse({str(number): _counts(account) for number, account in sorted(created)})

    async def requests(self, request: WebRequest) -> JSONResponse:
        return JSONResponse([_request_fields(each) for each in self._account(request).requests()])

    async def throttle(self, request: WebRequest) -> JSONResponse:
        account = self._account(request)
        limiter = account.limiter
        counts = _counts(account)
        reports = account.limiters[REPORTS]
        own: dict[str, float] = {"max_in_window": account.max_in_window(REPORTS), "throttled": reports.throttled}
        own |= {"lockouts": reports.lockouts, "calls": reports.calls, "period": reports.period / SECOND}
        return JSONResponse(counts | {"calls": limiter.calls, "period": limiter.period / SECOND, REPORTS: own})

    async def limits(self, request: WebRequest) -> JSONResponse:
        given = await _object(request)
        self._account(request).set_limits(given.get("calls"), given.get("period"), str(given.get("budget", GENERAL)))
        return await self.throttle(request)

    async def lock(self, request: WebRequest) -> JSONResponse:
        given = await _object(request)
        kind, ids, closed = given.get("kind"), given.get("ids"), given.get("closed", True)
        period = given.get("period", False) is True
        if not isinstance(ids, list) or not isinstance(closed, bool):
            msg = "The body needs `kind`, `ids` as a list, and `closed` as true or false."
            raise ValueError(msg)  # noqa: TRY004 - an invalid body is always a ValueError
        self._account(request).lock_records(str(kind), ids, closed=closed, period=period)
        return JSONResponse({"locked": ids})

    async def revoke(self, request: WebRequest) -> JSONResponse:
        refresh = bool((await _object(request)).get("refresh", False))
        self._account(request).revoke_tokens(refresh=refresh)
        return JSONResponse({"revoked": True, "refresh": refresh})

    async def permit(self, request: WebRequest) -> JSONResponse:
        given = await _object(request)
        token, accounts = given.get("token"), given.get("accounts")
        if not isinstance(token, str) or not isinstance(accounts, list):
            msg = "The body needs `token` and `accounts` as a list."
            raise ValueError(msg)  # noqa: TRY004 - an invalid body is always a ValueError
        self._account(request).permit(token, accounts, str(given.get("email", APPROVER)))
        return JSONResponse({"accounts": len(accounts)}, 201)

    async def reset(self, request: WebRequest) -> JSONResponse:
        self._account(request).reset()
        return JSONResponse({"reset": True})

    async def faults(self, request: WebRequest) -> JSONResponse:
        if request.method == "DELETE":
            self._account(request).faults.clear()
            return JSONResponse({"cleared": True})
        self._account(request).fault(**await _object(request))
        return JSONResponse({"set": True}, 201)


def _counts(account: Account) -> dict[str, int]:
    limiter = account.limiter
    return {
        "max_in_window": account.max_in_window(),
        "throttled": limiter.throttled,
        "lockouts": limiter.lockouts,
        "requests": len(account.log),
    }


def _request_fields(request: Request) -> dict[str, Any]:
    return {
        "arrival": request.arrival / SECOND,
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": dict(request.headers),
        "counted": request.counted,
        "budget": request.budget,
        "refused": request.refused,
        "status": request.status,
    }
