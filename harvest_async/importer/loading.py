"""Load the rows of a source into a journal, and check the source as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from harvest_async.importer.journal import Journal
from harvest_async.importer.serialization import pack_row
from harvest_async.importer.sources import Findings, Unfit, kinds

__all__ = ["add_problem", "check_source", "load_rows"]


def load_rows(journal: Journal, rows: Iterable[kinds.AnyRow | kinds.Problem]) -> None:
    """Store the rows and problems of a source, in one pass."""
    exact = Fraction()

    def columns() -> Iterable[tuple[Any, ...]]:
        nonlocal exact
        for row in rows:
            if isinstance(row, kinds.Problem):
                add_problem(journal, row)
                continue
            if isinstance(row, kinds.TimeRow):
                exact += row.exact
            kind, text = pack_row(row)
            yield kind, row.line, row.row, getattr(row, "part", 0), row.file, text

    insert = "insert into source (kind, line, row, part, file, content) values (?, ?, ?, ?, ?, ?)"
    journal.together(lambda: journal.write_many(insert, columns()))
    journal.describe(file_hours=str(exact))


def add_problem(journal: Journal, problem: kinds.Problem) -> None:
    """Store a problem; call it inside `Journal.together`."""
    journal.write(
        "insert into problem (line, row, column_name, reason, content, file) values (?, ?, ?, ?, ?, ?)",
        (problem.line, problem.row, problem.column, problem.reason, problem.text, problem.file),
    )


def check_source(journal: Journal) -> None:
    """Check that the source as a whole can be imported.

    Raises:
        Unfit: it can't; the error lists the problems of single rows, too.
    """
    if journal.one("select 1 from problem where row = 0") is None:
        return
    findings = Findings()
    query = "select line, row, column_name, reason, content, file from problem order by row > 0, id limit ?"
    for problem in journal.rows(query, (findings.limit,)):
        findings.add(kinds.Problem(*problem))
    findings.count = journal.number("select count(*) from problem")
    findings.columns = Counter(dict(journal.rows("select column_name, count(*) from problem group by column_name")))
    raise Unfit(findings)
