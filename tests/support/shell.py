"""The command line as a person or a program uses it, and an account of API v1 for it to work with."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

from attrs import frozen
from click.testing import CliRunner

from harvest_async.cli.commands import cli
from harvest_async.sandbox import Sandbox

ROOT = Path(__file__).parents[2]


@frozen
class Said:
    """How a command ended: its exit code, and what it wrote to either stream."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        return json.loads(self.out)


@frozen
class Shell:
    """Runs `harvest-async` in this process, or as one of its own where a test sends signals."""

    env: dict

    def __call__(self, *words, stdin=None, **env):
        runner = CliRunner(env={**self.env, **env})
        ended = runner.invoke(cli, [str(word) for word in words], input=stdin, prog_name="harvest-async")
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return Said(ended.exit_code, ended.stdout, ended.stderr)

    def start(self, *words, **options):
        command = [sys.executable, "-m", "harvest_async", *map(str, words)]
        environment = {**os.environ, **self.env, **options.pop("env", {})}
        given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT, **options}
        return subprocess.Popen(command, env=environment, **given)


def shell_at(address, state, **env):
    """A shell whose environment leads to an account."""
    return Shell(
        {
            "HARVEST_BASE_URL": address,
            "HARVEST_ACCOUNT": "sandbox",
            "HARVEST_EMAIL": "admin@example.com",
            "HARVEST_PASSWORD": "sandbox",
            "HARVEST_ACCESS_TOKEN": "",
            "HARVEST_APP": "tests (tests@example.com)",
            "HARVEST_STATE_DIR": str(state),
            "NO_COLOR": "1",
            "TERM": "dumb",
            "COLUMNS": "200",
            **env,
        }
    )


@contextlib.contextmanager
def open_account(calls=5000, period=1.0, **options):
    """An account over a socket whose limit is out of the way, and its address."""
    sandbox = Sandbox(calls, period, **options)
    try:
        with sandbox.serve_in_thread() as address:
            yield sandbox, address
    finally:
        sandbox.close()
