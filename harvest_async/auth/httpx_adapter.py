"""Sending requests for tokens through any httpx client: once, unsigned, without following redirects."""

from __future__ import annotations

from types import FrameType

import httpx

from harvest_async.auth.refreshable import Send
from harvest_async.errors import HarvestError, NotSent, OutcomeUnknown
from harvest_async.messages import Request, Response

__all__ = ["calling_client", "sender"]

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


def calling_client(frame: FrameType | None) -> httpx.AsyncClient | None:
    """Return the client that is running an auth flow, from the frame of that flow; None if there is none."""
    while frame is not None:
        client = frame.f_locals.get("self")
        if isinstance(client, httpx.AsyncClient):
            return client
        frame = frame.f_back
    return None


def sender(client: httpx.AsyncClient | None, needed_by: httpx.Request | None = None) -> Send:
    """Let any httpx client send requests for tokens.

    Args:
        client: sends them; None opens a client of its own for each request.
        needed_by: the request that needs the token: its timeouts are used. None uses those of the client.
    """
    patience = {} if needed_by is None else {k: v for k, v in needed_by.extensions.items() if k == "timeout"}

    async def send(wire: Request) -> Response:
        if client is not None:
            return await _send(client, wire, patience)
        async with httpx.AsyncClient() as own:
            return await _send(own, wire, patience)

    return send


async def _send(client: httpx.AsyncClient, wire: Request, extensions: dict[str, object]) -> Response:
    try:
        request = httpx.Request(
            wire.method, wire.url, headers=list(wire.headers), content=wire.content, extensions=extensions
        )
        response = await client.send(request, auth=None, follow_redirects=False)
        content = await response.aread()
    except HarvestError:
        raise
    except _NOT_SENT as error:
        raise NotSent(
            f"the request for a token was not sent ({type(error).__name__})", request=wire.redacted()
        ) from error
    except Exception as error:
        message = f"the request for a token had no response ({type(error).__name__})"
        raise OutcomeUnknown(message, request=wire.redacted()) from error
    return Response(response.status_code, tuple(response.headers.multi_items()), content)
