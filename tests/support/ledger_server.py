"""A ledger's server in virtual time: it executes steps as the script does, and loses requests, replies and data."""

import asyncio
import copy

from harvest_async.clock import SECOND
from harvest_async.throttle.ledgers.remote import LedgerDown, Notice, RemoteLedger, Reply


class SkewedClock:
    """The clock of one machine: as fast as the loop's clock, and ahead of it.

    Attributes:
        ahead: by how many nanoseconds.
    """

    def __init__(self, clock, ahead):
        self._clock, self.ahead = clock, ahead

    def now(self):
        return self._clock.now() + self.ahead

    def today(self):
        return self._clock.today()


class LedgerServer:
    """What all processes reach.

    Args:
        clock: the loop's clock.
        way: returns the seconds that a request or a reply is on its way.
        ahead: by how many nanoseconds its clock is ahead of the loop's.

    Attributes:
        operations: how many steps it executed.
        down: whether requests reach it.
        lost_requests: how many of the next requests are lost.
        lost_replies: how many of the next replies are lost.
    """

    def __init__(self, clock, way=lambda: 0.0005, ahead=1_700_000_000 * SECOND):
        self.way, self.ahead = way, ahead
        self._clock = clock
        self._states, self._own, self._listeners = {}, {}, []
        self._entries = {}  # key -> name -> text
        self._copies = []
        self.operations = self.lost_requests = self.lost_replies = 0
        self.down = False
        self._starts = 0  # how often it was started, or another one took over

    def time(self):
        return (self._clock.now() + self.ahead) // 1_000 * 1_000

    async def exchange(self, store, expected, commit, again):
        server = self._starts
        await asyncio.sleep(self.way())
        if self.down or server != self._starts:
            raise LedgerDown("the throttle's ledger simulated can't be reached")
        if self.lost_requests:
            self.lost_requests -= 1
            raise LedgerDown("the throttle's ledger simulated can't be reached")
        reply = self._execute(store, expected, commit, again)
        lost, self.lost_replies = self.lost_replies > 0, max(0, self.lost_replies - 1)
        await asyncio.sleep(self.way())
        if lost or server != self._starts:
            raise LedgerDown("the throttle's ledger simulated can't be reached")
        return reply

    def _execute(self, store, expected, commit, again):
        self.operations += 1
        time, key = self.time(), store.key
        token, state, written = self._states.get(key, (b"", b"", 0))
        own = self._own.get((key, store.user), b"")
        entries = self._entries.setdefault(key, {})
        is_new = commit is not None and bool(commit.token)
        again = again and is_new
        stored = own == commit.token if again else token == expected
        if stored and is_new:
            if not again:
                self._copies.append((time, copy.copy(self._states), copy.copy(self._own), copy.deepcopy(self._entries)))
                self._states[key] = commit.token, commit.state, time
                self._own[key, store.user] = commit.token
                for name in commit.obsolete:
                    entries.pop(name, None)
                if commit.notice != Notice.NONE:
                    self._publish(key, commit.notice, commit.token)
        elif commit is not None:
            received = b",%d,%06d" % divmod(time // 1_000, 10**6)
            entries.update((name, text + received) for name, text in commit.entries)
        texts = tuple(entries.values())
        if stored:
            return Reply(stored=True, time=time, server=self.name, entries=texts)
        found = {"token": token, "state": state, "written": written, "own": own}
        return Reply(stored=False, time=time, server=self.name, entries=texts, **found)

    @property
    def name(self):
        """The name that it got when it was started, or took over."""
        return b"%d" % (self._starts + 1)

    def _publish(self, key, notice, token):
        for store, notified in self._listeners:
            if store.key == key:
                asyncio.get_running_loop().call_later(self.way(), notified, notice, token)

    def listen(self, store, notified):
        self._listeners = [each for each in self._listeners if each[0] is not store]
        self._listeners.append((store, notified))

    def ignore(self, store):
        self._listeners = [each for each in self._listeners if each[0] is not store]

    def entries(self):
        """Return the texts of all entries of all accounts, by name."""
        return {name: text for entries in self._entries.values() for name, text in entries.items()}

    def versions(self):
        """Return the versions of the states of all accounts."""
        return [token for token, _, _ in self._states.values()]

    def lose_entries(self):
        """Lose the entries and nothing else, as a server does that deletes the key when memory runs out."""
        self._entries.clear()

    def restart(self):
        """Start again with nothing stored; the connections are lost."""
        self._states.clear()
        self._own.clear()
        self._entries.clear()
        self._connections_lost()

    def fail_over(self, seconds):
        """Let a replica take over that does not have what was stored in the last seconds."""
        since = self.time() - round(seconds * SECOND)
        for time, states, own, entries in self._copies:
            if time > since:
                self._states, self._own, self._entries = copy.copy(states), copy.copy(own), copy.deepcopy(entries)
                break
        self._connections_lost()

    def _connections_lost(self):
        self._starts += 1
        for _, notified in self._listeners:
            asyncio.get_running_loop().call_later(self.way(), notified, Notice.LOST, b"")


class SimulatedLedger(RemoteLedger):
    """One process's ledger on the server.

    Attributes:
        dead: whether the process is dead, so that nothing it does reaches the server.
    """

    location = "redis://simulated:6379/0"

    def __init__(self, server, account="acme", share=None, budget="general"):
        super().__init__(share)
        self._server, self._account, self._budget = server, account, budget
        self.dead = False

    def for_budget(self, name):
        return self if name == self._budget else SimulatedLedger(self._server, self._account, self.share, name)

    def store(self, user, _):
        return SimulatedStore(self, self._server, (self._account, self._budget), user)


class SimulatedStore:
    def __init__(self, ledger, server, key, user):
        self.ledger, self.key, self.user = ledger, key, user
        self._server = server

    async def exchange(self, expected, commit, *, again):
        if self.ledger.dead:
            await asyncio.Event().wait()
        return await self._server.exchange(self, expected, commit, again)

    def listen(self, notified):
        self._server.listen(self, notified)

    def idle(self):
        self._server.ignore(self)
