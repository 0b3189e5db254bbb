"""The command line, `harvest-async`. Needs the extra `cli`."""

from __future__ import annotations

import sys
import traceback

__all__ = ["main"]


def main() -> None:
    """Run the command line; without the extra, print how to install it."""
    try:
        from harvest_async.cli.commands import cli  # noqa: PLC0415 - optional dependency
    except ModuleNotFoundError as error:
        if error.name not in {"click", "rich", "platformdirs"}:
            traceback.print_exc()
            sys.stderr.write("harvest-async is not installed completely: install it again\n")
            sys.exit(4)
        sys.stderr.write("The command line needs its extra: python -m pip install 'harvest-async[cli]'\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        sys.exit(130)
    cli(prog_name="harvest-async")
