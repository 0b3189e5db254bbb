"""An account on the other side of a slow line, judged by arrival, in virtual time."""

import asyncio
import json
from collections import deque

import httpx

from harvest_async.clock import SECOND


class SlowAccount(httpx.AsyncBaseTransport):
    """A server that counts calls as they arrive and shuts those out who make too many.

    Attributes:
        arrivals: the moments at which calls arrived, refused ones too.
        served: the calls that were processed, as (method, path).
        refused: how many calls were refused.
        connect: seconds that a call's connection takes to be made, before anything leaves, from its number.
        way: seconds that a call takes to arrive, from its number; `back` the same for the response.
        script: responses that are returned before anything else, one a call; None serves it as usual.
    """

    def __init__(self, clock, calls=100, period=15, *, way=0.05, back=0.05, lockout=None):
        self.clock = clock
        self.calls, self.period, self.lockout = calls, period * SECOND, (lockout or period) * SECOND
        self.way = way if callable(way) else lambda _: way
        self.back = back if callable(back) else lambda _: back
        self.arrivals, self.served, self.refused, self.foreign = [], [], 0, 0
        self.connect = lambda _: 0
        self.script, self.requests = deque(), []
        self.hint = "seconds"
        self.status_answers = True
        self.open_bodies = 0
        self._window = deque()
        self._shut_until = 0

    def spend(self, calls):
        """Another program makes calls now."""
        for _ in range(calls):
            self._count(self.clock.now())
        self.foreign += calls

    async def handle_async_request(self, request):
        number = len(self.requests)
        self.requests.append(request)
        if seconds := self.connect(number):
            await request.extensions["trace"]("connection.connect_tcp.started", {})
            await asyncio.sleep(seconds)
            await request.extensions["trace"]("http11.send_request_headers.started", {})
        await asyncio.sleep(self.way(number))
        response = self._answer(request)
        await asyncio.sleep(self.back(number))
        if isinstance(response, Exception):
            raise response
        whole = response.is_closed
        stream = httpx.ByteStream(response.content) if whole else response.stream
        return httpx.Response(response.status_code, headers=response.headers, stream=_Counted(stream, self))

    def most_in_any_period(self):
        """How many calls of ours arrived in any half-open period."""
        start, most = 0, 0
        for end, arrival in enumerate(self.arrivals):
            while self.arrivals[start] <= arrival - self.period:
                start += 1
            most = max(most, end - start + 1)
        return most

    def _answer(self, request):
        now = self.clock.now()
        self.arrivals.append(now)
        shut = self._count(now)
        scripted = self.script.popleft() if self.script else None
        if scripted is not None:
            return scripted
        if shut:
            self.refused += 1
            return self.refusal(now)
        self.served.append((request.method, request.url.path))
        if request.url.path == "/account/rate_limit_status" and self.status_answers:
            return httpx.Response(200, json=self.status())
        return httpx.Response(200, json={"ok": True})

    def status(self):
        return {
            "max_calls": self.calls,
            "count": len(self._window),
            "timeframe_limit": self.period // SECOND,
            "lockout_seconds": self.lockout // SECOND,
            "last_access_at": "2026-01-05T09:00:00+00:00",
        }

    def refusal(self, now=None):
        """Return a throttle response in the form that `hint` names."""
        now = self.clock.now() if now is None else now
        wait = max(1, -(-(self._shut_until - now) // SECOND))
        today = self.clock.today()
        headers = {"date": _http_date(today)}
        if self.hint == "seconds":
            headers["retry-after"] = str(wait)
        elif self.hint == "date":
            headers["retry-after"] = _http_date(today, wait + 1)
        body = json.dumps({"message": "This request has been throttled.", "retry_after": wait})
        return httpx.Response(503, headers=headers, content=body.encode())

    def _count(self, now):
        while self._window and self._window[0] <= now - self.period:
            self._window.popleft()
        if now < self._shut_until:
            self._shut_until = now + self.lockout
            return True
        self._window.append(now)
        if len(self._window) > self.calls:
            self._shut_until = now + self.lockout
            return True
        return False


class _Counted(httpx.AsyncByteStream):
    """A body that the account knows to be open."""

    def __init__(self, inner, account):
        self._inner, self._account, self._open = inner, account, True
        account.open_bodies += 1

    async def __aiter__(self):
        async for chunk in self._inner:
            yield chunk

    async def aclose(self):
        if self._open:
            self._open = False
            self._account.open_bodies -= 1


def _http_date(moment, later=0):
    from datetime import timedelta
    from email.utils import format_datetime

    return format_datetime(moment + timedelta(seconds=later), usegmt=True)
