"""Import a file into an account that other processes use too: `python -m tests.support.load_import FILE LEDGER`."""

import asyncio
import sys

from harvest_async import HarvestV1, SqliteLedger, Throttle, imports


async def main(file, ledger):
    """Plan the import, say that it starts, and run it in the bulk lane."""
    throttle = Throttle(ledger=SqliteLedger(ledger, account="sandbox"))
    async with HarvestV1.from_env(throttle=throttle) as harvest:
        with imports.open_source(file) as source:
            plan = await imports.plan(harvest, source)
        sys.stdout.write("started\n")
        sys.stdout.flush()
        await imports.run(plan)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
