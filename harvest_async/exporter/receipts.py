"""Receipts of expenses: one image for each, in a folder beside the records.

Rules of this room: an image is written beside its place, and put there only when it is whole and on the disk. It is
called by its expense's number; an older one of another kind goes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from harvest_async.cancellation import finish
from harvest_async.errors import NotFound
from harvest_async.exporter.files import durable, place, scratch
from harvest_async.exporter.flow import in_order
from harvest_async.v1.client import HarvestV1

__all__ = ["FOLDER", "fetch_receipts"]

FOLDER: Final = "receipts"

_ENDINGS: Final = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "application/pdf": ".pdf",
}
_OTHER: Final = ".bin"


async def fetch_receipts(harvest: HarvestV1, folder: Path, expenses: Sequence[tuple[int, int]]) -> int:
    """Fetch the receipts of expenses, as (expense, person); how many there were.

    Raises:
        HarvestError: one can't be fetched.
    """
    count = 0
    where = folder / FOLDER

    async def read(expense: tuple[int, int]) -> AsyncIterator[Path]:
        with suppress(NotFound):  # it is gone by now
            yield await _fetch(harvest, where, *expense)

    def take(_: tuple[int, int], __: Path) -> None:
        nonlocal count
        count += 1

    async def done(_: tuple[int, int]) -> None:
        """Nothing is left to do."""

    if expenses:
        where.mkdir(exist_ok=True)
    await in_order(expenses, read, take, done)
    return count


async def _fetch(harvest: HarvestV1, where: Path, expense: int, person: int) -> Path:
    new = scratch(where / str(expense))
    try:
        async with harvest.receipts.stream(expense, of_user=person) as picture:
            ending = _ENDINGS.get(picture.content_type.partition(";")[0].strip().lower(), _OTHER)
            with new.open("wb") as file:
                async for chunk in picture:
                    file.write(chunk)
                await finish(asyncio.to_thread(durable, file))
        path = where / f"{expense}{ending}"
        await finish(asyncio.to_thread(_keep, new, path))
    finally:
        new.unlink(missing_ok=True)
    return path


def _keep(new: Path, path: Path) -> None:
    """Put an image in its place, and take an older one of another kind away."""
    for old in path.parent.glob(f"{path.stem}.*"):
        if old != path:
            old.unlink()
    place(new, path)
