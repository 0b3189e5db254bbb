"""Calls that use a throttle and send nothing."""

import asyncio

from harvest_async.throttle.lease import Ticket


async def call(throttle, **options):
    """Make a call with a ticket's options, to which the response comes at once."""
    lease = await throttle.acquire(Ticket(**options))
    lease.responded()
    lease.release()


async def known(*throttles):
    """Make the first call of each throttle, so that none is unknown, and wait until the window is free."""
    for throttle in throttles:
        await call(throttle)
    await asyncio.sleep(4)
