"""The command `harvest-async undo`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from harvest_async import imports
from harvest_async.cli.common import (
    ENVIRONMENT,
    SOME_ROWS,
    account_options,
    asked,
    find_target,
    json_option,
    print_json,
)
from harvest_async.cli.locking import OnlyRun, locked
from harvest_async.cli.show import Bar, counted, err, out, show_left
from harvest_async.cli.target import Target
from harvest_async.importer.journal import Journal

if TYPE_CHECKING:
    from harvest_async.versions import Client

__all__ = ["undo"]

T = TypeVar("T")


@click.command(short_help="Delete the records that an import created.", epilog=ENVIRONMENT)
@click.argument("journal", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--sandbox-db", type=click.Path(dir_okay=False, path_type=Path), help="Undo in the sandbox stored in this file."
)
@click.option(
    "--unlink", is_flag=True, help="Delete nothing: remove the references of the run's time entries (API v2)."
)
@account_options
@json_option
def undo(journal: Path, *, unlink: bool, as_json: bool, **options: Any) -> None:
    """Delete the records that the run of JOURNAL created, if the server allows it, and list the rest.

    Records that existed before the run are kept, including those that the run updated. If the run gave its time entries
    references (API v2), an entry that has lost its reference is kept, too; --unlink removes the references, after which
    the entries can't be undone any more.

    One import or undo of an account runs at a time. While one does, another ends with exit code 2 and names it.
    """
    with ExitStack() as stack:
        Journal.existing(journal).close()  # a file that is no journal is refused before credentials are asked for
        target = find_target(stack, {**options, "as_json": as_json})
        if unlink:
            _unlink(target, journal, as_json=as_json)

        async def do() -> imports.UndoResult:
            bar = Bar(target.throttle, quiet=as_json)
            async with _writing(target, journal, bar) as (harvest, opened, only):
                identity = target.identity
                return await imports.undo(harvest, opened, identity=identity, on_progress=bar, guard=only.guard)

        undone: imports.UndoResult = _finished(do)
    if as_json:
        counts = {"removed": undone.removed, "went_along": undone.removed_with_project, "unknown": undone.unknown}
        print_json({**counts, "left": list(undone.left)})
    else:
        out.print(f"removed: {counted(undone.removed, 'record')}")
        if undone.removed_with_project:
            out.print(f"removed together with their projects: {counted(undone.removed_with_project, 'assignment')}")
        show_left(undone.left)
        if undone.unknown:
            err.print(f"  unknown: {counted(undone.unknown, 'write')} may have created records: resume the run first")
    sys.exit(SOME_ROWS if undone.left or undone.unknown else 0)


def _finished(do: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Return the result of the calls; after Ctrl-C say how to continue."""
    try:
        return asked(do)
    except KeyboardInterrupt:
        err.print("What was done so far is done. Re-run the same command to continue.")
        raise


@asynccontextmanager
async def _writing(target: Target, path: Path, bar: Bar) -> AsyncIterator[tuple[Client, Journal, OnlyRun]]:
    """Open the account and the journal, as the only run that writes to the account."""
    with Journal.existing(path) as journal:
        journal.expect(account=target.identity)
        async with target.client() as harvest, bar.shown(), locked(target, _words(target, path), bar, journal) as only:
            await only.keep_in(journal)
            yield harvest, journal, only


def _words(target: Target, journal: Path) -> str:
    """Return the command for those who find its lock held."""
    return shlex.join(("harvest-async", "undo", str(journal.absolute()), *target.words))


def _unlink(target: Target, journal: Path, *, as_json: bool) -> NoReturn:
    """Remove the references of a run, and end the command."""

    async def do() -> imports.UnlinkResult:
        bar = Bar(target.throttle, quiet=as_json)
        async with _writing(target, journal, bar) as (harvest, opened, _):
            return await imports.unlink(harvest, opened, identity=target.identity, on_progress=bar)

    result: imports.UnlinkResult = _finished(do)
    if as_json:
        print_json({"removed": result.removed, "left": list(result.left)})
    else:
        out.print(f"removed: the references of {counted(result.removed, 'entry', 'entries')}")
        show_left(result.left)
    sys.exit(SOME_ROWS if result.left else 0)
