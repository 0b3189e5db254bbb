"""What both routers have in common: finding an import, and the actions on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from fastapi import HTTPException
from fastapi.responses import FileResponse

from harvest_async.fastapi.imports.background import BackgroundImports
from harvest_async.fastapi.imports.record import ImportRecord, Phase

__all__ = ["ACTIONS", "act", "allowed", "found", "rejected_rows"]

Action = Callable[[BackgroundImports, ImportRecord], Awaitable[ImportRecord | None]]


async def _cancel(background: BackgroundImports, record: ImportRecord) -> ImportRecord:
    background.cancel(record)
    return record


ACTIONS: Final[Mapping[str, Action]] = {
    "confirm": BackgroundImports.confirm,
    "cancel": _cancel,
    "resume": BackgroundImports.resume,
    "undo": BackgroundImports.undo,
    "remove": BackgroundImports.remove,
}
"""The actions on an import; one that removes it returns None."""


async def act(background: BackgroundImports, record: ImportRecord, action: str) -> ImportRecord | None:
    """Do an action on an import.

    Raises:
        HTTPException: there is no such action.
        Refusal: it is not possible now.
    """
    if action not in ACTIONS:
        raise HTTPException(404)
    return await ACTIONS[action](background, record)


def allowed(record: ImportRecord) -> list[str]:
    """Return the actions that are possible now."""
    possible = {
        "confirm": record.phase is Phase.PLANNED,
        "cancel": record.phase in {Phase.PLANNING, Phase.RUNNING},
        "resume": record.can_resume,
        "undo": record.can_undo,
        "remove": not record.is_active,
    }
    return [action for action, is_possible in possible.items() if is_possible]


async def found(background: BackgroundImports, number: str, owner: str) -> ImportRecord:
    """Return an import of a visitor's account.

    Raises:
        HTTPException: there is none, or it belongs to another account.
    """
    record = await background.find(number, owner)
    if record is None:
        raise HTTPException(404)
    return record


def rejected_rows(background: BackgroundImports, record: ImportRecord) -> FileResponse:
    """Return the file with the rejected rows.

    Raises:
        HTTPException: there is none.
    """
    path = background.folder.rejected(record.id)
    if not path.exists():
        raise HTTPException(404)
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    stem = record.file.rpartition(".")[0]
    return FileResponse(path, media_type="text/csv; charset=utf-8", filename=f"{stem}-rejected.csv", headers=headers)
