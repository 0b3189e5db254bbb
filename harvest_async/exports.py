"""Export a whole account into a folder, one file for each kind of record, and update the folder later.

    exported = await exports.export(harvest, "acme")
    print([(kind.name, kind.rows) for kind in exported.kinds])

Notes:
    Records are written as the API returns them. Memory use does not depend on their number, except for the ids of the
    records that changed. A file is replaced only when its successor is complete and on the disk. The files can be
    imported again, by either API version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harvest_async import versions
from harvest_async.exporter.account import ExportAccount, ExportTable
from harvest_async.exporter.disk import storage_errors
from harvest_async.exporter.files import FORMATS
from harvest_async.exporter.run import Exported, Kept, export_account
from harvest_async.progress import Progress, Quiet

if TYPE_CHECKING:
    from harvest_async.versions import Client

__all__ = ["FORMATS", "Exported", "Kept", "export", "tables"]

_QUIET: Final = Quiet()


def tables(version: str = versions.DEFAULT) -> Mapping[str, ExportTable]:
    """Return the kinds of records that can be exported, by name.

    Args:
        version: the API version.
    """
    found: Mapping[str, ExportTable] = versions.load("export_account", version).tables
    return found


async def export(
    harvest: Client,
    folder: str | Path,
    *,
    format: str = "jsonl",
    only: Iterable[str] = (),
    first: date | None = None,
    last: date | None = None,
    full: bool = False,
    receipts: bool = False,
    deleted: bool = False,
    identity: str | None = None,
    on_progress: Progress = _QUIET,
    exported: Exported | None = None,
) -> Exported:
    """Export an account's records into a folder, one file for each kind, or update an earlier export.

    Args:
        harvest: the account's client, signed in as an administrator.
        folder: the folder of the files; created if necessary.
        format: `jsonl`, `csv` or `parquet`.
        only: the kinds to export; all by default.
        first: the first day of time entries and expenses; all by default.
        last: the last day, included.
        full: read everything again, so that records deleted in the account disappear from the files.
        receipts: also fetch the images of the expenses that are read, into the folder `receipts`: one call each.
        deleted: read everything again, and list the records that an earlier export had and that the account has no
            longer, in `kinds` and in the file `export.deleted.jsonl`: the API reports no deletions. Time entries and
            expenses are compared only in exports of all days.
        identity: a unique name of the account; its service and name by default.
        on_progress: observes the progress.
        exported: a result to fill in, for callers who need it after an error.

    Returns:
        The number of records and rows of each kind.

    Raises:
        InvalidArgument: an option is invalid, or the folder holds another export.
        ImportError: the format needs an extra that is not installed.
        StorageError: a file can't be written: the disk is full, for example. Completed files are kept.
        HarvestError: the account can't be read. Completed files are kept, and the same call resumes the export.
    """
    account: ExportAccount = versions.load("export_account", versions.version_of(harvest))(harvest)
    result = exported if exported is not None else Exported(Path(folder))
    before = harvest.throttle.snapshot().granted
    try:
        with harvest.bulk(), storage_errors(Path(folder)):
            await export_account(
                account,
                result,
                identity=identity or str(harvest.identity),
                format=format,
                only=only,
                first=first,
                last=last,
                full=full,
                receipts=receipts,
                deleted=deleted,
                on_progress=on_progress,
                folder=Path(folder),
            )
    finally:
        result.calls = harvest.throttle.snapshot().granted - before
    return result
