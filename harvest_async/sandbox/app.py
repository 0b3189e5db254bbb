"""The sandbox as an ASGI application: arrivals, faults, answers, and the pages under `/_sandbox/`.

Rules of this room: the only one that imports Starlette. It decides nothing about accounts. What is under
`/_sandbox/` is never counted and needs no sign-in.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from email.utils import formatdate
from typing import Any, Final
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request as Web
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from harvest_async.clock import SECOND
from harvest_async.sandbox.account import Account, format_of
from harvest_async.sandbox.desk import Reply
from harvest_async.sandbox.faults import Fault, make_fault

__all__ = ["Dropped", "make_app"]

Headers = list[tuple[bytes, bytes]]

_TYPES: Final = {"json": b"application/json; charset=utf-8", "xml": b"application/xml; charset=utf-8"}
_STATUSES: Final = {"error_500": 500, "error_502": 502, "error_504": 504, "bare_503": 503}


class Dropped(ConnectionResetError):
    """The connection was broken on purpose; seen only where there is no real connection to break."""


def make_app(account: Account) -> Starlette:
    """The application of an account."""
    server = _Server(account)
    routes = [
        Route("/_sandbox/requests", server.requests),
        Route("/_sandbox/throttle", server.throttle),
        Route("/_sandbox/limits", server.limits, methods=["POST"]),
        Route("/_sandbox/reset", server.reset, methods=["POST"]),
        Route("/_sandbox/faults", server.faults, methods=["POST", "DELETE"]),
        Mount("/", server.serve),
    ]
    return Starlette(routes=routes)


class _Server:
    def __init__(self, account: Account) -> None:
        self._account = account
        self._later: set[asyncio.Task[None]] = set()

    # Under /_sandbox/

    async def requests(self, _: Web) -> JSONResponse:
        return JSONResponse(
            [
                {
                    "arrival": each.arrival / SECOND,
                    "method": each.method,
                    "path": each.path,
                    "query": each.query,
                    "headers": dict(each.headers),
                    "status": each.status,
                    "refused": each.refused,
                }
                for each in self._account.requests()
            ]
        )

    async def throttle(self, _: Web) -> JSONResponse:
        account = self._account
        told = {"max_in_window": account.max_in_window(), "throttled": account.judge.throttled}
        told |= {"lockouts": account.judge.lockouts, "requests": len(account.requests())}
        return JSONResponse(told | {"calls": account.judge.calls, "period": account.judge.period / SECOND})

    async def limits(self, web: Web) -> JSONResponse:
        given = json.loads(await web.body())
        self._account.set_limits(given.get("calls"), given.get("period"))
        return await self.throttle(web)

    async def reset(self, _: Web) -> JSONResponse:
        self._account.reset()
        return JSONResponse({"reset": True})

    async def faults(self, web: Web) -> JSONResponse:
        if web.method == "DELETE":
            self._account.faults.clear()
            return JSONResponse({"cleared": True})
        try:
            self._account.faults.add(make_fault(json.loads(await web.body())))
        except (ValueError, TypeError, AttributeError) as error:
            return JSONResponse({"message": str(error)}, 400)
        return JSONResponse({"set": True}, 201)

    # The account

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        account, method = self._account, scope["method"]
        path = (
            unquote(scope["raw_path"].decode("latin-1").partition("?")[0]) if scope.get("raw_path") else scope["path"]
        )
        path = path.rstrip("/") or "/"
        query = scope["query_string"].decode("latin-1")
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        happening = account.faults.of(method, path)
        content = await _body(receive)
        await _pass(account.faults.seconds(happening.get("latency_in")))
        place = account.admit(method, path, query, headers)
        call = (method, path, query, dict(headers), content)
        shape = format_of(dict(headers).get("accept", "")) or "json"
        status = await self._answer(call, place, shape, happening, receive, send)
        account.answered(place, status)

    async def _answer(
        self,
        call: tuple[str, str, str, dict[str, str], bytes],
        place: int,
        format: str,
        happening: dict[str, Fault],
        receive: Receive,
        send: Send,
    ) -> int:
        """Answer a call that has arrived; gives the status, 0 for a broken connection."""
        account = self._account
        if "throttle" in happening or account.refused(place):
            status, headers, content = self._refusal(happening.get("throttle"), format)
        elif {"drop_before", "late_commit"} & happening.keys():
            self._commit_later(happening.get("late_commit"), call)
            return await _drop(receive)
        else:
            status, headers, content = self._carry_out(call, format, happening)
            if "drop_after" in happening:
                return await _drop(receive)
        await _pass(account.faults.seconds(happening.get("latency_out")))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if "cut_body" in happening:
            await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
            return await _drop(receive)
        await send({"type": "http.response.body", "body": content})
        return status

    def _refusal(self, fault: Fault | None, format: str) -> tuple[int, Headers, bytes]:
        if fault is not None and fault.seconds is not None:
            self._account.shut(self._account.faults.seconds(fault))
        wait, content = self._account.refusal(format)
        form = "seconds" if fault is None else str(fault.details.get("retry_after", "seconds"))
        today = self._account.clock.today().timestamp()
        forms = {"seconds": str(wait), "date": formatdate(today + wait + 1, usegmt=True), "missing": None}
        hint = forms.get(form, form)
        extra = [] if hint is None else [(b"retry-after", hint.encode("latin-1"))]
        return 503, _headers(content, _TYPES[format], extra), content

    def _carry_out(
        self, call: tuple[str, str, str, dict[str, str], bytes], format: str, happening: dict[str, Fault]
    ) -> tuple[int, Headers, bytes]:
        for kind, fault in happening.items():
            made = _made_up(kind, fault)
            if made is not None:
                if fault.details.get("commit"):
                    self._account.serve(*call)
                return made
        reply = self._account.serve(*call)
        return reply.status, _headers(reply.content, _TYPES[format], _own_headers(reply)), reply.content

    def _commit_later(self, fault: Fault | None, call: tuple[str, str, str, dict[str, str], bytes]) -> None:
        if fault is None:
            return

        async def commit(seconds: float) -> None:
            await asyncio.sleep(seconds)
            self._account.serve(*call)

        task = asyncio.get_running_loop().create_task(commit(self._account.faults.seconds(fault)))
        self._later.add(task)
        task.add_done_callback(self._later.discard)


def _made_up(kind: str, fault: Fault) -> tuple[int, Headers, bytes] | None:
    """The answer that a fault puts in the place of the real one."""
    details = fault.details
    if kind in _STATUSES:
        return _STATUSES[kind], _headers(b"", b"text/plain"), b""
    if kind == "html_error":
        page = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
        return int(details.get("status", 200)), _headers(page, b"text/html"), page
    if kind == "redirect":
        location = str(details.get("location", "http://127.0.0.2/elsewhere")).encode("latin-1")
        return 302, _headers(b"", b"text/html", [(b"location", location)]), b""
    if kind == "raw":
        content = str(details.get("body", "")).encode()
        given = [
            (str(name).lower().encode(), str(value).encode()) for name, value in details.get("headers", {}).items()
        ]
        return int(details.get("status", 200)), [(b"content-length", str(len(content)).encode()), *given], content
    if kind == "gzip_bomb":
        content = gzip.compress(b" " * (int(details.get("megabytes", 200)) << 20))
        return 200, _headers(content, _TYPES["json"], [(b"content-encoding", b"gzip")]), content
    return None


def _own_headers(reply: Reply) -> Headers:
    pairs = ((b"location", reply.location), (b"hint", reply.hint))
    return [(name, value.encode("latin-1", "replace")) for name, value in pairs if value is not None]


def _headers(content: bytes, kind: bytes, extra: Headers | None = None) -> Headers:
    return [(b"content-type", kind), (b"content-length", str(len(content)).encode()), *(extra or [])]


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _pass(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)


async def _drop(receive: Any) -> int:
    """Break the connection. ASGI has no word for it, so the server's own transport is asked; elsewhere it is raised."""
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise Dropped("the sandbox broke the connection, as it was told")
    transport.abort()
    for _ in range(3):
        await asyncio.sleep(0)  # let the server notice, or it would answer 500
    return 0
