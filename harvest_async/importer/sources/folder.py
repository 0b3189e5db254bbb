"""The files of a folder that an export wrote: which of them are imported, and notices about the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.columns import ENDINGS, KINDS, file_names
from harvest_async.importer.sources.kinds import Notice
from harvest_async.importer.sources.opening import records_of

__all__ = ["files_of"]

_NOT_CREATED: Final = "is not read: an import creates no {}"
_PASSED: Final = {
    "company": "",
    "invoice_messages": "is not read: an import sends no messages about invoices",
    "estimate_messages": "is not read: an import sends no messages about estimates",
    **dict.fromkeys(("billable_rates", "cost_rates"), "is not read: people get the rates that they have in users"),
    **{
        name: _NOT_CREATED.format(name.replace("_", " ")) for name in ("estimates", "estimate_item_categories", "roles")
    },
    "teammates": "is not read: an import assigns no teammates",
}
"""Files of an export that are not imported, and the notice about each."""


def files_of(folder: Path) -> tuple[list[Path], tuple[Notice, ...]]:
    """Return the files to import, records before those that refer to them, and notices about the others.

    Raises:
        InvalidArgument: there is none, or two have the same kind of record.
    """
    there = {path.name: path for path in sorted(folder.iterdir()) if path.is_file() and path.stat().st_size}
    called = {kind: [name for name in file_names(kind) if name in there] for kind in KINDS if kind not in _PASSED}
    if doubled := next((names for names in called.values() if len(names) > 1), None):
        raise InvalidArgument(
            f"the folder holds {' and '.join(doubled)}, which have the same kind of record: leave one of them out"
        )
    wanted = [there[name] for names in called.values() for name in names]
    if not wanted:
        names = ", ".join(f"{kind}.jsonl" for kind in KINDS)
        raise InvalidArgument(f"the folder has none of the files that an export writes, or all are empty: {names}")
    left = [path for path in there.values() if path not in wanted and path.suffix in ENDINGS]
    return wanted, tuple(_unread(left))


def _unread(paths: Sequence[Path]) -> Iterator[Notice]:
    """Yield a notice about each file of a folder that is not imported; there is none about an export's empty file."""
    for path in paths:
        text = _PASSED.get(path.stem, "is not read: no resource is called so")
        if text and (path.stem not in _PASSED or next(records_of(path), None)):
            yield Notice("", text, path.name)
