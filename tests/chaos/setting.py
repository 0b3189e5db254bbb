"""What a trial gives to its subject, and the clients that subjects open."""

import random
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

from attrs import define, field

from harvest_async import BasicAuth, BearerAuth, HarvestV1, HarvestV2, Throttle
from harvest_async.clock import SystemClock

CALLS, PERIOD = 40, 1.0
"""The limit of the account: calls, and seconds."""
GUARD = 0.5
"""Seconds that a request travels at most."""
MAX_DELAY = 0.6
"""Seconds after which a request that was sent is certainly processed."""
TIMEOUT = 1.5
ROUNDS = 20
"""How often an import or an export is begun again at most, until it has to be done."""


class JumpingClock(SystemClock):
    """A machine whose wall clock is set again and again, by up to two days."""

    def __init__(self, seed):
        self._chance = random.Random(seed)

    def today(self):
        """Return another time at each look."""
        return super().today() + timedelta(hours=self._chance.uniform(-48, 48))


def throttle(*, ledger=None, clock=None):
    """Return the throttle of a subject."""
    return Throttle(CALLS, PERIOD, pace="burst", guard=GUARD, ledger=ledger, clock=clock)


@define
class Setting:
    """How a subject reaches the account.

    Attributes:
        api: the API version.
        address: the address of the proxy.
        folder: where the subject may write.
        ssl_context: the client's side of TLS; None for plain TCP.
        throttle: the throttle of all clients of the subject.
        machine: gives the context in which a round runs: a disk that is full, for example.
    """

    api: str
    address: str
    folder: Path
    ssl_context: object = None
    throttle: Throttle = field(factory=throttle)
    machine: object = lambda _: nullcontext()


def client(setting):
    """Return a client of the account, which is not open yet."""
    options = {
        "app": "chaos tests (tests@example.com)",
        "base_url": setting.address,
        "throttle": setting.throttle,
        "timeout": TIMEOUT,
        "ssl_context": setting.ssl_context,
    }
    if setting.api == "v1":
        return HarvestV1("sandbox", auth=BasicAuth("admin@example.com", "sandbox"), **options)
    return HarvestV2(1, auth=BearerAuth("sandbox-token"), **options)
