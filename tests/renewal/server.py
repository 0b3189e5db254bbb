"""An account with OAuth 2.0 on loopback: refresh tokens are good for once, and token responses are late."""

import asyncio
import json
import random
from urllib.parse import parse_qsl


class TokenServer:
    """Serves one account.

    Attributes:
        access: the access token that is good.
        refresh: the refresh token that is good.
        grants: how often new tokens were given out.
        refused: how often a refresh token was refused.
    """

    def __init__(self, latest, seed):
        self.access, self.refresh = "a0", "r0"
        self.grants = self.refused = 0
        self._latest = latest
        self._random = random.Random(seed)
        self._server = None

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_):
        self._server.close()

    @property
    def address(self):
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    def revoke(self):
        """The access token that is out is good no more."""
        self.access = "none"

    async def _serve(self, reader, writer):
        try:
            while line := await reader.readline():
                await self._answer(line, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _answer(self, line, reader, writer):
        path, headers = line.split()[1].decode(), {}
        while (header := (await reader.readline()).decode("latin-1").strip()) != "":
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        content = await reader.readexactly(int(headers.get("content-length", 0)))
        status, tree = self._token(content) if path == "/oauth2/token" else self._call(path, headers)
        if path == "/oauth2/token":
            await asyncio.sleep(self._random.uniform(0, self._latest))
        body = json.dumps(tree).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    def _token(self, content):
        if dict(parse_qsl(content.decode())).get("refresh_token") != self.refresh:
            self.refused += 1
            return 400, {"error": "invalid_grant"}
        self.grants += 1
        self.access, self.refresh = f"a{self.grants}", f"r{self.grants}"
        tokens = {"access_token": self.access, "refresh_token": self.refresh}
        return 200, {**tokens, "token_type": "bearer", "expires_in": 64_799}

    def _call(self, path, headers):
        if headers.get("authorization") != f"Bearer {self.access}":
            return 401, {"message": "token?"}
        if path.startswith("/account/rate_limit_status"):
            return 200, {"count": 1, "max_calls": 10_000, "timeframe_limit": 15}
        return 200, {"client": {"id": 7, "name": "ACME"}}
