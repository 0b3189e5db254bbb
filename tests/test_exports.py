"""Exports: everything in a folder, updated by changes, also after interruptions."""

import asyncio
import csv
import json
import stat
import sys
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal

import httpx
import pytest

from harvest_async import BasicAuth, HarvestV1, Throttle, exports
from harvest_async.concurrency import read_in_order
from harvest_async.errors import HarvestError, InvalidArgument, NotFound, StorageError
from harvest_async.exporter.disk import storage_errors
from harvest_async.exporter.files import FORMATS
from harvest_async.exporter.records import cells, line
from harvest_async.exporter.state import load
from harvest_async.importer.sources import Problem, open_source
from harvest_async.v1.models import Client, Company, Invoice, InvoiceState, Modules, ReportEntry
from tests.support.exporting import LINES, NOTES, at, exported, filled_sandbox, records
from tests.support.sandbox import clock_of, new_sandbox

KINDS = set(exports.tables())
PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
JPEG = b"\xff\xd8\xff\xe0" + b"pixels"


def test_everything_is_there_once(tmp_path):
    """Each kind of record has a file, and each record a line with all its fields."""
    sandbox, ids = filled_sandbox()
    reported = exported(sandbox, tmp_path)

    assert {kind: count for kind, (count, _) in reported.items()} == {
        "time_entries": 3, "expenses": 1, "task_assignments": 1, "user_assignments": 2, "invoice_messages": 1,
        "invoice_payments": 1, "invoices": 1, "invoice_item_categories": 2, "contacts": 1, "projects": 1, "clients": 1,
        "tasks": 1, "people": 3, "expense_categories": 1, "company": 1,
    }  # fmt: skip
    assert {f"{kind}.jsonl" for kind in KINDS} | {"export.state.json"} == {path.name for path in tmp_path.iterdir()}
    entry = records(tmp_path, "time_entries")[0]
    assert (ids["entry"], 1.25, NOTES, "2026-01-05", ids["project"], ids["task"], 1) == (
        entry["id"], entry["hours"], entry["notes"], entry["spent_at"], entry["project_id"], entry["task_id"],
        entry["user_id"],
    )  # fmt: skip


def test_invoices_have_their_lines(tmp_path):
    """Lists leave them out, so each invoice is read by itself."""
    sandbox, _ = filled_sandbox()
    exported(sandbox, tmp_path)

    (invoice,) = records(tmp_path, "invoices")
    assert next(csv.DictReader(invoice["csv_line_items"].splitlines()))["description"] == "Work, and more"
    assert LINES.splitlines()[0] == invoice["csv_line_items"].splitlines()[0]


@pytest.mark.parametrize("format", ["jsonl", "csv", "parquet"])
def test_the_next_export_reads_what_changed(tmp_path, format):
    """One entry has changed, one is of the last minute; the others stay unread, and each is there once."""
    sandbox, ids = filled_sandbox()
    for day in range(7, 12):
        clock_of(sandbox).advance(3600)
        at(sandbox, lambda harvest, day=day: _book(harvest, ids, day))
    exported(sandbox, tmp_path, format=format, only=["time_entries"])
    clock_of(sandbox).advance(3600)
    at(sandbox, lambda harvest: harvest.time.update(ids["entry"], hours=Decimal("2.5"), notes="Changed"))
    reported = exported(sandbox, tmp_path, format=format, only=["time_entries"])

    of_the_other = 2
    assert (2 + of_the_other, 8) == reported["time_entries"]


def _book(harvest, ids, day):
    return harvest.time.create(ids["project"], ids["task"], spent_at=date(2026, 1, day), hours=Decimal(1))


def test_what_has_changed_takes_the_place_of_what_it_was(tmp_path):
    """No record is there twice, in its old and its new form."""
    sandbox, ids = filled_sandbox()
    exported(sandbox, tmp_path)
    clock_of(sandbox).advance(3600)
    at(sandbox, lambda harvest: harvest.clients.update(ids["client"], details="Moved"))
    exported(sandbox, tmp_path)

    assert [client["details"] for client in records(tmp_path, "clients")] == ["Moved"]


def test_a_minute_is_read_twice_and_kept_once(tmp_path):
    """What changed in the last minute is read again, since changes are reported to the minute."""
    sandbox, _ = filled_sandbox()
    exported(sandbox, tmp_path)
    reported = exported(sandbox, tmp_path)

    assert reported["time_entries"] == (3, 3)
    assert len(records(tmp_path, "time_entries")) == 3


def test_payments_of_an_invoice_that_changed_are_read_anew(tmp_path):
    """One payment is deleted, another is there: the file says so, and the invoice's state, too."""
    sandbox, ids = filled_sandbox()
    exported(sandbox, tmp_path)
    clock_of(sandbox).advance(3600)

    async def change(harvest):
        (payment,) = await harvest.invoice_payments.list(ids["invoice"])
        await harvest.invoice_payments.delete(ids["invoice"], payment.id)
        await harvest.invoice_payments.create(ids["invoice"], Decimal(100), datetime(2026, 1, 10, tzinfo=UTC))

    at(sandbox, change)
    exported(sandbox, tmp_path)

    assert [payment["amount"] for payment in records(tmp_path, "invoice_payments")] == [100]
    assert [invoice["state"] for invoice in records(tmp_path, "invoices")] == ["paid"]


def test_a_kind_alone_does_not_make_others_late(tmp_path):
    """After an export of invoices alone, the next whole one still finds what their payments were."""
    sandbox, ids = filled_sandbox()
    exported(sandbox, tmp_path)
    clock_of(sandbox).advance(3600)
    at(
        sandbox,
        lambda harvest: harvest.invoice_payments.create(ids["invoice"], Decimal(60), datetime(2026, 1, 10, tzinfo=UTC)),
    )
    exported(sandbox, tmp_path, only=["invoices"])
    clock_of(sandbox).advance(3600)
    exported(sandbox, tmp_path)

    assert sorted(payment["amount"] for payment in records(tmp_path, "invoice_payments")) == [40, 60]


@pytest.mark.parametrize("full", [False, True])
def test_what_was_deleted_goes_with_a_full_export(tmp_path, full):
    """A list of changes doesn't include it, so it stays until everything is read again."""
    sandbox, ids = filled_sandbox()
    exported(sandbox, tmp_path)
    clock_of(sandbox).advance(3600)

    async def delete(harvest):
        await harvest.time.delete(ids["entry"])
        await harvest.invoices.delete(ids["invoice"])

    at(sandbox, delete)
    exported(sandbox, tmp_path, full=full)

    assert (2 if full else 3, 0 if full else 1) == (
        len(records(tmp_path, "time_entries")), len(records(tmp_path, "invoices"))
    )  # fmt: skip


def test_a_file_that_is_deleted_is_read_in_full(tmp_path):
    """For any content of the state file."""
    sandbox, _ = filled_sandbox()
    exported(sandbox, tmp_path)
    clock_of(sandbox).advance(3600)
    (tmp_path / "time_entries.jsonl").unlink()

    assert exported(sandbox, tmp_path)["time_entries"] == (3, 3)


def test_days_limit_time_and_expenses(tmp_path):
    """Both days are included."""
    sandbox, _ = filled_sandbox()
    reported = exported(sandbox, tmp_path, first=date(2026, 1, 6), last=date(2026, 1, 6))

    assert (reported["time_entries"][1], reported["expenses"][1]) == (0, 1)


def test_parts_that_are_switched_off_have_no_file(tmp_path):
    """An account without invoices is no failure."""
    sandbox = new_sandbox(modules=["expenses"])
    exported(sandbox, tmp_path)

    assert not (tmp_path / "invoices.jsonl").exists()
    assert (tmp_path / "expenses.jsonl").exists()


def test_receipts_are_fetched_if_wished(tmp_path):
    """An image for each expense that has one, called by its number; the next export fetches what is new."""
    sandbox, ids = filled_sandbox()

    async def attach(harvest, image):
        (expense,) = await harvest.reports.user_expenses(1, date(2026, 1, 1), date(2026, 12, 31))
        await harvest.receipts.attach(expense.id, image, filename="receipt")
        return expense.id

    exported(sandbox, tmp_path)
    assert not (tmp_path / "receipts").exists()
    number = at(sandbox, lambda harvest: attach(harvest, PNG))
    reported = exported(sandbox, tmp_path, full=True, receipts=True)

    assert reported["receipts"] == (1, 1)
    assert {f"{number}.png": PNG} == {path.name: path.read_bytes() for path in (tmp_path / "receipts").iterdir()}
    clock_of(sandbox).advance(3600)
    at(sandbox, lambda harvest: attach(harvest, JPEG))
    exported(sandbox, tmp_path, receipts=True)
    assert {f"{number}.jpg": JPEG} == {path.name: path.read_bytes() for path in (tmp_path / "receipts").iterdir()}
    assert number != ids["entry"]


def test_a_receipt_that_can_not_be_fetched_ends_the_export(tmp_path):
    """Its expense does not count as read, so that the same call fetches it."""
    sandbox, _ = filled_sandbox()

    async def attach(harvest):
        (expense,) = await harvest.reports.user_expenses(1, date(2026, 1, 1), date(2026, 12, 31))
        await harvest.receipts.attach(expense.id, PNG)

    at(sandbox, attach)
    sandbox.fault("html_error", match={"path": "/expenses/*/receipt"})
    with pytest.raises(HarvestError):
        exported(sandbox, tmp_path, receipts=True)
    assert exported(sandbox, tmp_path, receipts=True)["receipts"] == (1, 1)
    assert list(tmp_path.rglob(".*")) == []


def test_an_interrupted_export_leaves_whole_files_and_goes_on(tmp_path):
    """Completed files are kept, others are unchanged, and no temporary file is left; the same call completes it."""
    sandbox, ids = filled_sandbox()
    exported(sandbox, tmp_path)
    before = records(tmp_path, "time_entries"), records(tmp_path, "projects")
    clock_of(sandbox).advance(3600)
    at(sandbox, lambda harvest: harvest.time.create(ids["project"], ids["task"], spent_at=date(2026, 1, 8), hours=1))
    at(sandbox, lambda harvest: harvest.projects.update(ids["project"], client_id=ids["client"], notes="Later"))

    class Broken(Exception):
        pass

    class Progress:
        def begin(self, what, _):
            if what == "projects":
                raise Broken

        def step(self):
            pass

        def state(self, what):
            pass

    with pytest.raises(Broken):
        exported(sandbox, tmp_path, on_progress=Progress())

    assert len(before[0]) + 1 == len(records(tmp_path, "time_entries"))
    assert before[1] == records(tmp_path, "projects")
    assert list(tmp_path.glob(".*")) == []
    exported(sandbox, tmp_path)
    assert [project["notes"] for project in records(tmp_path, "projects")] == ["Later"]


def test_a_cancelled_export_leaves_no_scraps(tmp_path):
    """Cancellation comes out as cancellation, at any await."""
    sandbox, _ = filled_sandbox()

    async def cancelled_after(harvest, steps):
        task = asyncio.ensure_future(exports.export(harvest, tmp_path))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    for steps in (1, 20, 60, 150, 300):
        at(sandbox, lambda harvest, steps=steps: cancelled_after(harvest, steps))

        assert list(tmp_path.glob(".*.new")) == []


def test_the_state_follows_the_data(tmp_path):
    """Where a file can't take its place, the state does not say that it has."""
    sandbox, _ = filled_sandbox()
    (tmp_path / "time_entries.jsonl").mkdir(parents=True)
    with pytest.raises(StorageError, match="Is a directory"):
        exported(sandbox, tmp_path)

    assert not (tmp_path / "export.state.json").exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"format": "xml"}, "Unknown format 'xml'. Choose from: jsonl, csv, parquet"),
        ({"only": ["colours"]}, "Unknown kind 'colours'. Choose from: time_entries, "),
        ({"first": date(2026, 2, 1), "last": date(2026, 1, 1)}, "before the first"),
    ],
)
def test_options_that_do_not_fit_are_refused(tmp_path, options, reason):
    """Nothing is sent."""
    with pytest.raises(InvalidArgument, match=reason):
        exported(new_sandbox(), tmp_path, **options)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"identity": "another"}, "an export of"),
        ({"format": "csv"}, "to another folder"),
        ({"first": date(2026, 1, 1)}, "--full"),
    ],
)
def test_a_folder_holds_one_account_in_one_format(tmp_path, options, reason):
    """Anything else is refused, with what to do."""
    sandbox, _ = filled_sandbox()
    exported(sandbox, tmp_path)

    with pytest.raises(InvalidArgument, match=reason):
        exported(sandbox, tmp_path, **options)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"version": 2, "account": "", "format": "", "days": "", "sections": {}}']
)
def test_a_state_that_can_not_be_read_is_refused(tmp_path, content):
    """It is not overwritten in silence."""
    (tmp_path / "export.state.json").write_text(content)

    with pytest.raises(InvalidArgument, match="another folder"):
        exported(new_sandbox(), tmp_path)


def test_without_the_extra_the_error_names_it(tmp_path, monkeypatch):
    """It says what to install."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(ImportError, match=r"harvest-async\[parquet\]"):
        exported(new_sandbox(), tmp_path, format="parquet")


def test_parquet_has_the_types_of_the_models(tmp_path):
    """Decimals, days and moments are what they are; what is not there is null."""
    import pyarrow.parquet

    sandbox, ids = filled_sandbox()
    exported(sandbox, tmp_path, format="parquet")
    row = pyarrow.parquet.read_table(tmp_path / "time_entries.parquet").to_pylist()[0]

    assert (ids["entry"], Decimal("1.25"), date(2026, 1, 5), False, None) == (
        row["id"], row["hours"], row["spent_at"], row["is_billed"], row["timer_started_at"]
    )  # fmt: skip
    assert datetime(2026, 1, 5, 14, 30, tzinfo=UTC) == row["created_at"]


def test_a_csv_export_can_be_read_again_to_the_letter(tmp_path):
    """Quotes, line breaks and formulas in notes are nothing but text."""
    sandbox, _ = filled_sandbox()
    exported(sandbox, tmp_path, format="csv")
    with (tmp_path / "time_entries.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert [row["notes"] for row in rows] == [NOTES] * 3


@pytest.mark.parametrize("format", ["jsonl", "csv"])
def test_every_field_of_an_export_is_known_to_an_import(tmp_path, format):
    """No column is noticed as unknown, and no row is bad; what is said is about invoices, not about columns."""
    sandbox, _ = filled_sandbox()
    exported(sandbox, tmp_path, format=format)
    with open_source(tmp_path) as source:
        items = list(source)

    assert sorted(notice.file.partition(".")[0] for notice in source.notices) == [
        "invoice_messages",
        "invoice_payments",
    ]
    assert [str(item) for item in items if isinstance(item, Problem)] == []
    assert source.rows == len(items)


def test_fields_that_no_model_knows_are_kept():
    """Beside the others in JSON, in a column of their own in tables."""
    client = Client(id=1, name="ACME", extra={"mood": "fine", "rate": Decimal("0.10")})

    assert {name: json.loads(line(client))[name] for name in ("mood", "rate")} == {"mood": "fine", "rate": 0.1}
    assert cells(client)[-1] == '{"mood": "fine", "rate": 0.10}'


def test_numbers_keep_their_digits():
    """No binary float comes between."""
    entry = ReportEntry(id=1, hours=Decimal("0.1000000000000000000001"))

    assert '"hours": 0.1000000000000000000001' in line(entry)


def test_words_are_written_as_the_server_has_them():
    """Words of a known set, and others."""
    reported = [json.loads(line(Invoice(id=1, state=state)))["state"] for state in (InvoiceState.OPEN, "brand-new")]

    assert reported == ["open", "brand-new"]
    assert (
        cells(Client(id=1, extra={"of": (InvoiceState.OPEN, Decimal("1.50"), None)}))[-1]
        == '{"of": ["open", 1.50, null]}'
    )


def test_a_parquet_file_with_a_value_that_does_not_fit_is_closed(tmp_path):
    """The error is raised, and no file stays open."""
    pyarrow = pytest.importorskip("pyarrow")
    writer = FORMATS["parquet"].open(tmp_path / "new.parquet", ReportEntry, frozenset())
    writer.add(ReportEntry(id=1, hours=Decimal(10) ** 60))
    with pytest.raises(pyarrow.ArrowInvalid):
        writer.close()

    assert writer._file.closed


def test_parquet_is_written_in_groups(tmp_path):
    """More rows than one group has, and rows of an older file that lacks a column."""
    import pyarrow  # noqa: ICN001 - its own name
    import pyarrow.parquet

    old = tmp_path / "old.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"id": [1, 2, 3]}), old)
    writer = FORMATS["parquet"].open(tmp_path / "new.parquet", Client, frozenset())
    for number in range(10, 10_015):
        writer.add(Client(id=number, name="ACME"))
    taken = writer.take_over(old, "", lambda number, _: number != "2")
    writer.close()

    rows = pyarrow.parquet.read_table(tmp_path / "new.parquet").to_pylist()
    assert (2, 10_007, {"ACME", None}) == (taken, len(rows), {row["name"] for row in rows})


def test_fields_of_drafts_are_left_out():
    """Leaves out the fields that only the draft of an invoice has."""
    left_out = exports.tables()["invoices"].left_out

    assert "import_hours" not in json.loads(line(Invoice(id=1), left_out))


def test_nested_records_are_nested_objects():
    """The parts of an account that are switched on."""
    assert json.loads(line(Company(modules=Modules(invoices=True))))["modules"]["invoices"] is True


def test_each_format_has_a_name_and_an_ending_of_its_own():
    """The table is sound."""
    assert {(name, f".{name}") for name in FORMATS} == {(each.name, each.ending) for each in FORMATS.values()}


def test_parts_come_in_order_though_they_are_read_side_by_side():
    """A part that is slow holds the others back, and no part holds more than that many records."""

    async def main():
        taken, most = [], 0
        running = set()

        async def read(part):
            nonlocal most
            running.add(part)
            most = max(most, len(running))
            for number in range(3):
                await asyncio.sleep(0.001 if part % 7 == 0 else 0)
                yield number
            running.discard(part)

        async def done(part):
            taken.append((part, "done"))

        await read_in_order(range(30), read, lambda part, number: taken.append((part, number)), done)
        return taken, most

    taken, most = asyncio.run(main())

    assert [(part, each) for part in range(30) for each in (0, 1, 2, "done")] == taken
    assert 1 < most <= 13


def test_the_first_failure_of_a_part_ends_all():
    """It comes out as itself, and nothing is left running."""

    async def main():
        async def read(part):
            yield part
            if part == 3:
                raise NotFound("deleted")
            await asyncio.sleep(60)

        async def done(_):
            pass

        with pytest.raises(HarvestError, match="deleted"):
            await read_in_order([3, 4, 5], read, lambda *_: None, done)
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert set() == asyncio.run(main())


class LongLists(httpx.AsyncBaseTransport):
    """An account of one person with very many entries, which come in chunks."""

    def __init__(self, count):
        self.count = count

    async def handle_async_request(self, request):
        if request.url.path.endswith("/entries"):
            return httpx.Response(200, stream=_Chunks(self.count))
        if request.url.path == "/people":
            return httpx.Response(200, json=[{"user": {"id": 1, "email": "one@example.com"}}])
        return httpx.Response(200, json={"company": {"modules": {}}, "user": {"id": 1}, "count": 0})


class _Chunks(httpx.AsyncByteStream):
    def __init__(self, count):
        self._count = count

    async def __aiter__(self):
        yield b"["
        for number in range(self._count):
            record = {"id": number, "hours": 1.25, "notes": f"Work on #{number} " * 5, "user_id": 1,
                      "project_id": 2, "task_id": 3, "spent_at": "2026-01-05", "updated_at": "2026-01-05T09:00:00Z"}  # fmt: skip
            yield json.dumps({"day_entry": record}).encode() + (b"," if number + 1 < self._count else b"]")


@pytest.mark.parametrize("format", ["jsonl", "csv"])
def test_memory_does_not_depend_on_how_many_records_there_are(tmp_path, format):
    """Four times as many entries take no more than a little more."""

    async def peak(count):
        auth = BasicAuth("admin@example.com", "sandbox")
        base = "http://127.0.0.1:1"
        transport = LongLists(count)
        async with HarvestV1("a", auth=auth, app="tests", base_url=base, transport=transport, throttle=Throttle()) as h:
            tracemalloc.start()
            try:
                reported = await exports.export(h, tmp_path / f"{count}", format=format, only=["time_entries"])
                return tracemalloc.get_traced_memory()[1], reported.read
            finally:
                tracemalloc.stop()

    asyncio.run(peak(10))
    few, many = asyncio.run(peak(3_000)), asyncio.run(peak(12_000))

    assert (few[1], many[1]) == (3_000, 12_000)
    assert many[0] - few[0] < 1_000_000


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"\xff", b"{" * 100_000, b'{"version": 1}', b"[" * 100_000]
    + [
        b'{"version": 1, "account": "a", "format": "jsonl", "days": "", "sections": %s}' % sections
        for sections in (
            b"[]",
            b'{"tasks": []}',
            b'{"tasks": {"": 5}}',
            b'{"tasks": {"": "soon"}}',
            b'{"tasks": {"": "2026-01-01"}}',
        )
    ],
)
def test_a_state_that_can_not_be_read_is_refused_and_stays(tmp_path, content):
    """Nothing is exported over a folder of which nobody knows what it holds."""
    path = tmp_path / "export.state.json"
    path.write_bytes(content)

    with pytest.raises(InvalidArgument, match="export to another folder"):
        load(tmp_path, "a", "jsonl", "", full=False)
    assert path.read_bytes() == content


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is a file on a full disk")
def test_a_full_disk_is_an_error_that_names_the_folder_and_the_same_call_resumes(tmp_path):
    """An export to a full disk raises StorageError, not the system's error; with space it is complete."""
    sandbox, _ = filled_sandbox()
    (tmp_path / ".time_entries.jsonl.new").symlink_to("/dev/full")

    with pytest.raises(StorageError, match="No space left") as raised:
        exported(sandbox, tmp_path)
    reported = exported(sandbox, tmp_path)

    assert str(tmp_path) in str(raised.value)
    assert set(reported) == KINDS


@pytest.mark.skipif(sys.platform == "win32", reason="other rights than those of POSIX")
def test_other_users_cannot_read_the_folder_that_an_export_creates(tmp_path):
    """The new folder is its owner's alone; one that was there before keeps its rights, so that it can be shared."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    sandbox, _ = filled_sandbox()
    exported(sandbox, tmp_path / "new")
    exported(sandbox, shared)

    assert (stat.S_IMODE((tmp_path / "new").stat().st_mode), stat.S_IMODE(shared.stat().st_mode)) == (0o700, 0o755)


def test_an_output_that_nobody_reads_is_no_fault_of_the_folder(tmp_path):
    """An error of the connection to which the progress is reported is raised as it is."""
    with pytest.raises(BrokenPipeError), storage_errors(tmp_path):
        raise BrokenPipeError
