"""Reports say what the account has."""

from decimal import Decimal
from fractions import Fraction

from harvest_async.cli import show
from harvest_async.errors import Unprocessable
from harvest_async.importer.journal import Journal
from harvest_async.importer.report import report_of
from harvest_async.importer.sources import ClientRow, Problem, ProjectRow, TaskRow
from tests.support.books import Books
from tests.support.importing import execute, load, plan_into, time_row, virtually


def test_hours_sent_are_those_of_the_rows_that_were_created():
    """After a run that was stopped in the middle: not those of the whole file."""
    books = Books()
    rows = [time_row(row, notes=str(row), exact=Fraction(1, 3), hours=Decimal("0.33")) for row in range(1, 301)]

    async def do(clock):
        with Journal(inline=True) as journal:
            await plan_into(journal, books, rows)

            def fail(kind, _):
                if kind == "entry" and len(books.entries()) >= 9:
                    runner.stop("interrupted")

            def before(made):
                nonlocal runner
                runner, books.fail = made, fail

            runner = None
            return await execute(journal, books, clock, before=before)

    report = virtually(do)

    assert 9 <= report.created < 300
    assert report.created_hours == sum(each["hours"] for each in books.entries())
    assert report.exact_hours == Fraction(report.created, 3)
    assert report.difference == Fraction(report.created_hours) - report.exact_hours
    assert report.file_hours == 100


def test_a_refused_row_has_no_hours():
    """With one rejected row and none created the hours sent are none."""
    books = Books()
    books.fail = lambda kind, _: Unprocessable("no") if kind == "entry" else None

    report = load(books, [time_row(exact=Fraction(15, 2), hours=Decimal("7.50"))])

    assert (report.created, report.created_hours, report.exact_hours, report.file_hours) == (0, 0, 0, Fraction(15, 2))


def test_rows_that_are_there_send_no_hours():
    """Loading a file again sends nothing, and rounding adds nothing."""
    books, rows = Books(), [time_row(exact=Fraction(1, 3), hours=Decimal("0.33"))]
    load(books, rows)

    again = load(books, rows)

    assert (again.existing, again.created_hours, again.difference) == (1, 0, 0)


def test_every_row_of_a_folder_is_counted_once():
    """Rows about things have several steps: each row is already there, or it is not."""
    rows = [
        ClientRow(line=2, row=1, name="ACME"),
        TaskRow(line=2, row=1, name="Work"),
        ProjectRow(line=2, row=1, client="ACME", name="Website"),
        time_row(1),
    ]
    books = Books()
    first, again = load(books, rows), load(books, rows)

    assert first.existing == 0
    assert again.existing == len(rows)


def test_rows_and_problems_are_counted_apart():
    """A row with two problems is one rejected row."""
    two = [Problem(2, 1, "Date", "is no date"), Problem(2, 1, "Hours", "is empty")]
    with Journal(inline=True) as journal:
        report = report_of(journal)

    assert show._rejected(two) == "1 row, 2 problems"
    assert show._rejected([two[0], Problem(3, 2, "", "no")]) == "2 rows"
    assert show._rejected(report.rejected) == "0 rows"
