"""How fast are files read into rows, and does memory depend on how long they are?

A time tracker's export (15 columns, umlauts, quoted commas) of 50,000 and of 1,000,000 rows, and the same as JSON Lines
and XLSX (50,000), are read to the end: every cell checked, every row returned.

Rules:
- Each file is read in a process of its own; memory is its peak over what it had once everything was imported.
- Time is CPU time. Rows a second count both passes: the one that detects encoding, dates and decimal mark, and the one
  that gives rows.
- Asked for: memory that grows by at most 16 MiB from 50,000 rows to 1,000,000.
"""

import json
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from support import heading, show

sys.path.insert(0, str(Path(__file__).parents[1]))
from harvest_async.importer.sources import Fill, Options, open_source
from harvest_async.importer.sources.origin import Origin
from harvest_async.importer.sources.sheets import SheetTable
from tests.support.sample import HEADER, make_rows, write_csv

KIBIBYTES = 1024
GROWTH = 16
DIFFERENT = 5_000
WORKBOOK = 40_000
FILES = (("CSV", "csv", 50_000), ("CSV", "csv", 1_000_000), ("JSON Lines", "jsonl", 50_000), ("XLSX", "xlsx", 50_000))


def read(path):
    """Go through a file; prints what it took."""
    Path("/proc/self/clear_refs").write_text("5")
    before, began = peak(), time.process_time()
    options = Options(format="toggl", fill=Fill(client="ACME", task="Work"), long_days=True)
    with open_source(path, options) as source:
        first = time.process_time() - began
        count = sum(1 for _ in source)
    seconds = time.process_time() - began
    print(json.dumps({"rows": count, "first": first, "seconds": seconds, "peak": (peak() - before) / KIBIBYTES}))


def peak():
    """The most memory that this process has had, in KiB."""
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])


def write(path, kind, count):
    """Write a file of the given number of rows."""
    rows = make_rows(DIFFERENT, people=tuple(f"Person {number}" for number in range(200)))
    if kind == "csv":
        body = write_csv(rows).partition(b"\r\n")
        with path.open("wb") as file:
            file.write(body[0] + body[1])
            for _ in range(count // DIFFERENT):
                file.write(body[2])
    elif kind == "jsonl":
        lines = [json.dumps(dict(zip(HEADER, row, strict=True))) + "\n" for row in rows]
        with path.open("w") as file:
            for _ in range(count // DIFFERENT):
                file.writelines(lines)
    else:
        write_workbook(path, rows, count)


def write_workbook(path, rows, count):
    """Write a workbook of the given number of rows."""
    import openpyxl

    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet()
    sheet.append(HEADER)
    for number in range(count):
        sheet.append(rows[number % DIFFERENT])
    workbook.save(path)


def compare():
    """Read 40,000 rows of a workbook here, and through openpyxl alone; the seconds of both."""
    import openpyxl

    rows = make_rows(DIFFERENT, people=tuple(f"Person {number}" for number in range(200)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.xlsx"
        write_workbook(path, rows, WORKBOOK)
        began = time.process_time()
        with closing(SheetTable(Origin(path))) as table:
            count = sum(1 for _ in table.records())
        ours, began = time.process_time() - began, time.process_time()
        workbook = openpyxl.load_workbook(path, read_only=True)
        theirs = sum(1 for _ in workbook.worksheets[0].iter_rows(values_only=True))
        workbook.close()
    assert count == theirs - 1
    return ours, time.process_time() - began


def main():
    """Print the table; gives what is wrong, None where nothing is."""
    heading("How fast are files read, and does memory depend on their length?")
    peaks, table = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for name, kind, count in FILES:
            path = Path(folder) / f"export.{kind}"
            write(path, kind, count)
            measured = json.loads(subprocess.check_output([sys.executable, __file__, str(path)]))
            peaks[kind, count] = measured["peak"]
            table.append((
                name, f"{count:,}", f"{path.stat().st_size / 1e6:.0f} MB", f"{measured['first']:.2f} s",
                f"{measured['seconds']:.2f} s", f"{count / measured['seconds']:,.0f}", f"{measured['peak']:.1f} MiB",
            ))  # fmt: skip
            path.unlink()
    show(["file", "rows", "size", "first pass", "both passes", "rows a second", "memory"], table,
         f"at most +{GROWTH} MiB for twenty times the rows")  # fmt: skip
    growth = peaks["csv", 1_000_000] - peaks["csv", 50_000]
    print(f"Twenty times the rows take {growth:+.1f} MiB.")
    ours, theirs = compare()
    print(f"{WORKBOOK:,} rows of a workbook: {ours:.2f} s, limits checked; {theirs:.2f} s through openpyxl.")
    if ours >= theirs:
        return "workbooks are read no faster than through openpyxl"
    return None if growth <= GROWTH else "memory depends on the length of the file"


if __name__ == "__main__":
    sys.exit(read(sys.argv[1]) if len(sys.argv) > 1 else main())
