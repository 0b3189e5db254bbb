"""`harvest-async export`: its options, and how its end is told.

Rules of this room: see `commands`.
"""

from __future__ import annotations

import asyncio
import sys
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
from harvest_async.cli.show import Bar, err, out
from harvest_async.cli.target import Target

__all__ = ["export"]

_DAY = click.DateTime(["%Y-%m-%d"])


class _KindsOption(click.Option):
    """An option whose help lists the kinds of records of the API version, loaded when the help is shown."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option and its help."""
        self.help = f"Export only these kinds, separated by commas: {', '.join(exports.tables())}."
        return super().get_help_record(ctx)


@click.command(epilog=ENVIRONMENT)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--format", "format_", type=click.Choice(list(exports.FORMATS)), default="jsonl", show_default=True)
@click.option("--only", cls=_KindsOption, metavar="KINDS")
@click.option("--from", "first", type=_DAY, metavar="DAY", help="The first day of time and expenses (2026-01-31).")
@click.option("--to", "last", type=_DAY, metavar="DAY", help="The last day of time and expenses.")
@click.option("--full", is_flag=True, help="Read everything again, so that what was deleted in the account goes, too.")
@click.option("--receipts", is_flag=True, help="Fetch the images of expenses, too: one call each.")
@click.option("--sandbox-db", type=click.Path(dir_okay=False, exists=True, path_type=Path),
              help="Export the sandbox that is kept in this file.")  # fmt: skip
@account_options
@json_option
def export(folder: Path, **options: Any) -> None:
    """Bring the whole account into FOLDER, one file for each kind of record.

    The next export to the same folder reads only what changed since. What is deleted in the account stays in the
    folder until an export with --full. JSON Lines and CSV can be imported again: harvest-async import FOLDER.

    \b
      harvest-async export backup
      harvest-async export warehouse --format parquet --only time_entries,people,projects,clients
    """
    with ExitStack() as stack:
        target = find_target(stack, options)
        errand = _Errand(exports.Exported(folder))
        _run(target, errand, options)
        if options["as_json"]:
            print_json(_document(errand))
        else:
            _tell(errand)
    if errand.interrupted:
        sys.exit(INTERRUPTED)
    if errand.error is not None:
        sys.exit(code_of(errand.error))


@define
class _Errand:
    """One export, and how far it came."""

    exported: exports.Exported
    elapsed: float = 0.0
    error: Exception | None = None
    interrupted: bool = False


def _run(target: Target, errand: _Errand, options: dict[str, Any]) -> None:
    began = monotonic()
    try:
        asyncio.run(_export(target, errand, options))
    except Exception as error:  # noqa: BLE001 - it is shown below what was done until then
        errand.error = error
    except (KeyboardInterrupt, asyncio.CancelledError):
        errand.interrupted = True
    finally:
        errand.elapsed = monotonic() - began


async def _export(target: Target, errand: _Errand, options: dict[str, Any]) -> None:
    bar = Bar(target.throttle, quiet=options["as_json"])
    async with target.client() as harvest, bar.shown():
        await exports.export(
            harvest,
            errand.exported.folder,
            format=options["format_"],
            only=_names(options["only"]),
            first=_day(options["first"]),
            last=_day(options["last"]),
            full=options["full"],
            receipts=options["receipts"],
            identity=target.identity,
            on_progress=bar,
            exported=errand.exported,
        )


def _names(only: str | None) -> list[str]:
    return [name.strip() for name in (only or "").split(",") if name.strip()]


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment is not None else None


def _document(errand: _Errand) -> dict[str, Any]:
    kinds = {
        kind.name: {"file": str(kind.path) if kind.path else None, "read": kind.read, "rows": kind.rows}
        for kind in errand.exported.kinds
    }
    told = {"folder": str(errand.exported.folder), "kinds": kinds, "calls": errand.exported.calls}
    error = errand.error
    why = {"error": error_json(error)} if error is not None else {}
    return {**told, "seconds": round(errand.elapsed, 1), "interrupted": errand.interrupted, **why}


def _tell(errand: _Errand) -> None:
    if errand.error is not None and code_of(errand.error) == BAD_INPUT and not errand.exported.kinds:
        explain(errand.error)
        return
    table = Table(title="Export", title_justify="left")
    for column in ("kind", "read", "in the file", "file"):
        table.add_column(column)
    for kind in errand.exported.kinds:
        where = kind.path.name if kind.path else "switched off in the account"
        table.add_row(kind.name.replace("_", " "), str(kind.read), str(kind.rows), where)
    out.print(table)
    out.print(f"{errand.exported.calls} calls, {errand.elapsed:.1f} s, in {errand.exported.folder}", markup=False)
    if errand.error is not None:
        explain(errand.error)
        err.print("What is done stands; the same command goes on from there.")
    if errand.interrupted:
        err.print(f"interrupted; the same command goes on: harvest-async export {errand.exported.folder}", markup=False)
