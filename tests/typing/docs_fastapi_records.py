"""A block of docs/fastapi.md, for type checkers."""

# ruff: noqa: T201
from harvest_async import decimals_as
from harvest_async.v2.clients import Client

client = Client.from_dict({"id": 7, "name": "ACME", "new_field": 1.5})
print(client.to_json(), client.to_dict()["name"], client.extra)
decimals_as("string")
