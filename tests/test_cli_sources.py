"""`harvest-async import` on files that have to be understood first: what it shows, asks for and refuses."""

from pathlib import Path

import pytest

from tests.support.shell import shell_at

FILES = Path(__file__).parent / "files"


@pytest.fixture
def shell(tmp_path):
    """A shell that leads nowhere: nothing of these tests is sent."""
    return shell_at("http://127.0.0.1:1", tmp_path)


def test_what_was_found_is_shown_before_anything_is_sent(shell):
    """Format, encoding, delimiter, order of dates, decimal mark."""
    shown = shell("import", FILES / "harvest-report-de.csv", "--email-domain", "example.com", "--offline")

    assert shown.code == 0
    for word in ("Harvest, detailed time report", "cp1252", "semicolon", "day, month, year", "comma"):
        assert word in shown.err
    assert "2 rows, 7.75 h" in shown.out


def test_a_file_that_can_be_read_in_two_ways_is_refused_with_all_that_is_wrong(shell):
    """The doubtful order of dates, the option that decides it, and the bad cell of another row."""
    shown = shell("import", FILES / "clockify-either.csv", "--offline")

    assert shown.code == 2
    assert "give --date-order dmy or --date-order mdy" in shown.err
    assert "line 4, row 3, Duration (h): 'never' is no duration" in shown.err


def test_programs_get_the_same(shell):
    """With place, text and reason of each problem."""
    shown = shell("import", FILES / "clockify-either.csv", "--offline", "--json")
    error = shown.document["error"]

    assert (shown.code, error["kind"], error["count"]) == (2, "Unfit", 2)
    assert [(each["line"], each["row"], each["text"]) for each in error["problems"]] == [
        (2, 0, "05/01/2026"),
        (4, 3, "never"),
    ]


def test_an_option_settles_what_was_asked_for(shell):
    """The bad row is rejected, the others are planned."""
    shown = shell("import", FILES / "clockify-either.csv", "--offline", "--date-order", "dmy", "--json")

    assert (shown.code, shown.document["plan"]["log"], len(shown.document["plan"]["rejected"])) == (1, 2, 1)


def test_a_mapping_file_and_columns_on_the_command_line_go_together(shell):
    """What is typed goes before what the mapping says."""
    words = ("import", FILES / "other.csv", "--mapping", FILES / "other.toml", "--email-domain", "example.com")
    shown = shell(*words, "--map", "Kostenstelle=task", "--offline", "--json")

    assert (shown.code, shown.document["plan"]["names"]["tasks"]) == (0, ["4711"])


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--map", "notes"), "COLUMN=FIELD"),
        (("--map", "Colour=notes"), "not found. Available"),
        (("--mapping", "clients.csv"), "no TOML"),
        (("--format", "invoices"), "needs the columns"),
        (("--encoding", "utf-9"), "no encoding that is known"),
        (("--file-zone", "UTC"), "two zones"),
    ],
)
def test_options_that_do_not_fit_the_file_end_with_two(shell, words, reason):
    """And a reason."""
    words = [FILES / word if word.endswith(".csv") else word for word in words]
    shown = shell("import", FILES / "toggl.csv", "--client", "ACME", "--task", "T", *words, "--offline")

    assert shown.code == 2
    assert reason in shown.err


def test_a_folder_of_an_export_is_planned_as_a_whole(shell):
    """Each kind is counted, and messages are passed over with a word."""
    plan = shell("import", FILES / "export", "--offline", "--json")
    shown = shell("import", FILES / "export", "--offline")

    assert (plan.code, plan.document["plan"]["log"]) == (0, 2)
    assert {
        name: plan.document["plan"]["create"][name]
        for name in ("clients", "projects", "tasks", "people", "invoices", "payments")
    } == {"clients": 1, "projects": 1, "tasks": 1, "people": 1, "invoices": 1, "payments": 1}
    assert "an import sends no messages" in shown.err


def test_a_header_without_what_is_needed_is_reported_to_programs(shell, tmp_path):
    """Programs get a document also where the file can't be opened as a table of anything."""
    (tmp_path / "time.csv").write_text("User,Start date\nPerson One,2026-01-05\n")

    shown = shell("import", tmp_path / "time.csv", "--offline", "--json")

    assert shown.code == 2
    assert "User, Start date" in shown.document["error"]["message"]


def test_a_row_with_two_faults_is_one_rejected_row(shell, tmp_path):
    """Problems are listed one by one, rows are counted once."""
    (tmp_path / "time.csv").write_text("Date,Hours,Client,Project,Task,Email\n2026-13-05,zz,A,P,T,one@example.com\n")

    shown = shell("import", tmp_path / "time.csv", "--offline")

    assert shown.err.count("line 2, row 1") == 2
    assert "rejected      │ 1 row, 2 problems" in shown.out
