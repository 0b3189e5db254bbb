"""The command `harvest-async export`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import click
from attrs import define
from rich.table import Table

from harvest_async import exports
from harvest_async.cli.common import ENVIRONMENT, account_options, find_target, json_option
from harvest_async.cli.edge import BAD_INPUT, INTERRUPTED, code_of, error_json, explain, print_json
from harvest_async.cli.show import Bar, counted, err, out
from harvest_async.cli.target import Target
from harvest_async.errors import InvalidArgument
from harvest_async.versions import VERSIONS

__all__ = ["export"]

_DAY = click.DateTime(["%Y-%m-%d"])
_SHOWN = 5


class _KindsOption(click.Option):
    """An option whose help lists the kinds of records of the API version, loaded when the help is shown."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option and its help."""
        try:
            kinds = " ".join(f"API {name}: {', '.join(exports.tables(name))}." for name in VERSIONS)
        except InvalidArgument:  # a version is missing; running the command says so
            kinds = ""
        self.help = f"Export only these kinds, separated by commas. {kinds}".strip()
        return super().get_help_record(ctx)


@click.command(short_help="Export an account to a folder.", epilog=ENVIRONMENT)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(exports.FORMATS)),
    default="jsonl",
    show_default=True,
    help="Format of the files.",
)
@click.option("--only", cls=_KindsOption, metavar="KINDS")
@click.option("--from", "first", type=_DAY, metavar="DAY", help="First day of time entries and expenses (2026-01-31).")
@click.option("--to", "last", type=_DAY, metavar="DAY", help="Last day of time entries and expenses.")
@click.option("--full", is_flag=True, help="Read everything again, which also removes deleted records.")
@click.option(
    "--deleted", is_flag=True, help="Read everything again, and list the records that were deleted meanwhile."
)
@click.option("--receipts", is_flag=True, help="Also fetch the receipts of expenses: one call each.")
@click.option("--sandbox-db", type=click.Path(dir_okay=False, exists=True, path_type=Path),
              help="Export the sandbox stored in this file.")  # fmt: skip
@account_options
@json_option
def export(folder: Path, **options: Any) -> None:
    """Export the whole account to FOLDER, one file for each kind of record.

    The next export to the same folder reads only the changes. Records that were deleted in the account stay in the
    folder until an export with --full or --deleted; the latter also lists them in export.deleted.jsonl. An
    export can be imported again, by either API version: harvest-async import FOLDER.

    \b
      harvest-async export backup
      harvest-async export warehouse --format parquet --only time_entries,people,projects,clients
    """
    with ExitStack() as stack:
        target = find_target(stack, options)
        run = _Run(exports.Exported(folder))
        _execute(target, run, options)
        if options["as_json"]:
            print_json(_document(run))
        else:
            _show(run)
    if run.interrupted:
        sys.exit(INTERRUPTED)
    if run.error is not None:
        sys.exit(code_of(run.error))


@define
class _Run:
    """One export and its result."""

    exported: exports.Exported
    elapsed: float = 0.0
    error: Exception | None = None
    interrupted: bool = False


def _execute(target: Target, run: _Run, options: dict[str, Any]) -> None:
    began = monotonic()
    try:
        asyncio.run(_export(target, run, options))
    except Exception as error:  # noqa: BLE001 - it is shown below what was done until then
        run.error = error
    except (KeyboardInterrupt, asyncio.CancelledError):
        run.interrupted = True
    finally:
        run.elapsed = monotonic() - began


async def _export(target: Target, run: _Run, options: dict[str, Any]) -> None:
    bar = Bar(target.throttle, quiet=options["as_json"])
    async with target.client() as harvest, bar.shown():
        await exports.export(
            harvest,
            run.exported.folder,
            format=options["format_"],
            only=_names(options["only"]),
            first=_day(options["first"]),
            last=_day(options["last"]),
            full=options["full"],
            receipts=options["receipts"],
            deleted=options["deleted"],
            identity=target.identity,
            on_progress=bar,
            exported=run.exported,
        )


def _listed(ids: Sequence[int]) -> str:
    """Return the number of deleted records, and the first ids."""
    if not ids:
        return "0"
    shown = ", ".join(map(str, ids[:_SHOWN]))
    return f"{len(ids)} ({shown}{', ...' if len(ids) > _SHOWN else ''})"


def _names(only: str | None) -> list[str]:
    return [name.strip() for name in (only or "").split(",") if name.strip()]


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment is not None else None


def _document(run: _Run) -> dict[str, Any]:
    kinds = {
        kind.name: {"file": str(kind.path) if kind.path else None, "read": kind.read, "rows": kind.rows}
        | ({} if kind.deleted is None else {"deleted": list(kind.deleted)})
        for kind in run.exported.kinds
    }
    document = {"folder": str(run.exported.folder), "kinds": kinds, "calls": run.exported.calls}
    error = run.error
    why = {"error": error_json(error)} if error is not None else {}
    return {**document, "seconds": round(run.elapsed, 1), "interrupted": run.interrupted, **why}


def _show(run: _Run) -> None:
    if run.error is not None and code_of(run.error) == BAD_INPUT and not run.exported.kinds:
        explain(run.error)
        return
    table = Table(title="Export", title_justify="left")
    is_compared = any(kind.deleted is not None for kind in run.exported.kinds)
    for column in ("kind", "read", "in the file", *(("deleted",) if is_compared else ()), "file"):
        table.add_column(column)
    for kind in run.exported.kinds:
        where = kind.path.name if kind.path else "disabled in the account"
        missing = ("-" if kind.deleted is None else _listed(kind.deleted),) if is_compared else ()
        table.add_row(kind.name.replace("_", " "), str(kind.read), str(kind.rows), *missing, where)
    out.print(table)
    out.print(f"{counted(run.exported.calls, 'call')}, {run.elapsed:.1f} s, in {run.exported.folder}", markup=False)
    if run.error is not None:
        explain(run.error)
        err.print("Completed files are kept. Re-run the same command to continue.")
    if run.interrupted:
        err.print("interrupted. Completed files are kept. Re-run the same command to continue.")
