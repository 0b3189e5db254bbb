"""One run: a file, an account that misbehaves, an import that is killed until it was killed often enough."""

import contextlib
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from harvest_async.sandbox import Sandbox
from harvest_async.sandbox.serve import bind, running
from tests.crash.supervisor import PHASES, Doorman, Supervisor
from tests.support.sample import PEOPLE, make_rows, write_csv

ROOT = Path(__file__).parents[2]
SETTLE = 0.6
TIMES = 12
"""How often a run is begun at most until it has to be done."""


class Setting:
    """How the import reaches the account.

    Attributes:
        api: the API version.
        reference: whether time entries get references.
        crowded: whether another program logs entries equal to those of the import, right after them.
    """

    def __init__(self, api="v1", *, reference=True, crowded=False):
        self.api, self.reference, self.crowded = api, reference, crowded

    @property
    def writes(self):
        """The path of the call that logs a time entry."""
        return "/daily/add" if self.api == "v1" else "/v2/time_entries"

    @property
    def prefix(self):
        """What is before the paths of the other calls."""
        return "" if self.api == "v1" else "/v2"


class Outcome:
    """How a run ended.

    Attributes:
        lost, doubled: rows that are missing in the account, and rows that it has too often.
        kills: how often the import was killed.
        syncs: how many commits brought intents to the disk.
        early: how many writes arrived before their intent was on the disk.
        done: whether the import said that everything is done.
    """

    def __init__(self):
        self.lost = self.doubled = self.kills = self.syncs = self.early = 0
        self.done = False
        self.said = ""

    @property
    def good(self):
        return self.done and not (self.lost or self.doubled or self.early) and self.kills >= 3


def crash_once(seed, rows=200, *, blind=False, histogram=None, setting=None):
    """Let an import be killed until it was three times, then finish; look what is in the account."""
    chance, outcome, setting = random.Random(seed), Outcome(), setting or Setting()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = _file(folder / "time.csv", rows, chance)
        supervisor = Supervisor(folder)
        with contextlib.closing(supervisor), _account(supervisor, chance, setting) as (sandbox, address, foreign):
            for _ in range(TIMES):
                begin = _command(folder, supervisor, address, setting, blind=blind)
                kill = outcome.kills < 3 + seed % 2
                code, said = _attempt(begin, supervisor, chance, kill=kill)
                outcome.kills = sum(supervisor.kills.values())
                outcome.said = said
                if code == 0:
                    outcome.done = True
                    break
            have = _have(sandbox, foreign)
        outcome.syncs, outcome.early = supervisor.syncs, supervisor.early
        outcome.lost, outcome.doubled = (wanted - have).total(), (have - wanted).total()
        if histogram is not None:
            histogram.update(supervisor.kills)
    return outcome


def _file(path, rows, chance):
    """A file with ten pairs of equal rows; gives what the account has to have in the end."""
    made = make_rows(rows - 10, seed=chance.random())
    made += chance.sample(made, 10)
    chance.shuffle(made)
    path.write_bytes(write_csv(made))
    return Counter(expected_entry(row) for row in made)


def expected_entry(row):
    hours, minutes, seconds = map(int, row[11].split(":"))
    exact = Decimal(hours * 3600 + minutes * 60 + seconds) / 3600
    return row[1], row[7], exact.quantize(Decimal("0.01"), ROUND_HALF_UP), row[5].strip().replace("\r\n", "\n")


def _have(sandbox, foreign):
    """What is in the account, without what the other program logged."""
    people = sandbox.world.tables["user"]
    return Counter(
        (people[each["user_id"]]["email"], each["spent_at"].isoformat(), each["hours"], (each["notes"] or "").strip())
        for each in sandbox.world.entries()
        if each["id"] not in foreign
    )


@contextlib.contextmanager
def _account(supervisor, chance, setting):
    """An account whose people are there, and which loses, delays, refuses and breaks what it is sent."""
    foreign = set()
    sandbox = Sandbox(calls=5000, period=1)
    world = sandbox.world
    for person in PEOPLE:
        first, last = person.split()
        fields = {"email": f"{last.lower()}@example.com", "first_name": first, "last_name": last}
        world.add("user", fields, sandbox._account.clock.today())
    _misbehave(sandbox, chance, setting)
    keep, busy = world.keep, []

    def tell(kind, number, record):
        keep(kind, number, record)
        if busy:
            return
        if kind == "entry" and setting.crowded and chance.random() < 0.1:
            busy.append(True)
            copy = {name: value for name, value in record.items() if name != "id" and "reference" not in name}
            foreign.add(world.add("entry", copy, sandbox._account.clock.today())["id"])
            busy.clear()
        supervisor.reached("after commit")

    world.keep = tell
    try:
        with running(Doorman(sandbox.app, supervisor), bind("127.0.0.1", 0)) as address:
            yield sandbox, address, foreign
    finally:
        sandbox.close()


def _misbehave(sandbox, chance, setting):
    late = (0.0, SETTLE * 0.5)
    kinds = (
        ("drop_after", {}), ("drop_before", {}), ("late_commit", {"seconds": late}), ("late_commit", {"seconds": late}),
        ("error_502", {}), ("error_502", {"commit": True}), ("error_500", {"commit": True}), ("cut_body", {}),
    )  # fmt: skip
    for kind, details in (*kinds, *kinds, ("throttle", {"seconds": 0.2})):
        after = chance.randrange(200)
        sandbox.fault(kind, match={"path": setting.writes, "method": "POST"}, after=after, **details)
    for path in ("/clients", "/projects", "/tasks", "/projects/*/user_assignments", "/projects/*/task_assignments"):
        kind = chance.choice(("drop_after", "drop_before", "late_commit", "error_502"))
        details = {"seconds": late} if kind == "late_commit" else {}
        sandbox.fault(kind, match={"path": f"{setting.prefix}{path}", "method": "POST"}, **details)
    sandbox.fault("latency_out", times=None, seconds=(0.0, 0.01))


def _command(folder, supervisor, address, setting, *, blind):
    state = tempfile.mkdtemp(
        dir=folder
    )  # a ledger of its own: the dead process's leases would hold the line for a minute
    # Who is killed reports no coverage, and measuring it makes the run several times as long.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    env = {
        **inherited,
        "HARVEST_BASE_URL": address,
        "HARVEST_ACCOUNT": "sandbox",
        "HARVEST_EMAIL": "admin@example.com",
        "HARVEST_PASSWORD": "sandbox",
        "HARVEST_ACCOUNT_ID": "1",
        "HARVEST_ACCESS_TOKEN": "sandbox-token" if setting.api == "v2" else "",
        "HARVEST_APP": "crash tests (tests@example.com)",
        "HARVEST_STATE_DIR": state,
    }
    file, journal = str(folder / "time.csv"), str(folder / "run.journal")
    words = ["blind", file, journal, address]
    if not blind:
        words = [
            file,
            "--client",
            "ACME",
            "--task",
            "Work",
            "--long-days",
            "--journal",
            journal,
            "--max-delay",
            str(SETTLE),
            "--json",
            "--api",
            setting.api,
            "--reference" if setting.reference else "--no-reference",
        ]
    return [sys.executable, "-m", "tests.crash.child", supervisor.path, *words], env


def _attempt(begin, supervisor, chance, *, kill):
    command, env = begin
    running_import = subprocess.Popen(
        command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if kill:
        phase = chance.choice(PHASES)
        longest = 40 if phase in {"after send", "after commit"} else 8  # commits are shared by many rows
        supervisor.aim(running_import.pid, phase, chance.randrange(1, longest))
    try:
        said, _ = running_import.communicate(timeout=100)
    finally:
        supervisor.aim(None, None, 0)
        if running_import.poll() is None:
            running_import.kill()
            running_import.communicate()
    return running_import.returncode, said
