"""Several files as one input."""

import io
from datetime import date
from decimal import Decimal

import pytest

from harvest_async import imports
from harvest_async.errors import InvalidArgument
from harvest_async.importer.rejects import write_rejects
from harvest_async.importer.sources import ClientRow, Options, Problem, TimeRow, open_source
from tests.support.tables import TOGGL, table, toggl


@pytest.fixture
def save(tmp_path):
    def write(name, *rows, header=TOGGL):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(table(header, *rows))
        return path

    return write


def read(paths, **options):
    with open_source(paths, Options(**options)) as source:
        return source, list(source)


def test_rows_come_in_the_order_of_the_files_and_name_them(save):
    """Each row knows its file."""
    source, rows = read([save("b.csv", toggl(description="one")), save("a.csv", toggl(description="two"))])

    assert [(row.file, row.row, row.notes) for row in rows] == [("b.csv", 1, "one"), ("a.csv", 1, "two")]
    assert (source.rows, len(source.found)) == (2, 2)


def test_a_problem_names_its_file(save):
    """Before the line."""
    _, items = read([save("a.csv", toggl()), save("b.csv", toggl(start_date="soon"))])
    (problem,) = [item for item in items if isinstance(item, Problem)]

    assert str(problem).startswith("b.csv, line 2, row 1, Start date: ")


def test_files_of_one_name_are_called_by_their_paths(save):
    """So that no message means two of them."""
    one, two = save("x/time.csv", toggl()), save("y/time.csv", toggl(description="two"))
    _, rows = read([one, two])

    assert [str(one), str(two)] == [row.file for row in rows]


def test_records_come_before_the_rows_that_speak_of_them(save):
    """In any order of the files."""
    _, rows = read([save("time.csv", toggl()), save("clients.csv", ("ACME",), header=("Name",))])

    assert [ClientRow, TimeRow] == [type(row) for row in rows]


def test_a_day_is_looked_at_over_all_files(save):
    """Fifteen hours in each of two files are more than a day has."""
    paths = [save(name, toggl(duration="15:00:00", description=name)) for name in ("a.csv", "b.csv")]
    _, items = read(paths)

    assert [TimeRow, Problem] == [type(item) for item in items]
    assert "30 h on 2026-01-05" in items[1].reason
    assert len(read(paths, long_days=True)[1]) == 2


def test_people_are_looked_at_over_all_files(save):
    """One address with two names is a problem, too, where the names are in two files."""
    _, items = read([save("a.csv", toggl()), save("b.csv", toggl(user="Person Won"))])

    assert "has the e-mail address of 'Person One'" in items[1].reason


def test_a_source_can_be_read_again(save):
    """What one reading saw of people and days does not count in the next."""
    with open_source([save("a.csv", toggl(duration="15:00:00")), save("b.csv", toggl(duration="1:00:00"))]) as source:
        assert list(source) == list(source)


def test_each_file_has_its_own_form(save, tmp_path):
    """Delimiter, date order and columns are found for each."""
    (tmp_path / "c.csv").write_bytes(
        table(("Datum", *TOGGL[:6], "Hours"), ("13.01.2026", *toggl()[:6], "1,5"), delimiter=";")
    )
    _, rows = read([save("a.csv", toggl()), tmp_path / "c.csv"], columns={"Datum": "day"})

    assert [date(2026, 1, 5), date(2026, 1, 13)] == [row.day for row in rows]
    assert Decimal("1.5") == rows[1].hours


def test_a_mapped_column_has_to_be_in_one_of_the_files(save):
    """Not in each of them."""
    with pytest.raises(InvalidArgument, match="none of the files has such a column"):
        read([save("a.csv", toggl()), save("b.csv", toggl(description="two"))], columns={"Datum": "day"})


def test_a_file_that_is_given_twice_is_refused(save):
    """By its path, and by its content: every hour would be logged twice."""
    one, same = save("a.csv", toggl()), save("b.csv", toggl())
    with pytest.raises(InvalidArgument, match=r"a\.csv is given twice"):
        read([one, one])
    with pytest.raises(InvalidArgument, match=r"a\.csv and b\.csv have the same content"):
        read([one, same])


def test_a_folder_beside_files_and_no_file_at_all_are_refused(save, tmp_path):
    """The message says what to do."""
    with pytest.raises(InvalidArgument, match="is a folder: import it alone"):
        read([save("a.csv", toggl()), tmp_path])
    with pytest.raises(InvalidArgument, match="name a file"):
        read([])


def test_one_file_in_a_list_is_as_the_file_alone(save):
    """Its rows carry no name."""
    path = save("a.csv", toggl())

    assert read([path])[1] == read(path)[1]


def test_streams_have_names_of_their_own():
    """So that their rows can be distinguished."""
    _, rows = read([io.BytesIO(table(TOGGL, toggl(description=text))) for text in ("one", "two")])

    assert [row.file for row in rows] == ["input 1", "input 2"]


def test_rejected_rows_of_files_of_one_name_are_written_apart(save, tmp_path):
    """Neither overwrites the other."""
    paths = [save(name, toggl(start_date=name)) for name in ("x/time.csv", "y/time.csv")]
    with open_source(paths) as source:
        write_rejects(source, [item for item in source if isinstance(item, Problem)], tmp_path / "rejects")

    assert len(list((tmp_path / "rejects").iterdir())) == 2


@pytest.mark.anyio
async def test_several_files_are_one_plan_and_one_journal(save, harvest_sandbox, harvest_client, tmp_path):
    """All rows are logged in one run."""
    harvest_sandbox.set_limits(5000, 1)
    paths = [save(name, toggl(description=name)) for name in ("a.csv", "b.csv", "c.csv")]
    async with harvest_client() as harvest:
        with imports.open_source(paths) as source:
            plan = await imports.plan(harvest, source, create_people=True)
        with plan:
            report = await imports.run(plan, journal=tmp_path / "one.journal")

    assert (report.created, report.complete) == (3, True)
    assert {"a.csv", "b.csv", "c.csv"} == {each["notes"] for each in harvest_sandbox.world.entries()}
