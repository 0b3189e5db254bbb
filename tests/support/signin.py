"""A server that signs people in by OAuth 2.0 and responds to those who are signed in."""

import asyncio
import itertools
import json
from urllib.parse import parse_qsl

import httpx

from harvest_async.service import Service

SERVICE = Service(name="example.com", id_url="https://id.example.com", token_lifetime=64_799)
STATUS = {"count": 1, "max_calls": 100, "timeframe_limit": 15}


class SignIn(httpx.AsyncBaseTransport):
    """The authorization server and the account behind it.

    Attributes:
        access: the access tokens that are good.
        refresh: the refresh token that is good; each is good for once.
        codes: the codes that are good.
        forms: the token requests as they came, decoded.
        calls: everything else as it came, with its response's status: (request, status).
        script: responses to token requests that are returned before anything else; None serves one as usual, "lost"
            processes it and breaks the connection.
        way: seconds that a request and its response take.
    """

    def __init__(self, *, access=("a0",), refresh="r0", way=0.05, calls=100):
        self.access, self.refresh, self.codes = set(access), refresh, {"c0"}
        self.forms, self.calls, self.script, self.way = [], [], [], way
        self.max_calls = calls
        self.token_response = {"token_type": "bearer", "expires_in": 64_799}
        self.busy = self.most_busy = 0
        self._numbers = itertools.count(1)

    async def handle_async_request(self, request):
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        try:
            await asyncio.sleep(self.way)
            response = self._token(request) if request.url.path == "/oauth2/token" else self._call(request)
            await asyncio.sleep(self.way)
        finally:
            self.busy -= 1
        if isinstance(response, Exception):
            raise response
        return response

    def revoke(self):
        """Nobody is signed in any more by the access tokens that are out."""
        self.access.clear()

    @property
    def refused(self):
        """How many calls got the status 401."""
        return sum(status == 401 for _, status in self.calls)

    def _call(self, request):
        token = request.headers.get("authorization", "").removeprefix("Bearer ") or request.url.params.get(
            "access_token"
        )
        status = 200 if token in self.access else 401
        self.calls.append((request, status))
        if status == 401:
            return httpx.Response(401, json={"message": "token?"})
        if request.url.path == "/account/rate_limit_status":
            return httpx.Response(200, json={**STATUS, "max_calls": self.max_calls})
        return httpx.Response(200, json={"client": {"id": 7, "name": "ACME"}})

    def _token(self, request):
        form = dict(parse_qsl(request.content.decode(), strict_parsing=True))
        self.forms.append((request, form))
        scripted = self.script.pop(0) if self.script else None
        if scripted is not None and scripted != "lost":
            return scripted
        response = self._grant(form)
        return httpx.ReadError("connection closed") if scripted == "lost" else response

    def _grant(self, form):
        good = form["client_id"] == "id" and form.get("client_secret") == "s+/="
        if not good:
            return httpx.Response(401, json={"error": "invalid_client"})
        spent = {
            "refresh_token": lambda: form["refresh_token"] == self.refresh,
            "authorization_code": lambda: form["code"] in self.codes,
        }[form["grant_type"]]()
        if not spent:
            return httpx.Response(400, json={"error": "invalid_grant", "error_description": "spent or revoked"})
        self.codes.discard(form.get("code"))
        number = next(self._numbers)
        self.access, self.refresh = {f"a{number}"}, f"r{number}"
        tokens = {"access_token": f"a{number}", "refresh_token": self.refresh, **self.token_response}
        return httpx.Response(200, content=json.dumps(tokens).encode(), headers={"content-type": "application/json"})
