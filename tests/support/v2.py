"""A client of API v2 whose server is a list of responses."""

import json

import httpx

from harvest_async import BearerAuth, HarvestV2, Throttle

BASE_URL = "https://api.harvestapp.com/v2"


def scripted(*responses, **options):
    """Return a client and the list of the requests that it sends; each gets the next response."""
    sent, left = [], list(responses)

    def respond(request):
        sent.append(request)
        return left.pop(0)

    options = {"auth": BearerAuth("token"), "app": "Importer (ops@example.com)", "throttle": Throttle(), **options}
    return HarvestV2(options.pop("account_id", 7), transport=httpx.MockTransport(respond), **options), sent


def page(key, *records, following=None, **fields):
    """Return the response of a list."""
    body = {key: list(records), "per_page": 2000, "page": 1, "links": {"next": following}, **fields}
    return httpx.Response(200, json=body)


def body_of(request):
    """Return the body of a request."""
    return json.loads(request.content)
