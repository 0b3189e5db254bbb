"""The setup of the workers, which take what they need from the environment."""

import os
from contextlib import asynccontextmanager
from pathlib import Path

from harvest_async import BasicAuth, BearerAuth, HarvestPool, RedisLedger, SqliteLedger, Throttle, imports
from harvest_async.fleet import ImportSettings, RedisJobStore, Setup
from harvest_async.run_lock import RedisRunLocks

CALLS, PERIOD = 100, 3.0
"""The limit of each account: the real number of calls in a fifth of the time."""
SETTLE = 0.6
"""Seconds after which a request that was sent is certainly processed."""
LEASE = 3.0
TIMEOUT = 5.0
"""Seconds after which the lease of a call of a dead process ends, with a period after it."""

SETTINGS = ImportSettings(
    imports.Options(fill=imports.Fill(client="ACME", task="Work"), long_days=True),
    create_people=True,
    rules=imports.Rules(max_delay=SETTLE),
)


async def credentials(_):
    """The credentials of every account; a real program reads them from its own store."""
    if os.environ["FLEET_API"] == "v1":
        return BasicAuth("admin@example.com", "sandbox")
    return BearerAuth("sandbox-token")


def throttle(account):
    """An account's throttle, whose window all workers share."""
    if os.environ["FLEET_LEDGER"] == "redis":
        ledger = RedisLedger(os.environ["FLEET_URL"], account)
    else:
        ledger = SqliteLedger(Path(os.environ["FLEET_FOLDER"]) / "ledgers" / f"{account}.db", account)
    return Throttle(CALLS, PERIOD, guard=0.2, ledger=ledger)


@asynccontextmanager
async def setup():
    """The setup of one worker."""
    url, api, address = (os.environ[name] for name in ("FLEET_URL", "FLEET_API", "FLEET_ADDRESS"))
    base = f"{address}/accounts/{{account}}" if api == "v1" else address
    locks, store = RedisRunLocks(url), RedisJobStore(url)
    pool = HarvestPool(
        credentials,
        app="fleet tests (tests@example.com)",
        version=api,
        throttle=throttle,
        base_url=base,
        timeout=TIMEOUT,
    )
    try:
        async with pool:
            yield Setup(
                pool.account, locks, store, os.environ["FLEET_JOURNALS"], lambda _: SETTINGS, url=url, lease=LEASE
            )
    finally:
        await locks.aclose()
        await store.aclose()
