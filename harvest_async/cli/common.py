"""Options and helpers that the commands share."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from contextlib import ExitStack
from typing import Any, Final, NoReturn, TypeVar

import click
from attrs import evolve

from harvest_async.cli.api_version import choose_version
from harvest_async.cli.edge import BAD_INPUT, INTERRUPTED, NO_SERVER, SOME_ROWS, Failure, print_json, used_api
from harvest_async.cli.show import err
from harvest_async.cli.target import Target, embedded, real
from harvest_async.errors import InvalidArgument
from harvest_async.versions import DEFAULT, VERSIONS, Version

__all__ = [
    "BAD_INPUT",
    "ENVIRONMENT",
    "INTERRUPTED",
    "NO_SERVER",
    "SOME_ROWS",
    "account_options",
    "api_option",
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

_COMMON_VARIABLES: Final = {
    "HARVEST_APP": 'the name of your app with a contact: "Importer (ops@example.com)"',
    "HARVEST_BASE_URL": "the address of the API, if it is not Harvest's own: a sandbox, for example",
    "HARVEST_STATE_DIR": "the folder of the throttle's ledger, the run locks and the journals",
    "HARVEST_DEBUG": "1 to print the traceback of an unexpected error",
}


def _environment() -> str:
    """Return the part of the help about environment variables and exit codes."""
    lines = []
    for version in reversed(VERSIONS.values()):
        lines += ["\b", f"Environment variables of API {version.name}:"]
        lines += [f"  {name:<34} {meaning}" for name, meaning in version.variables.items()]
    lines += ["\b", "Environment variables of any version:"]
    lines += [f"  {name:<34} {meaning}" for name, meaning in _COMMON_VARIABLES.items()]
    return "\n".join(("", *lines, _CODES))


_CODES: Final = """\b
Exit codes: 0 success, 1 some rows were rejected or are unknown, 2 the input, an option or this machine (a full disk,
or another run that is writing to the account) is the cause, 3 the server or the network, 4 a fault in harvest-async
itself, 130 interrupted.
"""

ENVIRONMENT: Final = _environment()
"""The end of the help of each command that uses an account."""


def account_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select an account."""
    base_url = click.option(
        "--base-url",
        help="Address of the API, if not Harvest's own: a sandbox, for example (default: HARVEST_BASE_URL).",
    )
    shared = [_option(each.shared_option, each.shared, each.shared_help, each.shared_variable)
              for each in VERSIONS.values() if each.shared]  # fmt: skip
    for option in (base_url, *shared, *map(_account_option, VERSIONS.values())):
        command = option(command)
    api = api_option("API version (default: the one whose account and credentials are given).")
    return api(command)


def _account_option(version: Version) -> Callable[..., Any]:
    return _option(version.account_option, version.account, version.account_help, version.account_variable)


def _option(option: str, name: str, text: str, variable: str) -> Callable[..., Any]:
    return click.option(option, name, help=f"{text} (default: {variable}).")


def api_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option `--api` with this help."""
    return click.option("--api", type=click.Choice(list(VERSIONS)), help=text)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)


def find_target(stack: ExitStack, options: dict[str, Any]) -> Target:
    """Return the account of the options and the environment; end the command if something is missing."""
    try:
        if options.get("sandbox") or options.get("sandbox_db"):
            _refuse_sharing(options)
            api = options.get("api") or DEFAULT
            used_api.set(api)
            return stack.enter_context(embedded(options.get("sandbox_db"), api))
        choice = choose_version(options)
        used_api.set(choice.version.name)
        target = real(choice, options.get("base_url"))
        target = evolve(target, words=_words(target, options))
    except InvalidArgument as error:
        hint = _SANDBOX_HINTS.get(click.get_current_context().info_name or "", _DEMO_HINT) + _other_versions(options)
        fail(BAD_INPUT, f"{error}\n{hint}", error)
    if choice.reason and not options.get("as_json"):
        err.print(f"{choice.reason}: account {target.name}", markup=False)
    return target


def _words(target: Target, options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the options that select the same account again, as far as they are not in the environment."""
    words = [] if target.api == DEFAULT and not options.get("api") else ["--api", target.api]
    for version in VERSIONS.values():
        for option, name in ((version.account_option, version.account), (version.shared_option, version.shared)):
            words += [option, str(options[name])] if options.get(name) else []
    return (*words, *(("--base-url", target.address) if options.get("base_url") else ()))


def _refuse_sharing(options: Mapping[str, Any]) -> None:
    """Refuse an option that has no meaning for an embedded sandbox."""
    if given := next((each for each in VERSIONS.values() if each.shared and options.get(each.shared)), None):
        raise InvalidArgument(f"{given.shared_option} is for real accounts: leave it out with a sandbox")


def _other_versions(options: Mapping[str, Any]) -> str:
    """Return the settings of the versions that the options don't name, if no account is named at all."""
    versions = VERSIONS.values()
    if options.get("api") or any(
        options.get(each.account) or os.environ.get(each.account_variable) for each in versions
    ):
        return ""
    others = [f"For API {each.name} set {' and '.join(each.required)}." for each in versions if each.name != DEFAULT]
    return "\n".join(("", *others))


def asked(ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine that calls the account; `edge` handles its errors."""
    return asyncio.run(ask())


def fail(code: int, message: str, error: BaseException | None = None) -> NoReturn:
    """End the command with a message, as JSON with `--json`."""
    raise Failure(code, message, error)
