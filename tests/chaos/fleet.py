"""A fleet of workers behind the proxy; workers are killed, or stopped until others have taken their work."""

from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.chaos.proxy import Proxy
from tests.fleet.harness import fleet_once

ACCOUNTS, ROWS, KILLS, LIMIT = 4, 12, 2, 150.0


def fleet_trial(api, fault, seed, behaviour):
    """Import a file into each of a few accounts; return what went wrong. The queue's server always restarts."""

    @contextmanager
    def network(address):
        with Proxy(urlsplit(address).port, behaviour, seed) as proxy:
            yield proxy.address

    outcome = fleet_once(
        seed, ACCOUNTS, api, ROWS, every=(2.5, 4.0), kills=KILLS, limit=LIMIT, network=network,
        ledger="redis" if fault == "valkey restarts" else "sqlite", stops=fault == "stopped",
    )  # fmt: skip
    return [] if outcome.good else [f"{name}: {value}" for name, value in vars(outcome).items()]
