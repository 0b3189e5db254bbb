"""Saves what a benchmark has measured as JSON, and compares it with what was saved last.

Notes:
- A file has the tables of one benchmark with one choice of options, the date, the versions, the machine and its load
  before, the lines that it gives the README's table, and what was left out because it isn't installed.
- Of each cell the first number counts. More is better where the cell or its column is a rate ("a second", "/s"), less
  everywhere else; a change for the worse of more than a tenth is printed in red. Cells without a number, and those of
  columns that are the same in all runs, are not compared.
- A file is replaced only when the benchmark has ended.
"""

import atexit
import json
import os
import platform
import re
import sys
from datetime import UTC, datetime
from importlib.metadata import packages_distributions, version
from pathlib import Path

__all__ = ["Results", "worse"]

FOLDER = Path(__file__).with_name("results")
WORSE = 0.1
"""The change for the worse that is reported."""

_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_RATE = re.compile(r"a second|/s\b")


class Results:
    """The tables of this run."""

    def __init__(self, arguments=None, folder=FOLDER, at_exit=atexit.register):
        self.path = folder / f"{name_of(sys.argv if arguments is None else arguments)}.json"
        self.last = json.loads(self.path.read_text("utf-8"))["tables"] if self.path.is_file() else []
        self.load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
        self.tables, self.headlines, self.left_out = [], [], []
        self._compared = set()
        self.at_exit = at_exit

    def add(self, columns, rows):
        """Add a table; return what became worse since the last run, as lines."""
        table = {"columns": [str(each) for each in columns], "rows": [[str(cell) for cell in row] for row in rows]}
        place = len(self.tables)
        self.tables.append(table)
        if not place:
            self.at_exit(self.save)
        before = self.last[place] if place < len(self.last) else None
        return [] if before is None or before["columns"] != table["columns"] else list(worse(before, table))

    def headline(self, question, ours, beside):
        """Give the README's table a line: what is measured, our figure, and that of what one would use instead."""
        self.headlines.append([question, ours, beside])

    def compared(self, distribution):
        """Note a distribution whose version is saved although contestants load it in processes of their own."""
        self._compared.add(distribution)

    def save(self):
        """Replace the file."""
        loaded = {name.partition(".")[0] for name in sys.modules}
        found = {dist for top, dists in packages_distributions().items() if top in loaded for dist in dists}
        packages = sorted(found | self._compared)
        content = {
            "date": datetime.now(UTC).date().isoformat(),
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "versions": {each: version(each) for each in packages},
            "load": None if self.load is None else round(self.load, 1),
            "left_out": self.left_out,
            "headlines": self.headlines,
            "tables": self.tables,
        }
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


def name_of(arguments):
    """Return the name of a benchmark with its options, as a file name."""
    return "-".join([Path(arguments[0]).stem, *(re.sub(r"[^\w.=]+", "", each) for each in arguments[1:])])


def worse(before, after):
    """Yield a line for each figure that is worse than before by more than `WORSE`, row by row."""
    for old, row in zip(before["rows"], after["rows"], strict=False):
        if (len(old), old[:1]) != (len(row), row[:1]):
            continue
        for column, was, now in zip(after["columns"][1:], old[1:], row[1:], strict=True):
            first, second = number_of(was), number_of(now)
            if not first or second is None:
                continue
            change = (first - second) / first if _RATE.search(f"{column} {now}") else (second - first) / first
            if change > WORSE:
                yield f"{row[0]}, {column}: {now}, was {was} ({change:.0%} worse)"


def number_of(cell):
    """Return the first number of a cell; None if it has none."""
    found = _NUMBER.search(cell)
    return None if found is None else abs(float(found[0].replace(",", "")))
