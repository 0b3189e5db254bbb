"""All that is wrong with an input, told at once: so many problems in full, the others counted.

Rules of this room: pure. It goes through a source and keeps no row.
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
    """What came of going through a source.

    Attributes:
        limit: how many problems are kept in full.
        problems: the first of them.
        count: how many there are.
        columns: how many each column has.
        rows: good rows by their kind.
        hours: the sum of good time entries as they are sent.
        whole: whether a problem concerns a whole file, of which nothing may be sent then.
    """

    limit: int = _LIMIT
    problems: list[Problem] = field(factory=list)
    count: int = 0
    columns: Counter[str] = field(factory=Counter)
    rows: Counter[str] = field(factory=Counter)
    hours: Decimal = Decimal()
    whole: bool = False

    def add(self, item: AnyRow | Problem) -> None:
        """Take in what a source gives out."""
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
        """The problems as a person reads them, the others counted."""
        told = [str(problem) for problem in self.problems]
        left = self.count - len(told)
        if left:
            where = ", ".join(f"{column or 'whole rows'} {count}" for column, count in self.columns.most_common())
            told.append(f"and {left} more; in all: {where}")
        return told

    def document(self) -> dict[str, Any]:
        """The same for programs."""
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
    """Something is wrong with a whole file, so that nothing of the input may be sent.

    Attributes:
        findings: all that is wrong, with single rows, too.
    """

    def __init__(self, findings: Findings) -> None:
        super().__init__("\n".join(findings.lines()))
        self.findings = findings


def examine(items: Iterable[AnyRow | Problem], limit: int = _LIMIT) -> Findings:
    """Go through a source, and tell what is wrong with it."""
    findings = Findings(limit)
    for item in items:
        findings.add(item)
    return findings
