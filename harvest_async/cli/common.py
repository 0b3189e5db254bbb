"""What all commands share: options, exit codes, and how an error is told.

How a command ends, and its exit codes, are in `edge`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Any, Final, NoReturn, TypeVar

import click

from harvest_async.cli.edge import BAD_INPUT, INTERRUPTED, NO_SERVER, SOME_ROWS, Failure, print_json
from harvest_async.cli.target import Target, embedded, real
from harvest_async.errors import InvalidArgument

__all__ = [
    "BAD_INPUT",
    "ENVIRONMENT",
    "INTERRUPTED",
    "NO_SERVER",
    "SOME_ROWS",
    "account_options",
    "asked",
    "fail",
    "find_target",
    "json_option",
    "print_json",
]

T = TypeVar("T")

_SANDBOX_HINTS: Final = {
    "import": "No account at hand? Try --sandbox.",
    "export": "No account at hand? Try --sandbox-db FILE.",
    "undo": "Was it an import into a sandbox? Give its --sandbox-db FILE.",
}
_DEMO_HINT: Final = "No account at hand? Try: harvest-async demo"

ENVIRONMENT: Final = """
\b
Account and credentials come from the environment:
  HARVEST_ACCOUNT                    the subdomain: acme of acme.harvestapp.com
  HARVEST_EMAIL, HARVEST_PASSWORD    or HARVEST_ACCESS_TOKEN
  HARVEST_APP                        who is calling: "Importer (ops@example.com)"
  HARVEST_BASE_URL                   where the account is, if elsewhere
  HARVEST_STATE_DIR                  where the throttle's ledger and the journals are kept
\b
  HARVEST_DEBUG                      1 prints the traceback of an unexpected error
\b
Exit codes: 0 success, 1 some rows were rejected or are unknown, 2 the input, an option or this machine (a full disk,
for example) is the cause, 3 the server or the network, 4 a fault in harvest-async itself, 130 interrupted.
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
        hint = _SANDBOX_HINTS.get(click.get_current_context().info_name or "", _DEMO_HINT)
        fail(BAD_INPUT, f"{error}\n{hint}", error)


def asked(ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine that calls the account; its errors are mapped in `edge`."""
    return asyncio.run(ask())


def fail(code: int, message: str, error: BaseException | None = None) -> NoReturn:
    """End the command with a message, to programs as JSON."""
    raise Failure(code, message, error)
