"""Export the receipts of expenses, one image each, into a folder beside the records.

Invariants:
    An image is named after its expense's id. It is renamed into place when it is complete and on the disk; an older
    image of another type is deleted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from harvest_async.cancellation import finish
from harvest_async.concurrency import gather
from harvest_async.errors import NotFound
from harvest_async.exporter.account import ExportAccount
from harvest_async.exporter.disk import durable, place, scratch

__all__ = ["FOLDER", "fetch_receipts"]

FOLDER: Final = "receipts"

_ENDINGS: Final = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "application/pdf": ".pdf",
}
_OTHER: Final = ".bin"
_CONCURRENT: Final = 12


async def fetch_receipts(account: ExportAccount, folder: Path, expenses: Sequence[tuple[int, int]]) -> int:
    """Fetch the receipts of expenses, given as (expense, person); return their number.

    Raises:
        HarvestError: a receipt can't be fetched.
    """
    where = folder / FOLDER

    async def fetch(expense: int, person: int) -> int:
        with suppress(NotFound):  # deleted meanwhile
            await _fetch(account, where, expense, person)
            return 1
        return 0

    if expenses:
        where.mkdir(exist_ok=True)
    return sum(await gather([partial(fetch, *each) for each in expenses], limit=_CONCURRENT))


async def _fetch(account: ExportAccount, where: Path, expense: int, person: int) -> None:
    new = scratch(where / str(expense))
    try:
        async with account.receipt(expense, person) as image:
            ending = _ENDINGS.get(image.content_type.partition(";")[0].strip().lower(), _OTHER)
            with new.open("wb") as file:
                async for chunk in image:
                    file.write(chunk)
                await finish(asyncio.to_thread(durable, file))
        path = where / f"{expense}{ending}"
        await finish(asyncio.to_thread(_keep, new, path))
    finally:
        new.unlink(missing_ok=True)


def _keep(new: Path, path: Path) -> None:
    """Rename an image into place, and delete an older one of another type."""
    for old in path.parent.glob(f"{path.stem}.*"):
        if old != path:
            old.unlink()
    place(new, path)
