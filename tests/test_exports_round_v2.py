"""Exports of API v2 as import files: whole folders and single files, in each format, into the same and other accounts."""

import json

import pytest

from harvest_async import exports, imports
from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources import Problem, open_source
from tests.support.exporting import at, exported, fill
from tests.support.sandbox import new_sandbox
from tests.test_exports_round import HINTS, NOT_IN_V2, fill_by_span, fill_more, load, reported

APART = NOT_IN_V2 | HINTS


def exported_v2(sandbox, folder, **options):
    """Export a sandbox over API v2."""
    at(sandbox, lambda harvest: exports.export(harvest, folder, **options), "v2")
    return folder


def rows_of(*wheres):
    """The rows and problems of files."""
    with open_source(wheres if len(wheres) > 1 else wheres[0]) as source:
        return list(source), [str(notice) for notice in source.notices]


@pytest.fixture(scope="module")
def origin():
    """An account with every kind of record in every state."""
    sandbox = new_sandbox()
    at(sandbox, fill_more)
    return sandbox


@pytest.fixture(scope="module")
def before(origin, tmp_path_factory):
    """The export over API v1 of that account, by which accounts are compared."""
    folder = tmp_path_factory.mktemp("before")
    exported(origin, folder)
    return folder


@pytest.fixture(scope="module", params=["jsonl", "csv", pytest.param("parquet", marks=pytest.mark.slow)])
def folder(request, origin, tmp_path_factory):
    """Exports of that account over API v2."""
    return exported_v2(origin, tmp_path_factory.mktemp("v2"), format=request.param)


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_an_import_of_an_export_of_v2_makes_an_equal_account(folder, before, tmp_path, api):
    """Every record of every kind and state that API v1's round trip covers, over either version, with no notice."""
    copy = new_sandbox()
    report = load(copy, folder, api=api)
    exported(copy, tmp_path)
    _, notices = rows_of(folder)

    assert (report.rejected, report.unknown, report.left) == ((), (), 0)
    assert reported(before, APART) == reported(tmp_path, APART)
    assert sorted(notice.partition(":")[2] for notice in notices) == [
        " an account that thanks clients for payments by e-mail does so for these, too",
        " is not read: an import sends no messages about invoices",
    ]


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_an_import_into_the_account_that_was_exported_writes_nothing(folder, origin, before, tmp_path, api):
    """All records and rows are matched, archived ones included."""
    report = load(origin, folder, api=api)
    exported(origin, tmp_path)

    assert (report.created_records, report.updated, report.created, report.rejected) == ({}, {}, 0, ())
    assert reported(before) == reported(tmp_path)


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_spans_of_v2_are_imported(tmp_path, api):
    """Starts and ends keep their minutes."""
    origin, copy = new_sandbox(timestamp_timers=True), new_sandbox(timestamp_timers=True)
    at(origin, fill_by_span)
    exported(origin, tmp_path / "before")
    report = load(copy, exported_v2(origin, tmp_path / "v2"), api=api)
    exported(copy, tmp_path / "after")

    assert report.rejected == ()
    assert reported(tmp_path / "before", APART) == reported(tmp_path / "after", APART)


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("time_entries", "time"), ("expenses", "expenses"), ("clients", "clients"), ("contacts", "contacts"),
        ("projects", "projects"), ("tasks", "tasks"), ("users", "people"), ("task_assignments", "task-assignments"),
        ("user_assignments", "user-assignments"), ("expense_categories", "expense-categories"),
        ("invoices", "invoices"), ("invoice_payments", "invoice-payments"),
    ],
)  # fmt: skip
def test_a_single_file_of_v2_is_recognised_by_its_columns(folder, tmp_path, kind, found):
    """The name of the file does not matter, and each column is read or known."""
    path = next(folder.glob(f"{kind}.*"))
    other = tmp_path / f"renamed{path.suffix}"
    other.write_bytes(path.read_bytes())

    with open_source(other) as source:
        assert [each.format for each in source.found] == [found]
        assert [str(notice) for notice in source.notices if "not read" in notice.text] == []


def test_rows_of_a_single_file_have_the_names_of_their_references(folder, tmp_path):
    """Without the other files, people and projects are named as the entry names them."""
    path = next(folder.glob("time_entries.*"))
    (tmp_path / path.name).write_bytes(path.read_bytes())
    rows, _ = rows_of(tmp_path / path.name)

    assert {(row.client, row.project, row.project_code, row.task, row.person, row.email) for row in rows} == {
        ("Umbrella", "Archive", "OLD", "Typing", "Person Four", ""),
        ("ACME", "Website", "WEB-1", "Design", "Ada Sandbox", ""),
        ("ACME", "Website", "WEB-1", "Design", "Person Two", ""),
    }


def test_a_single_file_is_imported_into_another_account(tmp_path):
    """Names are used; ids that mean other records there are not."""
    origin, other = new_sandbox(), new_sandbox()
    at(origin, fill)
    exported_v2(origin, tmp_path / "v2", only=["time_entries"])

    async def fill_other(harvest):
        for name in ("Another", "ACME"):  # so that every id means another record
            client = await harvest.clients.create(name)
            project = await harvest.projects.create("Website", client.id, code="WEB-1" if name == "ACME" else "")
        await harvest.tasks.create("Typing")
        await harvest.people.create("three@example.com", "Person", "Three")
        await harvest.people.create("two@example.com", "Person", "Two")
        return project.id

    project = at(other, fill_other)
    report = load(other, tmp_path / "v2" / "time_entries.jsonl", api="v2")
    logged = at(other, lambda harvest: harvest.time_entries.list(), "v2")

    assert (report.rejected, report.created) == ((), 3)
    assert {(each.project.id, each.user.name) for each in logged} == {
        (project, "Person Two"),
        (project, "Ada Sandbox"),
    }


@pytest.mark.parametrize("format", ["jsonl", "csv"])
def test_ids_of_v1_alone_are_a_problem_of_each_row(tmp_path, format):
    """Nothing is looked up in the account, where an id may mean another record."""
    origin, other = new_sandbox(), new_sandbox()
    at(origin, fill)
    at(other, fill)
    exported(origin, tmp_path, only=["time_entries"], format=format)
    report = load(other, tmp_path / f"time_entries.{format}", api="v2")

    assert report.created == 0
    assert {(each.column, each.reason) for each in report.rejected} == {
        (column, f"{number}: there is no such record in {kind} beside this file; name it in words instead")
        for column, numbers, kind in (
            ("project_id", (3001,), "projects"), ("task_id", (4001,), "tasks"), ("user_id", (1, 3), "people"),
        )
        for number in numbers
    }  # fmt: skip


def test_the_current_name_beside_the_file_is_preferred(tmp_path):
    """Entries that were exported before a client, a project and a person were renamed have their old names."""
    origin = new_sandbox()
    ids = at(origin, fill)
    exported_v2(origin, tmp_path)

    async def rename(harvest):
        await harvest.clients.update(ids["client"], name="ACME Ltd")
        await harvest.projects.update(ids["project"], name="Shop")
        await harvest.tasks.update(ids["task"], name="Drawing")
        await harvest.people.update(ids["person"], last_name="Second")

    at(origin, rename)
    (tmp_path / "time_entries.jsonl").replace(tmp_path / "old.jsonl")
    exported_v2(origin, tmp_path)
    (tmp_path / "old.jsonl").replace(tmp_path / "time_entries.jsonl")
    report = load(origin, tmp_path, api="v2")
    rows, _ = rows_of(tmp_path)

    assert '"name": "ACME"' in (tmp_path / "time_entries.jsonl").read_text()
    assert {(row.client, row.project, row.task) for row in rows if hasattr(row, "hours")} == {
        ("ACME Ltd", "Shop", "Drawing")
    }
    assert (report.created_records, report.created, report.rejected) == ({}, 0, ())


def test_a_folder_with_two_files_of_one_kind_is_refused(tmp_path):
    """Their rows would be logged twice: people.jsonl of API v1 and users.jsonl of API v2, or two formats."""
    (tmp_path / "people.jsonl").write_text('{"email": "a@example.com", "first_name": "A", "last_name": "B"}\n')
    (tmp_path / "users.csv").write_text("email,first_name,last_name\na@example.com,A,B\n")

    with pytest.raises(InvalidArgument, match=r"people\.jsonl and users\.csv, which have the same kind of record"):
        open_source(tmp_path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("estimates", "an import creates no estimates"),
        ("roles", "an import creates no roles"),
        ("teammates", "an import assigns no teammates"),
        ("cost_rates", "people get the rates that they have in users"),
        ("estimate_messages", "an import sends no messages about estimates"),
    ],
)
def test_files_that_are_not_imported_are_reported(tmp_path, name, text):
    """Only if they hold a record."""
    (tmp_path / "tasks.jsonl").write_text('{"id": 1, "name": "Design"}\n')
    (tmp_path / f"{name}.csv").write_text("id,name\n")
    _, without = rows_of(tmp_path)
    (tmp_path / f"{name}.csv").write_text("id,name\n1,A\n")
    _, notices = rows_of(tmp_path)

    assert without == []
    assert notices == [f"{name}.csv: is not read: {text}"]


def test_what_only_v2_can_store_is_kept_over_v2_and_reported_over_v1(tmp_path):
    """A monthly budget, a fixed fee and the weekly capacity."""
    origin, copies = new_sandbox(), {"v1": new_sandbox(), "v2": new_sandbox()}

    async def fill_v2(harvest):
        client = await harvest.clients.create("ACME")
        await harvest.projects.create(
            client, name="Care", is_billable=True, bill_by="none", budget_by="task_fees", budget_is_monthly=True,
            is_fixed_fee=True, fee=900,
        )  # fmt: skip
        await harvest.users.create("Person", "Two", "two@example.com", weekly_capacity=3600)

    async def left_out(harvest):
        with open_source(tmp_path / "v2") as source, await imports.plan(harvest, source, create_people=True) as plan:
            found = {name for _, name in plan.overview.left_out}
            await imports.run(plan)
            return found

    at(origin, fill_v2, "v2")
    exported_v2(origin, tmp_path / "v2")
    lost = {api: at(copy, left_out, api) for api, copy in copies.items()}
    exported_v2(copies["v2"], tmp_path / "copy")
    project, person = (
        json.loads((tmp_path / "copy" / f"{kind}.jsonl").read_text().splitlines()[0]) for kind in ("projects", "users")
    )

    assert lost == {"v1": {"budget_is_monthly", "is_fixed_fee", "fee", "weekly_capacity"}, "v2": set()}
    assert (project["budget_by"], project["budget_is_monthly"], project["fee"]) == ("task_fees", True, 900)
    assert (person["email"], person["weekly_capacity"]) == ("two@example.com", 3600)


def test_a_name_that_looks_like_json_stays_a_name(tmp_path):
    """Brackets and braces occur in names of tasks."""
    header = "id,created_at,updated_at,project,task,client,date,hours,person\n"
    (tmp_path / "t.csv").write_text(f'{header}1,,,[Internal],"{{x}}",A,2026-01-05,1,Ann Lee\n')
    rows, _ = rows_of(tmp_path / "t.csv")

    assert [(row.project, row.task, row.client) for row in rows] == [("[Internal]", "{x}", "A")]


@pytest.mark.parametrize(
    ("text", "archived"), [("false", True), ("true", False), ("archived", True), ("", None), ("unsure", "problem")]
)
def test_a_column_is_active_is_the_opposite_of_archived(tmp_path, text, archived):
    """Also in files of other origin, and when it is mapped."""
    (tmp_path / "tasks.csv").write_text(f"Name,Is active\nDesign,{text}\n")
    (row,), _ = rows_of(tmp_path / "tasks.csv")

    assert ("problem" if isinstance(row, Problem) else row.fields.get("archived")) == archived


def test_access_roles_are_the_rights_of_a_person(tmp_path):
    """New servers send no flags."""
    people = [("a", ["administrator"]), ("b", ["manager"]), ("c", ["member"])]
    (tmp_path / "users.jsonl").write_text(
        "".join(
            json.dumps({"email": f"{name}@x.io", "first_name": name, "last_name": "L", "access_roles": roles}) + "\n"
            for name, roles in people
        )
    )
    rows, _ = rows_of(tmp_path / "users.jsonl")

    assert [(row.fields["is_admin"], row.fields["is_project_manager"]) for row in rows] == [
        (True, False), (False, True), (False, False),
    ]  # fmt: skip


def test_parquet_needs_its_extra(tmp_path, monkeypatch):
    """Names what to install."""
    import sys

    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(ImportError, match=r"reading Parquet needs pyarrow.*harvest-async\[parquet\]"):
        open_source(tmp_path / "a.parquet")


def test_a_broken_parquet_file_is_refused(tmp_path):
    """As any other file that can't be read."""
    (tmp_path / "a.parquet").write_bytes(b"PAR1" * 9)

    with pytest.raises(InvalidArgument, match="the Parquet file can't be read"):
        open_source(tmp_path / "a.parquet")
