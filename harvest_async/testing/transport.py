"""A transport to a sandbox in the same process."""

from __future__ import annotations

import httpx

from harvest_async.sandbox import Sandbox

__all__ = ["in_process"]


class _InProcess(httpx.ASGITransport):
    """Raises the errors of httpx where the sandbox breaks a connection."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except ConnectionResetError as error:
            raise httpx.ReadError(str(error), request=request) from error


def in_process(sandbox: Sandbox) -> httpx.AsyncBaseTransport:
    """Return a transport to a sandbox without a socket.

    Raises:
        ImportError: the extra `sandbox` is not installed.
    """
    return _InProcess(app=sandbox.app)
