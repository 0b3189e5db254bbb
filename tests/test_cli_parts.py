"""Parts of the command line that no whole command shows well: pictures, rejected rows, progress, an empty account."""

import io
import re
from decimal import Decimal
from fractions import Fraction

import pytest
from attrs import evolve

from harvest_async.cli import show
from harvest_async.cli.offline import EmptyAccount
from harvest_async.cli.picture import draw_picture
from harvest_async.cli.show import Bar, err, show_report, show_snapshot
from harvest_async.importer.rejects import write_rejects
from harvest_async.importer.report import Effort, Report
from harvest_async.importer.sources import Options, Problem, open_source
from harvest_async.throttle.throttle import Throttle
from tests.support.sample import make_rows, write_csv


@pytest.mark.anyio
async def test_an_empty_account_has_nothing():
    """It has no records of any kind; what counts as a call is counted."""
    from datetime import date

    account, day = EmptyAccount(), date(2026, 1, 5)

    assert not await account.timestamps()
    assert [*await account.records("client"), *await account.logged("entry", 1, day, day)] == []
    assert [*await account.assignments("task_assignment", 1), *await account.payments(1)] == []
    assert (await account.bookable_tasks(1)).tasks == {}
    assert account.reads == 2


@pytest.mark.parametrize("uses", [[], [(0.0, 5, 100), (1.0, 100, 100), (16.0, 40, 90)]])
def test_a_picture_stays_inside_its_frame(uses):
    """However much or little was seen, all points lie in the picture."""
    picture = draw_picture(uses)

    points = re.findall(r"(-?[\d.]+),(-?[\d.]+)", " ".join(re.findall(r'points="([^"]*)"', picture)))
    assert all(0 <= float(x) <= 900 and 0 <= float(y) <= 300 for x, y in points)
    assert len(points) == 2 * max(1, len(uses))


def test_rejected_rows_of_several_files_become_several_files(tmp_path):
    """A folder's rejected rows become a folder of files with their names; files without any are left out."""
    folder, target = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / "clients.csv").write_text("name\nACME\nOther\n")
    (folder / "tasks.csv").write_text("name\nWork\n")
    with open_source(folder, Options()) as source:
        write_rejects(source, [Problem(3, 2, "", "no", file="clients.csv")], target)

    assert [path.name for path in target.iterdir()] == ["clients.csv"]
    assert (target / "clients.csv").read_text().splitlines() == ["name,Rejected because", "Other,no"]


def test_nothing_rejected_writes_nothing(tmp_path):
    """Without rejected rows there is no file."""
    with open_source(io.BytesIO(write_csv(make_rows(2))), Options(), "time.csv") as source:
        write_rejects(source, [], tmp_path / "rejects.csv")

    assert not (tmp_path / "rejects.csv").exists()


def test_progress_that_nobody_watches_is_a_line_for_each_part(capsys):
    """Where there is no terminal each part is a line, and what is unusual is printed once."""
    bar = Bar(Throttle())

    bar.begin("logging", 3)
    bar.step()
    for what in ("Harvest does not respond", "Harvest does not respond", None):
        bar.state(what)
    bar.begin("nothing", 0)

    assert capsys.readouterr().err.splitlines() == ["logging: 3 calls", "Harvest does not respond"]


def test_quiet_progress_says_nothing(capsys):
    """For programs nothing is written beside the document."""
    bar = Bar(Throttle(), quiet=True)

    bar.begin("logging", 3)
    bar.state("Harvest does not respond")

    assert capsys.readouterr() == ("", "")
    assert err.stderr


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({}, "nothing"),
        ({"clients": 1, "people": 1, "categories": 1}, "1 category, 1 client, 1 person"),
        ({"people": 2, "projects": 3}, "2 people, 3 projects"),
    ],
)
def test_one_is_counted_in_the_singular(counts, said):
    """Counts created records as a person would."""
    assert show._counted(counts) == said


@pytest.mark.parametrize(
    ("what", "one", "two"),
    [
        ("final states (archived, sent, closed)", "1 final state (archived, sent, closed)", "2 final states (archived"),
        ("people", "1 person", "2 people"),
        ("categories", "1 category", "2 categories"),
        ("item categories", "1 item category", "2 item categories"),
        ("assignments", "1 assignment,", "2 assignments"),
    ],
)
def test_reports_count_in_the_singular(capsys, what, one, two):
    """Each kind of record that a report names."""
    for count, shown in ((1, one), (2, two)):
        created = {what: count, "zz": 3}
        show_report(Report(created, {}, 0, Decimal(0), Decimal(0), 0, (), (), 0, Fraction(0), Fraction(0)), Effort())

        assert shown in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("why", "seconds", "shown"),
    [
        (None, 0.0, "open"),
        ("what other programs sent is unknown", 0.0, "not known yet: what other programs"),
        ("the account is throttled", 0.2, "closed for 1 s: the account is throttled"),
        ("the account is throttled", 12.4, "closed for 12 s: the account is throttled"),
    ],
)
def test_the_state_of_the_gate(capsys, why, seconds, shown):
    """Never closed for 0 seconds."""
    now = evolve(Throttle().snapshot(), closed=why, closed_for=seconds)
    show_snapshot(now, "said")

    assert shown in " ".join(capsys.readouterr().out.split())
