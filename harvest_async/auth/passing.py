"""Requests for tokens on their way through any httpx client.

Rules of this room: each is sent once, unsigned, and to where it says: redirects are not followed.
"""

from __future__ import annotations

import httpx

from harvest_async.auth.renewing import Send
from harvest_async.errors import NotSent, OutcomeUnknown
from harvest_async.wire import Answer, Wire

__all__ = ["answer_of", "request_of", "sender"]


def sender(client: httpx.AsyncClient) -> Send:
    """Let any httpx client send requests for tokens."""

    async def send(wire: Wire) -> Answer:
        request = httpx.Request(wire.method, wire.url, headers=list(wire.headers), content=wire.content)
        try:
            response = await client.send(request, auth=None, follow_redirects=False)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(f"the request for a token was not sent ({type(error).__name__})", request=wire) from error
        except httpx.TransportError as error:
            message = f"the request for a token had no answer ({type(error).__name__})"
            raise OutcomeUnknown(message, request=wire) from error
        return await answer_of(response)

    return send


def request_of(wire: Wire, other: httpx.Request) -> httpx.Request:
    """The request for new tokens, with the patience of the one that needs them."""
    extensions = {key: value for key, value in other.extensions.items() if key == "timeout"}
    return httpx.Request(wire.method, wire.url, headers=list(wire.headers), content=wire.content, extensions=extensions)


async def answer_of(response: httpx.Response) -> Answer:
    """An answer, read whole."""
    content = await response.aread()
    return Answer(response.status_code, tuple(response.headers.multi_items()), content)
