"""Exports over API v2, and the deletions that an export of either version finds."""

import asyncio
import json
from datetime import date
from decimal import Decimal

import pytest
from attrs import evolve

from harvest_async import InvalidArgument, exports
from harvest_async.errors import HarvestError
from harvest_async.exporter.deletions import NAME, note_deleted, read_deleted
from tests.support.exporting import at, fill, records, v2_client_of
from tests.support.pdf import pdf
from tests.support.sandbox import new_sandbox
from tests.support.shell import open_account, shell_at

ALL = {"modules": ("expenses", "invoices", "estimates")}


@pytest.fixture
def account():
    """A sandbox with something of everything that both versions have, and more that only v2 has."""
    sandbox = new_sandbox(**ALL)
    ids = at(sandbox, fill)

    async def more(harvest):
        client, person = ids["client"], ids["person"]
        line = {"kind": "Service", "unit_price": 5}
        estimate = await harvest.estimates.create(client, line_items=[line])
        await harvest.estimate_messages.create(estimate, [{"name": "Person", "email": "three@example.com"}])
        await harvest.estimate_item_categories.create("Advice")
        await harvest.roles.create("Designer", user_ids=[person])
        await harvest.users.create_billable_rate(person, Decimal("80.5"))
        await harvest.users.create_cost_rate(person, 40)
        await harvest.users.update(person, access_roles=["manager"])
        await harvest.users.update_teammates(person, [1])

    at(sandbox, more, "v2")
    yield sandbox, ids
    sandbox.close()


def export(sandbox, folder, api="v2", **options):
    """Export a sandbox; return the result by kind."""
    result = at(sandbox, lambda harvest: exports.export(harvest, folder, **options), api)
    return {kind.name: kind for kind in result.kinds}


def ids_of(folder, kind):
    return sorted(record["id"] for record in records(folder, kind))


def test_every_kind_is_exported(account, tmp_path):
    """Has a file for each of the 22 kinds, and at least one record in each."""
    kinds = export(account[0], tmp_path)

    assert list(kinds) == list(exports.tables("v2"))
    assert len(kinds) == 22
    assert [name for name, kind in kinds.items() if kind.rows == 0] == []


def test_records_of_both_versions_have_the_same_ids(account, tmp_path):
    """Exports the same records as v1 where both versions have the kind."""
    export(account[0], tmp_path / "one", "v1")
    export(account[0], tmp_path / "two")

    shared = {"people": "users"} | {name: name for name in exports.tables("v1") if name in exports.tables("v2")}
    shared.pop("company")
    assert len(shared) == 14
    for v1, v2 in shared.items():
        assert (v1, ids_of(tmp_path / "one", v1)) == (v1, ids_of(tmp_path / "two", v2))


def test_records_below_another_name_it(account, tmp_path):
    """Gives payments, messages, rates and teammates the id of their invoice, estimate or user."""
    sandbox, ids = account
    export(sandbox, tmp_path)

    assert {each["invoice_id"] for each in records(tmp_path, "invoice_payments")} == {ids["invoice"]}
    assert {each["user_id"] for each in records(tmp_path, "billable_rates")} == {ids["person"]}
    assert {each["user_id"] for each in records(tmp_path, "teammates")} == {ids["person"]}
    assert all(each["estimate_id"] for each in records(tmp_path, "estimate_messages"))


@pytest.mark.parametrize("format", ["jsonl", "csv", "parquet"])
def test_the_next_export_reads_what_changed(account, tmp_path, format):
    """Reads a new client, and keeps the others, in each format."""
    sandbox, _ = account
    sandbox._account.clock.advance(600)
    at(sandbox, lambda harvest: harvest.clients.create("Wayne"), "v2")
    first = export(sandbox, tmp_path, format=format)
    sandbox._account.clock.advance(600)
    at(sandbox, lambda harvest: harvest.clients.create("Umbrella"), "v2")

    second = export(sandbox, tmp_path, format=format)

    assert (first["clients"].read, second["clients"].read, second["clients"].rows) == (2, 2, 3)
    assert second["roles"].rows == first["roles"].rows == 1


def test_messages_of_an_invoice_that_changed_are_read_anew(account, tmp_path):
    """Reads only the lists below invoices that changed."""
    sandbox, ids = account
    sandbox._account.clock.advance(600)
    line = {"kind": "Service", "unit_price": 5}
    at(sandbox, lambda harvest: harvest.estimates.create(ids["client"], line_items=[line]), "v2")
    export(sandbox, tmp_path)
    sandbox._account.clock.advance(600)
    at(sandbox, lambda harvest: harvest.invoice_payments.create(ids["invoice"], 10), "v2")

    second = export(sandbox, tmp_path)

    assert (second["invoice_payments"].read, second["invoice_payments"].rows) == (2, 2)
    assert (second["estimate_messages"].read, second["estimate_messages"].rows) == (0, 1)


def test_days_limit_time_and_expenses(account, tmp_path):
    """Exports the entries of the days alone."""
    kinds = export(account[0], tmp_path, first=date(2026, 1, 6), last=date(2026, 1, 6))

    assert (kinds["time_entries"].rows, kinds["expenses"].rows) == (0, 1)


def test_disabled_modules_have_no_files(tmp_path):
    """Skips invoices, estimates and expenses that are off."""
    sandbox = new_sandbox(modules=())
    kinds = export(sandbox, tmp_path)

    off = {name for name, kind in kinds.items() if kind.path is None}
    assert {"invoices", "invoice_payments", "estimates", "estimate_messages", "expenses"} <= off
    assert "clients" not in off


def test_a_folder_of_one_version_is_refused_by_the_other(account, tmp_path):
    """Names both accounts; the files stay as they are."""
    export(account[0], tmp_path, "v1")
    before = (tmp_path / "clients.jsonl").read_bytes()

    with pytest.raises(InvalidArgument, match="holds an export of"):
        export(account[0], tmp_path)

    assert (tmp_path / "clients.jsonl").read_bytes() == before


def test_receipts_are_fetched(account, tmp_path):
    """Stores the image under the id of its expense."""
    sandbox, _ = account
    png = b"\x89PNG\r\n\x1a\n" + bytes(40)

    async def attach(harvest):
        expense = (await harvest.expenses.list())[0]
        await harvest.expenses.attach_receipt(expense.id, png)
        return expense.id

    number = at(sandbox, attach, "v2")
    kinds = export(sandbox, tmp_path, receipts=True)

    assert kinds["receipts"].rows == 1
    assert (tmp_path / "receipts" / f"{number}.png").read_bytes() == png


async def _pieces(content):
    """Yield the bytes in pieces, as a stream does."""
    for place in range(0, len(content), 100):
        yield content[place : place + 100]


@pytest.mark.parametrize("kind", ["bytes", "path", "stream"])
def test_a_pdf_is_a_receipt(account, tmp_path, kind):
    """Uploads the document in each form, reads it back, and exports it under the id of its expense."""
    sandbox, _ = account
    content = pdf()
    path = tmp_path / "taxi.pdf"
    path.write_bytes(content)

    async def attach(harvest):
        source = {"bytes": content, "path": path, "stream": _pieces(content)}[kind]
        expense = (await harvest.expenses.list())[0]
        attached = await harvest.expenses.attach_receipt(expense.id, source)
        return attached, await harvest.expenses.get_receipt(attached)

    expense, file = at(sandbox, attach, "v2")
    export(sandbox, tmp_path / "export", receipts=True)

    assert (content, "application/pdf") == (file.content, file.content_type)
    assert expense.receipt.file_name == ("taxi.pdf" if kind == "path" else "receipt.pdf")
    assert (tmp_path / "export" / "receipts" / f"{expense.id}.pdf").read_bytes() == content


def test_an_interrupted_export_goes_on(account, tmp_path):
    """Leaves complete files, and the next export has each record once."""
    sandbox, _ = account
    sandbox.fault("error_500", match={"path": "/v2/projects"}, times=None)
    with pytest.raises(HarvestError):
        export(sandbox, tmp_path)
    assert (tmp_path / "time_entries.jsonl").exists()
    assert not (tmp_path / "projects.jsonl").exists()

    sandbox.clear_faults()
    export(sandbox, tmp_path)
    export(sandbox, tmp_path / "whole")

    for name in exports.tables("v2"):
        assert sorted(map(repr, records(tmp_path, name))) == sorted(map(repr, records(tmp_path / "whole", name)))


def test_a_record_that_moves_to_the_next_page_is_written_once(account, tmp_path):
    """Logs an entry while pages are read, so that the last one of a page begins the next."""
    sandbox, ids = account
    world, now = sandbox.world, sandbox._account.clock.today()
    first = next(iter(world.entries()))
    plain = {name: value for name, value in first.items() if name != "id"}
    for _ in range(2_100):
        world.add("entry", dict(plain), now)

    async def job(harvest):
        original = harvest.time_entries.list

        async def pages(**filters):
            async for number, each in aenumerate(original(**filters)):
                if number == 1_500:
                    world.add("entry", {**plain, "spent_at": date(2026, 2, 1)}, now)
                yield each

        async def aenumerate(items):
            number = 0
            async for each in items:
                yield number, each
                number += 1

        harvest.time_entries.list = pages
        return await exports.export(harvest, tmp_path, only=["time_entries"])

    async def run():
        async with v2_client_of(sandbox) as harvest:
            harvest.time_entries = _Replaced(harvest.time_entries)
            return await job(harvest)

    asyncio.run(run())

    found = ids_of(tmp_path, "time_entries")
    assert len(found) == len(set(found)) >= 2_103
    assert ids


class _Company:
    """The company of an account in which a module was switched off."""

    def __init__(self, company):
        self._company = company

    async def get(self):
        return self._company


class _Replaced:
    """A resource whose methods can be replaced."""

    def __init__(self, resource):
        self.list = resource.list


@pytest.mark.parametrize(("api", "entries"), [("v1", "time_entries"), ("v2", "time_entries")])
def test_deleted_records_are_found_by_their_ids(account, tmp_path, api, entries):
    """Lists what an earlier export had and the account has no longer, in the result and in the file; once each."""
    sandbox, ids = account
    export(sandbox, tmp_path, api)
    spare = at(sandbox, lambda harvest: harvest.clients.create("Spare"))
    export(sandbox, tmp_path, api)

    async def delete(harvest):
        await harvest.clients.delete(spare.id)
        await harvest.time.delete(ids["entry"])

    at(sandbox, delete)
    plain = export(sandbox, tmp_path, api)
    kinds = export(sandbox, tmp_path, api, deleted=True)
    again = export(sandbox, tmp_path, api, deleted=True)

    assert plain["clients"].deleted is None
    assert {name: kind.deleted for name, kind in kinds.items() if kind.deleted} == {
        "clients": (spare.id,),
        entries: (ids["entry"],),
    }
    assert [kind.deleted for kind in again.values() if kind.deleted] == []
    assert read_deleted(tmp_path) == {entries: [ids["entry"]], "clients": [spare.id]}
    assert spare.id not in ids_of(tmp_path, "clients")


def test_a_record_that_a_list_missed_is_written_and_not_deleted(account, tmp_path):
    """Finds an entry by its id that moved to a page read before, since another one was deleted meanwhile."""
    sandbox, ids = account
    export(sandbox, tmp_path)

    async def job(harvest):
        entries = harvest.time_entries

        async def without_one(**filters):
            async for each in entries.list(**filters):
                if each.id != ids["entry"]:
                    yield each

        harvest.time_entries = _Replaced(entries)
        harvest.time_entries.list, harvest.time_entries.get = without_one, entries.get
        return await exports.export(harvest, tmp_path, deleted=True)

    kinds = {kind.name: kind for kind in at(sandbox, job, "v2").kinds}

    assert kinds["time_entries"].deleted == ()
    assert ids["entry"] in ids_of(tmp_path, "time_entries")


def test_a_record_below_a_deleted_one_is_deleted_too(account, tmp_path):
    """Finds the payment of an invoice that was deleted."""
    sandbox, ids = account
    export(sandbox, tmp_path)
    payment = ids_of(tmp_path, "invoice_payments")
    at(sandbox, lambda harvest: harvest.invoices.delete(ids["invoice"]), "v2")

    kinds = export(sandbox, tmp_path, deleted=True)

    assert kinds["invoices"].deleted == (ids["invoice"],)
    assert list(kinds["invoice_payments"].deleted) == payment


def test_entries_are_not_compared_in_an_export_of_some_days(account, tmp_path):
    """Reports no entry as deleted that may have moved to another day."""
    sandbox, ids = account
    days = {"first": date(2026, 1, 1), "last": date(2026, 1, 31)}
    export(sandbox, tmp_path, **days)
    at(sandbox, lambda harvest: harvest.time_entries.update(ids["entry"], spent_date=date(2026, 2, 2)), "v2")

    kinds = export(sandbox, tmp_path, deleted=True, **days)

    assert kinds["time_entries"].deleted is None
    assert kinds["clients"].deleted == ()


def test_what_a_disabled_module_hides_is_not_deleted(account, tmp_path):
    """Compares no kinds of a module that was switched off."""
    sandbox, _ = account
    export(sandbox, tmp_path)
    company = {"expense_feature": True, "invoice_feature": False, "estimate_feature": True}
    sandbox.fault("error_500", match={"path": "/v2/invoices*"}, times=None)

    async def job(harvest):
        off = evolve(await harvest.company.get(), **company)
        harvest.company = _Company(off)
        return await exports.export(harvest, tmp_path, deleted=True)

    kinds = {kind.name: kind for kind in at(sandbox, job, "v2").kinds}

    assert kinds["invoices"].deleted is None
    assert read_deleted(tmp_path) == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [({"full": True}, "either deleted or full"), ({"first": date(2026, 1, 1)}, "holds all days")],
)
def test_deleted_is_refused_where_it_can_not_compare(account, tmp_path, options, message):
    """Refuses it with `full`, and for other days than those of the folder."""
    export(account[0], tmp_path)

    with pytest.raises(InvalidArgument, match=message):
        export(account[0], tmp_path, deleted=True, **options)


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_a_regular_user_can_not_find_deletions(account, tmp_path, api, harvest_client, harvest_v2):
    """Refuses it, since the person does not see all records."""
    make = {"v1": harvest_client, "v2": harvest_v2}[api]

    async def run():
        async with make("user@example.com") as harvest:
            await exports.export(harvest, tmp_path, deleted=True)

    with pytest.raises(InvalidArgument, match="sign in as an administrator"):
        asyncio.run(run())


def test_the_list_of_deletions_survives_an_interruption(tmp_path):
    """Appends each record once, and replaces the file as a whole."""
    note_deleted(tmp_path, "clients", [1, 2])
    note_deleted(tmp_path, "clients", [2, 3])
    note_deleted(tmp_path, "tasks", [])

    lines = (tmp_path / NAME).read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [{"kind": "clients", "id": number} for number in (1, 2, 3)]
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_list_that_can_not_be_read_is_refused(tmp_path):
    """Names the file, and does not replace it."""
    (tmp_path / NAME).write_text("{}\n", encoding="utf-8")

    with pytest.raises(InvalidArgument, match="move the file away"):
        note_deleted(tmp_path, "clients", [1])
    assert (tmp_path / NAME).read_text("utf-8") == "{}\n"


@pytest.mark.socket
def test_the_command_line_exports_v2_and_lists_deletions(tmp_path):
    """Shows a column of deleted records, and the ids with --json."""
    with open_account() as (sandbox, address):
        shell = shell_at(address, tmp_path / "state", HARVEST_ACCOUNT_ID="1", HARVEST_ACCESS_TOKEN="sandbox-token")
        client = sandbox.world.add("client", {"name": "Spare"}, sandbox._account.clock.today())
        first = shell("export", tmp_path / "out", "--json").document
        sandbox.world.drop("client", client)
        document = shell("export", tmp_path / "out", "--deleted", "--json").document
        shown = shell("export", tmp_path / "out", "--deleted")

    assert (first["kinds"]["users"]["rows"], "deleted" in first["kinds"]["users"]) == (2, False)
    assert document["kinds"]["clients"]["deleted"] == [client["id"]]
    assert "deleted" in shown.out


def test_a_teammate_of_two_managers_is_exported_for_both(account, tmp_path):
    """Has one row for each manager, and reports no person as deleted who is a teammate no longer."""
    sandbox, ids = account

    async def manage(harvest):
        other = await harvest.users.create("Second", "Manager", "second@example.com", access_roles=["manager"])
        await harvest.users.update_teammates(other, [1])
        return other.id

    other = at(sandbox, manage, "v2")
    export(sandbox, tmp_path)
    pairs = {(each["user_id"], each["id"]) for each in records(tmp_path, "teammates")}
    at(sandbox, lambda harvest: harvest.users.update_teammates(other, []), "v2")
    kinds = export(sandbox, tmp_path, deleted=True)

    assert pairs == {(ids["person"], 1), (other, 1)}
    assert (kinds["teammates"].rows, kinds["teammates"].deleted) == (1, None)
