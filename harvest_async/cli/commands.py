"""The group of all commands, and the commands that need no file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from functools import partial
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import click
from attrs import asdict
from rich.markup import escape
from rich.table import Table

from harvest_async.cli.common import (
    BAD_INPUT,
    ENVIRONMENT,
    account_options,
    api_option,
    asked,
    fail,
    find_target,
    json_option,
    print_json,
)
from harvest_async.cli.edge import EdgeGroup, used_api
from harvest_async.cli.export import export
from harvest_async.cli.fleet import fleet
from harvest_async.cli.flow import ImportRequest, ImportRun, run_import
from harvest_async.cli.import_result import show_result
from harvest_async.cli.importing import import_
from harvest_async.cli.postman import postman
from harvest_async.cli.show import Bar, counted, err, out, show_snapshot
from harvest_async.cli.target import open_sandbox
from harvest_async.cli.undo import undo
from harvest_async.cli.worker import worker
from harvest_async.client.setup import ClientSetup, ReachableAccount, SignedInUser
from harvest_async.importer.sources import Fill, Options, open_source
from harvest_async.throttle.throttle import Snapshot
from harvest_async.versions import VERSIONS, load

__all__ = ["cli"]

_CALLS: Final = click.IntRange(1)
_PERIOD: Final = click.FloatRange(0, 86_400, min_open=True)
_PORT: Final = click.IntRange(0, 65_535)


@click.group(cls=EdgeGroup, epilog=ENVIRONMENT, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="harvest-async")
def cli() -> None:
    """Work with a Harvest account within its rate limit.

    \b
    Demo without an account:          harvest-async demo
    Import a file into a sandbox:     harvest-async import FILE --sandbox
    Show the plan of an import:       harvest-async import FILE --dry-run
    Import a file:                    harvest-async import FILE
    Resume an import:                 harvest-async import --resume FILE
    Undo an import:                   harvest-async undo JOURNAL
    Export an account to a folder:    harvest-async export FOLDER
    """


cli.add_command(import_)
cli.add_command(postman)
cli.add_command(undo)
cli.add_command(export)
cli.add_command(fleet)
cli.add_command(worker)


@cli.command(short_help="Import a sample into an embedded sandbox.")
@click.option("--calls", type=_CALLS, default=100, show_default=True, help="Number of calls allowed per period.")
@click.option("--period", type=_PERIOD, default=15.0, show_default=True, help="Length of the period in seconds.")
@json_option
def demo(calls: int, period: float, *, as_json: bool) -> None:
    """Import a sample into an embedded sandbox at the real rate limit.

    Imports about 250 time entries of a team, as exported by a time tracker, into a new account that allows 100 calls
    per 15 seconds and blocks clients that exceed it. Takes half a minute, and ends with the server's statistics.
    """
    sample = files("harvest_async.cli").joinpath("sample.csv")
    options = Options(fill=Fill(client="Demo client", task="Development"))
    with ExitStack() as stack:
        source = stack.enter_context(open_source(BytesIO(sample.read_bytes()), options, "sample.csv"))
        target = find_target(stack, {"sandbox": True})
        if target.sandbox is not None:
            target.sandbox.set_limits(calls, period)
        if not as_json:
            err.print(f"Sandbox at {target.address}: {counted(calls, 'call')} per {period:g} s, then a block.")
        run = ImportRun(source, ImportRequest(options=options, create_people=True))
        run_import(target, run, Bar(target.throttle, quiet=as_json))
        show_result(run, target, as_json=as_json)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=_PORT, default=8765, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--calls", type=_CALLS, default=100, show_default=True, help="Number of calls allowed per period.")
@click.option("--period", type=_PERIOD, default=15.0, show_default=True, help="Length of the period in seconds.")
@click.option("--report-calls", type=_CALLS, default=100, show_default=True, help="Reports of API v2 per period.")
@click.option("--report-period", type=_PERIOD, default=900.0, show_default=True, help="Their period in seconds.")
@click.option("--db", type=click.Path(dir_okay=False, path_type=Path), help="Store the account in this file.")
@click.option(
    "--accounts",
    type=click.IntRange(1, 100_000),
    default=1,
    show_default=True,
    help="Number of accounts: ids from 1 on, subdomains sandbox, sandbox-2, ...",
)
@click.option("--timestamps", is_flag=True, help="Track time by start and end instead of duration.")
@click.option("--fresh-account", is_flag=True, help="Start with the default tasks and categories of a new account.")
@click.option("--allow-remote", is_flag=True, help="Allow an address that other machines can reach.")
def sandbox(
    host: str,
    port: int,
    calls: int,
    period: float,
    report_calls: int,
    report_period: float,
    db: Path | None,
    accounts: int,
    *,
    timestamps: bool,
    fresh_account: bool,
    allow_remote: bool,
) -> None:
    """Run a Harvest sandbox on this machine until Ctrl-C.

    It prints its credentials, and for each API version the command that sets the variables of a client. Run that
    command in another terminal, and then, for example, harvest-async whoami.
    """
    account = open_sandbox(
        db,
        calls=calls,
        period=period,
        report_calls=report_calls,
        report_period=report_period,
        timestamp_timers=timestamps,
        fresh_account=fresh_account,
        accounts=accounts,
    )
    limits = (
        f"{counted(calls, 'call')} per {period:g} s, and by API v2 "
        f"{counted(report_calls, 'report')} per {report_period:g} s"
    )
    with closing(account), suppress(KeyboardInterrupt):
        try:
            account.run(host, port, partial(_show_ways_in, limits, accounts), allow_remote=allow_remote)
        except ValueError as error:
            fail(BAD_INPUT, str(error), error)


def _show_ways_in(limits: str, accounts: int, address: str) -> None:
    """Print how the sandbox at an address is reached, and with which credentials."""
    out.print(f"Sandbox at {address}: {limits}. Press Ctrl-C to stop.")
    out.print(f"  API v2         {address}/v2: account id 1, token sandbox-token (regular user: sandbox-user-token)")
    out.print("  API v1         account sandbox, token sandbox-v1-token")
    if accounts > 1:
        out.print(
            f"  more accounts  {address}/v2: ids up to {accounts}; {address}/accounts/sandbox-{accounts} by API v1"
        )
    out.print("  administrator  admin@example.com / sandbox")
    out.print("  regular user   user@example.com / sandbox")
    out.print("  OAuth client   sandbox-client / sandbox-secret, refresh token sandbox-refresh")
    out.print(f"  statistics     {address}/_sandbox/throttle and {address}/_sandbox/requests")
    near = address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")  # where clients accept http
    common = f'export HARVEST_BASE_URL={near} HARVEST_APP="me (me@example.com)"'
    out.print("In another terminal, for API v2:")
    out.print(f"  {common} HARVEST_ACCOUNT_ID=1 HARVEST_ACCESS_TOKEN=sandbox-token")
    out.print("Or for API v1:")
    out.print(f"  {common} HARVEST_ACCOUNT=sandbox HARVEST_EMAIL=admin@example.com HARVEST_PASSWORD=sandbox")


@cli.command(short_help="Show the rate limit of the account.")
@account_options
@json_option
def status(*, as_json: bool, **options: Any) -> None:
    """Show the rate limit of the account: the server's status and the calls that are free now.

    API v2 has no call for the server's status. Nothing is sent then; the calls that are free are those that the ledger
    of this machine knows.
    """
    target = find_target(ExitStack(), {**options, "as_json": as_json})
    setup = target.setup

    async def ask() -> str | None:
        async with target.client() as harvest:
            return None if setup.status is None else await setup.status(harvest)

    said = asked(ask)
    budgets = {name: target.throttle.snapshot(name) for name in target.throttle.budgets}
    if as_json:
        general, *others = budgets.items()
        print_json({"server": said, **_numbers(general[1]), "budgets": {name: _numbers(each) for name, each in others}})
        return
    for name, now in budgets.items():
        show_snapshot(now, said or f"not available by API {target.api}", name if len(budgets) > 1 else "")


def _numbers(now: Snapshot) -> dict[str, Any]:
    names = ("calls", "period", "sent", "foreign", "free", "closed", "closed_for")
    return {name: getattr(now, name) for name in names}


@cli.command()
@account_options
@json_option
def whoami(*, as_json: bool, **options: Any) -> None:
    """Show the signed-in user, to check credentials."""
    target = find_target(ExitStack(), {**options, "as_json": as_json})

    async def ask() -> SignedInUser:
        async with target.client() as harvest:
            return await target.setup.user(harvest)

    me: SignedInUser = asked(ask)
    if as_json:
        print_json(asdict(me))
    else:
        out.print(f"{me.name} <{me.email}>, {me.role} of {me.account} (id {me.id})", markup=False)


@cli.command(short_help="List the accounts that a token reaches.")
@api_option("API version (default: v2, whose tokens may reach several accounts).")
@click.option("--base-url", help="Address of the API, if not Harvest's own (default: HARVEST_BASE_URL).")
@json_option
def accounts(api: str | None, base_url: str | None, *, as_json: bool) -> None:
    """List the accounts that HARVEST_ACCESS_TOKEN reaches, with the id that HARVEST_ACCOUNT_ID takes.

    For API v2; credentials of API v1 belong to one account, which `harvest-async whoami --api v1` shows.
    """
    names = [api] if api else list(reversed(VERSIONS))
    setups: Iterator[tuple[str, ClientSetup]] = ((name, load("setup", name)) for name in names)
    name, listed = next(((name, each.accounts) for name, each in setups if each.accounts is not None), ("", None))
    if listed is None and api:
        fail(BAD_INPUT, f"Credentials of API {api} belong to one account: harvest-async whoami --api {api} shows it.")
    if listed is None:
        fail(BAD_INPUT, "No API version of this installation has tokens that reach several accounts.")
    used_api.set(name)

    async def ask() -> Sequence[ReachableAccount]:
        return await listed({"base_url": base_url})

    found: Sequence[ReachableAccount] = asked(ask)
    if as_json:
        print_json({"accounts": [asdict(each) for each in found]})
        return
    table = Table("id", "name", "product", title="Accounts", title_justify="left")
    for each in found:
        table.add_row(str(each.id), escape(each.name), each.product)
    out.print(table)
