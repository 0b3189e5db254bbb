"""Rejected rows as a file that can be mended and loaded again.

Rules of this room: cells stay as they stand in the input; nothing is added, so that the file loads with the options of
the input. Several files become a folder of files with their names.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from harvest_async.bulk.sources import Problem, Source
from harvest_async.formulas import escape_all

__all__ = ["write_rejects"]


def write_rejects(source: Source, problems: Sequence[Problem], path: Path) -> None:
    """Write the rows that have problems, below their header; nothing is written where there are none."""
    if not problems:
        return
    several = len(source.found) > 1
    stems = [Path(found.file).stem for found in source.found]
    for found in source.found:
        rows = {each.row for each in problems if each.row and each.file in ("", found.file)}
        if not rows:
            continue
        target = path / f"{_stem(found.file, stems)}.csv" if several else path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, delimiter=found.delimiter or ",")
            writer.writerows(map(escape_all, source.cells(found.file if several else "", rows)))


def _stem(file: str, stems: Sequence[str]) -> str:
    """A name for the rejected rows of one of several files; files of one name are told apart by their whole path."""
    stem = Path(file).stem
    return stem if stems.count(stem) == 1 else "-".join(part for part in Path(file).parts if part != Path(file).anchor)
