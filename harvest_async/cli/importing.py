"""One import, from the file to the report.

Rules of this room: it asks and tells; what is done is in `bulk`. Whatever ends an import early, its report is true.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from attrs import define, frozen

from harvest_async.bulk.plan import Consent, Have, NewPerson, Plan, seconds_for
from harvest_async.bulk.rows import Sheet
from harvest_async.bulk.run import Report, Tally, carry_out, look, plan_import, report_of
from harvest_async.cli.account import V1Account
from harvest_async.cli.show import Bar
from harvest_async.cli.target import Target
from harvest_async.errors import HarvestError

__all__ = ["Ending", "Wishes", "run_import"]


@frozen
class Wishes:
    """What was asked for on the command line.

    Attributes:
        dry_run: only read, and plan.
        yes: people may be made without asking.
        email_domain: gives people an e-mail address who have none.
        ask: is given the people who would have to be made, and says whether they may be; None cannot ask.
    """

    dry_run: bool
    yes: bool
    email_domain: str | None
    ask: Callable[[tuple[NewPerson, ...]], bool] | None


@define
class Ending:
    """How far an import came; filled in as it goes, so that it is there whatever happens.

    Attributes:
        plan: the plan; None before there was one.
        calls: calls that the plan takes, reads included.
        seconds: the time that the plan takes.
        report: what was done; None for a dry run.
        sent: calls that were sent.
        elapsed: seconds.
        error: what ended it early.
    """

    plan: Plan | None = None
    calls: int = 0
    seconds: float = 0.0
    report: Report | None = None
    sent: int = 0
    elapsed: float = 0.0
    error: HarvestError | None = None


async def run_import(target: Target, sheet: Sheet, wishes: Wishes, bar: Bar, ending: Ending) -> None:
    """Import a sheet; `ending` tells how it went, also after a cancellation."""
    began = time.monotonic()
    async with target.client() as harvest, bar.shown():
        account = V1Account(harvest)
        try:
            have = await look(account, sheet.rows, bar)
            plan = ending.plan = await _consented(sheet, have, wishes)
            now = target.throttle.snapshot()
            ending.calls = now.lent + plan.writes
            ending.seconds = seconds_for(ending.calls, now.calls, now.period)
            if not wishes.dry_run:
                await _carry_out(account, sheet, plan, have, bar, ending)
        except HarvestError as error:
            ending.error = error
        finally:
            ending.sent = target.throttle.snapshot().lent
            ending.elapsed = time.monotonic() - began


async def _consented(sheet: Sheet, have: Have, wishes: Wishes) -> Plan:
    """The plan, after whoever may decide was asked about the people in it."""
    allowed = plan_import(sheet, have, Consent(make_people=True, email_domain=wishes.email_domain))
    if not allowed.people or wishes.yes or wishes.dry_run:
        return allowed
    if wishes.ask is not None and await asyncio.to_thread(wishes.ask, allowed.people):
        return allowed
    return plan_import(sheet, have, Consent(make_people=False, email_domain=wishes.email_domain))


async def _carry_out(account: V1Account, sheet: Sheet, plan: Plan, have: Have, bar: Bar, ending: Ending) -> None:
    tally = Tally()
    why: str | None = "interrupted"
    try:
        await carry_out(account, sheet, plan, have, tally, bar)
        why = None
    except HarvestError as error:
        why = error.message
        raise
    finally:
        ending.report = report_of(sheet, plan, tally, why)


def empty_account() -> Have:
    """What an account has of which nothing is known."""
    return Have()
