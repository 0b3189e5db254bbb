"""What does it take to read long lists: how much memory, how long, for how long does the loop block?

The lists are 100,000 entries of a report of API v1, and of API v2 20,000 time entries, each with six records inside,
and 10,000 invoices with three lines each.

Rules of this benchmark:
- Each contestant runs in a process of its own, on the same file; memory is the peak over what the process had before.
- Ours goes the whole way, through the client: throttle, transport, exchange, dialect. The response is a file, sent in
  chunks. The others read the file with nothing else around them.
- Time is CPU time, the least of some runs. A ticker of 1 ms measures for how long the loop blocked: the largest gap of
  a run, the least of the runs, since other processes make gaps, too.
- Each contestant has read one record before, so that imports and generated functions (see `bench_import`) don't count.
- "Without the extra" has msgspec hidden from the process.
- msgspec, pydantic, dacite, lxml and xsdata read the entries of API v1 into classes of their own kind with the same
  fields and types (`peers_decode.py`); they keep no unknown fields, and name no record that can't be read.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape

import cattrs
import httpx
import xmltodict
from bench_lists_v2 import ENTRY
from charts import bars
from peers_decode import PEERS
from support import PICTURES, SHORT, heading, installed, results, show

from harvest_async import BasicAuth, BearerAuth, HarvestV1, HarvestV2, Throttle
from harvest_async.v1.models import ReportEntry
from harvest_async.v2.invoice_records import Invoice, InvoiceState
from harvest_async.v2.time_entry_records import ApprovalStatus, TimeEntry

FULL = {"entries.json": 100_000, "entries.xml": 100_000, "time_entries.json": 20_000, "invoices.json": 10_000}
COUNTS = {name: count // 5 if SHORT else count for name, count in FULL.items()}
RUNS = 2 if SHORT else 3
MEBIBYTE = 1024 * 1024
TYPES = {bool: "boolean", int: "integer", float: "decimal"}


def entry(number):
    """A record as reports give it."""
    day = date(2026, 1, 1) + timedelta(days=number % 365)
    moment = f"{day}T09:{number % 60:02}:00Z"
    return {
        "id": number,
        "notes": f"Review of <ticket> #{number} & follow-up",
        "project_id": 2001 + number % 7,
        "task_id": 3001 + number % 5,
        "user_id": 1 + number % 9,
        "spent_at": day.isoformat(),
        "is_billed": False,
        "is_closed": number % 2 == 0,
        "hours": number % 30 / 4,
        "created_at": moment,
        "updated_at": moment,
        "adjustment_record": False,
        "timer_started_at": None,
        "billable": True,
        "billable_rate": 100.0,
        "cost_rate": None,
    }


def invoice(number):
    """An invoice as API v2 gives it."""
    moment = f"2026-01-05T09:{number % 60:02}:00Z"
    project = {"id": 2001 + number % 7, "name": "Website", "code": "WEB"}
    prices = {"quantity": 2.5, "unit_price": 100.0, "amount": 250.0, "taxed": True, "taxed2": False}
    line = {"kind": "Service", "description": "Review & follow-up", **prices, "project": project}
    unset = ["tax2", "period_start", "period_end", "paid_at", "paid_date", "closed_at", "recurring_invoice_id"]
    return {
        "id": number,
        "client_key": f"{number:040x}",
        "number": str(1000 + number),
        "purchase_order": "",
        "amount": 825.0,
        "due_amount": 825.0,
        "tax": 10.0,
        "tax_amount": 75.0,
        "tax2_amount": 0.0,
        "discount": None,
        "discount_amount": 0.0,
        "subject": "Work of January",
        "notes": None,
        "state": "open",
        "issue_date": "2026-01-05",
        "due_date": "2026-02-04",
        "payment_term": "net 30",
        "payment_options": ["ach"],
        "sent_at": moment,
        "created_at": moment,
        "updated_at": moment,
        "currency": "EUR",
        "client": {"id": 5 + number % 9, "name": "ACME"},
        "estimate": None,
        "retainer": None,
        "creator": {"id": 1, "name": "Person One"},
        "line_items": [{"id": 3 * number + each, **line} for each in range(3)],
        **dict.fromkeys(unset),
    }


def write(path, records):
    """Write a list of records, in the form that its name says."""
    if path.suffix == ".xml":
        write_xml(path, records)
    elif path.name == "entries.json":
        path.write_text(json.dumps([{"day_entry": entry(number)} for number in range(records)]))
    else:
        make = invoice if path.name == "invoices.json" else lambda number: {**ENTRY, "id": number}
        envelope = {path.stem: [make(number + 1) for number in range(records)], "links": {"next": None}}
        path.write_text(json.dumps(envelope))


def write_xml(path, records):
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<day-entries type="array">\n')
        for number in range(records):
            fields = "\n    ".join(element(name.replace("_", "-"), value) for name, value in entry(number).items())
            file.write(f"  <day-entry>\n    {fields}\n  </day-entry>\n")
        file.write("</day-entries>\n")


def element(name, value):
    if value is None:
        return f'<{name} nil="true"></{name}>'
    kind = "date" if name == "spent-at" else "datetime" if name.endswith("-at") else TYPES.get(type(value))
    text = str(value).lower() if isinstance(value, bool) else escape(str(value))
    return f'<{name} type="{kind}">{text}</{name}>' if kind else f"<{name}>{text}</{name}>"


# Contestants


def converter():
    """Return what cattrs needs for the types of the records."""
    converter = cattrs.Converter()
    converter.register_structure_hook(date, lambda value, _: date.fromisoformat(value))
    converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(str(value)))
    for kind in (ApprovalStatus, InvoiceState):
        converter.register_structure_hook(kind | str | None, lambda value, _, kind=kind: value and kind(value))
    return converter


def plain_json(path):
    """The standard library and cattrs, as one would write it."""
    structure = converter().structure
    return sum(1 for each in json.loads(path.read_bytes()) if structure(each["day_entry"], ReportEntry))


def plain_v2(path):
    """The same for a list of API v2."""
    structure, model = converter().structure, TimeEntry if path.stem == "time_entries" else Invoice
    return sum(1 for each in json.loads(path.read_bytes())[path.stem] if structure(each, model))


def plain_xml(path):
    """The streaming parse of xmltodict, nothing made of what it gives."""
    count = 0

    def keep(_, item):
        nonlocal count
        count += len(item) > 0
        return True

    with path.open("rb") as file:
        xmltodict.parse(file, item_depth=2, item_callback=keep)
    return count


class FileAnswers(httpx.AsyncBaseTransport):
    """Responds to every request with a file, in chunks."""

    def __init__(self, path):
        self._path = path

    async def handle_async_request(self, request):
        """Give the status, or the file."""
        if request.url.path == "/account/rate_limit_status":
            return httpx.Response(200, json={"count": 1, "max_calls": 100, "timeframe_limit": 15})
        headers = {"content-type": f"application/{self._path.suffix[1:]}"}
        return httpx.Response(200, headers=headers, stream=Chunks(self._path))


class Chunks(httpx.AsyncByteStream):
    """A file as the network brings it."""

    def __init__(self, path):
        self._path = path

    async def __aiter__(self):
        with self._path.open("rb") as file:
            while chunk := file.read(16_384):
                yield chunk
                await asyncio.sleep(0)


async def tick(gaps):
    """Note the largest gap of a ticker."""
    before = time.perf_counter()
    while True:
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        gaps.append(now - before)
        before = now


def ours(path):
    return asyncio.run(_ours(path))


def client_and_list(path):
    """Return the client that reads a file, and a function that returns the list."""
    options = {"base_url": "https://acme.example.com", "transport": FileAnswers(path), "throttle": Throttle()}
    app = "benchmarks (me@example.com)"
    if path.stem == "entries":
        auth = BasicAuth("me@example.com", "secret")
        harvest = HarvestV1("acme", auth=auth, app=app, format=path.suffix[1:], **options)
        return harvest, lambda: harvest.reports.project_entries(7, date(2026, 1, 1), date(2026, 12, 31))
    harvest = HarvestV2(1, auth=BearerAuth("token"), app=app, **options)
    return harvest, getattr(harvest, path.stem).list


async def _ours(path):
    harvest, listing = client_and_list(path)
    gaps = []
    ticker = asyncio.create_task(tick(gaps))
    async with harvest:
        count = 0
        async for _ in listing():
            count += 1
    ticker.cancel()
    return count, max(gaps, default=0)


CONTESTANTS = {
    "plain json": (plain_json, "entries.json", False),
    "ours, json": (ours, "entries.json", True),
    "ours, json, speed": (ours, "entries.json", False),
    "plain xml": (plain_xml, "entries.xml", False),
    "ours, xml": (ours, "entries.xml", True),
    "plain, v2 time entries": (plain_v2, "time_entries.json", False),
    "ours, v2 time entries": (ours, "time_entries.json", True),
    "ours, v2 time entries, speed": (ours, "time_entries.json", False),
    "plain, v2 invoices": (plain_v2, "invoices.json", False),
    "ours, v2 invoices": (ours, "invoices.json", True),
    "ours, v2 invoices, speed": (ours, "invoices.json", False),
    **{name: (read, file, False) for name, (_, file, read) in PEERS.items()},
}


def contend(name, folder):
    """Run one contestant here, and print its figures."""
    read, file, hidden = CONTESTANTS[name]
    if hidden:
        sys.modules["msgspec"] = None
    read(Path(folder) / "one" / file)
    Path("/proc/self/clear_refs").write_text("5")
    before = peak()
    began = time.process_time()
    result = read(Path(folder) / file)
    took = time.process_time() - began
    count, gap = result if isinstance(result, tuple) else (result, None)
    print(json.dumps({"count": count, "seconds": took, "bytes": peak() - before, "gap": gap}))


def peak():
    """The most memory, in bytes, that this process has had since its mark was reset (Linux)."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def measure(folder):
    distributions = {name: distribution for name, (distribution, _, _) in PEERS.items()}
    runs = {name: [] for name in installed(CONTESTANTS, distributions)}
    for _ in range(RUNS):
        for name, found in runs.items():
            command = [sys.executable, __file__, "--contend", name, folder]
            found.append(json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout))
    return runs


def row(name, runs, base):
    """A contestant's figures beside those of what it is measured against."""
    best, memory = min(run["seconds"] for run in runs), max(run["bytes"] for run in runs)
    gaps = [run["gap"] * 1000 for run in runs if run["gap"] is not None]
    ratio = best / min(run["seconds"] for run in base)
    return (
        name,
        f"{COUNTS[CONTESTANTS[name][1]] / best:,.0f}",
        f"{ratio:.2f}",
        f"{1 / ratio:.2f}",
        f"{memory / MEBIBYTE:.1f}",
        f"{min(gaps):.0f}" if gaps else "-",
    )


def base_of(name):
    """Return the name of the contestant that reads the same file with nothing of ours."""
    return next(each for each, (_, file, _) in CONTESTANTS.items() if file == CONTESTANTS[name][1])


def rates(runs, file):
    """Return the records a second of each contestant that reads a file, the fastest first."""
    own = {name: found for name, found in runs.items() if CONTESTANTS[name][1] == file}
    each = {name: COUNTS[file] / min(run["seconds"] for run in found) for name, found in own.items()}
    return dict(sorted(each.items(), key=lambda pair: -pair[1]))


def give_headlines(runs):
    """Give the README's table the rates of entries in JSON and in XML, and draw them."""
    for file, title in {"entries.json": "JSON", "entries.xml": "XML"}.items():
        found = rates(runs, file)
        mine = [f"{rate:,.0f} ({name.removeprefix('ours, ')})" for name, rate in found.items() if "ours" in name]
        others = [f"{name}: {rate:,.0f}" for name, rate in found.items() if "ours" not in name]
        results.headline(f"entries of a report read in a second, {title}", "; ".join(mine), "; ".join(others))
    rows = [
        (name, rate, f"{rate:,.0f}", "ours" in name)
        for file in ("entries.json", "entries.xml")
        for name, rate in rates(runs, file).items()
    ]
    note = "16 fields each, with dates and decimals; more is better. Ours goes the whole way, through the client."
    bars(PICTURES / "decode.svg", "Entries of a report read in a second of processor time", note, rows)


def main():
    heading(__doc__.partition("\n")[0], "xmltodict", "cattrs", "msgspec")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "one").mkdir()
        for file, records in COUNTS.items():
            write(Path(folder) / file, records)
            write(Path(folder) / "one" / file, 1)
        runs = measure(folder)
    counts = {name: COUNTS[file] for name, (_, file, _) in CONTESTANTS.items()}
    wrong = [name for name, found in runs.items() if any(run["count"] != counts[name] for run in found)]
    rows = [row(name, found, runs[base_of(name)]) for name, found in runs.items()]
    columns = ("contestant", "records/s", "time, ratio", "rate, ratio", "peak MiB over start", "largest gap, ms")
    show(
        columns,
        rows,
        "XML <= 30 MiB and <= 1.2 of the time (speed: 0.5); JSON >= 1.4 of the rate (speed: 3.9); gaps <= 50 ms",
    )
    give_headlines(runs)
    return f"not all records were read by {wrong}" if wrong else None


if __name__ == "__main__":
    if "--contend" in sys.argv:
        contend(*sys.argv[2:])
    else:
        sys.exit(main())
