"""The addresses of API v1."""

from __future__ import annotations

from typing import Final

from harvest_async.address import home_of
from harvest_async.service import Service

__all__ = ["SERVICE"]

SERVICE: Final = Service(
    name="harvestapp.com", home=home_of, id_url="https://api.harvestapp.com", token_lifetime=64_799
)
"""An account's people sign in at its own address, people of any account at `id_url`."""
