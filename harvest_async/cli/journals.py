"""Find the journal of an import.

A journal is named after its account and its file and stored next to the throttle's ledger. A run that ended early is
resumed; a new run gets a new journal, so that an older one can still be undone.
"""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

from harvest_async.cli.flow import ImportRequest
from harvest_async.cli.target import Target, state_path
from harvest_async.importer.journal import Journal, JournalError, JournalInUse
from harvest_async.importer.sources import Source

__all__ = ["find_journal"]


def find_journal(
    target: Target, source: Source | None, request: ImportRequest, given: Path | None, *, resume: bool
) -> tuple[Path | None, bool]:
    """The journal of a run, and whether it is there already; None for an account that ends with the run.

    Raises:
        JournalError: there is nothing to resume, or what was named is done already.
    """
    if request.dry_run:
        return None, False
    if given is not None:
        return given, _look(given, resume=resume)
    if target.passing:
        if resume:
            raise JournalError("a sandbox in memory ends with its run: there is nothing to resume")
        return None, False
    known = _known(target, source)
    open_ones = [path for path in known if _status(path, skip_in_use=source is None) == "open"]
    if open_ones:
        return open_ones[-1], True
    if resume or source is None:
        raise JournalError("found no run that ended early for this account and file: name its --journal")
    return _free(target, source, len(known)), False


def _look(path: Path, *, resume: bool) -> bool:
    if not path.exists():
        if resume:
            raise JournalError(f"{path}: there is no such journal")
        return False
    status = _status(path)
    if status == "unplanned":
        if resume:
            raise JournalError(f"{path}: its run ended before anything was sent: there is nothing to resume")
        return False
    if status == "finished" and not resume:
        raise JournalError(f"{path}: this run is done: name another --journal for a new one")
    return True


def _known(target: Target, source: Source | None) -> list[Path]:
    """The account's journals, of this file where there is one; the newest last."""
    pattern = f"{_account(target)}-*.journal" if source is None else f"{_stem(target, source)}*.journal"
    return sorted(_folder().glob(pattern), key=lambda path: (path.stat().st_mtime_ns, path.name))


def _status(path: Path, *, skip_in_use: bool = False) -> str:
    """Return "open", "finished", or "unplanned" for a run that ended before anything could be sent.

    Args:
        path: the journal.
        skip_in_use: return "in use" for a journal that another process has, instead of an error.

    Raises:
        JournalError: it can't be read. It stays as it is, and no new run begins in its place.
    """
    try:
        with Journal(path, inline=True) as journal:
            meta = journal.meta
            if meta.get("planned") != "1":
                journal.clear()
                return "unplanned"
    except JournalInUse:
        if not skip_in_use:
            raise
        return "in use"
    return "finished" if meta.get("finished") == "1" else "open"


def _free(target: Target, source: Source, count: int) -> Path:
    while (path := _folder() / f"{_stem(target, source)}-{count + 1}.journal").exists():
        count += 1
    return path


def _folder() -> Path:
    return state_path() / "journals"


def _stem(target: Target, source: Source) -> str:
    return f"{_account(target)}-{source.sha256[:12]}"


def _account(target: Target) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", target.name.lower()).strip("-")
    return f"{plain}-{sha256(target.identity.encode()).hexdigest()[:6]}"
