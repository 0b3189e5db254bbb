"""The list of records that an export found deleted, kept beside the files.

The API reports no deletions. An export that reads everything compares the ids of its older files with those that the
account has now. What is missing is appended to the list before the older file is replaced, so that an interruption
loses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from harvest_async.errors import InvalidArgument
from harvest_async.exporter.disk import durable, place, scratch

__all__ = ["NAME", "note_deleted", "read_deleted"]

NAME: Final = "export.deleted.jsonl"
"""The file's name; each line has the kind and the id of one record."""


def read_deleted(folder: Path) -> dict[str, list[int]]:
    """Return the ids of deleted records by kind.

    Raises:
        InvalidArgument: the list can't be read.
    """
    path, found = folder / NAME, dict[str, list[int]]()
    if not path.is_file():
        return found
    for line in path.read_text("utf-8").splitlines():
        try:
            each = json.loads(line)
            found.setdefault(str(each["kind"]), []).append(int(each["id"]))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InvalidArgument(f"{path}: the list can't be read ({error}): move the file away") from error
    return found


def note_deleted(folder: Path, kind: str, ids: Iterable[int]) -> None:
    """Append records to the list, those that it has already left out."""
    path, known = folder / NAME, set(read_deleted(folder).get(kind, ()))
    lines = [json.dumps({"kind": kind, "id": each}) for each in ids if each not in known]
    if not lines:
        return
    new = scratch(path)
    file = new.open("w", encoding="utf-8", newline="\n")
    file.write((path.read_text("utf-8") if path.is_file() else "") + "".join(f"{line}\n" for line in lines))
    durable(file)
    place(new, path)
