"""Records as the types of a FastAPI app's requests and responses, and its description in OpenAPI."""

import asyncio
import json
import re
from typing import Any

import httpx
import jsonschema
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_async.fastapi import (
    MEANINGS,
    HarvestV1Dep,
    HarvestV2Dep,
    add_handlers,
    harvest_lifespan,
    harvest_problems,
)
from harvest_async.testing import harvest_app_client
from harvest_async.v1 import models as v1
from harvest_async.v2.clients import Client as NewClient
from harvest_async.versions import HarvestV1, HarvestV2
from tests.support.record_strategies import records_of
from tests.test_record_forms import TYPES

pytestmark = pytest.mark.anyio


def every_type():
    """An app with a route for each type: it returns the records that it is sent."""
    app = FastAPI()
    for place, kind in enumerate(TYPES):

        async def echo(record):
            return record

        async def echo_all(records):
            return records

        echo.__annotations__ = {"record": kind, "return": kind}
        echo_all.__annotations__ = {"records": list[kind], "return": list[kind]}
        app.post(f"/{place}")(echo)
        app.post(f"/all/{place}")(echo_all)
    return app


APP = every_type()
JSON = {"Content-Type": "application/json"}


async def sent_and_back(drawn):
    """Send each type's records to the app; return its responses, by type."""
    transport = httpx.ASGITransport(app=APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as browser:
        found = {}
        for place, kind in enumerate(TYPES):
            content = drawn[kind].to_json()
            one = await browser.post(f"/{place}", content=content, headers=JSON)
            several = await browser.post(f"/all/{place}", content=f"[{content},{content}]", headers=JSON)
            assert [one.json()] * 2 == several.json(), (one.text, several.text)
            found[kind] = kind.from_dict(one.json())
        return found


@given(data=st.data())
@settings(max_examples=2)
def test_every_type_comes_back_equal_from_an_app(data):
    """All types of both versions are types of one app's requests and responses at the same time."""
    drawn = {kind: data.draw(records_of(kind)) for kind in TYPES}

    assert asyncio.run(sent_and_back(drawn)) == drawn


def refs(tree):
    """Yield the references in a tree."""
    if isinstance(tree, dict):
        yield from [tree["$ref"]] if isinstance(tree.get("$ref"), str) else []
        for value in tree.values():
            yield from refs(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from refs(value)


async def test_the_description_of_all_types_is_valid():
    """Each schema is a schema of OpenAPI 3.1, each reference leads to one, and types of one name are kept apart."""
    description = json.loads(json.dumps(APP.openapi()))
    schemas = description["components"]["schemas"]

    assert description["openapi"].startswith("3.1")
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    assert {each.rpartition("/")[2] for each in refs(description)} <= set(schemas)
    assert {kind.__name__ for kind in TYPES} <= {schema["title"] for schema in schemas.values()}
    assert all(re.fullmatch(r"[\w.-]+", name) for name in schemas)
    clients = [name for name, schema in schemas.items() if schema["title"] == "Client"]
    assert len(clients) == 4  # of two versions, as requests and as responses


def shop(**options):
    """An app whose routes pass records through."""
    app = FastAPI(lifespan=harvest_lifespan({"default": HarvestV1.from_env}), responses=harvest_problems, **options)
    add_handlers(app)

    @app.get("/clients/{id}")
    async def get_client(id: int, harvest: HarvestV1Dep) -> v1.Client:
        return await harvest.clients.get(id)

    @app.get("/clients")
    async def list_clients(harvest: HarvestV1Dep) -> list[v1.Client]:
        return await harvest.clients.list()

    @app.post("/clients", response_model_exclude_none=True)
    async def create_client(draft: v1.Client, harvest: HarvestV1Dep) -> v1.Client:
        return await harvest.clients.create(draft)

    @app.get("/plain/{id}")
    async def without_type(id: int, harvest: HarvestV1Dep):
        return await harvest.clients.get(id)

    @app.get("/any")
    async def any_type(harvest: HarvestV1Dep) -> dict[str, Any]:
        return {"clients": await harvest.clients.list()}

    return app


async def test_a_record_goes_through_a_route():
    """A draft in a request is created; the record is the response, with its type, without one, and inside a dict."""
    async with harvest_app_client(shop()) as client:
        made = (await client.post("/clients", json={"name": "ACME"})).json()
        typed = await client.get(f"/clients/{made['id']}")
        listed = await client.get("/clients")
        plain = await client.get(f"/plain/{made['id']}")
        inside = await client.get("/any")

    assert (made["name"], made["active"]) == ("ACME", True)
    assert "details" not in made or made["details"] is not None
    assert typed.json() == plain.json() == listed.json()[0] == inside.json()["clients"][0]
    assert v1.Client.from_dict(typed.json()).name == "ACME"


async def test_a_list_of_v2_is_a_response():
    """Lists and records of API v2 in the same way."""
    app = FastAPI(lifespan=harvest_lifespan(HarvestV2.from_env))

    @app.get("/clients")
    async def list_clients(harvest: HarvestV2Dep) -> list[NewClient]:
        await harvest.clients.create("ACME")
        return await harvest.clients.list()

    async with harvest_app_client(app) as client:
        response = await client.get("/clients")

    assert [each["name"] for each in response.json()] == ["ACME"]


async def test_a_record_is_the_body_of_a_request():
    """Alone, where it may be left out, and beside others; never a part of the query."""
    app = FastAPI()

    @app.post("/maybe")
    async def maybe(draft: v1.Client | None = None) -> str | None:
        return draft and draft.name

    @app.post("/two")
    async def two(client: v1.Client, contact: v1.Contact) -> list[str | None]:
        return [client.name, contact.last_name]

    async with harvest_app_client(app) as client:
        none, one = await client.post("/maybe"), await client.post("/maybe", json={"name": "ACME"})
        both = await client.post("/two", json={"client": {"name": "ACME"}, "contact": {"last_name": "Miller"}})

    assert (none.json(), one.json(), both.json()) == (None, "ACME", ["ACME", "Miller"])


async def test_a_request_that_is_nested_too_deeply_is_refused():
    """A visitor gets FastAPI's own 422, however deep the values of unknown fields are."""
    transport = httpx.ASGITransport(app=APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as browser:
        found = [
            await browser.post(f"/{place}", content=b'{"odd":' + b"[" * 500 + b"]" * 500 + b"}", headers=JSON)
            for place in range(len(TYPES))
        ]

    assert {each.status_code for each in found} == {422}


async def test_a_request_with_a_wrong_value_is_refused_by_its_field():
    """FastAPI's own 422 names the field; nothing is sent to Harvest."""
    async with harvest_app_client(shop()) as client:
        response = await client.post("/clients", json={"name": "ACME", "highrise_id": "many"})

        client.sandbox.assert_nothing_sent()
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "highrise_id"]


def test_problems_are_declared():
    """Each status of an error is a response of each route, as a problem document; a 503 has `Retry-After`."""
    described = shop().openapi()
    responses = described["paths"]["/clients"]["post"]["responses"]
    statuses = {str(status) for _, status, _ in MEANINGS}

    assert statuses <= set(responses)
    for status in statuses:
        schema = responses[status]["content"]["application/problem+json"]["schema"]
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["properties"]["status"]["const"] == int(status)
    assert "Retry-After" in responses["503"]["headers"]
    assert "Harvest is busy" in responses["503"]["description"]
    assert "application/json" in responses["422"]["content"]


async def test_a_problem_is_what_the_description_says():
    """The documents of a missing record and of a busy account match the declared schemas."""
    app = shop()
    responses = app.openapi()["paths"]["/clients/{id}"]["get"]["responses"]

    async with harvest_app_client(app) as client:
        missing = await client.get("/clients/999999")
        client.sandbox.fault("raw", match={"path": "/clients"}, status=503, headers={"Retry-After": "5"}, times=None)
        wrong = await client.get("/clients/none")

    problem = responses["404"]["content"]["application/problem+json"]["schema"]
    jsonschema.validate(missing.json(), problem)
    assert missing.json()["type"] in problem["properties"]["type"]["examples"]
    jsonschema.validate(wrong.json(), responses["422"]["content"]["application/json"]["schema"])
