"""A block of docs/fastapi.md, for type checkers."""

# ruff: noqa: I001
import pytest
from fastapi import FastAPI
from harvest_async.testing import harvest_app_client

pytestmark = pytest.mark.anyio


async def test_clients(app: FastAPI) -> None:
    async with harvest_app_client(app) as client:
        assert (await client.get("/clients")).json() == []
        assert [request.path for request in client.sandbox.requests()][-1] == "/clients"
        client.sandbox.reset()
        assert (await client.post("/clients", json={"name": 5, "active": "?"})).status_code == 422
        client.sandbox.assert_nothing_sent()
        client.sandbox.fault("raw", match={"path": "/clients"}, status=404)
        assert (await client.get("/clients")).status_code == 404
