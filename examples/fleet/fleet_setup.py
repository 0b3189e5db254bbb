"""The setup of the example: the accounts of a sandbox, and files in a folder that all workers share."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harvest_async import BearerAuth, HarvestPool, RedisLedger, imports
from harvest_async.fleet import ImportSettings, RedisJobStore, Setup
from harvest_async.run_lock import RedisRunLocks

URL = os.environ["FLEET_URL"]
SETTINGS = ImportSettings(imports.Options(fill=imports.Fill(client="ACME", task="Work")), create_people=True)


async def credentials(account: str) -> BearerAuth:
    """Return the credentials of an account; a real program reads them from its own store."""
    return BearerAuth(os.environ["HARVEST_ACCESS_TOKEN"])


@asynccontextmanager
async def setup() -> AsyncIterator[Setup]:
    """Open what a worker needs, and close it at its end."""
    locks, store = RedisRunLocks(URL), RedisJobStore(URL)
    async with HarvestPool(
        credentials,
        app="Fleet example (fleet@example.com)",
        base_url=os.environ["HARVEST_BASE_URL"],
        ledger=lambda account: RedisLedger(URL, account),
    ) as pool:
        yield Setup(pool.account, locks, store, "/shared/journals", lambda job: SETTINGS, url=URL, lease=10)
    await locks.aclose()
    await store.aclose()
