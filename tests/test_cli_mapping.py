"""`harvest-async import`: the list of fields, mapping files, and several files at once."""

import pytest

from harvest_async.importer.sources import FORMATS
from tests.support.shell import shell_at
from tests.support.tables import TOGGL, table, toggl


@pytest.fixture
def shell(tmp_path):
    return shell_at("http://127.0.0.1:9", tmp_path / "state")


@pytest.fixture
def save(tmp_path):
    def write(name, *rows, header=TOGGL):
        (tmp_path / name).write_bytes(table(header, *rows))
        return tmp_path / name

    return write


def test_the_fields_of_every_plain_format_are_listed(shell):
    """With their types; nothing is imported, and no file is needed."""
    said = shell("import", "--fields")

    assert said.code == 0
    assert all(f"--format {name}" in said.out for name, each in FORMATS.items() if not each.signs)
    assert "time of day" in said.out


def test_the_fields_of_one_format_are_listed_for_programs(shell):
    """As JSON."""
    said = shell("import", "--fields", "--format", "clients", "--json")

    ((name, fields),) = said.document["fields"].items()
    assert (name, fields[0]["name"], fields[0]["type"], fields[0]["needed"]) == ("clients", "name", "text", ["name"])


def test_an_unknown_field_is_bad_input(shell, save):
    """The message lists the fields and the option that shows their types."""
    said = shell("import", save("a.csv", toggl()), "--map", "Description=colour", "--offline")

    assert said.code == 2
    assert "Unknown field 'colour'" in said.err
    assert "--fields lists them" in " ".join(said.err.split())


def test_a_mapping_file_is_written_and_can_be_given_back(shell, save, tmp_path):
    """The file is then read as the mapping says."""
    file, mapping = save("a.csv", toggl(), header=("Wer", *TOGGL[1:])), tmp_path / "a.toml"
    wrote = shell("import", file, "--write-mapping", mapping)
    mapping.write_text(mapping.read_text("utf-8").replace('"Wer" = ""', '"Wer" = "person"'), "utf-8")
    said = shell("import", file, "--mapping", mapping, "--offline", "--json")

    assert (wrote.code, said.code) == (0, 0)
    assert said.document["plan"]["log"] == 1


def test_a_mapping_file_replaces_nothing(shell, save, tmp_path):
    """Neither a file, nor is it written for more than one input."""
    file, mapping = save("a.csv", toggl()), save("a.toml")
    other = save("b.csv", toggl(description="two"))

    assert [
        shell("import", file, "--write-mapping", mapping).code,
        shell("import", file, other, "--write-mapping", tmp_path / "new.toml").code,
    ] == [2, 2]
    assert not (tmp_path / "new.toml").exists()
    assert mapping.read_bytes() == table(TOGGL)


def test_a_mapping_file_for_programs_is_named(shell, save, tmp_path):
    """As JSON."""
    assert shell("import", save("a.csv", toggl()), "--write-mapping", tmp_path / "m.toml", "--json").document == {
        "mapping": str(tmp_path / "m.toml")
    }


def test_several_files_are_one_plan(shell, save):
    """Problems name their file."""
    files = [save("a.csv", toggl()), save("b.csv", toggl(description="two"), toggl(start_date="soon"))]
    said = shell("import", *files, "--offline")
    document = shell("import", *files, "--offline", "--json").document

    assert said.code == 1
    assert "b.csv, line 3, row 2, Start date" in said.err
    assert (document["plan"]["log"], document["plan"]["rejected"][0]["file"]) == (2, "b.csv")


def test_a_file_that_can_not_be_read_is_named_among_several(shell, save):
    """And nothing is planned."""
    said = shell("import", save("a.csv", toggl()), save("b.csv", ("x",), header=("Nonsense",)), "--offline")

    assert said.code == 2
    assert "b.csv: line 1: the columns (Nonsense) are of no known format" in " ".join(said.err.split())
