"""`harvest-async import`, from the outside: files in, an account filled, a report out."""

import signal
import time
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal

import pytest

from tests.support.sample import make_rows, write_csv
from tests.support.shell import open_account, shell_at

pytestmark = pytest.mark.socket

FILL = ("--client", "ACME", "--task", "Work")


@pytest.fixture(scope="module")
def account():
    with open_account() as opened:
        yield opened


@pytest.fixture
def sandbox(account):
    account[0].reset()
    return account[0]


@pytest.fixture
def shell(account, sandbox, tmp_path):
    return shell_at(account[1], tmp_path / "state")


@pytest.fixture
def save(tmp_path):
    def write(rows, name="time.csv", **options):
        path = tmp_path / name
        path.write_bytes(rows if isinstance(rows, bytes) else write_csv(rows, **options))
        return path

    return write


def expected(row):
    """What a row of the sample becomes: person, day, hours to two decimals, notes."""
    hours, minutes, seconds = map(int, row[11].split(":"))
    exact = Decimal(hours * 3600 + minutes * 60 + seconds) / 3600
    return row[1], row[7], exact.quantize(Decimal("0.01"), ROUND_HALF_UP), row[5]


def logged(sandbox):
    people = sandbox.world.tables["user"]
    return Counter(
        (people[each["user_id"]]["email"], each["spent_at"].isoformat(), each["hours"], each["notes"] or "")
        for each in sandbox.world.entries()
    )


def writes(sandbox):
    return [each for each in sandbox.requests() if each.method != "GET"]


def test_a_team_s_export_arrives_whole(shell, sandbox, save):
    """Each row of a large, messy export is logged once, for its person and day, with its hours; none is refused."""
    rows = make_rows(652)
    file = save(rows)

    first = shell("import", file, *FILL, "--json")
    calls = len(sandbox.requests())
    again = shell("import", file, *FILL, "--json")

    assert (first.code, again.code) == (0, 0)
    assert Counter(map(expected, rows)) == logged(sandbox)
    assert first.document["report"]["created"] == 652
    assert (again.document["report"]["created"], again.document["report"]["already_there"]) == (0, 652)
    assert calls <= 652 + 40
    assert calls == pytest.approx(first.document["plan"]["calls"], rel=0.02)
    assert sandbox.throttled() == 0


def test_the_sums_of_the_report(shell, sandbox, save):
    """The report shows the file's hours, those that were sent, and what rounding made of them."""
    rows = make_rows(60)
    exact = sum(int(r[11][:2]) * 3600 + int(r[11][3:5]) * 60 + int(r[11][6:]) for r in rows) / Decimal(3600)
    sent = sum(expected(row)[2] for row in rows)

    report = shell("import", save(rows), *FILL, "--json").document["report"]

    assert f"{exact:.6f}" == report["file_hours"]
    assert str(sent) == report["hours_as_sent"] == report["created_hours"]
    assert f"{sent - exact:+.6f}" == report["difference"]
    assert sent == sum(each["hours"] for each in sandbox.world.entries())


@pytest.mark.parametrize(("rounding", "hours"), [("half-up", "0.01"), ("down", "0.00"), ("up", "0.01")])
def test_rounding_is_an_option(shell, sandbox, save, rounding, hours):
    """23 seconds become what the rule says."""
    row = list(make_rows(1)[0])
    row[11] = "00:00:23"

    assert shell("import", save([row]), *FILL, "--round", rounding).code == 0
    assert Decimal(hours) == sandbox.world.entries()[0]["hours"]


def test_a_grown_file_brings_what_is_new(shell, sandbox, save):
    """A superset, a subset and a shuffled copy of a loaded file make exactly the rows that are new."""
    rows = make_rows(60)
    shell("import", save(rows[:40]), *FILL)

    made = [
        shell("import", save(these), *FILL, "--json").document["report"]["created"]
        for these in (rows[:40][::-1], rows[10:20], rows[5:50][::-1], rows)
    ]

    assert made == [0, 0, 10, 10]
    assert Counter(map(expected, rows)) == logged(sandbox)


def test_equal_rows_are_as_many_entries(shell, sandbox, save):
    """Two equal rows are two entries, and loading them again makes none."""
    rows = make_rows(5)
    file = save([*rows, rows[0], rows[0]])

    made = [shell("import", file, *FILL, "--json").document["report"]["created"] for _ in range(2)]

    assert made == [7, 0]
    assert logged(sandbox)[expected(rows[0])] == 3


def test_a_dry_run_only_reads(shell, sandbox, save):
    """A dry run sends reads alone and foretells the calls that the import then takes, reads included."""
    file = save(make_rows(120))
    planned = shell("import", file, *FILL, "--dry-run", "--json").document
    only_reads = {each.method for each in sandbox.requests()}
    before = len(sandbox.requests())

    shell("import", file, *FILL)

    assert {"GET"} == only_reads
    assert "report" not in planned
    assert planned["plan"]["calls"] == pytest.approx(len(sandbox.requests()) - before, rel=0.02)


def test_a_dry_run_tells_people(shell, sandbox, save):
    """Without --json the plan is a table that names what would be made, the calls and the time."""
    said = shell("import", save(make_rows(30)), *FILL, "--dry-run")

    assert said.code == 0
    for words in ("ACME", "Work", "one@example.com", "30 rows", "including reads", "about 0 s"):
        assert words in said.out
    assert writes(sandbox) == []


def test_offline_sends_nothing(shell, sandbox, save):
    """Offline needs neither account nor credentials and plans for an empty account."""
    blank = dict.fromkeys(("HARVEST_ACCOUNT", "HARVEST_EMAIL", "HARVEST_PASSWORD", "HARVEST_BASE_URL"), "")

    said = shell("import", save(make_rows(30)), *FILL, "--offline", "--json", **blank)
    shown = shell("import", save(make_rows(30)), *FILL, "--offline", **blank)

    assert (said.code, shown.code) == (0, 0)
    assert said.document["plan"]["log"] == 30
    assert "one@example.com" in shown.out
    assert sandbox.requests() == []


def test_offline_tells_bad_rows(shell, save):
    """A plan with bad rows ends with 1, offline too."""
    rows = [list(row) for row in make_rows(2)]
    rows[1][7] = "31.31.2026"

    said = shell("import", save(rows), *FILL, "--offline")

    assert said.code == 1
    assert "row 2, Start date" in said.err


@pytest.mark.parametrize(("missing", "option"), [("client", "--client"), ("task", "--task"), ("project", "--project")])
def test_what_a_file_lacks_is_asked_for_by_its_option(shell, sandbox, save, missing, option):
    """Rows without a client, project or task are listed with the option that fills them; nothing is written."""
    rows = [list(row) for row in make_rows(1)]
    rows[0][3] = "" if missing == "project" else rows[0][3]
    given = [word for name in ("client", "task") if name != missing for word in (f"--{name}", "ACME")]

    said = shell("import", save(rows), *given)

    assert said.code == 1
    assert option in said.err
    assert writes(sandbox) == []


def test_people_from_options(shell, sandbox, save):
    """--person replaces a missing person, and --email-domain a missing address."""
    rows = [list(row) for row in make_rows(2)]
    rows[0][0] = rows[0][1] = ""
    rows[1][0], rows[1][1] = "Person Nine", ""

    said = shell("import", save(rows), *FILL, "--person", "user@example.com", "--email-domain", "example.org")

    assert said.code == 0
    assert {"user@example.com", "person.nine@example.org"} == {email for email, *_ in logged(sandbox)}


def test_bad_rows_leave_the_good_ones_alone(shell, sandbox, save):
    """A bad row is listed with file, line, column and reason; the good ones are logged, and the exit code is 1."""
    rows = [list(row) for row in make_rows(3)]
    rows[1][11] = "an hour"

    said = shell("import", save(rows), *FILL, "--json")
    shown = shell("import", save(rows), *FILL)

    problem = said.document["report"]["rejected"][0]
    assert (said.code, shown.code) == (1, 1)
    assert (problem["row"], problem["column"]) == (2, "Duration")
    assert "'an hour' is no duration" in problem["reason"]
    assert "row 2, Duration: 'an hour' is no duration" in shown.err
    assert len(sandbox.world.entries()) == 2


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02" * 9, "NUL"),
        (b"Name,Phone\nACME,1\n", "format"),
        (b"User,Email,Project,Description,Start date,Duration\n", "no rows"),
    ],
)
def test_a_file_that_is_no_export(shell, sandbox, save, content, word):
    """What is no table of a known format is refused with 2 and a reason before anything is sent."""
    said = shell("import", save(content), *FILL)

    assert said.code == 2
    assert word in said.err
    assert sandbox.requests() == []


def test_no_account_at_hand(shell, save):
    """Without an account the message names what is missing, and the sandbox as a way to try it."""
    said = shell("import", save(make_rows(1)), *FILL, HARVEST_ACCOUNT="")

    assert said.code == 2
    assert "HARVEST_ACCOUNT" in said.err
    assert "--sandbox" in said.err


def test_wrong_credentials(shell, sandbox, save):
    """A refused sign-in ends with 3, says what to check and writes nothing."""
    said = shell("import", save(make_rows(1)), *FILL, HARVEST_PASSWORD="wrong")

    assert said.code == 3
    assert "HARVEST_PASSWORD" in said.err
    assert writes(sandbox) == []


def test_an_embedded_sandbox_that_is_kept(shell, sandbox, save, tmp_path):
    """--sandbox-db keeps the embedded account: the second import of a file finds all of it."""
    options = (*FILL, "--sandbox-db", tmp_path / "kept.sqlite3", "--json")
    file = save(make_rows(12))

    first, again = shell("import", file, *options), shell("import", file, *options)

    assert (first.document["report"]["created"], again.document["report"]["created"]) == (12, 0)
    assert again.document["server"]["refused"] == 0
    assert sandbox.requests() == []


def test_an_embedded_sandbox_that_is_fresh(shell, save):
    """--sandbox begins with an empty account each time, and reports what its server saw."""
    said = [shell("import", save(make_rows(8)), *FILL, "--sandbox") for _ in range(2)]

    assert [each.code for each in said] == [0, 0]
    assert all("8 entries" in each.out and "refused 0" in each.out for each in said)


def test_an_account_that_tracks_start_and_end(save, tmp_path):
    """On such an account entries have the file's times and are found again by them."""
    rows = make_rows(40)
    with open_account(timestamp_timers=True) as (sandbox, address):
        shell = shell_at(address, tmp_path / "state")
        made = [shell("import", save(rows), *FILL, "--json").document["report"]["created"] for _ in range(2)]
        entries = sandbox.world.entries()

    assert made == [40, 0]
    assert all(each["started_at"] and each["ended_at"] for each in entries)


def test_people_are_asked_about(shell, sandbox, save):
    """Where nobody can be asked and --yes is missing, rows of unknown people are rejected with that option's name."""
    file = save(make_rows(10))

    refused = shell("import", file, *FILL, "--ask", "--json")
    made = shell("import", file, *FILL, "--ask", "--yes", "--json")

    assert (refused.code, made.code) == (1, 0)
    assert all("--yes" in each["reason"] for each in refused.document["report"]["rejected"])
    assert (refused.document["report"]["created"], made.document["report"]["created"]) == (0, 10)


def test_a_file_of_the_web_form(shell, sandbox, save):
    """Harvest's own eight columns need no option at all."""
    header = ["Date", "Client", "Project", "Task", "Notes", "Hours", "First name", "Last name"]
    rows = [["2026-01-05", "ACME", "Website", "Design", "logo", "1.5", "Ada", "Sandbox"]]

    said = shell("import", save(rows, header=header, delimiter=";"), "--json")

    assert said.code == 0
    assert [("admin@example.com", "2026-01-05", Decimal("1.5"), "logo")] == list(logged(sandbox))


def test_ctrl_c_tells_what_was_done_and_the_next_run_does_the_rest(save, tmp_path):
    """An interrupted import ends with 130 and a true report; after it the rest is logged, and nothing twice."""
    rows = make_rows(150)
    file = save(rows)
    with open_account() as (sandbox, address):
        shell = shell_at(address, tmp_path / "state")
        sandbox.fault("latency_out", match={"path": "/daily/add"}, times=None, seconds=0.2)
        running = shell.start("import", file, *FILL)
        deadline = time.monotonic() + 20
        while len(sandbox.world.entries()) < 20 and time.monotonic() < deadline:
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        _, output = running.communicate(timeout=30)
        begun = len(sandbox.world.entries())
        sandbox.clear_faults()
        rest = shell("import", file, *FILL, "--json")

        assert running.returncode == 130
        assert "interrupted" in output
        assert 20 <= begun < 150
        assert rest.code == 0
        assert Counter(map(expected, rows)) == logged(sandbox)
