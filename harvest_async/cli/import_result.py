"""Show the result of an import, and exit with its code."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from harvest_async.cli.common import BAD_INPUT, INTERRUPTED, NO_SERVER, SOME_ROWS, print_json
from harvest_async.cli.edge import code_of, error_json, explain
from harvest_async.cli.flow import ImportRun
from harvest_async.cli.show import err, out, plan_json, report_json, show_plan, show_problems, show_report
from harvest_async.cli.target import Target
from harvest_async.errors import HarvestError

__all__ = ["show_result"]


def show_result(run: ImportRun, target: Target, *, as_json: bool, faults: Sequence[str] = ()) -> NoReturn:
    """Show the result of an import, and exit with its code.

    Args:
        run: the import.
        target: the account.
        as_json: print one JSON document.
        faults: messages about files that can't be written.
    """
    server = _server_view(target)
    if as_json:
        print_json(_document(run, faults) | ({"server": server} if server else {}))
    else:
        _show_person(run, target, server)
    for each in faults:
        err.print(f"error: {each}", style="bold red", markup=False)
    code = _code(run)
    sys.exit(BAD_INPUT if faults and code in {0, SOME_ROWS} else code)


def _code(run: ImportRun) -> int:
    result = run.report or run.overview
    if run.interrupted:
        return INTERRUPTED
    if run.error is not None:
        return code_of(run.error)
    if run.report is not None and run.report.gave_up:
        return NO_SERVER
    complete = result is not None and not result.rejected and (run.report is None or run.report.complete)
    return 0 if complete else SOME_ROWS


def _document(run: ImportRun, faults: Sequence[str]) -> dict[str, Any]:
    document: dict[str, Any] = {"interrupted": run.interrupted}
    if faults:
        document["not_written"] = list(faults)
    if run.source is not None:
        document |= {"format": run.source.found[0].format, "rows": run.source.rows}
    if run.request.journal is not None:
        document["journal"] = str(run.request.journal)
    if run.overview is not None:
        document["plan"] = plan_json(run.overview, run.calls, run.seconds)
    if run.report is not None:
        document["report"] = report_json(run.report, run.effort)
    if run.error is not None:
        document["error"] = error_json(run.error)
    return document


def _show_person(run: ImportRun, target: Target, server: dict[str, int]) -> None:
    if run.report is not None:
        show_report(run.report, run.effort)
    elif run.overview is not None:
        show_problems(run.overview.rejected, "rejected")
        show_plan(run.overview, run.calls, run.seconds)
    if run.error is not None:
        explain(run.error)
    if run.report is None and run.interrupted:
        err.print("interrupted; nothing was written")
    _show_resume(run, target)
    if server and run.report is not None:
        out.print(
            f"The sandbox received at most {server['max_in_window']} calls in any window of "
            f"{server['period']} s ({server['calls']} are allowed) and refused {server['refused']}."
        )


def _show_resume(run: ImportRun, target: Target) -> None:
    """Print the command that resumes a run that ended early."""
    report, journal = run.report, run.request.journal
    if report is None or journal is None or not (report.left or report.unknown):
        return
    words = ("harvest-async", "import", "--resume", "--journal", str(journal), *target.words)
    err.print(f"To resume: {shlex.join(words)}", markup=False)


def _server_view(target: Target) -> dict[str, int]:
    sandbox = target.sandbox
    if sandbox is None:
        return {}
    try:
        now = target.throttle.snapshot()
    except HarvestError:  # the ledger can't be read; reported already
        return {}
    seen = {"max_in_window": sandbox.max_in_window(), "refused": sandbox.throttled()}
    return seen | {"requests": len(sandbox.requests()), "calls": now.calls, "period": int(now.period)}
