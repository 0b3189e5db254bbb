"""One trial: a subject, a fault and a seed; what went wrong."""

import asyncio
import random
import ssl
import tempfile
import traceback
from collections import Counter, defaultdict
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import trustme
from attrs import define, field

from harvest_async import RedisLedger
from harvest_async.sandbox import Sandbox
from tests.chaos import calls, conduct, files
from tests.chaos.fleet import fleet_trial
from tests.chaos.leaks import Census, left_of
from tests.chaos.machine import FullDisk
from tests.chaos.proxy import Proxy
from tests.chaos.server import Server, disturbed, restarts, store_restarts
from tests.chaos.setting import CALLS, PERIOD, JumpingClock, Setting, throttle
from tests.chaos.stopped import run_in_child
from tests.support.valkey import Valkey

LIMIT = 120.0
"""Seconds after which a subject is given up: many times what any takes."""

SUBJECTS = {
    "calls": (calls.prepare, calls.calls, calls.judge),
    "app": (calls.prepare, calls.visits, calls.judge),
    "import": (files.prepare_import, files.importing, files.judge_import),
    "export": (files.prepare_export, files.exporting, files.judge_export),
}
"""How each subject is prepared, what it does, and how the account is judged after it."""

NETWORKS = {
    "latency": conduct.latency,
    "jitter": conduct.jitter,
    "slow bytes": conduct.slow_bytes,
    "resets": conduct.resets,
    "half-open": conduct.half_open,
    "cut bodies": conduct.cut_bodies,
    "tls": conduct.tls,
}
EVENTS = ("none", "restarts", "clock jumps", "full disk", "stopped", "valkey restarts")
FAULTS = (*NETWORKS, *EVENTS)

APIS = ("v1", "v2")
_ON_DISK = ("import", "export")
"""The subjects that write files."""

CELLS = (
    *(
        (f"{name} {api}", fault)
        for name in SUBJECTS
        for api in APIS
        for fault in FAULTS
        if fault != "full disk" or name in _ON_DISK
    ),
    *(("fleet v2", fault) for fault in (*NETWORKS, "stopped", "valkey restarts") if fault != "tls"),
)
"""All pairs of a subject and a fault, without those that have nothing to do with each other."""


@define
class Trial:
    """A trial and its result.

    Attributes:
        subject, fault, seed: what is repeated by the same three.
        faults: what went wrong; empty if nothing did.
        said: what the subject reported.
        connections, ended: how many connections there were, and how many ended by their conduct.
    """

    subject: str
    fault: str
    seed: int
    faults: list = field(factory=list)
    said: object = None
    connections: int = 0
    ended: int = 0

    @property
    def command(self):
        """The command that repeats the trial."""
        return f"python -m tests.chaos --subject '{self.subject}' --fault '{self.fault}' --seed {self.seed} --trials 1"


def run_trial(subject, fault, seed):
    """Run one trial; an error that it raises is one of its faults."""
    trial = Trial(subject, fault, seed)
    try:
        if subject.startswith("fleet"):
            trial.faults += fleet_trial(subject.split()[1], fault, seed, NETWORKS.get(fault, lambda _: conduct.CALM))
        else:
            _run(trial)
    except Exception:  # noqa: BLE001 - one trial's failure must not end the others
        trial.faults.append(traceback.format_exc())
    return trial


def _run(trial):
    census = Census()
    _act(trial)
    trial.faults += census.more(_grown[trial.subject])


def _act(trial):
    """Put the subject and its fault before an account, and judge the account."""
    chance = random.Random(f"{trial.subject} {trial.fault} {trial.seed}")
    name, api = trial.subject.split()
    prepare, act, judge = SUBJECTS[name]
    sandbox = Sandbox(CALLS, PERIOD)
    with tempfile.TemporaryDirectory() as path, ExitStack() as stack:
        folder = Path(path)
        wanted = prepare(sandbox, folder, chance)
        server = stack.enter_context(Server(sandbox))
        contexts, trusting = certificates() if trial.fault == "tls" else (None, None)
        behaviour = NETWORKS.get(trial.fault, lambda _: conduct.CALM)
        proxy = stack.enter_context(Proxy(server.port, behaviour, chance.random(), contexts))
        setting = Setting(api, proxy.address, folder, trusting)
        _disturb(trial.fault, setting, (server, proxy), chance, stack)
        if trial.fault == "stopped":
            said, left = run_in_child(trial.subject, setting, chance)
        else:
            said, left = asyncio.run(live(act, setting, lambda: proxy.open))
        trial.said, trial.connections, trial.ended = said, proxy.accepted, proxy.ended
        stack.close()  # what a request is still doing ends before the account is judged
        trial.faults += left + judge(sandbox, wanted, said, folder) + _above(sandbox)
    sandbox.close()


_grown = defaultdict(Counter)
"""In how many trials of each subject, one after the other, each class had more objects at the end."""


async def live(act, setting, proxy_open):
    """Run a subject; return what it reported, and what it left."""
    async with asyncio.timeout(LIMIT):
        said = await act(setting)
    if isinstance(setting.throttle.ledger, RedisLedger):
        await setting.throttle.ledger.aclose()
    return said, await left_of(setting.throttle, proxy_open)


def _disturb(fault, setting, reached, chance, stack):
    """Change the setting of a trial, or begin what disturbs it from outside."""
    if fault == "restarts":
        stack.enter_context(disturbed(restarts(*reached), chance))
    elif fault == "clock jumps":
        setting.throttle = throttle(clock=JumpingClock(chance.random()))
    elif fault == "full disk":
        setting.machine = FullDisk(chance)
    elif fault == "valkey restarts":
        valkey = stack.enter_context(Valkey(setting.folder))
        setting.throttle = throttle(ledger=RedisLedger(valkey.url, "chaos"))
        stack.enter_context(disturbed(store_restarts(valkey), chance))


def _above(sandbox):
    """Compare the server's log with the limit."""
    faults = []
    if (most := sandbox.max_in_window()) > CALLS:
        faults.append(f"{most} calls in a window of {CALLS}")
    if refused := sandbox.throttled():
        faults.append(f"{refused} calls refused by the throttle")
    return faults


@cache
def certificates():
    """Return the server's contexts, one trusted and one not, by whether it is foreign; and the client's context."""
    ours, theirs = trustme.CA(), trustme.CA()
    contexts = {}
    for foreign, authority in ((False, ours), (True, theirs)):
        contexts[foreign] = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(contexts[foreign])
    trusting = ssl.create_default_context()
    ours.configure_trust(trusting)
    return contexts, trusting
