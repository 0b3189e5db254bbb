"""A transport that closes the connection of a TLS handshake which is cancelled.

Notes:
- httpcore closes a connection whose handshake fails, but not one whose handshake is cancelled: by the deadline of an
  attempt, or together with its call. Such a connection would stay open until its event loop ends.
- It is found by httpcore's events: https://www.encode.io/httpcore/extensions/#trace
"""

from __future__ import annotations

from typing import Any, Final

import httpx

from harvest_async.cancellation import in_one_go
from harvest_async.transport.closing import ClosingTransport

__all__ = ["HandshakeTransport"]

_TRACE: Final = "trace"


class HandshakeTransport(ClosingTransport):
    """httpx's transport, which leaves no connection of a cancelled handshake."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        trace = request.extensions.get(_TRACE)
        if request.url.scheme == "https" and not isinstance(trace, _Handshake):
            request.extensions = {**request.extensions, _TRACE: _Handshake(trace)}
        return await super().handle_async_request(request)


class _Handshake:
    """Observes a request, and closes its connection when the handshake fails.

    Args:
        observer: another observer of the request; None if it has none.
    """

    __slots__ = ("_observer", "_stream")

    def __init__(self, observer: Any) -> None:
        self._observer = observer
        self._stream: Any = None

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith(".connect_tcp.complete"):
            self._stream = info["return_value"]
        elif event.endswith(".start_tls.complete"):
            self._stream = None
        elif event.endswith(".start_tls.failed") and self._stream is not None:
            stream, self._stream = self._stream, None
            await in_one_go(stream.aclose())
        if self._observer is not None:
            await self._observer(event, info)
