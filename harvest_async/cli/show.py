"""What a person sees: progress, plans, reports; and the same as JSON.

Rules of this room: results go to standard output, everything else to standard error. Nothing is computed here but sums
of what is shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.table import Table

from harvest_async.bulk.plan import Plan
from harvest_async.bulk.rows import Problem, Row, Sheet
from harvest_async.bulk.run import Report
from harvest_async.throttle.throttle import Snapshot, Throttle

__all__ = [
    "Bar",
    "err",
    "out",
    "plan_json",
    "report_json",
    "show_plan",
    "show_problems",
    "show_report",
    "show_snapshot",
]

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

_SHOWN: Final = 20
_REFRESH: Final = 0.2


class Bar:
    """Progress on a terminal as a bar, elsewhere as a line for each part (see `bulk.run.Progress`)."""

    def __init__(self, throttle: Throttle | None, *, quiet: bool = False) -> None:
        self._throttle = throttle
        self._quiet = quiet
        self._lively = err.is_terminal and not quiet
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("calls  {task.fields[state]}"),
            console=err,
            disable=not self._lively,
            transient=True,
        )
        self._task: TaskID | None = None
        self._left = 0

    def begin(self, what: str, calls: int) -> None:
        """A part begins."""
        if not self._lively and not self._quiet and calls:
            err.print(f"{what}: {calls} calls")
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._task, self._left = self._bars.add_task(what, total=calls, state=""), calls

    def step(self) -> None:
        """A call is done."""
        self._left -= 1
        if self._task is not None:
            self._bars.advance(self._task)

    @asynccontextmanager
    async def shown(self) -> AsyncIterator[Bar]:
        """Show it while something goes on."""
        with self._bars:
            watching = asyncio.create_task(self._watch())
            try:
                yield self
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    async def _watch(self) -> None:
        while self._lively and self._throttle is not None:
            if self._task is not None:
                self._bars.update(self._task, state=_state(self._throttle.snapshot(), self._left))
            await asyncio.sleep(_REFRESH)


def _state(now: Snapshot, left: int) -> str:
    waiting = now.queued_bulk + now.queued_interactive
    parts = [f"window {now.sent + now.foreign}/{now.calls}", f"waiting {waiting}"]
    if now.closed_for:
        parts.append(f"closed for {now.closed_for:.0f} s: {now.closed}")
    if left > 0:
        parts.append(f"{now.seconds_until(left):.0f} s left")
    return "  ".join(parts)


def show_problems(problems: Iterable[Problem], title: str) -> None:
    """Rows that are not imported, and why."""
    problems = list(problems)
    if not problems:
        return
    err.print(f"[bold red]{title}: {len(problems)}[/]")
    for problem in problems[:_SHOWN]:
        err.print(f"  {problem}", markup=False)
    if len(problems) > _SHOWN:
        err.print(f"  and {len(problems) - _SHOWN} more (all of them with --json)")


def show_plan(plan: Plan, sheet: Sheet, calls: int, seconds: float) -> None:
    """What an import would do."""
    table = Table(title="Plan", show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column()
    for what, names in _makes(plan).items():
        if names:
            table.add_row(f"make {what}", _some(names))
    table.add_row("book", f"{len(plan.entries)} rows, {_hours(plan.entries)} h")
    table.add_row("already there", f"{len(plan.there)} rows")
    table.add_row("rejected", f"{len(plan.rejected) + len(sheet.problems)} rows")
    table.add_row("calls", f"{calls}, reads included")
    table.add_row("time", f"about {seconds:.0f} s")
    out.print(table)


def _makes(plan: Plan) -> dict[str, list[str]]:
    return {
        "clients": list(plan.clients),
        "projects": [f"{name} ({client})" for client, name in plan.projects],
        "tasks": list(plan.tasks),
        "people (each gets an e-mail)": [f"{each.first_name} {each.last_name} <{each.email}>" for each in plan.people],
        "assignments": [str(other) for _, other in (*plan.task_links, *plan.user_links)],
    }


def _some(names: list[str]) -> str:
    rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{len(names)}: " + ", ".join(name.replace("[", "\\[") for name in names[:_SHOWN]) + rest


def _hours(rows: Iterable[Row]) -> str:
    return str(sum(row.hours for row in rows))


def show_report(report: Report, calls: int, seconds: float) -> None:
    """What an import did."""
    tally = report.tally
    show_problems(sorted(tally.rejected, key=lambda problem: problem.row), "rejected")
    if tally.unknown:
        lines = ", ".join(str(row.line) for row in tally.unknown[:_SHOWN])
        err.print(f"[bold yellow]unknown: {len(tally.unknown)}[/] (lines {lines}): sent, but the answer was lost")
    if report.interrupted:
        err.print(f"[bold yellow]stopped early[/]: {report.interrupted}", soft_wrap=True)
    if tally.unknown or report.left:
        err.print("Run the same import again: what is there already is found and left alone.")
    table = Table(title="Report", show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column()
    made = ", ".join(_counted(count, what) for what, count in sorted(tally.made.items()))
    table.add_row("made", made or "nothing")
    table.add_row("created", f"{len(tally.created)} entries, {report.created_hours} h")
    table.add_row("already there", f"{len(tally.there)} entries")
    table.add_row("rejected", f"{len(tally.rejected)} rows")
    table.add_row("unknown", f"{len(tally.unknown)} rows")
    if report.left:
        table.add_row("not tried", f"{report.left} rows")
    table.add_row("hours in the file", f"{float(report.file_hours):.4f}")
    table.add_row("hours as sent", f"{report.rounded_hours} (rounding: {_difference(report):+.4f})")
    table.add_row("calls", str(calls))
    table.add_row("time", f"{seconds:.1f} s")
    out.print(table)


def _counted(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {'people' if what == 'person' else f'{what}s'}"


def _difference(report: Report) -> float:
    return float(report.rounded_hours) - float(report.file_hours)


def show_snapshot(now: Snapshot, said: str) -> None:
    """How the account's throttle stands."""
    table = Table(title="Throttle", show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column()
    table.add_row("the server says", said)
    table.add_row("limit", f"{now.calls} calls in {now.period:g} s")
    table.add_row("ours in the window", str(now.sent))
    table.add_row("other programs'", str(now.foreign))
    table.add_row("free now", str(now.free))
    table.add_row("gate", f"closed for {now.closed_for:.0f} s: {now.closed}" if now.closed else "open")
    table.add_row("100 calls would be through in", f"{now.seconds_until(100):.0f} s")
    out.print(table)


def plan_json(plan: Plan, sheet: Sheet, calls: int, seconds: float) -> dict[str, Any]:
    """A plan for programs."""
    return {
        "make": {what.partition(" ")[0]: names for what, names in _makes(plan).items()},
        "book": len(plan.entries),
        "hours": _hours(plan.entries),
        "already_there": len(plan.there),
        "rejected": [_problem(problem) for problem in (*sheet.problems, *plan.rejected)],
        "calls": calls,
        "seconds": round(seconds, 1),
    }


def report_json(report: Report, calls: int, seconds: float) -> dict[str, Any]:
    """A report for programs."""
    tally = report.tally
    return {
        "made": dict(tally.made),
        "created": len(tally.created),
        "created_hours": str(report.created_hours),
        "already_there": len(tally.there),
        "rejected": [_problem(problem) for problem in sorted(tally.rejected, key=lambda problem: problem.row)],
        "unknown": [{"line": row.line, "row": row.row} for row in tally.unknown],
        "not_tried": report.left,
        "interrupted": report.interrupted,
        "file_hours": f"{float(report.file_hours):.6f}",
        "hours_as_sent": str(report.rounded_hours),
        "difference": f"{_difference(report):+.6f}",
        "calls": calls,
        "seconds": round(seconds, 1),
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {"line": problem.line, "row": problem.row, "column": problem.column, "reason": problem.reason}
