"""Options and helpers that the commands share."""

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
    "import": "No account? Try --sandbox.",
    "export": "No account? Try --sandbox-db FILE.",
    "undo": "Was it an import into a sandbox? Use its --sandbox-db FILE.",
}
_DEMO_HINT: Final = "No account? Try: harvest-async demo"

ENVIRONMENT: Final = """
\b
Account and credentials come from the environment:
  HARVEST_ACCOUNT                    the subdomain: acme for acme.harvestapp.com
  HARVEST_EMAIL, HARVEST_PASSWORD    or HARVEST_ACCESS_TOKEN
  HARVEST_APP                        the name of your app with a contact: "Importer (ops@example.com)"
  HARVEST_BASE_URL                   the address of the account, if not at harvestapp.com
  HARVEST_STATE_DIR                  the folder of the throttle's ledger and the journals
\b
  HARVEST_DEBUG                      1 to print the traceback of an unexpected error
\b
Exit codes: 0 success, 1 some rows were rejected or are unknown, 2 the input, an option or this machine (a full disk,
for example) is the cause, 3 the server or the network, 4 a fault in harvest-async itself, 130 interrupted.
"""


def account_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select an account."""
    for option in (
        click.option("--account", help="Subdomain of the account (default: HARVEST_ACCOUNT)."),
        click.option(
            "--base-url", help="Address of the account, if not at harvestapp.com (default: HARVEST_BASE_URL)."
        ),
    ):
        command = option(command)
    return command


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)


def find_target(stack: ExitStack, options: dict[str, Any]) -> Target:
    """Return the account of the options and the environment; end the command if something is missing."""
    try:
        if options.get("sandbox") or options.get("sandbox_db"):
            return stack.enter_context(embedded(options.get("sandbox_db")))
        return real(options.get("account"), options.get("base_url"))
    except InvalidArgument as error:
        hint = _SANDBOX_HINTS.get(click.get_current_context().info_name or "", _DEMO_HINT)
        fail(BAD_INPUT, f"{error}\n{hint}", error)


def asked(ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine that calls the account; `edge` handles its errors."""
    return asyncio.run(ask())


def fail(code: int, message: str, error: BaseException | None = None) -> NoReturn:
    """End the command with a message, as JSON with `--json`."""
    raise Failure(code, message, error)
