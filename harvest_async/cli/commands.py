"""The commands and their options.

Rules of this room: what is typed becomes values, what comes back becomes output and an exit code: 0 all is well, 1 some
rows were rejected or are unknown, 2 the input or an option is wrong, 3 the server or the network, 130 interrupted.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from harvest_async.bulk.plan import Consent, NewPerson, seconds_for
from harvest_async.bulk.rows import FORMATS, ROUNDINGS, Fill, Sheet, read_sheet
from harvest_async.bulk.run import plan_import
from harvest_async.cli.importing import Ending, Wishes, empty_account, run_import
from harvest_async.cli.show import (
    Bar,
    err,
    out,
    plan_json,
    report_json,
    show_plan,
    show_problems,
    show_report,
    show_snapshot,
)
from harvest_async.cli.target import Target, embedded, real
from harvest_async.errors import HarvestError, InvalidArgument, Unauthorized
from harvest_async.sandbox import Sandbox
from harvest_async.throttle.book import DEFAULT_CALLS, DEFAULT_PERIOD

__all__ = ["cli"]

_ENVIRONMENT: Final = """
\b
Account and credentials come from the environment:
  HARVEST_ACCOUNT                    the subdomain: acme of acme.harvestapp.com
  HARVEST_EMAIL, HARVEST_PASSWORD    or HARVEST_ACCESS_TOKEN
  HARVEST_APP                        who is calling: "Importer (ops@example.com)"
  HARVEST_BASE_URL                   where the account is, if elsewhere
  HARVEST_STATE_DIR                  where the throttle's ledger is kept
"""


@click.group(epilog=_ENVIRONMENT, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="harvest-async")
def cli() -> None:
    """Work with a Harvest account without ever being blocked by its throttle.

    \b
    See it work, no account needed:   harvest-async demo
    Import a file into a sandbox:     harvest-async import FILE --sandbox
    See what an import would do:      harvest-async import FILE --dry-run
    Import it:                        harvest-async import FILE
    """


def _account_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--account", help="The account's subdomain (default: HARVEST_ACCOUNT)."),
        click.option("--base-url", help="Where the account is, if not at harvestapp.com (default: HARVEST_BASE_URL)."),
    ):
        command = option(command)
    return command


def _json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document for programs.")(command)


@cli.command("import", epilog=_ENVIRONMENT)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--sandbox", is_flag=True, help="Import into an embedded sandbox, fresh and in memory.")
@click.option("--sandbox-db", type=click.Path(dir_okay=False, path_type=Path), help="Keep the sandbox in this file.")
@click.option("--dry-run", is_flag=True, help="Only read the account, and show the plan.")
@click.option("--offline", is_flag=True, help="Send nothing; show the plan for an empty account.")
@click.option("--format", "format_", type=click.Choice(["auto", *FORMATS]), default="auto", show_default=True)
@click.option("--client", help="The client of rows that name none.")
@click.option("--project", help="The project of rows that name none.")
@click.option("--task", help="The task of rows that name none.")
@click.option("--person", help="The person (e-mail or name) of rows that name none.")
@click.option("--email-domain", help="Gives people an e-mail address whom the file gives none: first.last@DOMAIN.")
@click.option("--round", "rounding", type=click.Choice(list(ROUNDINGS)), default="half-up", show_default=True,
              help="How hours are brought to two decimals.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Make missing people without asking; each gets an e-mail and takes a seat.")
@click.option("--ask", is_flag=True, help="Ask about missing people on loopback, too, where nobody gets an e-mail.")
@_account_options
@_json_option
def import_(file: Path, **options: Any) -> None:
    """Import the time entries of FILE.

    Reads Toggl's detailed report, Harvest's own time import (8 columns) and Harvest's detailed time report. Clients,
    projects, tasks, people and assignments are found or made. Rows that are in the account already are left alone, so
    the same file can be imported again at any time.

    \b
    Try it on a sandbox first:
      harvest-async import toggl.csv --sandbox --client ACME --task Work
    Then see what it would do to your account, and do it:
      harvest-async import toggl.csv --client ACME --task Work --dry-run
      harvest-async import toggl.csv --client ACME --task Work
    """
    fill = Fill(options["client"], options["project"], options["task"], options["person"])
    sheet = _read(file, format=options["format_"], fill=fill, rounding=options["rounding"])
    if options["offline"]:
        _offline(sheet, options)
    with ExitStack() as stack:
        target = _target(stack, options)
        may_make = options["yes"] or (target.loopback and not options["ask"])
        ask = None if options["as_json"] else _asker()
        wishes = Wishes(options["dry_run"], may_make, options["email_domain"], ask)
        ending = _run(target, sheet, wishes, Bar(target.throttle, quiet=options["as_json"]))
        _tell(ending, sheet, target, as_json=options["as_json"])


def _read(file: Path, **how: Any) -> Sheet:
    try:
        return read_sheet(file.read_bytes(), **how)
    except (InvalidArgument, OSError) as error:
        _fail(2, f"{file}: {error}")


def _offline(sheet: Sheet, options: dict[str, Any]) -> NoReturn:
    """Plan against an empty account and send nothing."""
    plan = plan_import(sheet, empty_account(), Consent(make_people=True, email_domain=options["email_domain"]))
    calls = 1 + 5 + plan.writes  # the status call, and the reads of an account without projects
    seconds = seconds_for(calls, DEFAULT_CALLS, DEFAULT_PERIOD / 1e9)
    if options["as_json"]:
        _print_json({"plan": plan_json(plan, sheet, calls, seconds)})
    else:
        show_problems([*sheet.problems, *plan.rejected], "rejected")
        show_plan(plan, sheet, calls, seconds)
    sys.exit(1 if plan.rejected or sheet.problems else 0)


def _target(stack: ExitStack, options: dict[str, Any]) -> Target:
    try:
        if options["sandbox"] or options["sandbox_db"]:
            return stack.enter_context(embedded(options["sandbox_db"]))
        return real(options["account"], options["base_url"])
    except InvalidArgument as error:
        _fail(2, f"{error}\nNo account at hand? Try --sandbox.")
    except ImportError as error:
        _fail(2, str(error))


def _asker() -> Callable[[tuple[NewPerson, ...]], bool] | None:
    if not sys.stdin.isatty():
        return None

    def ask(people: tuple[NewPerson, ...]) -> bool:
        err.print("These people are not in the account. Making them sends each an e-mail and takes a seat of the plan:")
        for person in people:
            err.print(f"  {person.first_name} {person.last_name} <{person.email}>", markup=False)
        return click.confirm("Make them?", default=False, err=True)

    return ask


def _run(target: Target, sheet: Sheet, wishes: Wishes, bar: Bar) -> Ending:
    ending = Ending()
    try:
        asyncio.run(run_import(target, sheet, wishes, bar, ending))
    except KeyboardInterrupt:
        if ending.report is None:
            _fail(130, "interrupted; nothing was written")
    return ending


def _tell(ending: Ending, sheet: Sheet, target: Target, *, as_json: bool) -> None:
    """Show how an import ended, and exit by it."""
    server = _server_view(target)
    if as_json:
        document: dict[str, Any] = {"format": sheet.format, "rows": len(sheet.rows) + len(sheet.problems)}
        if ending.plan is not None:
            document["plan"] = plan_json(ending.plan, sheet, ending.calls, ending.seconds)
        if ending.report is not None:
            document["report"] = report_json(ending.report, ending.sent, ending.elapsed)
        if ending.error is not None:
            document["error"] = {"kind": type(ending.error).__name__, "message": ending.error.message}
        _print_json(document | ({"server": server} if server else {}))
    else:
        _tell_person(ending, sheet, server)
    if ending.report is not None and ending.report.interrupted == "interrupted":
        sys.exit(130)
    if ending.error is not None:
        sys.exit(3)
    rejected = ending.plan is not None and bool(ending.plan.rejected or sheet.problems)
    sys.exit(1 if rejected or (ending.report is not None and not ending.report.complete) else 0)


def _tell_person(ending: Ending, sheet: Sheet, server: dict[str, int]) -> None:
    if ending.report is not None:
        show_report(ending.report, ending.sent, ending.elapsed)
    elif ending.plan is not None:
        show_problems([*sheet.problems, *ending.plan.rejected], "rejected")
        show_plan(ending.plan, sheet, ending.calls, ending.seconds)
    if ending.error is not None:
        _explain(ending.error)
    if server and ending.report is not None:
        out.print(
            f"The sandbox saw at most {server['max_in_window']} calls in any window of "
            f"{server['period']} s ({server['calls']} are allowed) and refused {server['refused']}."
        )


def _server_view(target: Target) -> dict[str, int]:
    sandbox = target.sandbox
    if sandbox is None:
        return {}
    now = target.throttle.snapshot()
    told = {"max_in_window": sandbox.max_in_window(), "refused": sandbox.throttled()}
    return told | {"requests": len(sandbox.requests()), "calls": now.calls, "period": int(now.period)}


@cli.command()
@click.option("--calls", default=100, show_default=True, help="Calls that the sandbox allows in a period.")
@click.option("--period", default=15.0, show_default=True, help="The period in seconds.")
@_json_option
def demo(calls: int, period: float, *, as_json: bool) -> None:
    """See it work: import a sample into an embedded sandbox at the real limit.

    About 250 time entries of a team, as a time tracker exports them, go into a fresh account that allows 100 calls in
    15 seconds and shuts out whoever makes more. It takes half a minute, and ends with what the server saw.
    """
    sample = files("harvest_async.cli").joinpath("sample.csv").read_bytes()
    sheet = read_sheet(sample, fill=Fill(client="Demo client", task="Development"))
    with ExitStack() as stack:
        target = _target(stack, {"sandbox": True, "sandbox_db": None})
        if target.sandbox is not None:
            target.sandbox.set_limits(calls, period)
        if not as_json:
            err.print(
                f"A sandbox is at {target.address}: {calls} calls in {period:g} s, and a block for who makes more."
            )
        bar = Bar(target.throttle, quiet=as_json)
        ending = _run(target, sheet, Wishes(dry_run=False, yes=True, email_domain=None, ask=None), bar)
        _tell(ending, sheet, target, as_json=as_json)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8765, show_default=True, help="0 takes any that is free.")
@click.option("--calls", default=100, show_default=True, help="Calls allowed in a period.")
@click.option("--period", default=15.0, show_default=True, help="The period in seconds.")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="Keep the account in this file.")
@click.option("--timestamps", is_flag=True, help="Track time by start and end, not by duration.")
@click.option("--allow-remote", is_flag=True, help="Listen on an address that other machines reach.")
def sandbox(
    host: str, port: int, calls: int, period: float, db: Path | None, *, timestamps: bool, allow_remote: bool
) -> None:
    """Run a Harvest account on this machine until Ctrl-C.

    \b
    In another terminal:
      export HARVEST_BASE_URL=http://127.0.0.1:8765 HARVEST_ACCOUNT=sandbox
      export HARVEST_EMAIL=admin@example.com HARVEST_PASSWORD=sandbox HARVEST_APP=me
      harvest-async whoami
    """
    account = Sandbox(calls, period, db=db, timestamp_timers=timestamps)

    def ready(address: str) -> None:
        out.print(f"Sandbox at {address}: account sandbox, {calls} calls in {period:g} s. Ctrl-C ends it.")
        out.print("  administrator  admin@example.com / sandbox")
        out.print("  regular user   user@example.com / sandbox")
        out.print("  token          sandbox-token")
        out.print(f"  look on at     {address}/_sandbox/throttle and {address}/_sandbox/requests")

    try:
        account.run(host, port, ready, allow_remote=allow_remote)
    except KeyboardInterrupt:
        pass
    except (ValueError, OSError, ImportError) as error:
        _fail(2, str(error))
    finally:
        account.close()


@cli.command()
@_account_options
@_json_option
def status(account: str | None, base_url: str | None, *, as_json: bool) -> None:
    """Show how the account's throttle stands: what the server says, and what is free."""
    target = _target(ExitStack(), {"sandbox": False, "sandbox_db": None, "account": account, "base_url": base_url})

    async def ask() -> str:
        async with target.client() as harvest:
            told = await harvest.account.rate_limit_status()
        used = f"{told.count} of {told.max_calls} calls in {told.timeframe_limit} s"
        return f"{used}; a block lasts {told.lockout_seconds} s"

    said = _asked(ask)
    now = target.throttle.snapshot()
    if as_json:
        names = ("calls", "period", "sent", "foreign", "free", "closed", "closed_for")
        _print_json({"server": said, **{name: getattr(now, name) for name in names}})
    else:
        show_snapshot(now, said)


@cli.command()
@_account_options
@_json_option
def whoami(account: str | None, base_url: str | None, *, as_json: bool) -> None:
    """Show who is signed in: the natural check of credentials."""
    target = _target(ExitStack(), {"sandbox": False, "sandbox_db": None, "account": account, "base_url": base_url})

    async def ask() -> dict[str, Any]:
        async with target.client() as harvest:
            me = await harvest.account.who_am_i()
        role = "administrator" if me.user.admin else "regular user"
        name = f"{me.user.first_name} {me.user.last_name}"
        return {"account": me.company.name, "id": me.user.id, "name": name, "email": me.user.email, "role": role}

    me = _asked(ask)
    if as_json:
        _print_json(me)
    else:
        out.print(f"{me['name']} <{me['email']}>, {me['role']} of {me['account']} (id {me['id']})", markup=False)


def _asked(ask: Callable[[], Any]) -> Any:
    try:
        return asyncio.run(ask())
    except HarvestError as error:
        _explain(error)
        sys.exit(3)
    except KeyboardInterrupt:
        _fail(130, "interrupted")


def _explain(error: HarvestError) -> None:
    """Say what went wrong, and what to try next."""
    err.print(f"error: {error.message}", style="bold red", markup=False)
    if isinstance(error, Unauthorized):
        err.print("Check HARVEST_EMAIL and HARVEST_PASSWORD, or HARVEST_ACCESS_TOKEN; then try: harvest-async whoami")
    elif error.answer is not None and error.answer.status >= 500:  # noqa: PLR2004 - the class of statuses
        err.print("The server failed. To see how the account stands: harvest-async status")


def _print_json(document: dict[str, Any]) -> None:
    click.echo(json.dumps(document, indent=2, default=str))


def _fail(code: int, message: str) -> NoReturn:
    err.print(f"error: {message}", style="bold red", markup=False)
    sys.exit(code)
