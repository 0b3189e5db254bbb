"""Map every way in which a command can end to a message and an exit code.

Exit codes: 0 success, 1 some rows were rejected or are unknown, 2 the input, an option, this machine or another run of
the account is the cause, 3 the server or the network, 4 a fault in harvest-async itself, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any, Final

import click

from harvest_async.cli.show import err
from harvest_async.client.setup import ClientSetup
from harvest_async.errors import HarvestError, InvalidArgument, RequestError, ResponseError, StorageError, Unauthorized
from harvest_async.importer.sources import Unfit
from harvest_async.messages import redact_message
from harvest_async.run_lock import LockHeld, LockLost
from harvest_async.versions import VERSIONS, load

__all__ = [
    "BAD_INPUT",
    "INTERNAL",
    "INTERRUPTED",
    "NO_SERVER",
    "SOME_ROWS",
    "EdgeGroup",
    "Failure",
    "code_of",
    "error_json",
    "explain",
    "print_json",
    "used_api",
]

SOME_ROWS: Final = 1
BAD_INPUT: Final = 2
NO_SERVER: Final = 3
INTERNAL: Final = 4
INTERRUPTED: Final = 130

used_api: Final[ContextVar[str | None]] = ContextVar("used_api", default=None)
"""The API version of the command that runs; None before one was chosen."""

_LOCAL: Final = (sqlite3.Error, OSError, UnicodeError, ImportError)


class Failure(Exception):
    """An error that ends a command.

    Attributes:
        code: the exit code.
        message: what is wrong and what to do.
        error: its cause, if any.
    """

    def __init__(self, code: int, message: str, error: BaseException | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.error = error


class EdgeGroup(click.Group):
    """A group of commands that never ends with a traceback and exit code 1."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Parse the command line; click would end a broken pipe with exit code 1."""
        with _own_broken_pipe():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _own_broken_pipe():
            return super().invoke(ctx)

    def main(self, args: Sequence[str] | None = None, *more: Any, **options: Any) -> Any:
        """Run a command and exit."""
        words = list(sys.argv[1:] if args is None else args)
        as_json = "--json" in words[: words.index("--") if "--" in words else None]
        _escape_unprintable()
        try:
            code = super().main(words, *more, **{**options, "standalone_mode": False})
        except SystemExit as done:
            sys.exit(_flushed(done.code if isinstance(done.code, int) else 0))
        except BaseException as error:  # noqa: BLE001 - nothing above handles it
            sys.exit(_end(_first(error), as_json=as_json))
        sys.exit(_flushed(code if isinstance(code, int) else 0))


@contextlib.contextmanager
def _own_broken_pipe() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise Failure(
            BAD_INPUT, "the program that reads the output ended before all of it was written", error
        ) from error


def code_of(error: BaseException) -> int:
    """Return the exit code for an error."""
    if isinstance(error, Failure):
        return error.code
    if isinstance(error, (KeyboardInterrupt, click.Abort)) or type(error).__name__ == "CancelledError":
        return INTERRUPTED
    if isinstance(error, (click.ClickException, InvalidArgument, StorageError, LockHeld, LockLost, BrokenPipeError)):
        return BAD_INPUT
    if isinstance(error, (RequestError, ResponseError, ConnectionError, TimeoutError)):
        return NO_SERVER
    if isinstance(error, HarvestError):
        is_local = type(error) is HarvestError and error.response is None  # a ledger, a cache, or a store of tokens
        return BAD_INPUT if is_local or isinstance(error.__cause__, _LOCAL) else NO_SERVER
    return BAD_INPUT if isinstance(error, _LOCAL) else INTERNAL


def explain(error: BaseException) -> None:
    """Print what went wrong and what to try next; with HARVEST_DEBUG=1 the traceback before it."""
    if os.environ.get("HARVEST_DEBUG", "") not in {"", "0"} and not isinstance(error, (Failure, click.ClickException)):
        traceback.print_exception(error)
    err.print(f"error: {_message(error)}", style="bold red", markup=False)
    if isinstance(error, Unauthorized):
        err.print(f"Check {_sign_in()}; then try: harvest-async whoami")
    elif isinstance(error, HarvestError) and error.response is not None and error.response.status >= 500:  # noqa: PLR2004
        err.print("The server failed. To see the rate limit: harvest-async status")


def _sign_in() -> str:
    """Return the environment variables that the command's credentials come from."""
    name = used_api.get()
    setups: list[ClientSetup] = [load("setup", each) for each in VERSIONS if name in {None, each}]
    return "; or ".join(each.sign_in for each in setups)


def error_json(error: BaseException) -> dict[str, Any]:
    """Return an error for programs; for a file that can't be imported, with all its problems."""
    cause = error.error if isinstance(error, Failure) and error.error is not None else error
    kind = "Interrupted" if code_of(error) == INTERRUPTED else type(cause).__name__
    document: dict[str, Any] = {"kind": kind, "message": _message(error), "exit_code": code_of(error)}
    return document | (cause.findings.document() if isinstance(cause, Unfit) else {})


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(document, indent=2, default=str))


def _message(error: BaseException) -> str:
    """Return one line for a person."""
    code = code_of(error)
    if code == INTERNAL:
        text = redact_message(f"{type(error).__name__}: {error}", 300)
        return (
            f"a fault in harvest-async ({text}). Please report it: run the command again with HARVEST_DEBUG=1 "
            "and send the traceback"
        )
    if code == INTERRUPTED:
        return "interrupted"
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, UnicodeError):
        return f"text can't be encoded or decoded: {error}"
    return str(getattr(error, "message", "")) or str(error) or type(error).__name__


def _end(error: BaseException, *, as_json: bool) -> int:
    """Print how a command failed; return its exit code."""
    with contextlib.suppress(OSError, ValueError):  # both streams may be closed
        if isinstance(error, click.UsageError) and not as_json:
            error.show()
        else:
            explain(error)
    with contextlib.suppress(OSError, ValueError):
        if as_json:
            print_json({"error": error_json(error)})
    return _flushed(code_of(error))


def _first(error: BaseException) -> BaseException:
    """Return the first error of a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _escape_unprintable() -> None:
    """Let letters that the terminal's encoding lacks be written as escapes."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _flushed(code: int) -> int:
    """Write what is left to standard output; return the exit code, which is 2 instead of 0 or 1 if that fails."""
    stream = sys.stdout
    if stream is None:
        return code
    try:
        stream.flush()
    except (OSError, ValueError) as error:
        with contextlib.suppress(OSError, ValueError):
            explain(error)
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # or Python tries, and fails, once more
        return code if code in {NO_SERVER, INTERNAL, INTERRUPTED} else BAD_INPUT
    return code
