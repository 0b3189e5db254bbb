"""Run a plan: stage by stage, with concurrent writes, and with every outcome in the journal.

Invariants:
- The stages are those of `rules.STAGES`: what rows need is created first, and final states are set last.
- A write whose response was lost is never sent again before `Reconciliation` has found out whether it was processed.
- Every write passes the `OutageGate`, which is closed while the server does not respond, and the run's guard.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import anyio

from harvest_async.clock import Clock
from harvest_async.concurrency import first_error
from harvest_async.importer.account import Account
from harvest_async.importer.entry_references import RunReferences, check_unsent
from harvest_async.importer.journal import Journal, JournalWriter
from harvest_async.importer.outage_gate import UNREACHABLE, OutageGate
from harvest_async.importer.reconciliation import Reconciliation
from harvest_async.importer.references import References
from harvest_async.importer.rules import STAGES, Guard, Rules, Stopped, unguarded
from harvest_async.importer.sender import Sender
from harvest_async.importer.work_queue import WorkQueue
from harvest_async.progress import Progress

__all__ = ["Runner"]

_LEFT: Final = (
    "select count(*) from step where state in ('planned', 'intended', 'response_lost') "
    "and kind in (select value from json_each(?))"
)
_UNRESOLVED: Final = (
    "select distinct key from step where state in ('response_lost', 'unknown') "
    "and kind in (select value from json_each(?))"
)
_LAST_LOST: Final = (
    "select max(lost_at) from step where state = 'response_lost' and kind in (select value from json_each(?))"
)
_RESEND_ALL: Final = "update step set state = 'planned' where state in ('intended', 'response_lost')"
_RESEND_UPDATES: Final = f"{_RESEND_ALL} and action = 'update'"
_LOSE_INTENDED: Final = "update step set state = 'response_lost', lost_at = ? where state = 'intended'"
_RECONSIDER_UNKNOWN: Final = "update step set state = 'response_lost', lost_at = ? where state = 'unknown'"


class Runner:
    """One run of a planned journal.

    Args:
        account: the account to write to.
        journal: the journal that contains the plan.
        rules: the rules of the run.
        clock: the source of time.
        progress: receives the progress.
        guard: called directly before each write.
    """

    def __init__(
        self,
        account: Account,
        journal: Journal,
        rules: Rules,
        clock: Clock,
        progress: Progress,
        guard: Guard = unguarded,
    ) -> None:
        self._account = account
        self._journal = journal
        self._rules = rules
        self._clock = clock
        self._progress = progress
        self._writer = JournalWriter(journal)
        self._references = References(journal)
        self._run_references = run_references = RunReferences(journal)
        self._reconciliation = Reconciliation(account, journal, self._writer, self._references, run_references)
        self._gate = OutageGate(account, rules.give_up, clock, progress)
        self._sender = Sender(
            account, self._writer, self._references, run_references, self._gate, rules, clock, progress, guard
        )

    def stop(self, why: str) -> None:
        """End the run: finish the writes that were sent, and send no others."""
        self._gate.stop(why)

    async def run(self) -> None:
        """Run all planned steps of the journal.

        Raises:
            JournalError: a copy of the journal was run; nothing was sent.
            Stopped: the run ended early.
            HarvestError: the account can't be used; the run can be resumed.
        """
        try:
            await self._until_reachable(partial(check_unsent, self._account, self._journal, self._run_references))
            await self._recover()
            with self._account.bulk():
                for title, kinds in STAGES:
                    await self._run_stage(title, json.dumps(kinds), kinds)
        except BaseExceptionGroup as errors:
            raise first_error(errors) from None
        finally:
            with anyio.CancelScope(shield=True):
                await self._writer.drain()
        if self._gate.stopped is not None:
            early = Stopped(self._gate.stopped)
            early.gave_up = self._gate.gave_up
            raise early

    async def _recover(self) -> None:
        """Treat the writes that a killed run had sent as lost, and look again for those with unknown outcomes."""
        now = self._now()
        if not self._rules.reconcile:
            await self._writer.write((_RESEND_ALL, ()))
        await self._writer.write(
            (_RESEND_UPDATES, ()),
            (_LOSE_INTENDED, (now,)),
            (_RECONSIDER_UNKNOWN, (now - self._rules.max_delay,)),
        )

    async def _run_stage(self, title: str, wanted: str, kinds: tuple[str, ...]) -> None:
        journal, sender = self._journal, self._sender
        await self._writer.drain()
        await journal.work(self._references.load)
        left = await journal.work(journal.number, _LEFT, (wanted,))
        if left:
            self._progress.begin(title, left)
        while left and not self._gate.halted():
            sender.begin_round({key for (key,) in await journal.work(journal.rows, _UNRESOLVED, (wanted,))})
            await self._send_all(WorkQueue(journal, wanted, sender.unresolved))
            await self._writer.drain()
            if self._gate.halted() or not (await self._reconcile(wanted, kinds) or sender.again):
                return

    async def _send_all(self, queue: WorkQueue) -> None:
        async with anyio.create_task_group() as group:
            for _ in range(self._rules.side_by_side):
                group.start_soon(self._work, queue, group)

    async def _work(self, queue: WorkQueue, group: anyio.abc.TaskGroup) -> None:
        gate, sender = self._gate, self._sender
        while not gate.halted() and (step := await queue.next()) is not None:
            if sender.reject_unsendable(step):
                queue.mark_done(step)
                continue
            again = False
            async with gate.turn():
                try:
                    again = not gate.halted() and not await sender.send(step, group)
                finally:
                    queue.mark_done(step, again=again)

    # Writes whose response was lost

    async def _reconcile(self, wanted: str, kinds: tuple[str, ...]) -> bool:
        """Wait until lost writes can't be processed any more, and look for their records.

        Returns whether any write may have to be sent again.
        """
        last = await self._journal.work(self._journal.one, _LAST_LOST, (wanted,))
        if last is None or last[0] is None:
            return False
        wait = last[0] + self._rules.max_delay - self._now()
        if wait > 0:
            self._progress.state(f"responses were lost: checking in {wait:.0f} s which requests were processed")
            await self._gate.sleep(wait)
            self._progress.state(None)
        if self._gate.halted():
            return False
        await self._until_reachable(partial(self._reconcile_kinds, kinds))
        await self._journal.work(self._references.load)
        return True

    async def _reconcile_kinds(self, kinds: tuple[str, ...]) -> None:
        for kind in kinds:
            await self._reconciliation.reconcile(kind)

    async def _until_reachable(self, read: Callable[[], Awaitable[None]]) -> None:
        """Read the account, again whenever the server does not respond."""
        while not self._gate.halted():
            try:
                await read()
            except UNREACHABLE:
                await self._gate.wait_for_server()
            else:
                return

    def _now(self) -> float:
        return self._clock.today().timestamp()
