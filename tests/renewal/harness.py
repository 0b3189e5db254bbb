"""Run some processes over one token store, and count what the server sees."""

import asyncio
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from attrs import define

from harvest_async import FileTokenStore, Tokens
from tests.renewal.server import TokenServer

ROOT = Path(__file__).parents[2]


@define
class Outcome:
    """What came of all rounds: calls that did not succeed, refreshes in each round, refresh tokens refused."""

    failures: list[str]
    grants: list[int]
    refused: int = 0

    @property
    def good(self):
        """Whether nobody was asked to sign in again, and each round took one refresh."""
        return not self.failures and not self.refused and set(self.grants) == {1}


async def run(rounds, processes=4, latest=0.5, seed=0):
    """Let the tokens be revoked (in even rounds) or expire (in odd ones), and every process make calls at once."""
    outcome = Outcome([], [])
    with tempfile.TemporaryDirectory() as folder:
        store = FileTokenStore(Path(folder) / "tokens.json")
        await store.save(Tokens("a0", "r0", datetime.now(UTC) + timedelta(hours=1)))
        async with TokenServer(latest, seed) as server:
            children = [await _child(server, folder, number, seed) for number in range(processes)]
            try:
                for number in range(rounds):
                    await _round(server, store, children, outcome, number)
            finally:
                await asyncio.gather(*(_end(child) for child in children))
            outcome.refused = server.refused
    return outcome


async def _child(server, folder, number, seed):
    arguments = [server.address, str(Path(folder) / "tokens.json"), ("ours", "plain")[number % 2], str(seed + number)]
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-m", "tests.renewal.child", *arguments]
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe)


async def _end(child):
    """Let a process end by itself, for some seconds; one that hangs is killed."""
    child.stdin.close()
    try:
        await asyncio.wait_for(child.wait(), 15)
    except TimeoutError:
        child.kill()
        await child.wait()
        raise


async def _round(server, store, children, outcome, number):
    before = server.grants
    if number % 2:
        await store.save(Tokens(server.access, server.refresh, datetime.now(UTC) - timedelta(seconds=1)))
    server.revoke()
    for child in children:
        child.stdin.write(b"go\n")
    for child in children:
        line = (await asyncio.wait_for(child.stdout.readline(), 30)).decode().strip()
        if line != "200":
            outcome.failures.append(f"round {number}: {line}")
    outcome.grants.append(server.grants - before)
