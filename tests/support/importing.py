"""Imports into an account in memory, on a loop where sleeping takes no time."""

import asyncio
from datetime import date, time
from decimal import Decimal
from fractions import Fraction

from harvest_async.importer.journal import Journal
from harvest_async.importer.loading import check_source, load_rows
from harvest_async.importer.planner import PlanOptions, build_plan
from harvest_async.importer.report import overview, report_of
from harvest_async.importer.rules import Rules, Stopped
from harvest_async.importer.run import Runner
from harvest_async.importer.sources import TimeRow
from harvest_async.progress import Quiet
from harvest_async.testing import VirtualLoop

DAY = date(2026, 1, 5)
RULES, QUIET = Rules(), Quiet()


def time_row(row=1, **changes):
    """One row of time, by default an hour of one@example.com on one project."""
    given = {
        "line": row + 1,
        "row": row,
        "client": "ACME",
        "project": "Website",
        "task": "Work",
        "notes": "",
        "day": DAY,
        "exact": Fraction(1),
        "hours": Decimal("1.00"),
        "person": "",
        "email": "one@example.com",
        "started": time(9),
        "ended": time(10),
    }
    return TimeRow(**(given | changes))


def virtually(what):
    """Run a coroutine function; it is given the loop's clock."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(what(runner.get_loop().clock))


async def agree(_):
    """Allow all people to be created."""
    return True


async def plan_into(journal, books, rows, *, consent=agree, email_domain=None):
    """Plan rows into a journal."""
    load_rows(journal, rows)
    check_source(journal)
    await build_plan(books, journal, PlanOptions(email_domain, consent), Quiet())
    return overview(journal)


async def execute(journal, books, clock, *, rules=RULES, progress=QUIET, before=lambda _: None):
    """Run a planned journal; gives the report."""
    runner = Runner(books, journal, rules, clock, progress)
    before(runner)
    try:
        await runner.run()
    except Stopped as early:
        return report_of(journal, early.message, gave_up=early.gave_up)
    return report_of(journal)


def load(books, rows, **how):
    """Import rows as a whole; gives the report."""
    rules = how.pop("rules", Rules())

    async def do(clock):
        with Journal(inline=True) as journal:
            await plan_into(journal, books, rows, **how)
            return await execute(journal, books, clock, rules=rules)

    return virtually(do)
