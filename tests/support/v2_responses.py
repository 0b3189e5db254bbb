"""An account by API v2 whose responses are given, and which keeps the requests."""

import json
from decimal import Decimal

import httpx

from harvest_async.auth import BearerAuth
from harvest_async.v2.client import HarvestV2

COMPANY = {"name": "ACME", "wants_timestamp_timers": False}


class Account:
    """Responds to requests by method and path; the last response of a list is repeated."""

    def __init__(self, responses, *, by_times=False):
        self.requests = []
        self._responses = {"GET /v2/company": {**COMPANY, "wants_timestamp_timers": by_times}, **responses}

    def __call__(self, request):
        """Return the response of a request."""
        self.requests.append(request)
        found = self._responses[f"{request.method} {request.url.path}"]
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(found, httpx.Response):
            return found
        return httpx.Response(201 if request.method == "POST" else 200, json=found)

    @property
    def calls(self):
        """The calls that were made, except those for the company."""
        calls = [f"{each.method} {each.url.path}" for each in self.requests]
        return [each for each in calls if each != "GET /v2/company"]

    @property
    def body(self):
        """The fields of the last request."""
        return json.loads(self.requests[-1].content, parse_float=Decimal)

    @property
    def query(self):
        """The parameters of the last request."""
        return dict(self.requests[-1].url.params)

    def client(self):
        """Return a client for the account."""
        return HarvestV2(1, auth=BearerAuth("token"), app="Tests (t@example.com)", transport=httpx.MockTransport(self))


def page(key, *records, following=None):
    """Return a page of a list."""
    links = {"first": None, "next": following, "previous": None, "last": None}
    return {key: list(records), "per_page": 2000, "total_pages": 1, "links": links}
