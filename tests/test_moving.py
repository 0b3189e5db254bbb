"""The page about moving to API v2: it names every operation of v1, and only operations that exist."""

import re
from pathlib import Path

import pytest

from harvest_async import BasicAuth, BearerAuth, HarvestV1, HarvestV2, imports
from tests.support.operations import operations
from tests.support.sample import make_rows, write_csv

PAGE = (Path(__file__).parents[1] / "docs" / "moving-to-v2.md").read_text("utf-8")
APP = "tests (tests@example.com)"
CLIENTS = {
    "v1": HarvestV1("acme", auth=BasicAuth("me@example.com", "secret"), app=APP),
    "v2": HarvestV2(1, auth=BearerAuth("token"), app=APP),
}
OPERATION = re.compile(r"`([a-z_]+\.[a-z_]+)`")
RECORDS = ("harvest.", "project.")


def rows():
    """Return the rows of the table of operations: those of v1, and those of v2."""
    table = PAGE.partition("## Operation by operation")[2].partition("\n## ")[0]
    for line in table.splitlines():
        if line.startswith("| `"):
            _, old, new, *_ = line.split("|")
            yield OPERATION.findall(old), [] if new.strip() == "none" else OPERATION.findall(new)


ROWS = tuple(rows())


def test_every_operation_of_v1_has_a_row():
    """Names each method of each resource of v1 once."""
    named = [each for old, _ in ROWS for each in old]

    assert sorted(named) == sorted(operations(CLIENTS["v1"]))


def test_every_row_has_a_form_in_v2_or_says_that_there_is_none():
    """Gives operations of v2 in each row but those of the password and the rate limit."""
    assert [old for old, new in ROWS if not new] == [["account.rate_limit_status"], ["people.reset_password"]]


def test_every_operation_of_v2_that_is_named_exists():
    """Names no method of v2 that the client lacks, in the table and in the text."""
    known = operations(CLIENTS["v2"])
    in_rows = {each for _, new in ROWS for each in new}
    in_text = {each for each in OPERATION.findall(PAGE) if not each.startswith(RECORDS)} - operations(CLIENTS["v1"])

    assert in_rows <= known
    assert in_text <= known


def test_the_types_of_every_operation_of_v2_are_checked():
    """Calls each method of each resource of v2 in the file for type checkers."""
    code = (Path(__file__).parent / "typing" / "v2.py").read_text("utf-8")
    called = set(re.findall(r"(?:assert_type\(|= )\s*(?:await )?harvest\.([a-z_]+\.[a-z_]+)\(", code))

    assert operations(CLIENTS["v2"]) == called & operations(CLIENTS["v2"])


@pytest.mark.parametrize("version", CLIENTS)
def test_operations_are_found(version):
    """Finds the operations of a client by its resources."""
    assert {"clients.list", "clients.create", "invoices.update"} <= operations(CLIENTS[version])
    assert len(operations(CLIENTS[version])) > 80


@pytest.mark.anyio
async def test_an_import_moves_to_v2(harvest_sandbox, harvest_client, harvest_v2, tmp_path):
    """Finds by v2 the entries that an import by v1 created, and refuses its journal, as the page says."""
    harvest_sandbox.set_limits(10_000)
    file, journal = tmp_path / "toggl.csv", tmp_path / "acme.journal"
    file.write_bytes(write_csv(make_rows(12)))
    options = imports.Options(fill=imports.Fill(client="ACME", task="Work"))
    async with harvest_client() as old, harvest_v2() as new:
        with (
            imports.open_source(file, options) as source,
            await imports.plan(old, source, options=options, create_people=True) as plan,
        ):
            await imports.run(plan, journal=journal)
        with imports.open_source(file, options) as source, await imports.plan(new, source, options=options) as plan:
            found = plan.overview
        for refused in (imports.resume, imports.undo):
            with pytest.raises(imports.JournalError, match="belongs to another account"):
                await refused(new, journal)

    assert (found.log, found.existing, found.writes) == (0, 12, 0)
