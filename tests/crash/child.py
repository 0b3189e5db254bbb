"""An import that asks its supervisor's leave at every commit of the journal.

`python -m tests.crash.child SOCKET [blind] ARGUMENTS...` runs `harvest-async import ARGUMENTS...`; blind, it takes FILE,
JOURNAL and the address, and imports by the library with the reconciling switched off.
"""

import asyncio
import socket
import sys
from pathlib import Path


def listen_to(supervisor):
    """Report the supervisor of each commit before it happens and once it is on the disk, and wait for a word back."""

    def hook(event, arguments):
        if event in {"harvest_async.journal.write", "harvest_async.journal.synced"}:
            intents = sum("'intended'" in statement for statement, _ in arguments[1])
            word = "write" if event.endswith("write") else f"synced {intents}" if intents else ""
            if word:
                supervisor.sendall(f"{word}\n".encode())
                supervisor.recv(1)

    sys.addaudithook(hook)


async def import_blindly(file, journal, address):
    """What an import without reconciling does: it sends lost calls again."""
    from harvest_async import BasicAuth, HarvestV1, Throttle, imports

    options = imports.Options(fill=imports.Fill(client="ACME", task="Work"), long_days=True)
    harvest = HarvestV1(
        "sandbox",
        auth=BasicAuth("admin@example.com", "sandbox"),
        app="crash tests (tests@example.com)",
        base_url=address,
        throttle=Throttle(pace="burst"),
    )
    async with harvest:
        with imports.open_source(file, options) as source:
            try:
                plan = await imports.resume(harvest, journal)
            except imports.JournalError:  # it was killed before its plan was made
                Path(journal).unlink(missing_ok=True)  # noqa: ASYNC240
                plan = await imports.plan(harvest, source, journal=journal, options=options)
        with plan:
            report = await imports.run(plan, rules=imports.Rules(max_delay=0, reconcile=False))
    sys.exit(0 if report.complete else 1)


def main():
    path, *arguments = sys.argv[1:]
    supervisor = socket.socket(socket.AF_UNIX)
    supervisor.connect(path)
    listen_to(supervisor)
    if arguments[0] == "blind":
        asyncio.run(import_blindly(*arguments[1:]))
    from harvest_async.cli import main as command

    sys.argv = ["harvest-async", "import", *arguments]
    command()


if __name__ == "__main__":
    main()
