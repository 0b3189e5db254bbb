"""Carrying a plan out: what rows need is made first, then the rows, side by side; the journal knows all of it.

Rules of this room:
- Order: clients, tasks, people, categories; then projects, contacts and invoices; then assignments; then entries and
  expenses; then payments; what is archived in the end is archived last.
- A write takes its permit first, then its intent goes to the disk, then it leaves; its outcome is written down as soon
  as it is known.
- A write whose answer was lost is never sent again before `settling` has found out what became of it.
- A write counts as lost from its intent on: only what proves that it was refused, or never left, plans it again.
- Who may go, and what happens while the server is gone, is the turnstile's: every write passes it.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

import anyio

from harvest_async.clock import Clock
from harvest_async.errors import (
    BadRequest,
    CreatedUnread,
    DecodeError,
    HarvestError,
    InvalidArgument,
    NotFound,
    NotSent,
    OutcomeUnknown,
    ResponseError,
    ServerError,
    Unprocessable,
    WouldWait,
)
from harvest_async.importer.account import Account
from harvest_async.importer.journal import Change, Journal, JournalError, JournalWriter
from harvest_async.importer.outage_gate import AWAY, Held, OutageGate
from harvest_async.importer.reconciliation import Reconciliation
from harvest_async.importer.references import References
from harvest_async.importer.rules import STAGES, Rules, Stopped
from harvest_async.importer.transitions import (
    accept,
    create,
    intend,
    lose,
    plan_again,
    plan_update,
    reject,
    update,
)
from harvest_async.importer.work_queue import Step, WorkQueue
from harvest_async.progress import Progress

__all__ = ["Runner"]

_LINKS: Final = frozenset({"task_link", "person_link"})
_REFUSED: Final = (BadRequest, NotFound, Unprocessable, InvalidArgument)
_LOST: Final = (OutcomeUnknown, CreatedUnread, DecodeError)
_DOWN: Final = (NotSent, ServerError)
_NOT_DONE: Final = (ResponseError, WouldWait)
"""What proves of a write that the server did not carry it out, and ends the run all the same."""


class Runner:
    """One run over a planned journal."""

    def __init__(self, account: Account, journal: Journal, rules: Rules, clock: Clock, progress: Progress) -> None:
        self._account = account
        self._journal = journal
        self._rules = rules
        self._clock = clock
        self._progress = progress
        self._clerk = JournalWriter(journal)
        self._things = References(journal)
        self._settling = Reconciliation(account, journal, self._clerk, self._things)
        self._turnstile = OutageGate(account, rules.give_up, clock, progress)
        self._in_doubt: set[str] = set()
        self._failures = 0
        self._again = False

    def stop(self, why: str) -> None:
        """End the run: finish what is on its way, begin nothing."""
        self._turnstile.stop(why)

    async def run(self) -> None:
        """Do everything that the journal has planned.

        Raises:
            Stopped: it ended early.
            HarvestError: the account can't be worked with; it can be resumed all the same.
        """
        try:
            await self._recover()
            with self._account.bulk():
                for title, of_kinds in STAGES:
                    await self._stage(title, of_kinds)
        except BaseExceptionGroup as errors:
            raise _worst(errors) from None
        finally:
            with anyio.CancelScope(shield=True):
                await self._clerk.done()
        if self._turnstile.stopped is not None:
            early = Stopped(self._turnstile.stopped)
            early.gave_up = self._turnstile.gave_up
            raise early

    async def _recover(self) -> None:
        """What was on its way when the last run died is lost from now on; what is unknown is looked for again."""
        moment = self._now()
        if not self._rules.reconcile:
            await self._clerk.noted(("update step set state = 'planned' where state in ('intended', 'lost')", ()))
        await self._clerk.noted(
            ("update step set state = 'planned' where state in ('intended', 'lost') and action = 'update'", ()),
            ("update step set state = 'lost', lost_at = ? where state = 'intended'", (moment,)),
            ("update step set state = 'lost', lost_at = ? where state = 'unknown'", (moment - self._rules.max_delay,)),
        )

    # Stages

    async def _stage(self, title: str, of_kinds: tuple[str, ...]) -> None:
        journal, wanted = self._journal, json.dumps(of_kinds)
        await self._clerk.done()
        await journal.work(self._things.load)
        left = await journal.work(journal.number, _LEFT, (wanted,))
        if left:
            self._progress.begin(title, left)
        while left and not self._turnstile.halted():
            doubtful = await journal.work(journal.rows, _DOUBTFUL, (wanted,))
            self._in_doubt = {key for (key,) in doubtful}
            self._again = False
            await self._send_all(WorkQueue(journal, wanted, self._in_doubt))
            await self._clerk.done()
            if self._turnstile.halted() or not (await self._settle(of_kinds) or self._again):
                return

    async def _send_all(self, feed: WorkQueue) -> None:
        async with anyio.create_task_group() as group:
            for _ in range(self._rules.side_by_side):
                group.start_soon(self._work, feed, group)

    async def _work(self, feed: WorkQueue, group: anyio.abc.TaskGroup) -> None:
        turnstile = self._turnstile
        while not turnstile.halted() and (step := await feed.next()) is not None:
            if self._done_without_sending(step):
                feed.mark_done(step)
                continue
            again = False
            async with turnstile.turn():
                try:
                    again = not turnstile.halted() and not await self._send(step, group)
                finally:
                    feed.mark_done(step, again=again)

    def _done_without_sending(self, step: Step) -> bool:
        """Whether a step needs something that is not to be had, or was tried often enough."""
        obstacle = self._things.obstacle(step)
        if obstacle is not None and obstacle.final:
            self._reject(step, obstacle.reason)
        elif step.attempts >= self._rules.attempts:
            self._reject(step, f"it was sent {step.attempts} times, and the server failed each time")
        return obstacle is not None or step.attempts >= self._rules.attempts

    # One write

    async def _send(self, step: Step, group: anyio.abc.TaskGroup) -> bool:
        """Send a step and write its outcome down; False where it was held back and is to come again."""
        watch, record = _Watch(self, step), None
        try:
            with self._turnstile.waiting(step.id) as scope:
                record = await self._write(step, watch)
        except Held:
            return False
        except HarvestError as error:
            await self._failed(step, error, watch, group)
            return True
        except BaseException as error:
            self._broken_off(step, error, watch)
            raise
        if scope.cancelled_caught:
            return False
        self._outcome(step, record)  # should this fail, the journal still has the intent, and a resumed run looks
        return True

    def _broken_off(self, step: Step, error: BaseException, watch: _Watch) -> None:
        """A write ended by what is no failure of a call: cancellation, or an error in a program.

        Of a cancelled call it is known whether it had left; of all others it is not.
        """
        if not watch.intended:
            return
        in_doubt = watch.was_cut or not isinstance(error, asyncio.CancelledError)
        self._clerk.note(lose(step.id, self._now()) if in_doubt else plan_again(step.id))

    async def _write(self, step: Step, watch: _Watch) -> int | None:
        fields = self._things.fields(step)
        if step.action == "update":
            await self._account.update(step.kind, step.record or 0, fields, watch)
            return step.record
        return await self._account.create(step.kind, fields, watch)

    def _outcome(self, step: Step, record: int | None) -> None:
        """A write was answered."""
        self._turnstile.answered()
        if step.action == "update":
            self._clerk.note(update(step.id))
        elif record is None and not step.is_row:
            self._lose(step)  # made, and its number is found by reading
        elif step.kind in _LINKS and step.content.get("fields"):
            self._plan_again(plan_update(step.id, record))
        else:
            self._clerk.note(create(step.id, record))
        self._progress.step()

    async def _failed(self, step: Step, error: HarvestError, watch: _Watch, group: anyio.abc.TaskGroup) -> None:
        """A write failed: refused, lost, not sent, or a reason to end the run."""
        if isinstance(error, JournalError):
            raise error
        if isinstance(error, _REFUSED) and (isinstance(error, ResponseError) or not watch.intended):
            self._turnstile.answered()
            await self._refused(step, error)
        elif isinstance(error, _LOST) and step.action != "update":
            self._lose(step)
            self._turnstile.failed(group)
        elif isinstance(error, (*_LOST, *_DOWN)):
            self._plan_again(plan_again(step.id))
            self._turnstile.failed(group)
        else:
            if watch.intended:
                known = isinstance(error, _NOT_DONE) or step.action == "update"
                self._clerk.note(plan_again(step.id) if known else lose(step.id, self._now()))
            self.stop(error.message)
            raise error

    async def _refused(self, step: Step, error: HarvestError) -> None:
        """An assignment that is there already is no failure; an archived one is brought back."""
        if step.kind in _LINKS and step.action == "create" and await self._link_is_there(step):
            self._progress.step()
            return
        self._reject(step, error.message)

    async def _link_is_there(self, step: Step) -> bool:
        project, other = self._things.record(step.project) or 0, self._things.record(step.other)
        links = [link for link in await self._account.links(step.kind, project) if link.other == other]
        if links and not any(link.active for link in links):
            fields = {"project_id": project, "deactivated": False}
            await self._account.update(step.kind, links[0].id, fields, _Watch(self, step))
        if links:
            self._clerk.note(accept(step.id, links[0].id))
        return bool(links)

    def _reject(self, step: Step, reason: str) -> None:
        self._clerk.note(reject(step.id, reason))
        self._progress.step()
        self._failures += 1
        if self._rules.max_failures is not None and self._failures >= self._rules.max_failures:
            self.stop(f"{self._failures} were refused")

    def _lose(self, step: Step) -> None:
        if self._rules.reconcile:
            self._in_doubt.add(step.key)
            self._clerk.note(lose(step.id, self._now()))
        else:
            self._plan_again(plan_again(step.id))

    def _plan_again(self, change: Change) -> None:
        """A step comes again, once all others were sent."""
        self._again = True
        self._clerk.note(change)

    async def _intend(self, step: Step) -> None:
        """The last moment before a write leaves."""
        self._turnstile.leave(step.id)
        await self._clerk.noted(intend(step.id))

    # Lost writes

    async def _settle(self, of_kinds: tuple[str, ...]) -> bool:
        """Wait until lost writes can be told, and find out about them; whether anything is to be sent after that."""
        wanted = json.dumps(of_kinds)
        last = await self._journal.work(self._journal.one, _LAST_LOST, (wanted,))
        if last is None or last[0] is None:
            return False
        wait = last[0] + self._rules.max_delay - self._now()
        if wait > 0:
            self._progress.state(f"answers were lost: looking in {wait:.0f} s what became of their calls")
            await self._turnstile.sleep(wait)
            self._progress.state(None)
        if self._turnstile.halted():
            return False
        await self._read_until_answered(of_kinds)
        await self._journal.work(self._things.load)
        return True

    async def _read_until_answered(self, of_kinds: tuple[str, ...]) -> None:
        while not self._turnstile.halted():
            try:
                for kind in of_kinds:
                    await self._settling.settle(kind)
            except AWAY:
                await self._turnstile.wait_for_server()
            else:
                return

    def _now(self) -> float:
        return self._clock.today().timestamp()


class _Watch:
    """Looks on while a step is sent (see `account.Watch`)."""

    def __init__(self, runner: Runner, step: Step) -> None:
        self._runner = runner
        self._step = step
        self.intended = False
        self.was_cut = False

    async def leaving(self) -> None:
        """Write the intent down, once, whatever number of attempts follows."""
        if not self.intended:
            await self._runner._intend(self._step)  # noqa: SLF001 - one room
            self.intended = True

    def cut(self) -> None:
        """The write may have left."""
        self.was_cut = True


_LEFT: Final = (
    "select count(*) from step where state in ('planned', 'intended', 'lost') "
    "and kind in (select value from json_each(?))"
)
_DOUBTFUL: Final = (
    "select distinct key from step where state in ('lost', 'unknown') and kind in (select value from json_each(?))"
)
_LAST_LOST: Final = "select max(lost_at) from step where state = 'lost' and kind in (select value from json_each(?))"


def _worst(errors: BaseExceptionGroup[Any]) -> BaseException:
    """The error that ended a group of workers."""
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
