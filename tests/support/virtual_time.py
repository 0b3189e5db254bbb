"""The clock of tests that run in virtual time."""

import asyncio

from harvest_async.clock import SECOND


def clock():
    """Return the clock of the running loop."""
    return asyncio.get_running_loop().clock


def loop_clock():
    """Return that clock, on which some hours have passed, as on a machine that has been running for a while."""
    found = clock()
    found.moment = max(found.moment, 10_000 * SECOND)
    return found
