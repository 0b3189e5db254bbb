"""Calls that use a throttle and send nothing."""

from harvest_async.throttle.lease import Ticket


async def call(throttle, **options):
    """Make a call with a ticket's options, to which the response comes at once."""
    lease = await throttle.acquire(Ticket(**options))
    lease.responded()
    lease.release()
