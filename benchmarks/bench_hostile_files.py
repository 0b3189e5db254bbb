"""How long does a file keep the reader busy that was made to do so?

Each family writes a file of about a given size that is hard for some reader: CSV, JSON, XLSX, ODS. It is read to
the end, or to the error that refuses it.

Asked for: 1 MiB takes at most 64 times what 32 KiB take, and 1 KiB at most 5 ms. Each time is CPU time, the shortest of
some runs.
"""

import io
import json
import random
import sys
import time
import zipfile
from pathlib import Path

from support import heading, show

sys.path.insert(0, str(Path(__file__).parents[1]))
from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources import Options, open_source
from tests.support.tables import HARVEST, harvest, table
from tests.support.workbooks import ods, ods_row, row, xlsx

SMALL, MIDDLE, LARGE = 1 << 10, 1 << 15, 1 << 20
RATIO = 64
MOST = 0.005
FLOOR = 0.001
"""Durations below this are not distinguished, in seconds."""
BEGIN = table(HARVEST)
DAY = ("2026-01-05", "ACME", "Website", "Design", "")


def cells(size, cell):
    """A CSV file whose hours are one long cell, in pieces below the limit of a cell."""
    longest = 120_000
    each = [cell * (min(size - at, longest) // len(cell)) for at in range(0, size, longest)]
    return table(HARVEST, *[(*DAY, text, "Person", "One") for text in each])


def records(size, record):
    """JSON Lines of about this size."""
    line = json.dumps(record) + "\n"
    return (line * (size // len(line) + 1)).encode()


def numbered(size, make):
    """As many lines as fit, each made from its number."""
    count = max(1, size // len(make(10_000)))
    return b"".join(make(number) for number in range(count))


def noise(size):
    """Letters that can't be packed."""
    return random.Random(size).randbytes(size // 2).hex()


def stored(content):
    """The same package, not packed: its size is that of its parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return target.getvalue()


def sheet(size, piece, around="{}"):
    """An XLSX file, not packed, whose rows are this piece again and again."""
    return stored(xlsx(row(*HARVEST), around.format(piece * (size // len(piece)))))


def bomb(size, piece):
    """An XLSX file of about this size when packed as well as it can be."""
    return xlsx(row(*HARVEST), piece * (size * 60 // len(piece)))


def ods_bomb(size, piece):
    """The same as ODS."""
    return ods(ods_row(*HARVEST), piece * (size * 60 // len(piece)))


def ods_sheet(size, piece):
    """An ODS file, not packed."""
    return stored(ods(ods_row(*HARVEST), piece * (size // len(piece))))


FAMILIES = {
    "CSV: a quote that is never closed": lambda size: BEGIN + b'"' + b"a,\n" * (size // 3),
    "CSV: quotes only": lambda size: BEGIN + b'"' * size,
    "CSV: delimiters only": lambda size: b"," * size,
    "CSV: delimiters below a header": lambda size: BEGIN + b"," * size,
    "CSV: line breaks only": lambda size: b"\r" * size,
    "CSV: one-letter columns": lambda size: b"a," * (size // 2) + b"\n",
    "CSV: unknown columns": lambda size: numbered(size, lambda number: b"c%d," % number) + BEGIN,
    "CSV: hours of many digits": lambda size: cells(size, "9"),
    "CSV: hours of digits and blanks": lambda size: cells(size, "9 "),
    "CSV: hours of blanks": lambda size: cells(size, " ") + b"x",
    "CSV: hours of marks": lambda size: cells(size, ".,"),
    "CSV: hours of currency letters": lambda size: cells(size, "USD "),
    "CSV: hours with many parts": lambda size: cells(size, "1:"),
    "CSV: apostrophes": lambda size: cells(size, "'"),
    "CSV: days that fit two orders": lambda size: BEGIN + b"01/02/2026,A,B,C,,1,P,O\n" * (size // 24),
    "CSV: bad rows": lambda size: BEGIN + b"2026-99-99,A,B,C,,x,P,O\n" * (size // 24),
    "CSV: different people": lambda size: BEGIN + numbered(size, lambda n: b"2026-01-05,A,B,C,,1,P%d,O\n" % n),
    "CSV: byte order marks": lambda size: b"\xef\xbb\xbf" * (size // 3) + BEGIN,
    "CSV: stray bytes": lambda size: BEGIN + b"\xfc" * size,
    "CSV: stray bytes in lines": lambda size: BEGIN + b"\xc4\x8d\xfc\xfc\n" * (size // 5),
    "CSV: zeros": lambda size: BEGIN + b"\0" * size,
    "CSV: letters nobody sees": lambda size: ("\u200b" * (size // 3)).encode() + BEGIN,
    "JSONL: deep lists": lambda size: b'{"a":' + b"[" * size,
    "JSONL: deep objects": lambda size: b'{"a":' * (size // 5),
    "JSONL: closed deep lists": lambda size: b'{"a":' + b"[" * (size // 2) + b"]" * (size // 2) + b"}",
    "JSONL: a new field on each line": lambda size: numbered(size, lambda number: b'{"field%d":1}\n' % number),
    "JSONL: many fields once, then none": lambda size: json.dumps(
        {f"f{number}": 1 for number in range(min(1500, size // 20))}
    ).encode() + b"\n" + b"{}\n" * (size // 6),
    "JSONL: a huge number": lambda size: b'{"hours":' + b"9" * size + b"}",
    "JSONL: a huge fraction": lambda size: b'{"hours":1.' + b"9" * size + b"}",
    "JSONL: a huge exponent": lambda size: b'{"hours":1e' + b"9" * size + b"}",
    "JSONL: escapes": lambda size: b'{"notes":"' + b"\\ud800" * (size // 6) + b'"}',
    "JSONL: an array that never ends": lambda size: b"[" + b'{"a":[1,' + b"2," * (size // 2),
    "JSONL: an array of blanks": lambda size: b"[" + b" \n" * (size // 2),
    "JSONL: an array on one line": lambda size: b"[" + b'{"date":"2026-01-05","hours":1},' * (size // 32) + b"{}]",
    "JSONL: objects as names": lambda size: records(size, {"date": "2026-01-05", "hours": 1, "client": {"x": [1]}}),
    "XLSX: blank cells": lambda size: sheet(size, "<c/>", "<row>{}</row>"),
    "XLSX: blank rows": lambda size: sheet(size, "<row/>"),
    "XLSX: formulas without results": lambda size: sheet(size, "<row><c><f>A1</f></c></row>"),
    "XLSX: errors": lambda size: sheet(size, '<row><c t="e"><v>#N/A</v></c></row>'),
    "XLSX: deep elements": lambda size: sheet(size, "<a>"),
    "XLSX: a comment": lambda size: sheet(size, "- ", "<!--{}x-->"),
    "XLSX: attributes": lambda size: stored(
        xlsx("<row " + "".join(f'a{number}="" ' for number in range(size // 10)) + "/>")
    ),
    "XLSX: a long text": lambda size: stored(xlsx(row(*HARVEST), row(noise(size)))),
    "XLSX: rows far apart": lambda size: sheet(size, '<row r="900000000"><c><v>1</v></c></row>'),
    "XLSX: one cell far below": lambda _: xlsx(row(*HARVEST), '<row r="1000000"><c><v>1</v></c></row>'),
    "XLSX: bomb of blanks": lambda size: bomb(size, " "),
    "XLSX: bomb of cells": lambda size: bomb(size, "<row><c><v>1</v></c></row>"),
    "XLSX: bomb of blank cells": lambda size: bomb(size, "<c/>"),
    "XLSX: many sheets": lambda size: stored(
        xlsx(parts={"xl/workbook.xml": '<w xmlns:r="r">' + '<sheet name="a" r:id="rId1"/>' * (size // 30) + "</w>"})
    ),
    "XLSX: many parts": lambda size: xlsx(parts={f"p{number}": "" for number in range(size // 100)}),
    "ODS: repeated rows": lambda size: ods_sheet(
        size, '<table:table-row table:number-rows-repeated="9"><table:table-cell/></table:table-row>'
    ),
    "ODS: repeated cells": lambda size: ods_sheet(
        size,
        '<table:table-row><table:table-cell table:number-columns-repeated="60" office:value-type="float" '
        'office:value="1"/></table:table-row>',
    ),
    "ODS: one cell repeated without end": lambda _: ods(
        ods_row('<table:table-cell table:number-columns-repeated="900000000" office:value-type="float"/>')
    ),
    "ODS: blanks in a text": lambda size: ods_sheet(size, '<text:s text:c="9"/>'),
    "ODS: bomb of rows": lambda size: ods_bomb(size, "<table:table-row/>"),
    "ODS: bomb of blanks": lambda size: ods_bomb(size, " "),
    "ODS: many sheets": lambda size: ods_sheet(size, '</table:table><table:table table:name="a">'),
}  # fmt: skip


def seconds(content, runs):
    """The shortest time in which a file is read or refused."""
    best = float("inf")
    for _ in range(runs):
        began = time.process_time()
        try:
            with open_source(io.BytesIO(content), Options()) as source:
                for _ in source:
                    pass
        except InvalidArgument:
            pass
        best = min(best, time.process_time() - began)
    return best


def main():
    """Print the table; gives what is wrong, None where nothing is."""
    heading("How long does a hostile file keep the reader busy?")
    seconds(xlsx(row(*HARVEST), row(*harvest())), 1)
    faults, lines = [], []
    for name, make in FAMILIES.items():
        small = seconds(make(SMALL), 5)
        middle, large = seconds(make(MIDDLE), 3), seconds(make(LARGE), 1)
        ratio = max(large, FLOOR) / max(middle, FLOOR)
        if ratio > RATIO:  # once more: other programs may have held the processor
            ratio = max(seconds(make(LARGE), 3), FLOOR) / max(seconds(make(MIDDLE), 5), FLOOR)
        if small > MOST:
            small = seconds(make(SMALL), 20)
        if ratio > RATIO or small > MOST:
            faults.append(name)
        lines.append((name, f"{small * 1e3:.2f} ms", f"{middle * 1e3:.1f} ms", f"{large * 1e3:.0f} ms", f"{ratio:.1f}"))
    show(["family", "1 KiB", "32 KiB", "1 MiB", "ratio"], lines, f"at most {MOST * 1e3:.0f} ms; ratio at most {RATIO}")
    return f"too slow: {', '.join(faults)}" if faults else None


if __name__ == "__main__":
    sys.exit(main())
