"""The sandbox as an ASGI application: arrivals, faults and answers.

Rules of this room: it decides nothing about accounts. A call arrives when it is whole; what is under `/_sandbox/` goes
to the pages. A trailing slash and a body on GET are borne.
"""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import unquote

from attrs import frozen
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from harvest_async.sandbox.account import Account, format_of, split_format
from harvest_async.sandbox.fault_responses import Headers, made_up
from harvest_async.sandbox.faults import Fault
from harvest_async.sandbox.guard import PAGES, refusal
from harvest_async.sandbox.pages import routes
from harvest_async.sandbox.router import Reply

__all__ = ["Dropped", "make_app"]

_TYPES: Final = {"json": "application/json; charset=utf-8", "xml": "application/xml; charset=utf-8"}

_CASES: Final = {"etag": "ETag", "www-authenticate": "WWW-Authenticate"}


class Dropped(ConnectionResetError):
    """The connection was broken on purpose; seen only where there is no real connection to break."""


@frozen
class _Call:
    """A call that has arrived whole."""

    line: tuple[str, str, str]  # method, path, query
    headers: dict[str, str]
    content: bytes
    format: str
    faults: dict[str, Fault]


def make_app(account: Account) -> ASGIApp:
    """The application of an account."""
    server, pages = _Server(account), Starlette(routes=routes(account))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reason = refusal(scope, account.names) if scope["type"] == "http" else None
        if reason is not None:
            await JSONResponse({"message": reason}, 403)(scope, receive, send)
        elif scope["type"] == "http" and not scope["path"].startswith(PAGES):
            await server.serve(scope, receive, send)
        else:
            await pages(scope, receive, send)

    return app


class _Server:
    def __init__(self, account: Account) -> None:
        self._account = account
        self._later: set[asyncio.Task[None]] = set()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        account, headers = self._account, _pairs(scope["headers"])
        line = scope["method"], _path(scope), scope["query_string"].decode("latin-1")
        content = await _body(receive)
        if content is None:  # it never was a whole request
            return
        faults = account.active_faults(line[0], unquote(line[1]))
        wanted = split_format(line[1])[1] or format_of(dict(headers).get("accept", "")) or "json"
        call = _Call(line, dict(headers), content, wanted, faults)
        await self._pass(call, "latency_in")
        place, refused = account.admit((line[0], unquote(line[1]), line[2]), headers)
        account.answered(place, await self._answer(call, receive, send, refused=refused))

    async def _answer(self, call: _Call, receive: Receive, send: Send, *, refused: bool) -> int:
        """Answer a call that has arrived; gives the status, 0 for a broken connection."""
        if refused or "throttle" in call.faults:
            status, headers, content = self._refusal(call)
        elif {"drop_before", "late_commit"} & call.faults.keys():
            self._commit_later(call)
            return await _drop(receive)
        else:
            status, headers, content = self._carry_out(call)
            if "drop_after" in call.faults:
                return await _drop(receive)
        await self._pass(call, "latency_out")
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if "cut_body" in call.faults:
            await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
            return await _drop(receive)
        await send({"type": "http.response.body", "body": b"" if status == 304 else content})
        return status

    def _refusal(self, call: _Call) -> tuple[int, Headers, bytes]:
        fault = call.faults.get("throttle")
        if fault is not None and fault.seconds is not None:
            self._account.shut(self._account.faults.seconds(fault))
        status, wait, content = self._account.refusal(call.format)
        form = "seconds" if fault is None else str(fault.details.get("retry_after", "seconds"))
        today = self._account.clock.today().timestamp()
        forms = {"seconds": str(wait), "date": formatdate(today + wait + 1, usegmt=True), "missing": None}
        hint = forms.get(form, form)
        extra = [] if hint is None else [("retry-after", hint)]
        return status, _headers(content, _TYPES[call.format], extra), content

    def _carry_out(self, call: _Call) -> tuple[int, Headers, bytes]:
        for kind, fault in call.faults.items():
            answered = made_up(kind, fault)
            if answered is not None:
                if fault.details.get("commit"):
                    self._account.serve(call.line, call.headers, call.content)
                return answered
        reply = self._account.serve(call.line, call.headers, call.content)
        extra = self._own_headers(reply, call)
        status, content = reply.status, reply.content
        if reply.safe and self._account.settings.validators:
            tag = _tag(content)
            extra += [("etag", tag), ("cache-control", "max-age=0, private, must-revalidate"), ("vary", "Accept")]
            if _matches(call.headers.get("if-none-match", ""), tag):
                status = 304
        elif call.line[0] == "GET":
            extra.append(("cache-control", "no-store"))
        return status, _headers(content, reply.media or _TYPES[call.format], extra, bodiless=status == 304), content

    def _own_headers(self, reply: Reply, call: _Call) -> list[tuple[str, str]]:
        location = reply.location
        if location is not None and "location_form" in self._account.settings.quirks:
            location = f"http://{call.headers.get('host', '127.0.0.1')}{location}"
        pairs = (("location", location), ("hint", reply.hint))
        return [*((name, value) for name, value in pairs if value is not None), *reply.headers]

    def _commit_later(self, call: _Call) -> None:
        fault = call.faults.get("late_commit")
        if fault is None:
            return

        async def commit(seconds: float) -> None:
            await asyncio.sleep(seconds)
            self._account.serve(call.line, call.headers, call.content)

        task = asyncio.get_running_loop().create_task(commit(self._account.faults.seconds(fault)))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _pass(self, call: _Call, kind: str) -> None:
        seconds = self._account.faults.seconds(call.faults.get(kind))
        if seconds > 0:
            await asyncio.sleep(seconds)


def _path(scope: Scope) -> str:
    """The path as it was sent, without a slash at its end."""
    raw = scope.get("raw_path")
    path = scope["path"] if raw is None else raw.decode("latin-1").partition("?")[0]
    return str(path).rstrip("/") or "/"


def _pairs(headers: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers]


def _tag(content: bytes) -> str:
    return f'W/"{blake2b(content, digest_size=16).hexdigest()}"'


def _matches(header: str, tag: str) -> bool:
    given = [each.strip() for each in header.split(",")]
    return "*" in given or tag.removeprefix("W/") in {each.removeprefix("W/") for each in given}


def _headers(content: bytes, media: str, extra: list[tuple[str, str]], *, bodiless: bool = False) -> Headers:
    own = [] if bodiless else [("content-type", media), ("content-length", str(len(content)))]
    return [(_usual(name).encode(), value.encode("latin-1", "replace")) for name, value in own + extra]


def _usual(name: str) -> str:
    """A header's name in its usual case, since there are clients that compare it."""
    return _CASES.get(name) or name.title()


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None where the connection broke in the middle of it."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _drop(receive: Any) -> int:
    """Break the connection. ASGI has no word for it, so the server's own transport is asked; elsewhere it is raised."""
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise Dropped("the sandbox broke the connection, as it was told")
    transport.abort()
    for _ in range(3):
        await asyncio.sleep(0)  # let the server notice, or it would answer 500
    return 0
