"""The state of an import as it changes, for server-sent events.

A stream ends by itself after some seconds, and browsers open it again: so an app that shuts down does not wait for
its visitors, and a visitor who left costs nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, Final

from attrs import frozen

from harvest_async.fastapi.imports.background import BackgroundImports
from harvest_async.fastapi.imports.record import ImportRecord

__all__ = ["AGAIN", "Shown", "changes", "shown"]

AGAIN: Final = 500
"""Milliseconds after which a browser opens a stream again."""

_LASTS: Final = 3.0
_LOOK: Final = 0.2


@frozen
class Shown:
    """An import as it is shown.

    Attributes:
        record: its record.
        progress: the progress of its phase; None while there is none.
    """

    record: ImportRecord
    progress: dict[str, Any] | None


async def shown(background: BackgroundImports, record: ImportRecord) -> Shown:
    """Return an import as it is shown."""
    return Shown(record, await background.read(background.folder.progress, record.id) if record.is_active else None)


async def changes(background: BackgroundImports, number: str, owner: str) -> AsyncIterator[Shown]:
    """Yield an import at once, and whenever it has changed; end with its phase, or after some seconds."""
    until, version = time.monotonic() + _LASTS, None
    while time.monotonic() < until:
        latest = await background.read(background.folder.version, number)
        if latest != version:
            record = await background.find(number, owner)
            if record is None:
                return
            yield await shown(background, record)
            if not record.is_active:
                return
            version = latest
        await asyncio.sleep(_LOOK)
