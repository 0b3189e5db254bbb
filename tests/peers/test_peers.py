"""tap-harvest and harvest-v2 read each record of an account once, and find what was written through `HarvestV2`.

The variables `HARVEST_TAP_PYTHON` (a Python with tap-harvest) and `HARVEST_NODE` (a folder with harvest-v2) are set by
`nox -s peers`; without one, its test is skipped.
"""

import asyncio
import json
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from harvest_async.sandbox import Sandbox
from tests.support.v2_account import DAY, client_of, prepare

pytestmark = [pytest.mark.socket, pytest.mark.timeout(120)]

HERE = Path(__file__).parent
TAP, NODE = os.environ.get("HARVEST_TAP_PYTHON"), os.environ.get("HARVEST_NODE")

STREAMS = {
    # stream of tap-harvest -> kind of record of the account
    "clients": "client",
    "contacts": "contact",
    "estimates": "estimate",
    "expense_categories": "expense_category",
    "expenses": "expense",
    "invoices": "invoice",
    "invoice_item_categories": "invoice_item_category",
    "projects": "project",
    "project_tasks": "task_assignment",
    "project_users": "user_assignment",
    "roles": "role",
    "tasks": "task",
    "time_entries": "entry",
    "users": "user",
}


@pytest.fixture
def account():
    """An account with one record of each kind and some time, and its address on a socket."""
    sandbox = Sandbox(calls=100_000, report_calls=100_000)

    async def fill():
        async with client_of(sandbox) as harvest:
            ids = await prepare(harvest)
            for number in range(5):
                await harvest.time_entries.create(
                    ids["project_id"], ids["task_id"], DAY, hours=1, notes=f"Written through ours {number}"
                )
            return ids

    ids = asyncio.run(fill())
    with sandbox.serve_in_thread() as address:
        yield sandbox, address, ids
    sandbox.close()


def stored(sandbox, kind):
    return sorted(sandbox.world.tables[kind])


@pytest.mark.skipif(TAP is None, reason="nox -s peers installs tap-harvest")
def test_tap_harvest_reads_each_record_once(account):
    """Signs in by the refresh token, finds the account, and emits each record of each stream once."""
    sandbox, address, _ = account
    ran = subprocess.run([TAP, str(HERE / "run_tap.py"), address], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]

    found = {}
    for line in ran.stdout.splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            found.setdefault(message["stream"], Counter())[message["record"].get("id")] += 1
    for stream, kind in STREAMS.items():
        assert (stream, sorted(found.get(stream, ()))) == (stream, stored(sandbox, kind))
        assert (stream, set(found[stream].values())) == (stream, {1})
    notes = [
        message["record"]["notes"]
        for message in map(json.loads, ran.stdout.splitlines())
        if message["type"] == "RECORD" and message["stream"] == "time_entries"
    ]
    assert sum(str(each).startswith("Written through ours") for each in notes) == 5


@pytest.mark.skipif(NODE is None or shutil.which("node") is None, reason="nox -s peers installs harvest-v2")
def test_harvest_v2_of_node_reads_each_record_once(account):
    """Reads all pages of each list, and writes what our client reads."""
    sandbox, address, _ = account
    environment = {**os.environ, "HARVEST_ADDRESS": address, "HARVEST_NODE": NODE}
    command = ["node", "-r", str(HERE / "redirect.cjs"), str(HERE / "read.cjs")]
    before = {kind: stored(sandbox, kind) for kind in STREAMS.values()}
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert ran.returncode == 0, ran.stderr[-3000:]
    said = json.loads(ran.stdout)

    for stream, ids in said["found"].items():
        assert (stream, sorted(ids)) == (stream, before[STREAMS[stream]])

    async def read():
        async with client_of(sandbox) as harvest:
            return await harvest.clients.get(said["client"]["id"])

    ours = asyncio.run(read())
    assert (ours.name, ours.currency) == ("From the peer", "EUR")
    assert said["entry"]["notes"].startswith("Written through ours") or said["entry"]["hours"] == 1
