"""What a run does when responses are lost, the server is deleted, or somebody stops it; in virtual time."""

import asyncio
import sqlite3
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_async.errors import BadRequest, NotSent, ServerError, Unauthorized
from harvest_async.importer.counting import count_processed
from harvest_async.importer.journal import Journal, JournalError
from harvest_async.importer.outage import Outage
from harvest_async.importer.outage_gate import HeldBack, OutageGate
from harvest_async.importer.rules import Rules
from harvest_async.progress import Quiet
from tests.support.books import Books, nth
from tests.support.importing import execute, load, plan_into, time_row, virtually


def rows_of(count):
    """Rows that are all different."""
    return [time_row(number, notes=f"n{number}") for number in range(1, count + 1)]


# Counting


@pytest.mark.parametrize(
    ("found", "before", "journalled", "nameless", "lost", "expected"),
    [
        ([], set(), set(), 0, 1, []),
        ([7], set(), set(), 0, 1, [7]),
        ([7], {7}, set(), 0, 1, []),
        ([7], set(), {7}, 0, 1, []),
        ([7], set(), set(), 1, 1, []),
        ([7, 8], set(), set(), 1, 1, [None]),
        ([7, 8], set(), set(), 0, 1, [None]),
        ([5, 6, 7, 8], {5}, {6}, 0, 3, [7, 8]),
    ],
)
def test_what_is_found_less_what_is_known_is_what_was_carried_out(found, before, journalled, nameless, lost, expected):
    """Found, less what was there before, less what the journal knows, is how many of the lost ones succeeded."""
    assert count_processed(found, before, journalled, nameless, lost) == expected


@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 3), st.lists(st.booleans(), max_size=5))
def test_counting_is_right_as_long_as_nobody_else_writes(before, named, nameless, lost):
    """For any records and any responses, as many are counted as were processed."""
    numbers = iter(range(100))
    known, ours = {next(numbers) for _ in range(before)}, {next(numbers) for _ in range(named)}
    there = known | ours | {next(numbers) for _ in range(nameless + sum(lost))}

    assert len(count_processed(there, known, ours, nameless, len(lost))) == sum(lost)


# Lost responses


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=25),
    st.dictionaries(st.integers(1, 40), st.sampled_from(["lost", "kept", "nameless"]), max_size=12),
)
def test_every_row_once_whatever_gets_lost(notes, failures):
    """Whichever calls and responses get lost, of equal rows too, each row is in the account exactly once in the end."""
    books = Books(people=["one@example.com"])
    books.fail = nth(*failures.items())
    rows = [time_row(number, notes=f"n{note}") for number, note in enumerate(notes, 1)]

    report = load(books, rows)

    assert Counter(each["notes"] for each in books.entries()) == Counter(f"n{note}" for note in notes)
    assert report.complete
    assert report.created == len(rows)


def test_what_was_there_before_does_not_count():
    """An equal entry that was there before the run is not taken for one that was lost."""
    books = Books(people=["one@example.com"])
    load(books, [time_row(1)])
    books.fail = nth((1, "lost"))

    report = load(books, [time_row(1), time_row(2), time_row(3)])

    assert (report.existing, report.created, len(books.entries())) == (1, 2, 3)


def test_lost_calls_are_not_looked_for_before_the_longest_delay():
    """A call that is processed late, but within `max_delay`, is found and not sent again."""
    books = Books(people=["one@example.com"])

    def late(kind, fields):
        if kind == "entry" and not books.late:
            books.late = True
            asyncio.get_running_loop().call_later(50, lambda: books.put("entry", **fields))
            return "lost"
        return None

    books.late, books.fail = False, late

    report = load(books, rows_of(5))

    assert (report.created, len(books.entries())) == (5, 5)


def test_of_equal_rows_one_is_on_its_way_at_a_time():
    """Equal rows go one after the other, different ones side by side."""
    equal, different = Books(people=["one@example.com"]), Books(people=["one@example.com"])
    load(equal, [time_row(number) for number in range(1, 9)])
    load(different, rows_of(8))

    assert len(equal.entries()) == len(different.entries()) == 8
    assert different.most == 8
    assert equal.most <= 3  # client and task side by side, then one entry after the other


def test_a_great_many_equal_rows():
    """More equal rows than the feed holds go through still."""
    books = Books(people=["one@example.com"])
    books.latency = 0.001

    assert load(books, [time_row(number) for number in range(1, 1500)]).created == 1499


@pytest.mark.parametrize("what", ["lost", "kept", "nameless"])
@pytest.mark.parametrize("kind", ["client", "project", "task", "task_assignment", "person_assignment"])
def test_lost_things_are_looked_for_by_name(kind, what):
    """A client, project, task or assignment whose response is lost is made once, and its number is found by reading."""
    books = Books(people=["one@example.com"])
    failures = [what]
    books.fail = lambda made, _: failures.pop() if made == kind and failures else None

    report = load(books, rows_of(3))

    assert (report.created, len(books.tables[kind])) == (3, 1)


def test_a_lost_creation_of_a_person_is_repeated_once_the_account_shows_that_nobody_was_created():
    """An account has one person with an address, so that nobody is created twice; the rows wait for it."""
    books, failures = Books(people=["two@example.com"]), ["lost", "lost"]
    books.fail = lambda kind, _: failures.pop() if kind == "person" and failures else None
    rows = [time_row(1), time_row(2, email="two@example.com")]

    report = load(books, rows)

    assert [kind for verb, kind, _ in books.sent].count("person") == 3
    assert (report.created, report.left) == (2, 0)


def test_a_creation_of_a_person_that_is_always_lost_is_given_up():
    """After the attempts that a step has; the rows of others are created."""
    books = Books(people=["two@example.com"])
    books.fail = lambda kind, _: "lost" if kind == "person" else None

    report = load(books, [time_row(1), time_row(2, email="two@example.com")])

    assert [kind for verb, kind, _ in books.sent].count("person") == Rules().attempts
    assert (report.created, report.left, len(report.rejected)) == (1, 0, 1)


def test_a_person_who_was_made_after_all_is_found():
    """Where the look-up finds the address, everything goes on."""
    books = Books()
    books.fail = lambda kind, _: "kept" if kind == "person" else None

    assert load(books, rows_of(2)).created == 2


def test_a_row_that_can_not_be_decided_stays_unknown():
    """Where the account can't be read, lost rows end as unknown and are never sent again."""
    books = Books(people=["one@example.com"])
    books.fail = nth((1, "kept"))

    async def refuse(*_):
        raise Unauthorized("no")

    async def do(clock):
        with Journal(inline=True) as journal:
            await plan_into(journal, books, rows_of(2))
            books.logged = refuse
            return await execute(journal, books, clock)

    report = virtually(do)

    assert (report.created, [each.row for each in report.unknown]) == (1, [1])
    assert [kind for _, kind, _ in books.sent].count("entry") == 2


def test_without_reconciling_rows_are_doubled():
    """What others do, sending lost calls again without looking, doubles rows: the counting is what prevents it."""
    books = Books(people=["one@example.com"])
    books.fail = nth((1, "kept"), (3, "kept"))

    load(books, rows_of(5), rules=Rules(reconcile=False))

    assert len(books.entries()) == 7


# Refusals


def test_a_refused_row_is_reported_and_the_others_go_on():
    """A row that the server refuses is rejected with its words."""
    books = Books(people=["one@example.com"])
    books.fail = nth((2, BadRequest("the day is locked")))

    report = load(books, rows_of(3))

    assert (report.created, report.rejected[0].reason) == (2, "the day is locked")


def test_so_many_refusals_end_the_run():
    """With `max_failures` the run ends after that many, and the rest is not sent."""
    books = Books(people=["one@example.com"])
    books.fail = lambda kind, _: BadRequest("no") if kind == "entry" else None

    report = load(books, rows_of(100), rules=Rules(max_failures=5, side_by_side=2))

    assert 5 <= len(report.rejected) <= 6
    assert report.left == 100 - len(report.rejected)
    assert "refused" in report.stopped


def test_a_row_is_not_tried_for_ever():
    """A row on which the server fails each time is given up after five attempts; the others are logged."""
    books = Books(people=["one@example.com"])
    books.fail = lambda kind, fields: "lost" if kind == "entry" and fields["notes"] == "n2" else None

    report = load(books, rows_of(4))

    assert (report.created, report.rejected[0].row) == (3, 2)
    assert "5 times" in report.rejected[0].reason


@pytest.mark.parametrize("error", [Unauthorized("sign in"), RuntimeError("a fault of ours")])
def test_what_ends_a_run_leaves_it_resumable(error):
    """After any outcome of a run its journal can be resumed, and each row is there once."""
    books = Books(people=["one@example.com"])
    books.fail = nth((4, error))

    async def do(clock):
        with Journal(inline=True) as journal:
            await plan_into(journal, books, rows_of(10))
            with pytest.raises(type(error)):
                await execute(journal, books, clock)
            return await execute(journal, books, clock)

    report = virtually(do)

    assert report.complete
    assert len(books.entries()) == 10


# Outages


def test_the_rule_of_three():
    """Three failures in a row begin an outage; after an response one write goes alone, and its failure begins it again."""
    outage = Outage()

    assert [outage.failed(), outage.failed(), outage.failed(), outage.failed()] == [False, False, True, False]
    assert [outage.pause() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    outage.server_responded()
    assert (outage.begun, outage.alone) == (False, True)
    assert outage.failed()
    outage.server_responded()
    outage.succeeded()
    assert (outage.alone, outage.failed(), outage.alone, outage.pause()) == (False, False, True, 1)


def test_a_success_between_failures():
    """Failures that are not in a row are no outage."""
    outage = Outage()
    begun = []
    for _ in range(5):
        begun += [outage.failed(), outage.failed()]
        outage.succeeded()

    assert not any(begun)


class RateLimitStatus(Quiet):
    """Keeps the states that it receives."""

    def __init__(self):
        self.words = []

    def state(self, what):
        self.words.append(what)


def test_an_outage_loses_no_more_than_what_was_on_its_way():
    """While the server is deleted for ten minutes nothing is sent but reads; then everything is done."""
    books, reported = Books(people=["one@example.com"]), RateLimitStatus()

    async def do(clock):
        with Journal(inline=True) as journal:
            await plan_into(journal, books, rows_of(1000))
            loop = asyncio.get_running_loop()
            loop.call_later(1, lambda: setattr(books, "down", True))
            loop.call_later(601, lambda: setattr(books, "down", False))
            report = await execute(journal, books, clock, rules=Rules(side_by_side=16), progress=reported)
            return report, journal.number("select count(*) from step where kind = 'entry' and attempts > 1")

    report, twice = virtually(do)

    assert report.complete
    assert len(books.entries()) == 1000
    assert 0 < twice <= 16
    assert books.reads.count("ask") > 5
    assert "trying again" in reported.words[0]


def test_a_server_that_stays_away():
    """After `give_up` the run ends, and can be resumed."""
    books = Books(people=["one@example.com"])

    async def do(clock):
        with Journal(inline=True) as journal:
            await plan_into(journal, books, rows_of(20))
            books.down = True
            early = await execute(journal, books, clock, rules=Rules(give_up=600))
            took, books.down = clock.moment / 1e9, False
            return early, took, await execute(journal, books, clock)

    early, took, report = virtually(do)

    assert early.gave_up
    assert 600 < took < 800
    assert report.complete
    assert len(books.entries()) == 20


def test_a_server_that_reads_and_does_not_write():
    """Where reads are responded and writes fail, ever fewer are tried, one at a time, until it is given up."""
    books = Books(people=["one@example.com"])

    async def do(clock):
        with Journal(inline=True) as journal:
            await plan_into(journal, books, rows_of(500))
            books.fail = lambda kind, _: "lost" if kind == "entry" else None
            return await execute(journal, books, clock, rules=Rules(give_up=1800, side_by_side=16))

    report = virtually(do)

    assert report.gave_up
    assert [kind for _, kind, _ in books.sent].count("entry") < 16 + 50


@pytest.mark.parametrize("error", [NotSent("no connection"), ServerError("a redirect")])
def test_what_was_not_carried_out_for_certain_is_sent_again(error):
    """A call that never left, or was turned away, is sent again without any reading."""
    books = Books(people=["one@example.com"])
    books.fail = nth((1, error), (3, error))

    report = load(books, rows_of(5))

    assert (report.created, len(books.entries())) == (5, 5)
    assert books.reads.count("logged entry") == 0


# Stopping


def test_a_stop_finishes_what_is_on_its_way():
    """A run that is stopped waits for the writes that were sent, sends no others, and reports how many are left."""
    books = Books(people=["one@example.com"])

    async def do(clock):
        with Journal(inline=True) as journal:
            await plan_into(journal, books, rows_of(200))
            stop = lambda runner: asyncio.get_running_loop().call_later(0.4, runner.stop, "interrupted")  # noqa: E731
            early = await execute(journal, books, clock, rules=Rules(side_by_side=8), before=stop)
            made = len(books.entries())
            return early, made, await execute(journal, books, clock)

    early, made, report = virtually(do)

    assert early.stopped == "interrupted"
    assert (early.created, early.left, early.unknown) == (made, 200 - made, ())
    assert 0 < made < 200
    assert report.complete
    assert len(books.entries()) == 200


@settings(max_examples=25, deadline=None)
@given(st.floats(0.01, 3))
def test_a_cancellation_at_any_moment_loses_nothing(moment):
    """Cancelled whenever, the run comes out as cancelled, and the next one brings every row in once."""
    books = Books()

    async def do(clock):
        with Journal(inline=True) as journal:
            await plan_into(journal, books, rows_of(60))
            running = asyncio.create_task(execute(journal, books, clock, rules=Rules(side_by_side=4)))
            await asyncio.sleep(moment)
            running.cancel()
            await asyncio.wait([running])
            return running.cancelled(), await execute(journal, books, clock)

    cancelled, report = virtually(do)

    assert cancelled or moment > 0.9  # a run that nobody cancels takes no longer
    if not any(kind == "person" for _, kind, _ in books.sent) or report.complete:
        assert report.complete
        assert len(books.entries()) == 60
    else:
        assert report.left == 60  # the person's making is unknown: looked up, and never made again


def test_a_stop_while_lost_calls_are_waited_for():
    """A run that is stopped while it waits to reconcile lost calls ends at once; the next one reconciles them."""
    books = Books(people=["one@example.com"])
    books.fail = nth((2, "kept"))

    async def do(clock):
        with Journal(inline=True) as journal:
            await plan_into(journal, books, rows_of(5))
            stop = lambda runner: asyncio.get_running_loop().call_later(30, runner.stop, "interrupted")  # noqa: E731
            early = await execute(journal, books, clock, before=stop)
            return early, clock.moment / 1e9, await execute(journal, books, clock)

    early, seconds, report = virtually(do)

    assert (early.created, len(early.unknown)) == (4, 1)
    assert seconds < 35
    assert report.complete
    assert len(books.entries()) == 5


def test_what_has_its_permit_when_the_run_is_stopped_does_not_leave():
    """A write that gets its lease after the run was stopped is held back."""

    async def do(clock):
        gate = OutageGate(Books(), 60, clock, Quiet())
        gate.leave(1)
        gate.stop("enough")
        with pytest.raises(HeldBack):
            gate.leave(2)
        return gate.stopped

    assert virtually(do) == "enough"


def test_an_account_that_can_not_be_read_ends_the_planning():
    """What reading the account meets comes out as itself, and nothing was written."""
    books = Books()

    async def refuse(_):
        raise Unauthorized("sign in")

    books.records = refuse

    with pytest.raises(Unauthorized, match="sign in"):
        load(books, rows_of(3))
    assert books.sent == []


class Full(Journal):
    """A journal whose disk is full after that many commits."""

    left = 6

    def commit(self, changes):
        self.left -= 1
        if self.left < 0:
            raise sqlite3.OperationalError("the disk is full")
        super().commit(changes)


def test_a_disk_that_is_full_ends_the_run_before_anything_leaves_unrecorded():
    """When intents can't be written down any more, nothing more is sent; with free space again each row is created once."""
    books = Books(people=["one@example.com"])

    async def do(clock):
        with Full(inline=True) as journal:
            journal.left = 1 << 20
            await plan_into(journal, books, rows_of(40))
            journal.left = 12
            with pytest.raises(JournalError, match="the disk is full"):
                await execute(journal, books, clock, rules=Rules(side_by_side=2))
            journal.left = 1 << 20
            return await execute(journal, books, clock)

    report = virtually(do)

    assert report.complete
    assert len(books.entries()) == 40
