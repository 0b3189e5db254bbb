"""`harvest-async` and its small commands, from the outside."""

import os
import re
import shlex
import signal
import subprocess
import sys

import httpx
import pytest

from tests.support.sample import make_rows, write_csv
from tests.support.shell import ROOT
from tests.support.terminal import replied

pytestmark = pytest.mark.socket

COMMANDS = ("import", "demo", "sandbox", "status", "whoami")


def test_the_demo_shows_that_nothing_was_refused(shell, account):
    """The demo imports its sample into an account of its own and ends with what that server saw."""
    said = shell("demo", "--calls", 2000, "--period", 1)
    document = shell("demo", "--calls", 2000, "--period", 1, "--json").document

    assert said.code == 0
    assert "250 entries" in said.out
    assert "refused 0" in said.out
    assert (document["report"]["created"], document["server"]["refused"]) == (250, 0)
    assert document["server"]["max_in_window"] <= 2000
    assert account[0].requests() == []


@pytest.mark.realtime
@pytest.mark.timeout(120)
def test_the_demo_at_the_real_limit(shell):
    """At 100 calls in 15 seconds the demo ends within a minute; no window has more than 100, and none is refused."""
    document = shell("demo", "--json").document

    assert (
        document["report"]["created"],
        document["server"]["refused"],
        len(document["report"]["unknown"]),
    ) == (250, 0, 0)
    assert document["server"]["max_in_window"] <= 100
    assert document["report"]["seconds"] < 60


def test_status(shell):
    """The status is the server's own numbers and what is free by ours."""
    said = shell("status")
    document = shell("status", "--json").document

    assert said.code == 0
    assert "of 5000 calls in 1 s" in said.out
    assert "open" in said.out
    assert (document["calls"], document["period"], document["closed"]) == (5000, 1.0, None)


def test_whoami(shell):
    """It names the person, the role and the account."""
    said = shell("whoami")
    document = shell("whoami", "--json").document

    assert said.code == 0
    assert "Ada Sandbox <admin@example.com>, administrator" in said.out
    assert (document["email"], document["role"]) == ("admin@example.com", "administrator")


def test_whoami_as_a_regular_user(shell):
    """The role is the person's own."""
    assert "regular user" in shell("whoami", HARVEST_EMAIL="user@example.com").out


@pytest.mark.parametrize("command", ["whoami", "status"])
def test_a_refused_sign_in(shell, command):
    """Wrong credentials end with 3 and the variables to check; the password is not shown."""
    said = shell(command, HARVEST_PASSWORD="hush-hush")

    assert said.code == 3
    assert "HARVEST_PASSWORD" in said.err
    assert "hush-hush" not in said.out + said.err


@pytest.mark.parametrize("command", ["whoami", "status"])
def test_nothing_at_the_address(shell, command):
    """An address where no server responds ends with 3, and says that nothing was sent."""
    said = shell(command, "--base-url", "http://127.0.0.1:9", HARVEST_STATE_DIR=shell.env["HARVEST_STATE_DIR"] + "2")

    assert said.code == 3
    assert "was not sent" in said.err


def test_a_server_out_of_order(shell, account):
    """A failing server ends with 3 and points to `status`."""
    account[0].fault("error_500", match={"path": "/account/who_am_i"}, times=None)

    said = shell("whoami")

    assert said.code == 3
    assert "harvest-async status" in said.err


def test_plain_http_beyond_loopback(shell):
    """Credentials never go over plain http to another machine."""
    said = shell("whoami", "--base-url", "http://192.0.2.1")

    assert said.code == 2
    assert "https" in said.err


@pytest.mark.parametrize("command", COMMANDS)
def test_help(shell, command):
    """Every command explains itself."""
    said = shell(command, "--help")

    assert said.code == 0
    assert f"Usage: harvest-async {command}" in said.out


def test_help_names_all_commands(shell):
    """The front page has every command, the variables, and something to try at once."""
    said = shell("--help")

    assert said.code == 0
    for word in (*COMMANDS, "HARVEST_PASSWORD", "harvest-async demo"):
        assert word in said.out


def test_version(shell):
    """The version is the package's."""
    assert re.search(r"\d+\.\d+", shell("--version").out)


def test_without_its_extra():
    """Without click the command says how to get its extra, and ends with 2."""
    code = "import sys; sys.modules['click'] = None; from harvest_async.cli import main; main()"

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)

    assert ended.returncode == 2
    assert "harvest-async[cli]" in ended.stderr


def test_a_fault_inside_is_not_taken_for_a_missing_extra():
    """Only the extra's own packages are reported as missing; anything else is a fault: a traceback, and exit code 4."""
    code = "import sys; sys.modules['harvest_async.cli.commands'] = None; from harvest_async.cli import main; main()"

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)

    assert ended.returncode == 4
    assert "ModuleNotFoundError" in ended.stderr


def test_the_sandbox_runs_until_ctrl_c(shell):
    """`sandbox` prints its address and credentials, serves requests, and ends quietly on Ctrl-C."""
    limits = ("--calls", 500, "--period", 2, "--report-calls", 7, "--report-period", 60)
    running = shell.start("sandbox", "--port", 0, *limits)
    try:
        first = running.stdout.readline()
        address = re.search(r"http://\S+(?=:\s)", first)[0]
        shown = shell("status", "--base-url", address)
        reports = httpx.get(f"{address}/_sandbox/throttle").json()["reports"]
    finally:
        running.send_signal(signal.SIGINT)
        rest = running.stdout.read()  # communicate does not look into the buffer that readline filled
        running.communicate(timeout=20)

    assert "500 calls per 2 s, and by API v2 7 reports per 60 s" in first
    assert (reports["calls"], reports["period"]) == (7, 60)
    assert "of 500 calls" in shown.out
    assert "account sandbox, token sandbox-v1-token" in rest
    assert "/v2: account id 1, token sandbox-token" in rest
    assert running.returncode == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104
@pytest.mark.parametrize(("version", "variable"), [("v2", "HARVEST_ACCOUNT_ID"), ("v1", "HARVEST_ACCOUNT")])
def test_the_sandbox_prints_the_command_that_sets_the_variables(shell, version, variable, host):
    """What `sandbox` prints for an API version leads a command to it, with credentials, also if it is not on loopback."""
    running = shell.start("sandbox", "--port", 0, "--host", host, "--allow-remote")
    try:
        lines = iter(running.stdout.readline, "")
        command = next(line for line in lines if line.startswith("  export ") and f" {variable}=" in line)
        exported = shlex.split(command)[1:]
        said = shell("whoami", "--api", version, **dict(each.split("=", 1) for each in exported))
    finally:
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=20)

    assert "admin@example.com" in said.out


def test_the_sandbox_stays_on_loopback(shell):
    """It listens on loopback only by default."""
    said = shell("sandbox", "--host", "0.0.0.0", "--port", 0)  # noqa: S104

    assert said.code == 2
    assert "can be reached from other machines" in said.err


def answer_in_a_terminal(shell, words, response):
    """Run a command in a pseudo-terminal, reply to its question, and return the exit code and the output."""
    return replied(shell, words, lambda parent, _: os.write(parent, response))


@pytest.mark.parametrize(("response", "code", "entries"), [(b"y\n", 0, 6), (b"n\n", 1, 0)])
def test_people_are_made_after_a_yes(shell, account, tmp_path, response, code, entries):
    """In a terminal each address is named before the question; a no rejects their rows, a yes logs them."""
    file = tmp_path / "time.csv"
    file.write_bytes(write_csv(make_rows(6, people=("Person One", "Person Two"))))

    ended, shown = answer_in_a_terminal(shell, ("import", file, "--client", "A", "--task", "B", "--ask"), response)

    assert "<one@example.com>" in shown
    assert (code, entries) == (ended, len(account[0].world.entries()))
