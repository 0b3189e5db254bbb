"""The command `harvest-async import`."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

import click
from attrs import evolve

from harvest_async import imports
from harvest_async.cli.common import (
    BAD_INPUT,
    ENVIRONMENT,
    SOME_ROWS,
    account_options,
    fail,
    find_target,
    json_option,
    print_json,
)
from harvest_async.cli.consent import asker
from harvest_async.cli.flow import ImportRequest, ImportRun, run_import
from harvest_async.cli.import_options import FILE, reading_options, running_options
from harvest_async.cli.import_result import show_result
from harvest_async.cli.journals import find_journal
from harvest_async.cli.mapping import show_fields, write_mapping
from harvest_async.cli.offline import plan_offline
from harvest_async.cli.outputs import check_outputs, write_all
from harvest_async.cli.picture import draw_picture
from harvest_async.cli.show import (
    Bar,
    err,
    plan_json,
    show_found,
    show_plan,
    show_problems,
)
from harvest_async.cli.target import Target
from harvest_async.errors import InvalidArgument
from harvest_async.importer.rejects import is_folder, write_rejects
from harvest_async.importer.report import seconds_for
from harvest_async.importer.rules import Rules
from harvest_async.importer.sources import (
    Fill,
    Options,
    Source,
    mapped,
    open_source,
    read_mapping,
)
from harvest_async.throttle.bounds import DEFAULT_CALLS, DEFAULT_PERIOD

__all__ = ["import_"]


@click.command("import", short_help="Import files into an account.", epilog=ENVIRONMENT)
@click.argument("files", metavar="[FILE]...", type=click.Path(exists=True, allow_dash=True, path_type=Path), nargs=-1)
@click.option("--sandbox", is_flag=True, help="Import into a new embedded sandbox in memory.")
@click.option("--sandbox-db", type=FILE, help="Import into the sandbox stored in this file.")
@click.option("--dry-run", is_flag=True, help="Show the plan; only read the account.")
@click.option("--offline", is_flag=True, help="Show the plan for an empty account; send nothing.")
@reading_options
@running_options
@account_options
@json_option
def import_(files: tuple[Path, ...], **options: Any) -> None:
    """Import FILE: time entries, expenses, clients, projects, tasks or people; a folder; or - for standard input.

    Several files are imported as one: one plan, one journal, one report.

    Missing clients, projects, tasks, people and assignments are created. Rows that are in the account already are
    skipped, so the same file can be imported again at any time. If a run ends early, re-run the same command with
    --resume to continue.

    One import or undo of an account runs at a time. While one does, another ends with exit code 2 and names it;
    --dry-run works meanwhile.

    \b
    Try it on a sandbox first:
      harvest-async import toggl.csv --sandbox --client ACME --task Work
    Then show the plan for your account, and import:
      harvest-async import toggl.csv --client ACME --task Work --dry-run
      harvest-async import toggl.csv --client ACME --task Work
    """
    if options["fields"]:
        show_fields(options["format_"], as_json=options["as_json"])
        sys.exit(0)
    if not files and not options["resume"]:
        fail(BAD_INPUT, "Name a FILE to import, or use --resume to continue a run that ended early")
    with ExitStack() as stack:
        reading = _options(options)
        if options["write_mapping"] is not None:
            try:
                write_mapping(files, reading, options["write_mapping"], as_json=options["as_json"])
            except (InvalidArgument, OSError, ImportError) as error:
                _refuse(error, str(error))
            sys.exit(0)
        source = None if not files else stack.enter_context(_opened(files, reading))
        if source is not None and not options["as_json"]:
            show_found(source)
        if options["offline"]:
            _offline(source, options)
        _check_outputs(files, source, options)
        target = find_target(stack, options)
        bar = Bar(target.throttle, quiet=options["as_json"])
        request = _request(target, source, reading, bar, options)
        run = ImportRun(source, request)
        run_import(target, run, bar)
        show_result(run, target, as_json=options["as_json"], faults=_write_files(run, options))


def _options(options: dict[str, Any]) -> Options:
    names = ("encoding", "delimiter", "date_order", "decimal", "sheet", "rounding", "round_to", "midnight",
             "file_zone", "zone", "people_by_email", "long_days", "max_rows", "max_cells", "max_unpacked")  # fmt: skip
    given: dict[str, Any] = {name: options[name] for name in names}
    fill = Fill(*(options[name] for name in ("client", "project", "task", "person", "category")))
    try:
        columns = mapped(options["pairs"])
        reading = Options(format=options["format_"], columns=columns, fill=fill, **given)
        if options["mapping"] is not None:
            mapping = read_mapping(options["mapping"].read_text("utf-8"), reading)
            reading = evolve(mapping, columns={**mapping.columns, **columns})
    except (InvalidArgument, OSError, UnicodeDecodeError) as error:
        _refuse(error, str(error))
    return reading


def _opened(files: tuple[Path, ...], reading: Options) -> Source:
    try:
        if len(files) == 1 and str(files[0]) == "-":
            return open_source(sys.stdin.buffer, reading, "stdin")
        return open_source([sys.stdin.buffer if str(file) == "-" else file for file in files], reading)
    except (InvalidArgument, OSError, ImportError) as error:
        _refuse(error, f"{files[0]}: {error}" if len(files) == 1 else str(error))


def _refuse(error: Exception, message: str) -> NoReturn:
    """End the command with an error about the input."""
    fail(BAD_INPUT, message, error)


def _check_outputs(files: tuple[Path, ...], source: Source | None, options: dict[str, Any]) -> None:
    """Check that the output files can be written before anything is sent."""
    outputs = (
        ("--rejects", options["rejects"], source is not None and is_folder(source)),
        ("--picture", options["picture"], False),
    )
    try:
        check_outputs(outputs, (*files, options["mapping"], options["journal"], options["sandbox_db"]))
    except InvalidArgument as error:
        _refuse(error, error.message)


def _request(
    target: Target, source: Source | None, reading: Options, bar: Bar, options: dict[str, Any]
) -> ImportRequest:
    silent = options["yes"] or options["dry_run"] or (target.loopback and not options["ask"])
    create: imports.CreatePeople = silent or (False if options["as_json"] else asker(bar))
    rules = Rules(max_delay=options["max_delay"], give_up=options["give_up"], max_failures=options["max_failures"])
    request = ImportRequest(
        options=reading,
        email_domain=options["email_domain"],
        create_people=create,
        dry_run=options["dry_run"],
        reference=options["reference"],
        link=options["link"],
        rules=rules,
    )
    try:
        journal, resume = find_journal(target, source, request, options["journal"], resume=options["resume"])
    except InvalidArgument as error:
        _refuse(error, error.message)
    if resume and not options["as_json"]:
        err.print(f"resuming the run of {journal}", markup=False)
    return evolve(request, journal=journal, resume=resume)


def _offline(source: Source | None, options: dict[str, Any]) -> NoReturn:
    """Plan against an empty account and send nothing."""
    if source is None:
        fail(BAD_INPUT, "--offline needs a FILE")
    try:
        seen, reads = plan_offline(source, options["email_domain"])
    except InvalidArgument as error:
        _refuse(error, error.message)
    calls = reads + seen.writes
    seconds = seconds_for(calls, DEFAULT_CALLS, DEFAULT_PERIOD / 1e9)
    if options["as_json"]:
        print_json({"plan": plan_json(seen, calls, seconds)})
    else:
        show_problems(seen.rejected, "rejected")
        show_plan(seen, calls, seconds)
    sys.exit(SOME_ROWS if seen.rejected else 0)


def _write_files(run: ImportRun, options: dict[str, Any]) -> list[str]:
    """Write the requested files; return messages about those that can't be written."""
    source, result = run.source, run.report or run.overview

    def rejects(path: Path) -> None:
        if source is not None and result is not None:
            write_rejects(source, result.rejected, path)

    def picture(path: Path) -> None:
        path.write_text(draw_picture(run.uses), "utf-8")

    return write_all((("--picture", options["picture"], picture), ("--rejects", options["rejects"], rejects)))
