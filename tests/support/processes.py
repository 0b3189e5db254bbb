"""Several processes on one account, simulated on one event loop in virtual time."""

import asyncio
import json

import httpx

from harvest_async.clock import SECOND
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.ledgers.memory import LedgerBusy
from harvest_async.throttle.queue import Lane
from harvest_async.throttle.state import AccountState
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport import TICKET, ThrottledTransport
from tests.support.account import SlowAccount


class Store:
    """A ledger's store: the state as text, and how often it was used."""

    def __init__(self):
        self.text, self.operations = None, 0


class StoredLedger:
    """One process's access to a store, which several processes share.

    Attributes:
        stopped: whether the process is dead or stopped: it changes nothing.
    """

    shared = True

    def __init__(self, store):
        self.store, self.stopped = store, False

    def for_budget(self, _):
        return self

    def transact(self, change):
        if self.stopped:
            raise LedgerBusy("this process is stopped")
        self.store.operations += 1
        state = self._state()
        result = change(state)
        self.store.text = json.dumps(state.dump())
        return result

    def read(self, look):
        return look(self._state())

    def _state(self):
        return AccountState() if self.store.text is None else AccountState.load(json.loads(self.store.text))


class Process:
    """One process: a throttle, a client, and the calls that it makes.

    Attributes:
        done: the times in nanoseconds at which its calls ended.
    """

    def __init__(self, account, store, status_path, **throttle):
        self.ledger, self.account, self.done, self.calls = StoredLedger(store), account, [], []
        self.throttle = Throttle(clock=account.clock, ledger=self.ledger, **throttle)
        transport = ThrottledTransport(account, self.throttle, status_path=status_path)
        self._client = httpx.AsyncClient(transport=transport, base_url="https://a.example")

    def start(self, count, **how):
        """Start calls, all at once."""
        self.calls += [asyncio.ensure_future(self.call(**how)) for _ in range(count)]

    async def call(self, *, lane=Lane.INTERACTIVE, path="/x", max_wait=None):
        """Make one call."""
        await self._client.get(path, extensions={TICKET: Ticket(lane=lane, max_wait=max_wait)})
        self.done.append(self.account.clock.now())

    async def wait(self):
        """Wait for its calls."""
        await asyncio.gather(*self.calls)

    async def kill(self):
        """End it at once: the ledger hears no more of it."""
        self.ledger.stopped = True
        for call in self.calls:
            call.cancel()
        await asyncio.gather(*self.calls, return_exceptions=True)

    async def stop(self, seconds):
        """Stop it for a time."""
        self.ledger.stopped = True
        await asyncio.sleep(seconds)
        self.ledger.stopped = False

    def done_by(self, time):
        """Return how many of its calls had ended by a time in nanoseconds."""
        return sum(each <= time for each in self.done)


class Machine:
    """Processes that share an account and a store, on the running loop."""

    def __init__(self, calls=10, period=2, *, way=0.05, back=0.05, status=True):
        self._status_path = "/account/rate_limit_status" if status else None
        self._numbers = {"calls": calls, "period": period}
        self.account = SlowAccount(asyncio.get_running_loop().clock, calls, period, way=way, back=back)
        self.store = Store()

    def process(self, **throttle):
        """Start a process."""
        return Process(self.account, self.store, self._status_path, **{"pace": "burst", **self._numbers, **throttle})

    @property
    def now(self):
        return self.account.clock.now() / SECOND

    def paths(self):
        """Return the paths of the calls in the order in which they were served."""
        return [path for _, path in self.account.served]

    def honest(self):
        """Return whether the server refused nothing and counted no more than it allows in any period."""
        return self.account.refused == 0 and self.account.most_in_any_period() <= self.account.calls
