"""Calls of API v1 without a server: bodies in, values out, and a client whose server says what a test wants."""

import asyncio
import json
from collections import deque

import httpx

from harvest_async import BasicAuth, HarvestV1, Throttle
from harvest_async.messages import Response
from harvest_async.v1.dialect import V1Dialect

TYPES = {"json": "application/json", "xml": "application/xml"}
STATUS = {"count": 1, "max_calls": 100, "timeframe_limit": 15}


def written(call, format="json"):
    """The request of a call."""
    return V1Dialect(format).encode(call, "https://acme.example.com", ())


def read(call, body, status=200, **headers):
    """What a client makes of a body: a text is XML if it looks like it, anything else is JSON."""
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "xml" if text.lstrip().startswith("<") else "json"
    fields = (("content-type", TYPES[kind]), *headers.items())
    return V1Dialect(kind).decode(call, Response(status, fields, text.encode()))


class Script(httpx.AsyncBaseTransport):
    """A server that returns the responses of a script, one a call; status calls are served separately.

    Attributes:
        sent: the requests, status calls left out.
    """

    def __init__(self, *answers):
        self.answers, self.sent = deque(answers), []

    async def handle_async_request(self, request):
        if request.url.path == "/account/rate_limit_status":
            return httpx.Response(200, json=STATUS)
        await request.aread()
        self.sent.append(request)
        response = self.answers.popleft()
        if isinstance(response, Exception):
            raise response
        return response

    @property
    def asked(self):
        """Methods and paths, in order."""
        return [(each.method, each.url.path) for each in self.sent]

    def body(self, number=-1):
        """A request's body as a tree."""
        return json.loads(self.sent[number].content)


def scripted(*answers, format="json", **options):
    """A client and its server; for loops whose time is virtual."""
    server = Script(*answers)
    harvest = HarvestV1(
        "acme",
        auth=BasicAuth("me@example.com", "hush-hush"),
        app="tests",
        format=format,
        base_url="https://acme.example.com",
        throttle=Throttle(clock=asyncio.get_running_loop().clock),
        transport=server,
        **options,
    )
    return harvest, server


def reply(tree, status=200, **headers):
    """Return a response in JSON."""
    return httpx.Response(status, json=tree, headers=headers)


def silent(status=200, **headers):
    """Return a response without a body."""
    return httpx.Response(status, headers=headers)
