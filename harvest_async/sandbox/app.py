"""The sandbox as an ASGI application: arrival of requests, faults and responses.

Notes:
- A request arrives when its whole body is there.
- Paths below `/_sandbox/` go to the pages; all others go to the API version that serves them.
- A slash at the end of the path and a body on GET are accepted.
"""

from __future__ import annotations

import asyncio
from email.utils import formatdate
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import unquote

from attrs import evolve, frozen
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from harvest_async.sandbox.account import Account
from harvest_async.sandbox.accounts import Accounts
from harvest_async.sandbox.fault_responses import Headers, fault_response, throttle_body
from harvest_async.sandbox.faults import Fault
from harvest_async.sandbox.guard import PAGES, refusal
from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.pages import routes

__all__ = ["Dropped", "make_app"]

_CASES: Final = {"etag": "ETag", "www-authenticate": "WWW-Authenticate"}
_CACHE_CONTROL: Final = "max-age=0, private, must-revalidate"


class Dropped(ConnectionResetError):
    """Raised where a fault drops the connection and there is no real connection to drop."""


@frozen
class _Call:
    """A request that has arrived."""

    line: tuple[str, str, str]  # method, path, query
    headers: dict[str, str]
    content: bytes
    faults: dict[str, Fault]


def make_app(given: Account | Accounts) -> ASGIApp:
    """Create the ASGI application of an account, or of several."""
    accounts = Accounts(given.settings, given) if isinstance(given, Account) else given
    account, servers, pages = accounts.first, dict[Account, _Server](), Starlette(routes=routes(accounts))

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the account that it names."""
        headers = {} if accounts.count == 1 else dict(_pairs(scope["headers"]))
        found, prefix = accounts.of_request(_path(scope), headers, scope["query_string"].decode("latin-1"))
        if found is None:
            await JSONResponse({"message": f"The sandbox has no account at {prefix}."}, 404)(scope, receive, send)
            return
        if found not in servers:
            servers[found] = _Server(found)
        await servers[found].serve(_without(scope, prefix) if prefix else scope, receive, send)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reason = refusal(scope, account.names, account.linked_paths) if scope["type"] == "http" else None
        if reason is not None:
            await JSONResponse({"message": reason}, 403)(scope, receive, send)
        elif scope["type"] == "http" and not scope["path"].startswith(PAGES):
            await serve(scope, receive, send)
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
        if content is None:  # the connection was closed before the request was complete
            return
        call = _Call(line, dict(headers), content, account.active_faults(line[0], unquote(line[1])))
        await self._delay(call, "latency_in")
        index, refused = account.admit((line[0], unquote(line[1]), line[2]), headers)
        account.record_status(index, await self._respond(call, receive, send, refused=refused))

    async def _respond(self, call: _Call, receive: Receive, send: Send, *, refused: bool) -> int:
        """Respond to a request and return the status; 0 for a dropped connection."""
        if refused or "throttle" in call.faults:
            status, headers, content = self._throttled(call)
        elif {"drop_before", "late_commit"} & call.faults.keys():
            self._commit_later(call)
            return await _drop(receive)
        else:
            status, headers, content = self._execute(call)
            if "drop_after" in call.faults:
                return await _drop(receive)
        await self._delay(call, "latency_out")
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if "cut_body" in call.faults:
            await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
            return await _drop(receive)
        await send({"type": "http.response.body", "body": b"" if status == 304 else content})
        return status

    def _throttled(self, call: _Call) -> tuple[int, Headers, bytes]:
        fault = call.faults.get("throttle")
        if fault is not None and fault.seconds is not None:
            self._account.lock_out(unquote(call.line[1]), self._account.faults.seconds(fault))
        response, wait = self._account.throttled(call.line, call.headers)
        form = "seconds" if fault is None else str(fault.details.get("retry_after", "seconds"))
        today = self._account.clock.today().timestamp()
        forms = {"seconds": str(wait), "date": formatdate(today + wait + 1, usegmt=True), "missing": None}
        retry_after = forms.get(form, form)
        extra = () if retry_after is None else (("retry-after", retry_after),)
        replaced = None if fault is None else throttle_body(str(fault.details.get("form", "")))
        if replaced is not None:
            response = evolve(response, media=replaced[0], content=replaced[1])
        return response.status, _headers(evolve(response, headers=extra)), response.content

    def _execute(self, call: _Call) -> tuple[int, Headers, bytes]:
        for kind, fault in call.faults.items():
            replaced = fault_response(kind, fault)
            if replaced is not None:
                if fault.details.get("commit"):
                    self._account.serve(call.line, call.headers, call.content)
                return replaced
        response = self._account.serve(call.line, call.headers, call.content)
        if response.cacheable and self._account.settings.validators:
            tag = _tag(response.content)
            extra = (("etag", tag), ("cache-control", _CACHE_CONTROL), ("vary", "Accept"))
            status = 304 if _matches(call.headers.get("if-none-match", ""), tag) else response.status
            response = evolve(response, status=status, headers=(*response.headers, *extra))
        elif call.line[0] == "GET":
            response = evolve(response, headers=(*response.headers, ("cache-control", "no-store")))
        return response.status, _headers(response), response.content

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

    async def _delay(self, call: _Call, kind: str) -> None:
        seconds = self._account.faults.seconds(call.faults.get(kind))
        if seconds > 0:
            await asyncio.sleep(seconds)


def _path(scope: Scope) -> str:
    """Return the path as it was sent, without a slash at its end."""
    raw = scope.get("raw_path")
    path = scope["path"] if raw is None else raw.decode("latin-1").partition("?")[0]
    return str(path).rstrip("/") or "/"


def _without(scope: Scope, prefix: str) -> Scope:
    """Return a scope without the beginning of its path."""
    rest = _path(scope).removeprefix(prefix) or "/"
    return {**scope, "path": unquote(rest), "raw_path": rest.encode("latin-1")}


def _pairs(headers: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers]


def _tag(content: bytes) -> str:
    return f'W/"{blake2b(content, digest_size=16).hexdigest()}"'


def _matches(header: str, tag: str) -> bool:
    given = [each.strip() for each in header.split(",")]
    return "*" in given or tag.removeprefix("W/") in {each.removeprefix("W/") for each in given}


def _headers(response: Response) -> Headers:
    """Return all headers of a response; one without a body has no `Content-Type` and no `Content-Length`."""
    media, length = response.media or "text/plain", str(len(response.content))
    own = [] if response.status == 304 else [("content-type", media), ("content-length", length)]
    optional = [("location", response.location), ("hint", response.hint)]
    pairs = [*own, *((name, value) for name, value in optional if value is not None), *response.headers]
    return [(_in_usual_case(name).encode(), value.encode("latin-1", "replace")) for name, value in pairs]


def _in_usual_case(name: str) -> str:
    """Return a header's name in its usual case, for clients that compare it."""
    return _CASES.get(name) or name.title()


async def _body(receive: Receive) -> bytes | None:
    """Return the whole body; None if the connection is closed before its end."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _drop(receive: Any) -> int:
    """Drop the connection.

    ASGI has no message for it, so this aborts the server's transport; where there is none it raises `Dropped`.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise Dropped("the sandbox dropped the connection because of a fault")
    transport.abort()
    for _ in range(3):
        await asyncio.sleep(0)  # give the server time to notice, or it would respond with 500
    return 0
