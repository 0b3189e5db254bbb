"""A gate's access to the account state on a server: one step at a time, each a network round trip.

Invariants:
- A step takes all ends of leases that are not stored yet and all grants that are possible, and stores them at once.
- Calls get their leases when the step is stored. If another process was faster, the step is planned again.
- A step whose reply was lost is sent again as the same step, which the server stores once.
- The end of a lease is never lost: it is written when the server can be reached, with the time at which it happened.
- While the server can't be reached, nothing is granted, or a fixed share of the budget after a period without calls.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

from harvest_async.clock import SECOND, Clock
from harvest_async.errors import HarvestError
from harvest_async.throttle.access import unusable
from harvest_async.throttle.ended import End, Turn, log_turn
from harvest_async.throttle.heartbeat import Heartbeat
from harvest_async.throttle.ledgers.memory import LedgerBusy
from harvest_async.throttle.ledgers.remote import Commit, LedgerDown, Notice, RemoteLedger, Reply
from harvest_async.throttle.plan import Plan, Planner
from harvest_async.throttle.remote_draft import Drafts
from harvest_async.throttle.remote_ends import Ends
from harvest_async.throttle.remote_exchange import Exchanges
from harvest_async.throttle.remote_share import share_of
from harvest_async.throttle.remote_state import RemoteState
from harvest_async.throttle.settings import Settings
from harvest_async.throttle.state import AccountState

__all__ = ["RemoteAccess"]

logger = logging.getLogger("harvest_async.throttle")

T = TypeVar("T")

_SOON: Final = 0.02
"""Seconds after which the ends of leases are written that nobody waits for."""
_RETRY: Final = 1.0
"""Seconds between attempts to write what is left, after calls have failed."""
_LONGEST_FLUSH: Final = 2.0
_LONGEST_ASIDE: Final = 0.1
"""The most seconds by which a step is put off while other processes are faster."""


class RemoteAccess:
    """Changes the state of one gate's account on a server.

    Args:
        ledger: where the state is stored.
        settings: the numbers that bound the state.
        clock: the source of the time.
        planner: the gate.

    Attributes:
        immediate: False: a step takes a round trip.
        grace: how long a step may take before a call with a `max_wait` gives up, in nanoseconds.
        memory: None, since the ledger is not in memory.
        closed: whether the account's gate was closed at the last look or notice.
        busy: None: there is no other timer than that of the steps.
    """

    immediate: Final = False
    grace: Final = SECOND // 2
    memory: Final = None

    def __init__(self, ledger: RemoteLedger, settings: Settings, clock: Clock, planner: Planner) -> None:
        self._loop = asyncio.get_running_loop()
        self._ledger = ledger
        self._settings = settings
        self._clock = clock
        self._planner = planner
        self._user = secrets.token_hex(8)
        self._store = ledger.store(self._user, self.flush)
        self._remote = RemoteState(f"the throttle's ledger {ledger.location}")
        self._alone: AccountState | None = None
        self._ends = Ends(self._remote)
        self._drafts = Drafts(self._remote, self._user, settings.bounds, clock, planner)
        self._task: asyncio.Task[None] | None = None
        self._plans = self._looks = False
        self._timer: asyncio.TimerHandle | None = None
        self._exchanges = Exchanges(self._store, self._remote, clock)
        self._heartbeat = Heartbeat(self._half_period, lambda: planner.idle, self._beat, self._store.idle)
        self._down = False
        self._began = 0
        self.closed = False
        self.busy: LedgerBusy | None = None

    def look(self, look: Callable[[AccountState], T]) -> T:
        """Return what `look` finds in the state as of the last exchange.

        Raises:
            LedgerBusy: the state was not read yet.
        """
        if self._alone is not None:
            return look(self._alone)
        if self._remote.state is None or self.busy_for() >= self.grace:
            raise LedgerBusy(f"the throttle's ledger {self._ledger.location} does not respond")
        state = self._drafts.new()
        for end in self._ends:
            self._drafts.end(end, state)
        return look(state)

    def dispatch(self, planner: Planner) -> None:
        """Grant what may be granted: plan it, store it, and have it handed out."""
        if self._alone is not None:
            plan = Plan()
            planner.plan(self._alone, plan)
            self.closed = self._alone.why is not None
            planner.confirm(plan)
            return
        self._plans = True
        self._start()

    def end(self, end: End, *, refused: bool) -> None:
        """Write the end of a lease into the state.

        Args:
            end: how the lease ended.
            refused: whether the server refused the call: nothing leaves before the state has it.
        """
        if self._alone is None:
            self._ends.add([end])
            self.closed = self.closed or refused
            self._write()
            return
        if refused or self._remote.holds(end.lease):  # the server knows nothing of the other leases
            self._ends.add([end])
        self._log(end.apply(self._alone))
        self.closed = self._alone.why is not None

    def end_soon(self, end: End) -> None:
        """Write the end of a lease into the state with the next step, or a little later."""
        if self._alone is not None:
            self.end(end, refused=False)
            return
        self._ends.add([end])
        if self._timer is None:
            self._timer = self._loop.call_later(_SOON, self._write)

    @property
    def complete(self) -> bool:
        """Whether the ledger has all that this gate knows."""
        return not self._ends and self._task is None and self._alone is None

    def busy_for(self, since: int = 0) -> int:
        """Return for how long the present step has lasted, in nanoseconds, and at most since a given time."""
        return 0 if self._task is None else self._clock.now() - max(self._began, since)

    def leave(self, ends: Iterable[End]) -> list[End]:
        """Return the ends that the ledger does not have yet, the given ones included; the event loop has ended."""
        return [*self._ends, *ends]

    def take_over(self, ends: Iterable[End]) -> None:
        """Take over the ends of leases that another event loop has left."""
        self._ends.add(ends)

    def write_ends(self) -> None:
        """Begin to write the ends of leases that are not stored yet, unless the server can't be reached."""
        if self._ends and self._alone is None and not self._down:
            self._write()

    async def flush(self) -> None:
        """Write the ends of leases that are not stored yet, as far as the server can be reached within two seconds."""
        self.write_ends()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=_LONGEST_FLUSH)

    # Steps

    def _write(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._looks = True
        self._start()

    def _start(self) -> None:
        if self._task is None and not self._loop.is_closed():
            self._began = self._clock.now()
            self._task = self._loop.create_task(self._work())

    async def _work(self) -> None:
        """Make steps until nothing is left to do."""
        try:
            while self._plans or self._looks:
                self._began = self._clock.now()
                await (self._step() if self._alone is None else self._return(self._alone))
                self._down = False
        except HarvestError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001 - the calls that wait have to end
            broken = unusable(error)
            broken.__cause__ = error
            self._fail(broken)
        finally:
            self._task = None

    async def _step(self) -> None:
        """Store the ends and the grants that are possible now."""
        self._looks = False
        plans = self._take_plans()
        if self._remote.state is None:
            await self._read()
        if not self._heartbeat.running:
            self._store.listen(self._notified)
            self._heartbeat.start()
        again = 0
        while not await self._try_step(plans=plans, again=again):
            self._plans, again = self._plans or plans, again + 1
            plans = self._take_plans()
            if again > 1:  # processes that wait for one another must not try at the same times
                aside = min(self._exchanges.trip / SECOND * 2**again, _LONGEST_ASIDE)
                await asyncio.sleep(random.uniform(0, aside))  # noqa: S311

    def _take_plans(self) -> bool:
        """Return whether leases are to be granted in this step; while they must not be, it is left to a later one."""
        left = self._exchanges.unsettled()
        if left and self._plans:
            self._loop.call_later(left / SECOND, self._dispatch_later)
        plans, self._plans = self._plans and not left, False
        if plans and self.closed and self._ends:  # the end of a probe opens the gate; others may have registered since
            self._plans = True
            return False
        return plans

    def _dispatch_later(self) -> None:
        """Grant what could not be granted before; a step for nobody would open connections that were closed."""
        if not self._planner.idle:
            self.dispatch(self._planner)

    async def _try_step(self, *, plans: bool, again: int) -> bool:
        """Plan a step and store it; return whether it was stored.

        Args:
            plans: whether calls may get leases.
            again: how often another process was faster. Then the state has just been read, so that a step is not sent
                which would only register again what waits here.
        """
        remote, ends, plan = self._remote, tuple(self._ends), Plan()
        state = self._drafts.new()
        was_closed = state.why is not None
        try:
            logs = self._drafts.change(state, ends, plan, plans=plans)
            if again and not (ends or plan.granted or remote.changed) and self._drafts.is_registered(state):
                if plans:
                    self._planner.confirm(plan)
                return True
            commit = self._drafts.commit(state, ends, plan, was_closed=was_closed)
            reply = await self._send(commit)
        except BaseException:
            self._withdraw(plan, ends)
            raise
        is_new = commit is not None and bool(commit.token)
        shows_more = plans and bool(reply.entries) and not (is_new or again)  # more leases may be free
        if shows_more or not reply.stored:
            self._planner.undo(plan)
        self._note(reply, commit, ends, state)
        if shows_more or not reply.stored:
            return False
        for log in logs:
            self._log(log)
        if self._exchanges.elsewhere and plan.granted:  # beside leases of others that this server may not know
            self._give_back(plan)
            return False
        if plans:
            self._planner.confirm(plan)
        return True

    def _note(self, reply: Reply, commit: Commit | None, ends: Sequence[End], state: AccountState) -> None:
        """Note what the server has replied to a step, whose grants are undone if they were not stored."""
        now = self._clock.now()
        if commit is not None:
            written = self._ends.written(ends, commit, reply)
            self._drafts.repeated.difference_update(end.lease for end in written)
        if not reply.stored:
            self._remote.adopt(reply, now, self._planner.open_leases())
        elif commit is not None and commit.token:
            self._remote.stored(state, commit, reply, now)
        else:
            self._remote.unchanged(reply, now)
        self._know()
        if reply.stored:
            self._exchanges.stored()

    async def _read(self) -> None:
        """Read the state for the first time."""
        reply = await self._send(None)
        self._remote.adopt(reply, self._clock.now(), self._planner.open_leases())
        self._know()

    async def _send(self, commit: Commit | None) -> Reply:
        return await self._exchanges.send(commit, at_once=self._down or self._remote.state is None)

    def _withdraw(self, plan: Plan, ends: tuple[End, ...]) -> None:
        """Note that a step may be stored which nobody waits for any more."""
        self._drafts.repeated.update(end.lease for end in ends)
        self._give_back(plan)

    def _give_back(self, plan: Plan) -> None:
        """Return the waiters of a step to the queue, and have its leases given back."""
        now = self._clock.now()
        given_back = [End(AccountState.unused, lease.number, now) for _, lease in plan.granted]
        self._planner.undo(plan)
        self._ends.add(given_back)

    # State

    def _know(self) -> None:
        state = self._remote.state
        self._ledger.known = state
        self._looks = self._ends.restore() or self._remote.doubtful or self._looks
        self.closed = state is not None and state.why is not None

    def _log(self, log: Turn | None) -> None:
        if log is not None:
            log_turn(self._settings.name, *log, self._clock.now())

    # Notices

    def _notified(self, notice: bytes, token: bytes) -> None:
        """Note what another process reports."""
        if self._user.encode() in token:
            return
        if notice == Notice.CLOSED:
            self.closed = True
        if not token:
            self._exchanges.lost_connection()
            if notice == Notice.LOST:
                self._remote.doubt()
        if notice == Notice.LOST or not token:
            self._looks = True
        self._plans = True
        self._start()

    def _half_period(self) -> float:
        state = self._remote.state
        return (SECOND if state is None else state.window.period) / SECOND / 2

    def _beat(self) -> None:
        """Look at the state if nothing was exchanged since the last beat, so that a loss is noticed."""
        looked, self._exchanges.responded = self._exchanges.responded, False
        if not looked and not self._planner.idle:
            self._write()

    # Failures

    def _fail(self, error: HarvestError) -> None:
        """Raise an error from all calls that wait, or go on with a share of the budget."""
        first, self._down, self._plans, self._looks = not self._down, True, False, False
        if first:
            logger.warning("%s: %s", self._settings.name, error.message)
        if isinstance(error, LedgerDown) and self._goes_alone():
            self.dispatch(self._planner)
        else:
            self._planner.fail(error, Plan())
        if self._ends or self._alone is not None:
            self._timer = self._loop.call_later(_RETRY, self._write)

    def _goes_alone(self) -> bool:
        """Begin to use this process's share of the budget without the server; return whether there is one."""
        if self._alone is not None:
            return True
        self._alone = share_of(
            self._remote.state,
            self._ledger.share,
            guard=self._settings.bounds.guard,
            last_lease=self._drafts.last_lease,
            leases=self._planner.open_leases(),
            now=self._clock.now(),
        )
        return self._alone is not None

    async def _return(self, alone: AccountState) -> None:
        """Use the server again if it can be reached, and begin no lease with a number that was used without it."""
        self._looks = False
        reply = await self._send(None)
        now, leases = self._clock.now(), self._planner.open_leases()
        if not reply.stored:
            self._remote.adopt(reply, now, leases)
        self._remote.recover(now, leases)
        self._drafts.last_lease = alone.last_lease
        self._alone, self._looks, self._plans = None, True, True
        logger.warning("%s: the throttle's ledger is used again", self._settings.name)
