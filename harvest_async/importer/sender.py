"""Send one step of a plan at a time, and store its outcome.

Invariants:
- A write gets its lease first; then its intent is stored on the disk; then the request is sent. The guard is called
  before the intent is stored, and before each attempt to send the request.
- From its intent on, a write counts as possibly processed: it is planned again only if the server refused it or if it
  certainly was not sent.
"""

from __future__ import annotations

import asyncio
from typing import Final

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
from harvest_async.importer.account_records import CreatedEntry
from harvest_async.importer.assignments import ASSIGNMENTS
from harvest_async.importer.entry_references import RunReferences
from harvest_async.importer.journal import Change, JournalError, JournalWriter
from harvest_async.importer.outage_gate import HeldBack, OutageGate
from harvest_async.importer.references import References
from harvest_async.importer.rules import Guard, Rules
from harvest_async.importer.transitions import (
    mark_created,
    mark_existing,
    mark_intended,
    mark_rejected,
    mark_response_lost,
    mark_updated,
    plan_again,
    plan_update,
)
from harvest_async.importer.work_queue import Step
from harvest_async.progress import Progress

__all__ = ["Sender"]

_REFUSED: Final = (BadRequest, NotFound, Unprocessable, InvalidArgument)
_RESPONSE_LOST: Final = (OutcomeUnknown, CreatedUnread, DecodeError)
_NOT_PROCESSED: Final = (NotSent, ServerError)
_NOT_PROCESSED_AND_FINAL: Final = (ResponseError, WouldWait)
"""Errors that end the run and prove that the server did not process the write."""


class Sender:
    """Sends steps and stores their outcomes.

    Args:
        account: the account to write to.
        writer: stores outcomes.
        references: the records that steps refer to.
        run_references: the references of the run's time entries.
        gate: decides whether a write may be sent.
        rules: the rules of the run.
        clock: the source of time.
        progress: receives the progress.
        guard: raises an error if the run may not write any more.

    Attributes:
        unresolved: the keys of writes whose outcome is unknown.
        again: whether a step of this round was planned again.
    """

    def __init__(
        self,
        account: Account,
        writer: JournalWriter,
        references: References,
        run_references: RunReferences,
        gate: OutageGate,
        rules: Rules,
        clock: Clock,
        progress: Progress,
        guard: Guard,
    ) -> None:
        self._account = account
        self._writer = writer
        self._references = references
        self._run_references = run_references
        self._gate = gate
        self._rules = rules
        self._clock = clock
        self._progress = progress
        self.guard = guard
        self._failures = 0
        self.unresolved: set[str] = set()
        self.again = False

    def begin_round(self, unresolved: set[str]) -> None:
        """Begin a round over the planned steps of a stage."""
        self.unresolved, self.again = unresolved, False

    def reject_unsendable(self, step: Step) -> bool:
        """Return whether a step can't be sent now; reject it if it never can.

        A record that it needs is missing, or it was sent too often.
        """
        obstacle = self._references.obstacle(step)
        if obstacle is not None and obstacle.final:
            self._reject(step, obstacle.reason)
        elif step.attempts >= self._rules.attempts:
            self._reject(step, f"it was sent {step.attempts} times, and the server failed each time")
        return obstacle is not None or step.attempts >= self._rules.attempts

    async def send(self, step: Step, group: anyio.abc.TaskGroup) -> bool:
        """Send a step and store its outcome; return False if it was held back and has to be sent later."""
        observer, created = _Observer(self, step), CreatedEntry(None)
        try:
            with self._gate.waiting(step.id) as scope:
                created = await self._write(step, observer)
        except HeldBack:
            return False
        except HarvestError as error:
            await self._handle_failure(step, error, observer, group)
            return True
        except BaseException as error:
            self._handle_interruption(step, error, observer)
            raise
        if scope.cancelled_caught:
            return False
        self._handle_success(
            step, created
        )  # if this fails, the journal has the intent, and a resumed run reconciles it
        return True

    async def _write(self, step: Step, observer: _Observer) -> CreatedEntry:
        fields = self._references.fields(step)
        if step.action == "update":
            await self._account.update(step.kind, step.record or 0, fields, observer)
            return CreatedEntry(step.record)
        if self._account.references is None or self._run_references.of_step(step) is None:
            return CreatedEntry(await self._account.create(step.kind, fields, observer))
        async with self._run_references.turn():
            reference = self._run_references.of_step(step)  # None if the response before showed that none is kept
            if reference is None:
                return CreatedEntry(await self._account.create(step.kind, fields, observer))
            created = await self._account.references.create(fields, reference, observer)
            if changes := self._run_references.confirm(step.id, reference, created.reference):
                self._writer.enqueue(*changes)
            return created

    async def mark_intended(self, step: Step) -> None:
        """Store the intent to send a step, directly before it is sent.

        Raises:
            HeldBack: it may not be sent now.
            HarvestError: the guard lets this run write no more; the step is planned.
        """
        self._gate.leave(step.id)
        self.guard()
        await self._writer.write(mark_intended(step.id))
        try:
            self.guard()
        except HarvestError:
            self._writer.enqueue(plan_again(step.id))
            raise

    # Outcomes

    def _handle_success(self, step: Step, created: CreatedEntry) -> None:
        record = created.id
        self._gate.responded()
        if step.action == "update":
            self._writer.enqueue(mark_updated(step.id))
        elif record is None and not step.is_row:
            self._handle_lost_response(step)  # it was created, and its id is found by reading
        elif step.kind in ASSIGNMENTS and step.content.get("fields"):
            self._plan_again(plan_update(step.id, record))
        else:
            self._writer.enqueue(mark_created(step.id, record))
        self._progress.step()

    def _handle_interruption(self, step: Step, error: BaseException, observer: _Observer) -> None:
        """Store the outcome of a write that ended by a cancellation or a programming error.

        A cancelled call reports whether it may have been sent; with other errors that is unknown.
        """
        if not observer.is_intended:
            return
        maybe_processed = observer.is_outcome_unknown or not isinstance(error, asyncio.CancelledError)
        self._writer.enqueue(mark_response_lost(step.id, self._now()) if maybe_processed else plan_again(step.id))

    async def _handle_failure(
        self, step: Step, error: HarvestError, observer: _Observer, group: anyio.abc.TaskGroup
    ) -> None:
        if isinstance(error, JournalError):
            raise error
        if isinstance(error, _REFUSED) and (isinstance(error, ResponseError) or not observer.is_intended):
            self._gate.responded()
            await self._handle_refusal(step, error)
        elif isinstance(error, _RESPONSE_LOST) and step.action != "update":
            self._handle_lost_response(step)
            self._gate.failed(group)
        elif isinstance(error, (*_RESPONSE_LOST, *_NOT_PROCESSED)):
            self._plan_again(plan_again(step.id))
            self._gate.failed(group)
        else:
            if observer.is_intended:
                known = isinstance(error, _NOT_PROCESSED_AND_FINAL) or step.action == "update"
                self._writer.enqueue(plan_again(step.id) if known else mark_response_lost(step.id, self._now()))
            self._gate.stop(error.message)
            raise error

    async def _handle_refusal(self, step: Step, error: HarvestError) -> None:
        """Reject a step, unless it is an assignment that exists already."""
        if step.kind in ASSIGNMENTS and step.action == "create" and await self._accept_existing(step):
            self._progress.step()
            return
        self._reject(step, error.message)

    async def _accept_existing(self, step: Step) -> bool:
        """Accept an assignment that exists, after restoring it if it is archived; return whether it exists."""
        project, other = self._references.record(step.project) or 0, self._references.record(step.other)
        found = [each for each in await self._account.assignments(step.kind, project) if each.other == other]
        if found and not any(each.active for each in found):
            fields = {"project": project, "archived": False}
            await self._account.update(step.kind, found[0].id, fields, _Observer(self, step))
        if found and step.content.get("fields"):
            self._plan_again(plan_update(step.id, found[0].id))
        elif found:
            self._writer.enqueue(mark_existing(step.id, found[0].id))
        return bool(found)

    def _reject(self, step: Step, reason: str) -> None:
        self._writer.enqueue(mark_rejected(step.id, reason))
        self._progress.step()
        self._failures += 1
        if self._rules.max_failures is not None and self._failures >= self._rules.max_failures:
            self._gate.stop(f"{self._failures} {'row was' if self._failures == 1 else 'rows were'} refused")

    def _handle_lost_response(self, step: Step) -> None:
        if self._rules.reconcile:
            self.unresolved.add(step.key)
            self._writer.enqueue(mark_response_lost(step.id, self._now()))
        else:
            self._plan_again(plan_again(step.id))

    def _plan_again(self, change: Change) -> None:
        """Plan a step again; it is sent after all others of the stage."""
        self.again = True
        self._writer.enqueue(change)

    def _now(self) -> float:
        return self._clock.today().timestamp()


class _Observer:
    """Observes the write of one step (see `account.WriteObserver`)."""

    def __init__(self, sender: Sender, step: Step) -> None:
        self._sender = sender
        self._step = step
        self.is_intended = False
        self.is_outcome_unknown = False

    async def before_send(self) -> None:
        """Store the intent before the first attempt; call the guard before each."""
        if self.is_intended:
            self._sender.guard()
        else:
            await self._sender.mark_intended(self._step)
            self.is_intended = True

    def outcome_unknown(self) -> None:
        """Note that the request may have been sent."""
        self.is_outcome_unknown = True
