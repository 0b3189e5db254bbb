"""`harvest-async import`: its options, and how its end is told.

Rules of this room: see `commands`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

import click
from attrs import evolve

from harvest_async import imports
from harvest_async.cli.common import (
    BAD_INPUT,
    ENVIRONMENT,
    INTERRUPTED,
    NO_SERVER,
    SOME_ROWS,
    account_options,
    fail,
    find_target,
    json_option,
    print_json,
)
from harvest_async.cli.consent import asker
from harvest_async.cli.edge import code_of, error_json, explain
from harvest_async.cli.flow import ImportRequest, ImportRun, run_errand
from harvest_async.cli.journals import find_journal
from harvest_async.cli.mapping import show_fields, write_mapping
from harvest_async.cli.offline import plan_offline
from harvest_async.cli.outputs import check_outputs, write_all
from harvest_async.cli.picture import draw_picture
from harvest_async.cli.rejects import is_folder, write_rejects
from harvest_async.cli.show import (
    Bar,
    err,
    out,
    plan_json,
    report_json,
    show_found,
    show_plan,
    show_problems,
    show_report,
)
from harvest_async.cli.target import Target
from harvest_async.errors import HarvestError, InvalidArgument
from harvest_async.importer.report import seconds_for
from harvest_async.importer.rules import Rules
from harvest_async.importer.sources import (
    FORMATS,
    ROUNDINGS,
    Fill,
    Options,
    Source,
    mapped,
    open_source,
    read_mapping,
)
from harvest_async.throttle.state import DEFAULT_CALLS, DEFAULT_PERIOD

__all__ = ["import_", "tell"]

_FILE = click.Path(dir_okay=False, path_type=Path)


def _reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed((
        click.option("--format", "format_", type=click.Choice(["auto", *FORMATS]), default="auto", show_default=True),
        click.option("--map", "pairs", multiple=True, metavar="COLUMN=FIELD",
                     help="Read COLUMN as FIELD (see --fields); COLUMN= leaves it out. Repeatable."),
        click.option("--mapping", type=_FILE, help="A TOML file that says how the file is to be read."),
        click.option("--write-mapping", type=_FILE, metavar="TOML",
                     help="Write such a file for FILE, to be edited and given to --mapping; import nothing."),
        click.option("--fields", is_flag=True, help="List the fields for --map with their types; import nothing."),
        click.option("--client", help="The client of rows that name none."),
        click.option("--project", help="The project of rows that name none."),
        click.option("--task", help="The task of rows that name none."),
        click.option("--person", help="The person (e-mail or name) of rows that name none."),
        click.option("--category", help="The category of expenses that name none."),
        click.option("--email-domain", help="Gives people an e-mail address who have none: first.last@DOMAIN."),
        click.option("--encoding", help="The file's encoding, where it is not found."),
        click.option("--delimiter", help="What parts the cells, where it is not found."),
        click.option("--date-order", type=click.Choice(["dmy", "mdy", "ymd"]), help="How 01/02/2026 is read."),
        click.option("--decimal", type=click.Choice([".", ","]), help="The decimal mark, where it is not found."),
        click.option("--sheet", help="The sheet of a workbook (XLSX, ODS, XLS)."),
        click.option("--max-rows", type=click.IntRange(1), help="Rows that a sheet may have (1,048,576)."),
        click.option("--max-cells", type=click.IntRange(1), help="Cells that a sheet may have (4,000,000)."),
        click.option("--max-unpacked", type=click.IntRange(1), metavar="MIB",
                     help="MiB that a workbook may take when unpacked (512)."),
        click.option("--round", "rounding", type=click.Choice(list(ROUNDINGS)), default="half-up", show_default=True,
                     help="How hours are brought to two decimals."),
        click.option("--round-to", type=int, metavar="MINUTES", help="Brings hours to so many minutes first."),
        click.option("--midnight", type=click.Choice(["keep", "split"]), default="keep", show_default=True,
                     help="What becomes of an entry over midnight."),
        click.option("--file-zone", help="The zone of the file's times (IANA), with --zone."),
        click.option("--zone", help="The zone that they are moved to (IANA)."),
        click.option("--people-by-email", is_flag=True, help="The e-mail address alone tells who somebody is."),
        click.option("--long-days", is_flag=True, help="Allows a person more than 24 hours on a day."),
    )):  # fmt: skip
        command = option(command)
    return command


def _running_options(command: Callable[..., Any]) -> Callable[..., Any]:
    rules = Rules()
    for option in reversed((
        click.option("--journal", type=_FILE, help="Where the run's journal is kept."),
        click.option("--resume", is_flag=True, help="Go on with a run that ended early."),
        click.option("--rejects", type=click.Path(path_type=Path),
                     help="Write rejected rows here, to be mended and loaded again."),
        click.option("--picture", type=_FILE, help="Draw how the window was used (SVG)."),
        click.option("--max-failures", type=click.IntRange(1), help="End after so many rows were refused."),
        click.option("--max-delay", type=click.FloatRange(0), default=rules.max_delay, show_default=True,
                     help="Seconds after which a call whose answer was lost is looked for."),
        click.option("--give-up", type=click.FloatRange(0), default=rules.give_up, show_default=True,
                     help="Seconds without an answer of the server after which the run ends."),
        click.option("--yes", is_flag=True, help="Make missing people without asking; each gets an e-mail and a seat."),
        click.option("--ask", is_flag=True, help="Ask about people on loopback, too, where nobody gets an e-mail."),
    )):  # fmt: skip
        command = option(command)
    return command


@click.command("import", epilog=ENVIRONMENT)
@click.argument("files", metavar="[FILE]...", type=click.Path(exists=True, allow_dash=True, path_type=Path), nargs=-1)
@click.option("--sandbox", is_flag=True, help="Import into an embedded sandbox, fresh and in memory.")
@click.option("--sandbox-db", type=_FILE, help="Keep the sandbox in this file.")
@click.option("--dry-run", is_flag=True, help="Only read the account, and show the plan.")
@click.option("--offline", is_flag=True, help="Send nothing; show the plan for an empty account.")
@_reading_options
@_running_options
@account_options
@json_option
def import_(files: tuple[Path, ...], **options: Any) -> None:
    """Import FILE: a table of time entries, expenses, clients, projects, tasks or people; a folder; or - for a stream.

    Several files are imported as one: one plan, one journal, one report.

    Clients, projects, tasks, people and assignments are found or made. Rows that are in the account already are left
    alone, so the same file can be imported again at any time. A run that ended early is gone on with by the same
    command, or by --resume.

    \b
    Try it on a sandbox first:
      harvest-async import toggl.csv --sandbox --client ACME --task Work
    Then see what it would do to your account, and do it:
      harvest-async import toggl.csv --client ACME --task Work --dry-run
      harvest-async import toggl.csv --client ACME --task Work
    """
    if options["fields"]:
        show_fields(options["format_"], as_json=options["as_json"])
        sys.exit(0)
    if not files and not options["resume"]:
        fail(BAD_INPUT, "name a FILE to import, or --resume to go on with a run that ended early")
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
        wishes = _wishes(target, source, reading, bar, options)
        errand = ImportRun(source, wishes)
        run_errand(target, errand, bar)
        tell(errand, target, as_json=options["as_json"], faults=_write_files(errand, options))


def _options(options: dict[str, Any]) -> Options:
    names = ("encoding", "delimiter", "date_order", "decimal", "sheet", "rounding", "round_to", "midnight",
             "file_zone", "zone", "people_by_email", "long_days", "max_rows", "max_cells", "max_unpacked")  # fmt: skip
    given: dict[str, Any] = {name: options[name] for name in names}
    fill = Fill(*(options[name] for name in ("client", "project", "task", "person", "category")))
    try:
        columns = mapped(options["pairs"])
        reading = Options(format=options["format_"], columns=columns, fill=fill, **given)
        if options["mapping"] is not None:
            told = read_mapping(options["mapping"].read_text("utf-8"), reading)
            reading = evolve(told, columns={**told.columns, **columns})
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
    """Say what is wrong with the input, to programs too, and end."""
    fail(BAD_INPUT, message, error)


def _check_outputs(files: tuple[Path, ...], source: Source | None, options: dict[str, Any]) -> None:
    """See that what is to be written can be, before anything is sent."""
    outputs = (
        ("--rejects", options["rejects"], source is not None and is_folder(source)),
        ("--picture", options["picture"], False),
    )
    try:
        check_outputs(outputs, (*files, options["mapping"], options["journal"], options["sandbox_db"]))
    except InvalidArgument as error:
        _refuse(error, error.message)


def _wishes(
    target: Target, source: Source | None, reading: Options, bar: Bar, options: dict[str, Any]
) -> ImportRequest:
    silent = options["yes"] or options["dry_run"] or (target.loopback and not options["ask"])
    may_make: imports.CreatePeople = silent or (False if options["as_json"] else asker(bar))
    rules = Rules(max_delay=options["max_delay"], give_up=options["give_up"], max_failures=options["max_failures"])
    wishes = ImportRequest(
        options=reading,
        email_domain=options["email_domain"],
        create_people=may_make,
        dry_run=options["dry_run"],
        rules=rules,
    )
    try:
        journal, resume = find_journal(target, source, wishes, options["journal"], resume=options["resume"])
    except InvalidArgument as error:
        _refuse(error, error.message)
    return evolve(wishes, journal=journal, resume=resume)


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


def _write_files(errand: ImportRun, options: dict[str, Any]) -> list[str]:
    """Write what was asked for beside the report; return what could not be written."""
    source, told = errand.source, errand.report or errand.overview

    def rejects(path: Path) -> None:
        if source is not None and told is not None:
            write_rejects(source, told.rejected, path)

    def picture(path: Path) -> None:
        path.write_text(draw_picture(errand.uses), "utf-8")

    return write_all((("--picture", options["picture"], picture), ("--rejects", options["rejects"], rejects)))


def tell(errand: ImportRun, target: Target, *, as_json: bool, faults: Sequence[str] = ()) -> NoReturn:
    """Show how an import ended, and exit by it.

    Args:
        errand: the import.
        target: the account.
        as_json: print one JSON document.
        faults: what could not be written beside the report.
    """
    server = _server_view(target)
    if as_json:
        print_json(_document(errand, faults) | ({"server": server} if server else {}))
    else:
        _tell_person(errand, target, server)
    for each in faults:
        err.print(f"error: {each}", style="bold red", markup=False)
    code = _code(errand)
    sys.exit(BAD_INPUT if faults and code in {0, SOME_ROWS} else code)


def _code(errand: ImportRun) -> int:
    told = errand.report or errand.overview
    if errand.interrupted:
        return INTERRUPTED
    if errand.error is not None:
        return code_of(errand.error)
    if errand.report is not None and errand.report.gave_up:
        return NO_SERVER
    complete = told is not None and not told.rejected and (errand.report is None or errand.report.complete)
    return 0 if complete else SOME_ROWS


def _document(errand: ImportRun, faults: Sequence[str]) -> dict[str, Any]:
    document: dict[str, Any] = {"interrupted": errand.interrupted}
    if faults:
        document["not_written"] = list(faults)
    if errand.source is not None:
        document |= {"format": errand.source.found[0].format, "rows": errand.source.rows}
    if errand.wishes.journal is not None:
        document["journal"] = str(errand.wishes.journal)
    if errand.overview is not None:
        document["plan"] = plan_json(errand.overview, errand.calls, errand.seconds)
    if errand.report is not None:
        document["report"] = report_json(errand.report, errand.effort)
    if errand.error is not None:
        document["error"] = error_json(errand.error)
    return document


def _tell_person(errand: ImportRun, target: Target, server: dict[str, int]) -> None:
    if errand.report is not None:
        show_report(errand.report, errand.effort)
    elif errand.overview is not None:
        show_problems(errand.overview.rejected, "rejected")
        show_plan(errand.overview, errand.calls, errand.seconds)
    if errand.error is not None:
        explain(errand.error)
    if errand.report is None and errand.interrupted:
        err.print("interrupted; nothing was written")
    _tell_way_on(errand, target)
    if server and errand.report is not None:
        out.print(
            f"The sandbox saw at most {server['max_in_window']} calls in any window of "
            f"{server['period']} s ({server['calls']} are allowed) and refused {server['refused']}."
        )


def _tell_way_on(errand: ImportRun, target: Target) -> None:
    """How to go on with a run that ended early."""
    report, journal = errand.report, errand.wishes.journal
    if report is None or journal is None or not (report.left or report.unknown):
        return
    where = f" --sandbox-db {target.db}" if target.db is not None else ""
    err.print(f"To go on: harvest-async import --resume --journal {journal}{where}", markup=False)


def _server_view(target: Target) -> dict[str, int]:
    sandbox = target.sandbox
    if sandbox is None:
        return {}
    try:
        now = target.throttle.snapshot()
    except HarvestError:  # the ledger can't be read, which was reported already
        return {}
    told = {"max_in_window": sandbox.max_in_window(), "refused": sandbox.throttled()}
    return told | {"requests": len(sandbox.requests()), "calls": now.calls, "period": int(now.period)}
