"""A summary of an input: its problems, its rows and the sum of its hours.

The first problems are kept in full and the others are counted. No row is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from attrs import define, field

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.kinds import AnyRow, Problem, TimeRow

__all__ = ["Findings", "Unfit", "examine"]

_LIMIT: Final = 100


@define
class Findings:
    """The summary of a source.

    Attributes:
        limit: the number of problems that are kept in full.
        problems: the first problems.
        count: the number of all problems.
        columns: the number of problems of each column.
        rows: the number of good rows of each kind.
        hours: the sum of the hours of good time entries.
        whole: whether a problem concerns a whole file, so that nothing of it may be sent.
    """

    limit: int = _LIMIT
    problems: list[Problem] = field(factory=list)
    count: int = 0
    columns: Counter[str] = field(factory=Counter)
    rows: Counter[str] = field(factory=Counter)
    hours: Decimal = Decimal()
    whole: bool = False

    def add(self, item: AnyRow | Problem) -> None:
        """Add one item of a source."""
        if isinstance(item, Problem):
            self.count += 1
            self.columns[item.column] += 1
            self.whole = self.whole or not item.row
            if len(self.problems) < self.limit:
                self.problems.append(item)
            return
        self.rows[type(item).__name__] += 1
        if isinstance(item, TimeRow):
            self.hours += item.hours

    def lines(self) -> list[str]:
        """Return one line for each problem that is kept, and a line that counts the others."""
        shown = [str(problem) for problem in self.problems]
        left = self.count - len(shown)
        if left:
            where = ", ".join(f"{column or 'whole rows'} {count}" for column, count in self.columns.most_common())
            shown.append(f"and {left} more; in all: {where}")
        return shown

    def document(self) -> dict[str, Any]:
        """Return the problems as a JSON document."""
        return {
            "count": self.count,
            "columns": dict(self.columns),
            "problems": [
                {
                    "file": each.file,
                    "line": each.line,
                    "row": each.row,
                    "column": each.column,
                    "text": each.text,
                    "reason": each.reason,
                }
                for each in self.problems
            ],
        }


class Unfit(InvalidArgument):
    """A problem concerns a whole file, so that nothing of the input may be sent.

    Attributes:
        findings: all problems, including those of single rows.
    """

    def __init__(self, findings: Findings) -> None:
        super().__init__("\n".join(findings.lines()))
        self.findings = findings


def examine(items: Iterable[AnyRow | Problem], limit: int = _LIMIT) -> Findings:
    """Read a source and return its summary."""
    findings = Findings(limit)
    for item in items:
        findings.add(item)
    return findings
