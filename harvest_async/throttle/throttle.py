"""The throttle of one account, as users see it.

Notes: a `Throttle` may be created anywhere, outside of event loops too; the ledger lives as long as it does, a queue as
long as its event loop. Several threads may use it, each with an event loop and a queue of its own: they share one
ledger, so that the account's limits hold for all of them together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import reduce
from threading import Lock
from typing import Final, Literal

from attrs import evolve

from harvest_async.clock import SECOND, Clock, SystemClock, span
from harvest_async.errors import HarvestError, InvalidArgument
from harvest_async.throttle.bounds import DEFAULT_GUARD, Bounds
from harvest_async.throttle.budgets import GENERAL, Budget, BudgetGates, Counts
from harvest_async.throttle.connections import ConnectionCap
from harvest_async.throttle.gate import Gate
from harvest_async.throttle.lease import Lease, Ticket
from harvest_async.throttle.ledgers.memory import Ledger, MemoryLedger
from harvest_async.throttle.ledgers.remote import RemoteLedger
from harvest_async.throttle.settings import Settings
from harvest_async.throttle.snapshot import Snapshot

__all__ = ["Snapshot", "Throttle"]

MOST_CALLS: Final = 10_000
LONGEST_PERIOD: Final = 3_600
"""The largest plausible numbers of a budget; the period in seconds."""


class Throttle:
    """One account's budget of calls: counts the requests that pass through it, and makes them wait.

    Without `calls` and `period` the limit is the one that the server reports, at first 100 calls in 15 s.

    Args:
        calls: a ceiling that the server may only tighten: 1 to 10,000.
        period: the same, in seconds: 1 to 3,600.
        pace: how calls of the bulk lane are sent: `"even"` spreads them evenly, so that interactive calls hardly wait;
            `"burst"` sends all that the window allows at once.
        reserve: how many leases an even pace leaves to the interactive lane.
        guard: the longest time, in seconds, that a request is assumed to travel.
        max_block: seconds that a call may be held up by a blocked account before `Throttled` is raised; None: no limit.
        ledger: where the count is kept. In memory by default: then the account's status is requested first, since what
            other programs sent is unknown. Where an API version has no status call, a throttle without a ledger of
            its own can't know what the last process sent.
        clock: the source of the time; the machine's by default.
        name: the account's name in the log.
        budgets: the account's budgets beside the general one, whose ceiling `calls` and `period` are. A client adds
            those of its API version.

    Raises:
        InvalidArgument: a number is out of its range.
    """

    def __init__(
        self,
        calls: int | None = None,
        period: float | None = None,
        *,
        pace: Literal["even", "burst"] = "even",
        reserve: int = 3,
        guard: float = DEFAULT_GUARD / SECOND,
        max_block: float | None = 1_000.0,
        ledger: Ledger | RemoteLedger | None = None,
        clock: Clock | None = None,
        name: str = "account",
        budgets: Iterable[Budget] = (),
    ) -> None:
        _check(calls is None or 1 <= calls <= MOST_CALLS, "calls", calls, "1 to 10,000")
        _check(period is None or 1 <= period <= LONGEST_PERIOD, "period", period, "1 to 3,600 seconds")
        _check(pace in {"even", "burst"}, "pace", pace, '"even" or "burst"')
        _check(reserve >= 0, "reserve", reserve, "0 or more")
        _check(0 <= guard <= LONGEST_PERIOD, "guard", guard, "0 to 3,600 seconds")
        _check(max_block is None or max_block >= 0, "max_block", max_block, "0 or more seconds, or None")
        self._settings = Settings(
            name=name,
            bounds=Bounds(calls, None if period is None else span(period), span(guard)),
            pace=pace,
            reserve=reserve,
            max_block=None if max_block is None else span(max_block),
        )
        self._ledger: Ledger | RemoteLedger = ledger or MemoryLedger()
        self._clock: Clock = clock or SystemClock()
        self._lock = Lock()  # clients in several threads may add budgets
        self._budgets: dict[str, BudgetGates] = {}
        self._cap: ConnectionCap | None = None
        self.add_budgets((GENERAL, *budgets))

    def __repr__(self) -> str:
        settings = self._settings
        return f"<Throttle {settings.name}, pace={settings.pace!r}>"

    @property
    def clock(self) -> Clock:
        """The source of the time."""
        return self._clock

    @property
    def ledger(self) -> Ledger | RemoteLedger:
        """Where the count of the general budget is kept."""
        return self._ledger

    async def acquire(self, ticket: Ticket) -> Lease:
        """Wait for the right to send one request; for users with a transport of their own.

        Raises:
            WouldWait: it takes longer than the ticket's `max_wait`.
            Throttled: the account stays blocked.
            NotSent: another process has kept the ledger locked for longer than one attempt may take.
        """
        gates = self._budgets.get(ticket.budget)
        gate = None if gates is None else gates.by_loop.get(asyncio.get_running_loop())
        if gate is None:
            gate = self._gate(ticket.budget)
        lease = gate.acquire_at_once(ticket)
        if lease is None:
            with ticket.observer.waiting():
                lease = await gate.acquire(ticket)
        return lease

    async def flush(self) -> None:
        """Wait until the ledger has the ends of all calls of this event loop, at most a second for each budget.

        The last calls of a program may have ended while another process was using the ledger. Without their ends, their
        leases would be held for a minute. A transport does this when it is closed.
        """
        for gates in tuple(self._budgets.values()):
            gate = gates.by_loop.get(asyncio.get_running_loop())
            if gate is not None:
                await gate.flush()

    def add_budgets(self, budgets: Iterable[Budget]) -> None:
        """Add the budgets of an API version; one that is there already keeps its numbers.

        Raises:
            InvalidArgument: a number of a budget is out of its range.
        """
        with self._lock:
            for budget in budgets:
                if budget.name not in self._budgets:
                    gates = self._budgets[budget.name] = self._gates_of(budget)
                    if self._cap is not None:
                        gates.share(self._cap)

    def share_connections(self, cap: ConnectionCap) -> None:
        """Count the connections of the cap's event loop under a cap that other throttles share."""
        with self._lock:
            self._cap = cap
            for gates in self._budgets.values():
                gates.share(cap)

    def leave_connections(self, cap: ConnectionCap) -> None:
        """Count under a cap no longer, unless another one has taken its place."""
        with self._lock:
            if self._cap is cap:
                self._cap = None
                for gates in self._budgets.values():
                    gates.share(cap, ends=True)

    def counts(self) -> Counts:
        """Return the counts of all budgets together. Reads no ledger; any thread may call it."""
        return reduce(Counts.plus, (gates.counts() for gates in tuple(self._budgets.values())))

    def resting(self) -> bool:
        """Return whether a new throttle with the same ledger would know as much: no call waits, no lease is held."""
        return all(gates.resting() for gates in tuple(self._budgets.values()))

    def fail_waiting(self, error: HarvestError) -> None:
        """Raise an error from all calls that wait on the running event loop."""
        for gates in tuple(self._budgets.values()):
            gates.fail_waiting(error)

    @property
    def budgets(self) -> tuple[str, ...]:
        """The names of the budgets, `"general"` first."""
        return tuple(self._budgets)

    def fallback_wait(self, budget: str) -> int:
        """Return the nanoseconds to wait after a refusal in a budget that does not say for how long."""
        return self._budgets[budget].fallback_wait

    def snapshot(self, budget: str = "general") -> Snapshot:
        """Return the present state of a budget. Sends nothing; any thread may call it.

        Args:
            budget: the budget's name; an API version may have others beside `"general"`.

        Raises:
            InvalidArgument: there is no such budget.
            HarvestError: the ledger can't be read.
        """
        return self._of(budget).snapshot()

    def _gate(self, budget: str = "general") -> Gate:
        """Return the gate of a budget on the running event loop."""
        return self._of(budget).gate()

    def _of(self, budget: str) -> BudgetGates:
        if budget not in self._budgets:
            raise InvalidArgument(f"budget={budget!r}: this throttle has {', '.join(self._budgets)}")
        return self._budgets[budget]

    def _gates_of(self, budget: Budget) -> BudgetGates:
        """Return the gates of a budget. The user's ceiling is that of the general one; the others have their own."""
        settings = self._settings
        if budget.name != GENERAL.name:
            _check(1 <= budget.calls <= MOST_CALLS, "budgets", budget, "1 to 10,000 calls")
            _check(1 <= budget.period <= LONGEST_PERIOD, "budgets", budget, "a period of 1 to 3,600 seconds")
            bounds = Bounds(budget.calls, span(budget.period), settings.bounds.guard)
            settings = evolve(settings, name=f"{settings.name} ({budget.name})", bounds=bounds)
        return BudgetGates(self._ledger.for_budget(budget.name), settings, self._clock, budget.fallback_wait)


def _check(ok: bool, name: str, value: object, allowed: str) -> None:
    if not ok:
        raise InvalidArgument(f"Throttle({name}={value!r}): give {allowed}")
