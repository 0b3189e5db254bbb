"""What all commands share: options, exit codes, and how an error is told.

Rules of this room: exit codes are 0 all is well, 1 some rows were rejected or are unknown, 2 the input or an option is
wrong, 3 the server or the network, 130 interrupted.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Final, NoReturn

import click

from harvest_async.cli.show import err
from harvest_async.cli.target import Target, embedded, real
from harvest_async.errors import HarvestError, InvalidArgument, Unauthorized

__all__ = [
    "BAD_INPUT",
    "ENVIRONMENT",
    "INTERRUPTED",
    "NO_SERVER",
    "SOME_ROWS",
    "account_options",
    "asked",
    "explain",
    "fail",
    "find_target",
    "json_option",
    "print_json",
]

SOME_ROWS: Final = 1
BAD_INPUT: Final = 2
NO_SERVER: Final = 3
INTERRUPTED: Final = 130

ENVIRONMENT: Final = """
\b
Account and credentials come from the environment:
  HARVEST_ACCOUNT                    the subdomain: acme of acme.harvestapp.com
  HARVEST_EMAIL, HARVEST_PASSWORD    or HARVEST_ACCESS_TOKEN
  HARVEST_APP                        who is calling: "Importer (ops@example.com)"
  HARVEST_BASE_URL                   where the account is, if elsewhere
  HARVEST_STATE_DIR                  where the throttle's ledger and the journals are kept
\b
Exit codes: 0 all is well, 1 some rows were rejected or are unknown, 2 the input or an option is wrong,
3 the server or the network, 130 interrupted.
"""


def account_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name an account."""
    for option in (
        click.option("--account", help="The account's subdomain (default: HARVEST_ACCOUNT)."),
        click.option("--base-url", help="Where the account is, if not at harvestapp.com (default: HARVEST_BASE_URL)."),
    ):
        command = option(command)
    return command


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document for programs.")(command)


def find_target(stack: ExitStack, options: dict[str, Any]) -> Target:
    """The account that options and environment name; says what is missing, and ends, where there is none."""
    try:
        if options.get("sandbox") or options.get("sandbox_db"):
            return stack.enter_context(embedded(options.get("sandbox_db")))
        return real(options.get("account"), options.get("base_url"))
    except InvalidArgument as error:
        fail(BAD_INPUT, f"{error}\nNo account at hand? Try --sandbox.")
    except ImportError as error:
        fail(BAD_INPUT, str(error))


def asked(ask: Callable[[], Any]) -> Any:
    """Run something that asks the account; tells what went wrong, and ends, where it fails."""
    try:
        return asyncio.run(ask())
    except HarvestError as error:
        explain(error)
        sys.exit(NO_SERVER)
    except KeyboardInterrupt:
        fail(INTERRUPTED, "interrupted")


def explain(error: HarvestError) -> None:
    """Say what went wrong, and what to try next."""
    err.print(f"error: {error.message}", style="bold red", markup=False)
    if isinstance(error, Unauthorized):
        err.print("Check HARVEST_EMAIL and HARVEST_PASSWORD, or HARVEST_ACCESS_TOKEN; then try: harvest-async whoami")
    elif error.answer is not None and error.answer.status >= 500:  # noqa: PLR2004 - the class of statuses
        err.print("The server failed. To see how the account stands: harvest-async status")


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(document, indent=2, default=str))


def fail(code: int, message: str) -> NoReturn:
    """Say what is wrong, and end."""
    err.print(f"error: {message}", style="bold red", markup=False)
    sys.exit(code)
