"""The list of invoices of API v1, the only one with pages, read without missing one while others delete some."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from harvest_async.client.steady import agreed
from harvest_async.v1.client import HarvestV1
from harvest_async.v1.models import Invoice

__all__ = ["steady_invoices"]

_PAGE: Final = 50


def steady_invoices(harvest: HarvestV1, updated_since: datetime | None = None) -> AsyncIterator[Invoice]:
    """List the invoices until two readings agree, since no order is documented (see `client.steady`).

    Args:
        harvest: the client.
        updated_since: list only invoices that changed since then; None lists all.
    """

    def read() -> AsyncIterator[Invoice]:
        return harvest.invoices.list(updated_since=updated_since).__aiter__()

    return agreed(read, size=_PAGE)
