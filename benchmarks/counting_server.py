"""A server that costs little: it delays each request, counts it with the sandbox's rate limiter, and records it.

Notes:
- It parses no more of HTTP than it needs: requests without a body, the last part of their path, and `x-sent`.
- `/record` returns what arrived as JSON, `/refuse` lets the next call be refused although the limit allows it.

Usage: python benchmarks/counting_server.py CALLS PERIOD LOW HIGH
"""

import asyncio
import json
import random
import sys
import time

from harvest_async.sandbox.rate_limiter import RateLimiter

SECOND = 1_000_000_000
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
REFUSED = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: %d\r\ncontent-length: 0\r\n\r\n"


class Account:
    """The account behind the server."""

    def __init__(self, calls, period, low, high):
        self.limiter = RateLimiter(calls, round(period * SECOND), round(period * SECOND))
        self.low, self.high = low, high
        self.arrivals = []  # (time, when the client sent it, who sent it, whether it was accepted)
        self.refusals = []  # when the response of a refused call was sent
        self.refuse = 0

    def delay(self):
        """Return the seconds that one way takes."""
        return random.uniform(self.low, self.high)

    def arrive(self, path, sent):
        """Count a call and return its response."""
        now = time.monotonic_ns()
        accepted = self.limiter.arrive(now)
        if self.refuse:
            self.refuse, accepted = 0, False
            self.limiter.lock_out(now)
        self.arrivals.append((now, sent, path, accepted))
        return OK if accepted else REFUSED % max(1, self.limiter.wait(now))

    def control(self, path):
        """Return the response of a request that is no call of the account."""
        if path == "refuse":
            self.refuse = 1
        body = json.dumps({"arrivals": self.arrivals, "refusals": self.refusals}).encode()
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


class Connection(asyncio.Protocol):
    """One connection; each request is responded to before the next one comes."""

    def __init__(self, account):
        self.account, self.data = account, b""
        self.loop = asyncio.get_running_loop()

    def connection_made(self, transport):
        """Keep the way back."""
        self.transport = transport

    def data_received(self, data):
        """Read a request, and let it arrive after its way in."""
        self.data += data
        if not self.data.endswith(b"\r\n\r\n"):
            return
        head, self.data = self.data, b""
        path = head.split(b" ", 2)[1].rpartition(b"/")[2].decode()
        if path in {"record", "refuse"}:
            self.transport.write(self.account.control(path))
            return
        sent = int(head.partition(b"x-sent: ")[2].partition(b"\r\n")[0] or 0)
        self.loop.call_later(self.account.delay(), self.arrive, path, sent)

    def arrive(self, path, sent):
        """Count a request, and let its response arrive after its way out."""
        self.loop.call_later(self.account.delay(), self.respond, self.account.arrive(path, sent))

    def respond(self, response):
        """Send a response."""
        if response is not OK:
            self.account.refusals.append(time.monotonic_ns())
        self.transport.write(response)


async def main():
    calls, period, low, high = map(float, sys.argv[1:])
    account = Account(int(calls), period, low, high)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(account), "127.0.0.1", 0, backlog=2_000)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
