"""Show progress, plans and reports on the terminal, and convert plans and reports to JSON.

Results go to standard output, everything else to standard error.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import attrs
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.table import Table

from harvest_async.importer.report import Effort, Overview, Report
from harvest_async.importer.sources import Problem, Source
from harvest_async.throttle.throttle import Snapshot, Throttle

__all__ = [
    "Bar",
    "counted",
    "err",
    "out",
    "plan_json",
    "report_json",
    "show_found",
    "show_left",
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
    """Show progress as a bar on a terminal, and as one line for each part elsewhere (see `progress.Progress`)."""

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
        self._special: str | None = None

    def begin(self, what: str, calls: int) -> None:
        """Begin a part."""
        if not self._lively and not self._quiet and calls:
            err.print(f"{what}: {counted(calls, 'call')}")
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._task, self._left = self._bars.add_task(what, total=calls, state=""), calls

    def step(self) -> None:
        """Count one call."""
        self._left -= 1
        if self._task is not None:
            self._bars.advance(self._task)

    def state(self, what: str | None) -> None:
        """Show an unusual state; None ends it."""
        if what is not None and what != self._special and not self._lively and not self._quiet:
            err.print(what, markup=False)
        self._special = what

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Hide the bar during a question."""
        self._bars.stop()
        try:
            yield
        finally:
            if self._lively:
                self._bars.start()

    @asynccontextmanager
    async def shown(self) -> AsyncIterator[Bar]:
        """Show the bar during the block."""
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
                state = self._special or _state(self._throttle.snapshot(), self._left)
                self._bars.update(self._task, state=state)
            await asyncio.sleep(_REFRESH)


def _state(now: Snapshot, left: int) -> str:
    waiting = now.queued_bulk + now.queued_interactive
    parts = [f"window {now.sent + now.foreign}/{now.calls}", f"waiting {waiting}"]
    if now.closed_for:
        parts.append(f"closed for {max(1, round(now.closed_for))} s: {now.closed}")
    if left > 0:
        parts.append(f"{now.seconds_until(left):.0f} s left")
    return "  ".join(parts)


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun, in the singular for 1: `1 row`, `2 rows`."""
    return f"{count:d} {one if count == 1 else many or one + 's'}"


def show_problems(problems: Iterable[Problem], title: str) -> None:
    """Show the rows that are not imported, with the reasons."""
    problems = list(problems)
    if not problems:
        return
    err.print(f"[bold red]{title}: {_rejected(problems)}[/]")
    for problem in problems[:_SHOWN]:
        err.print(f"  {problem}", markup=False)
    if len(problems) > _SHOWN:
        err.print(f"  and {len(problems) - _SHOWN} more (use --json to list all)")


def show_left(left: Sequence[str]) -> None:
    """Show what an undo left, the first ones."""
    for each in left[:_SHOWN]:
        err.print(f"  left: {each}", markup=False)
    if len(left) > _SHOWN:
        err.print(f"  and {len(left) - _SHOWN} more (use --json to list all)")


def _rejected(problems: Sequence[Problem]) -> str:
    """Return the number of rejected rows, and of their problems if it differs."""
    rows = _rows_of(problems)
    return counted(rows, "row") + ("" if rows == len(problems) else f", {counted(len(problems), 'problem')}")


def _rows_of(problems: Iterable[Problem]) -> int:
    """Return the number of rows with problems; a row may have several."""
    return len({(problem.file, problem.row) for problem in problems})


def show_found(source: Source) -> None:
    """Show what was detected in a file."""
    for found in source.found:
        detected = found.describe()
        detected.pop("columns", None)
        err.print(", ".join(f"{what}: {text}" for what, text in detected.items()), markup=False)
    for notice in source.notices:
        err.print(f"  note: {notice}", markup=False)


def show_plan(plan: Overview, calls: int, seconds: float) -> None:
    """Show the plan of an import."""
    table = Table(title="Plan", show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column()
    for verb, counts in (("create", plan.create), ("update", plan.update)):
        for what, count in counts.items():
            mail = " (each gets an e-mail)" if (verb, what) == ("create", "people") else ""
            table.add_row(f"{verb} {what}{mail}", _some(count, plan.names.get(what, ())))
    table.add_row("log", f"{counted(plan.log, 'row')}, {plan.hours} h")
    if plan.expenses:
        table.add_row("expenses", f"{counted(plan.expenses, 'row')}, {plan.cost} in total")
    for line, day, size, notes in plan.first:
        table.add_row("", escape(f"line {line}: {day}  {size}  {' '.join(notes.split())}"))
    if plan.log + plan.expenses > len(plan.first):
        table.add_row("", f"and {plan.log + plan.expenses - len(plan.first)} more")
    table.add_row("already there", counted(plan.existing, "row"))
    table.add_row("rejected", _rejected(plan.rejected))
    if plan.left_out:
        fields = ", ".join(f"{name} of {kind.replace('_', ' ')}" for kind, name in plan.left_out)
        table.add_row("left out", f"{fields}: not part of this API version")
    table.add_row("calls", f"{calls}, including reads")
    table.add_row("time", f"about {seconds:.0f} s")
    out.print(table)


def _some(count: int, names: Sequence[str]) -> str:
    rest = f" and {count - len(names)} more" if count > len(names) else ""
    return f"{count}: " + escape(", ".join(names)) + rest


_UNREFERENCED: Final = {
    "not kept": "not kept by the server: time entries were recognised by comparing and counting",
    "off": "off: time entries were recognised by comparing and counting",
}
"""What a report shows if time entries have no references, although the API has them."""


def show_report(report: Report, effort: Effort) -> None:
    """Show the report of an import."""
    show_problems(report.rejected, "rejected")
    if report.unknown:
        lines = ", ".join(str(place.line) for place in report.unknown[:_SHOWN])
        word = "line" if len(report.unknown) == 1 else "lines"
        err.print(f"[bold yellow]unknown: {len(report.unknown)}[/] ({word} {lines}): sent, but the response was lost")
    if report.stopped:
        err.print(f"stopped early: {report.stopped}", style="bold yellow", markup=False)
    table = Table(title="Report", show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column()
    table.add_row("created", _counted(report.created_records))
    if report.updated:
        table.add_row("updated", _counted(report.updated))
    money = f", {report.created_cost} spent" if report.created_cost else ""
    what = counted(report.created, "row") if money else counted(report.created, "entry", "entries")
    table.add_row("logged", f"{what}, {report.created_hours} h{money}")
    table.add_row("already there", counted(report.existing, "row"))
    table.add_row("rejected", _rejected(report.rejected))
    table.add_row("unknown", counted(len(report.unknown), "row"))
    if report.references in _UNREFERENCED:
        table.add_row("references", _UNREFERENCED[report.references])
    if report.left:
        table.add_row("not sent", counted(report.left, "row"))
    table.add_row("hours in the file", f"{float(report.file_hours):.4f}")
    table.add_row("hours as sent", f"{report.created_hours} (rounding: {float(report.difference):+.4f})")
    table.add_row("calls", f"{effort.calls}, {effort.refused} refused by the throttle")
    table.add_row("time", f"{effort.seconds:.1f} s; the theoretical minimum is {effort.bound:.0f} s")
    out.print(table)


def _counted(counts: Mapping[str, int]) -> str:
    return (
        ", ".join(f"{count} {what if count != 1 else _one_of(what)}" for what, count in sorted(counts.items()))
        or "nothing"
    )


def _one_of(what: str) -> str:
    """Return a kind in the singular; what is in brackets stays."""
    word, bracket, rest = what.partition(" (")
    one = "person" if word == "people" else re.sub("ies$", "y", word).removesuffix("s")
    return one + bracket + rest


def show_snapshot(now: Snapshot, said: str, budget: str = "") -> None:
    """Show the rate limit of the account, or one of its budgets."""
    table = Table(title=f"Throttle: {budget} budget" if budget else "Throttle", show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column()
    table.add_row("server status", said)
    table.add_row("limit", f"{counted(now.calls, 'call')} per {now.period:g} s")
    table.add_row("calls of this program", str(now.sent))
    table.add_row("calls of other programs", str(now.foreign))
    table.add_row("free now", str(now.free))
    table.add_row("gate", _gate(now))
    table.add_row("100 calls would take", f"{now.seconds_until(100):.0f} s")
    out.print(table)


def _gate(now: Snapshot) -> str:
    """Return the state of the gate; one whose time is over is opened by the next call."""
    if now.closed is None:
        return "open"
    if now.closed_for <= 0:
        return f"not known yet: {now.closed}, so one call goes first"
    return f"closed for {max(1, round(now.closed_for))} s: {now.closed}"


def plan_json(plan: Overview, calls: int, seconds: float) -> dict[str, Any]:
    """Return a plan for programs."""
    names = ("line", "day", "size", "notes")
    return {
        "create": dict(plan.create),
        "update": dict(plan.update),
        "names": {what: list(some) for what, some in plan.names.items()},
        "log": plan.log,
        "hours": str(plan.hours),
        "expenses": plan.expenses,
        "cost": str(plan.cost),
        "first": [dict(zip(names, row, strict=True)) for row in plan.first],
        "already_there": plan.existing,
        "rejected_rows": _rows_of(plan.rejected),
        "rejected": [_problem(problem) for problem in plan.rejected],
        "left_out": [f"{kind}.{name}" for kind, name in plan.left_out],
        "calls": calls,
        "seconds": round(seconds, 1),
    }


def report_json(report: Report, effort: Effort) -> dict[str, Any]:
    """Return a report for programs."""
    return {
        "created_records": dict(report.created_records),
        "updated": dict(report.updated),
        "created": report.created,
        "created_hours": str(report.created_hours),
        "created_cost": str(report.created_cost),
        "already_there": report.existing,
        "rejected_rows": _rows_of(report.rejected),
        "rejected": [_problem(problem) for problem in report.rejected],
        "unknown": [{"line": place.line, "row": place.row, "file": place.file} for place in report.unknown],
        "not_sent": report.left,
        "stopped": report.stopped,
        "file_hours": f"{float(report.file_hours):.6f}",
        "hours_as_sent": str(report.created_hours),
        "difference": f"{float(report.difference):+.6f}",
        "calls": effort.calls,
        "refused": effort.refused,
        "seconds": round(effort.seconds, 1),
        "bound": round(effort.bound, 1),
        **({"references": report.references} if report.references else {}),
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return attrs.asdict(problem)
