"""One run: accounts with a file each, workers that are killed, a queue that restarts, and a look at the accounts."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from harvest_async.errors import StorageError
from harvest_async.fleet import Job, statuses
from harvest_async.fleet.docket import enqueue_jobs
from harvest_async.sandbox import Sandbox
from tests.crash.harness import expected_entry
from tests.fleet import setup as settings
from tests.support.sample import PEOPLE, make_rows, write_csv
from tests.support.valkey import Valkey

ROOT = Path(__file__).parents[2]
WORKERS = 3


class Outcome:
    """How a run ended.

    Attributes:
        lost, doubled: rows that are missing in their accounts, and rows that an account has too often.
        above: accounts whose calls exceeded the limit.
        refused: calls that the server refused.
        kills: how often a worker was killed.
        restarted: whether the queue's server restarted, and whether it kept its data.
        states: how many jobs ended in which state.
        seconds: how long it took.
    """

    def __init__(self):
        self.lost = self.doubled = self.above = self.refused = self.kills = 0
        self.restarted = None
        self.states = Counter()
        self.seconds = 0.0

    @property
    def good(self):
        whole = set(self.states) == {"done"}
        return whole and self.restarted and not (self.lost or self.doubled or self.above or self.refused)


class Fleet:
    """The workers of a run, each with journals of its own or with those of all."""

    def __init__(self, folder, environment, *, shared):
        self._folder, self._environment, self._shared = folder, environment, shared
        self._workers, self._begun = [], 0
        for _ in range(WORKERS):
            self.begin()

    def begin(self):
        """Start a worker, on a machine that has no journals unless all share them."""
        self._begun += 1
        journals = self._folder / ("journals" if self._shared else f"journals-{self._begun}")
        command = [sys.executable, "-m", "harvest_async", "worker", "--app", "tests.fleet.setup:setup"]
        log = (self._folder / f"worker-{self._begun}.log").open("wb")
        environment = {**self._environment, "FLEET_JOURNALS": str(journals)}
        with log:
            self._workers.append(
                subprocess.Popen(
                    [*command, "--jobs", "6", "--redelivery", "2"], env=environment, cwd=ROOT, stdout=log, stderr=log
                )
            )

    def kill(self, chance, *, stops=False):
        """Kill a worker by SIGKILL, and start another; or stop it first, for longer than its lease lasts."""
        victim = self._workers.pop(chance.randrange(len(self._workers)))
        if stops:
            victim.send_signal(signal.SIGSTOP)
            time.sleep(settings.LEASE * 1.5)
            victim.send_signal(signal.SIGCONT)
            time.sleep(chance.uniform(0.2, 1.0))
        victim.kill()
        victim.wait()
        self.begin()

    def end(self):
        for each in self._workers:
            each.kill()
            each.wait()

    def said(self):
        """What the workers logged last."""
        logs = sorted(self._folder.glob("worker-*.log"))
        return "\n".join(each.read_text("utf-8", "replace")[-600:] for each in logs[-WORKERS:])


def fleet_once(
    seed,
    accounts=200,
    api="v2",
    rows=20,
    *,
    ledger="sqlite",
    every=(3.0, 6.0),
    kills=None,
    limit=600.0,
    look=lambda *_: None,
    network=contextlib.nullcontext,
    stops=False,
):
    """Import a file into each account by workers that are killed every few seconds; look what is in the accounts.

    After `kills` kills, the workers live; None kills them to the end. `network` gives the address of a network before
    the server; `stops` stops each worker for longer than its lease lasts before it is killed.
    """
    chance, outcome, began = random.Random(seed), Outcome(), time.monotonic()
    keeps, shared = bool(seed % 2), bool(seed // 2 % 2)
    outcome.restarted = "with its data" if keeps else "empty"
    sandbox = Sandbox(calls=settings.CALLS, period=settings.PERIOD, accounts=accounts)
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        files = {number: _file(folder, number, rows, chance) for number in range(1, accounts + 1)}
        _misbehave(sandbox, accounts, api, chance)
        valkey = stack.enter_context(Valkey(folder, *(["--appendonly", "yes", "--appendfsync", "always"] * keeps)))
        address = stack.enter_context(network(stack.enter_context(sandbox.serve_in_thread())))
        environment = _environment(folder, valkey.url, address, api, ledger)
        jobs = [Job(_account(number, api), str(folder / f"{number}.csv")) for number in files]
        fleet = Fleet(folder, environment, shared=shared)
        stack.callback(fleet.end)
        _drive(fleet, valkey, jobs, environment, outcome, chance, (every, kills, began + limit, look, stops))
        for number, wanted in files.items():
            _judge(sandbox.account(number), wanted, outcome)
        outcome.said = fleet.said()
    sandbox.close()
    outcome.seconds = time.monotonic() - began
    return outcome


def _drive(fleet, valkey, jobs, environment, outcome, chance, how):
    """Kill workers, restart the queue's server once, and queue again what is wanted, until all is done."""
    every, kills, until, look, stops = how
    next_kill, restart = time.monotonic() + every[1], 2 + chance.randrange(2)
    while time.monotonic() < until:
        outcome.states = asyncio.run(_queue_again(jobs, environment))
        look(outcome)
        finished = sum(outcome.states[state] for state in ("done", "incomplete", "failed", "quarantined"))
        if finished == len(jobs) and outcome.kills >= restart:
            return
        if time.monotonic() >= next_kill and (kills is None or outcome.kills < kills):
            fleet.kill(chance, stops=stops)
            outcome.kills += 1
            next_kill = time.monotonic() + chance.uniform(*every)
            if outcome.kills == restart:
                valkey.end()
                valkey.start()
        time.sleep(0.5)


async def _queue_again(jobs, environment):
    """What a program does from time to time: queue all jobs that are wanted; returns their states."""
    os.environ.update({name: value for name, value in environment.items() if name.startswith("FLEET_")})
    async with settings.setup() as setup:
        try:
            await enqueue_jobs(setup, jobs)
            return Counter([each.state async for each in statuses(setup)])
        except StorageError:  # the server is just restarting
            return Counter()


def _environment(folder, url, address, api, ledger):
    # Who is killed reports no coverage, and measuring it makes the run several times as long.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("COVERAGE_", "HARVEST_"))}
    return {
        **inherited,
        "FLEET_URL": url,
        "FLEET_API": api,
        "FLEET_ADDRESS": address,
        "FLEET_LEDGER": ledger,
        "FLEET_FOLDER": str(folder),
        "FLEET_JOURNALS": str(folder / "journals"),
    }


def _account(number, api):
    return str(number) if api == "v2" else "sandbox" if number == 1 else f"sandbox-{number}"


def _file(folder, number, rows, chance):
    """A file with a pair of equal rows; gives what the account has to have in the end."""
    made = make_rows(rows - 1, seed=chance.random(), people=PEOPLE[:2])
    made.append(chance.choice(made))
    (folder / f"{number}.csv").write_bytes(write_csv(made))
    return Counter(expected_entry(row) for row in made)


def _misbehave(sandbox, accounts, api, chance):
    """Lose, delay and break the responses of one account in four."""
    path = "/daily/add" if api == "v1" else "/v2/time_entries"
    for number in range(1, accounts + 1, 4):
        account = sandbox.account(number)
        account.fault("latency_out", times=None, seconds=(0.0, 0.02))
        for kind, details in (
            ("drop_after", {}),
            ("late_commit", {"seconds": (0.0, settings.SETTLE * 0.5)}),
            ("error_502", {"commit": True}),
        ):
            account.fault(kind, match={"path": path, "method": "POST"}, after=chance.randrange(20), **details)


def _judge(account, wanted, outcome):
    """Compare what an account has with its file, and its calls with its limit."""
    people = account.world.tables["user"]
    have = Counter(
        (people[each["user_id"]]["email"], each["spent_at"].isoformat(), each["hours"], (each["notes"] or "").strip())
        for each in account.world.entries()
    )
    outcome.lost += (wanted - have).total()
    outcome.doubled += (have - wanted).total()
    outcome.above += account.max_in_window() > settings.CALLS
    outcome.refused += account.throttled()
