"""Rejected rows as a file that can be corrected and loaded again.

Invariants: cells stay as they are in the input, so that the file loads with the options of the input. One column is
added at the end, which says why each row was rejected; it is not read when the file is loaded. Several files become a
folder of files with their names.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from harvest_async.formulas import escape_all
from harvest_async.importer.sources import Problem, Source

__all__ = ["REASON", "is_folder", "write_rejects"]

REASON: Final = "Rejected because"
"""The header of the column of reasons."""


def is_folder(source: Source) -> bool:
    """Return whether rejected rows become a folder of files."""
    return len(source.found) > 1


def write_rejects(source: Source, problems: Sequence[Problem], path: Path) -> None:
    """Write the rows that have problems, below their header; nothing is written where there are none."""
    stems = [Path(found.file).stem for found in source.found]
    for found in source.found:
        reasons: dict[int, list[str]] = {}
        for each in problems:
            if each.row and each.file in ("", found.file):
                reasons.setdefault(each.row, []).append(f"{each.column}: {each.reason}" if each.column else each.reason)
        if not reasons:
            continue
        target = path / f"{_stem(found.file, stems)}.csv" if is_folder(source) else path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, delimiter=found.delimiter or ",")
            writer.writerows(map(escape_all, _with_reasons(source, found.file if is_folder(source) else "", reasons)))


def _with_reasons(source: Source, file: str, reasons: dict[int, list[str]]) -> Iterator[list[str]]:
    rows = source.cells(file, reasons.keys())
    header = next(rows)
    place = header.index(REASON) if REASON in header else len(header)
    for row, why in zip([header, *rows], [[REASON], *(reasons[row] for row in sorted(reasons))], strict=False):
        cells = [*row, *[""] * (place - len(row))]
        yield [*cells[:place], "; ".join(dict.fromkeys(why)), *cells[place + 1 :]]


def _stem(file: str, stems: Sequence[str]) -> str:
    """A name for the rejected rows of one of several files; files with the same name get their whole path."""
    stem = Path(file).stem
    return stem if stems.count(stem) == 1 else "-".join(part for part in Path(file).parts if part != Path(file).anchor)
