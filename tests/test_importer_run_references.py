"""The references of a run: what is planned, sent, compared and looked for; and which records are archived."""

import asyncio
from datetime import date
from hashlib import blake2b

import pytest

from harvest_async.importer.account_records import EntryReference, LoggedEntry
from harvest_async.importer.entry_references import (
    ASKED,
    KEPT,
    NOT_KEPT,
    OFF,
    RunReferences,
    check_unsent,
    find_references,
    plan_references,
    read_logged,
)
from harvest_async.importer.final_states import is_archived
from harvest_async.importer.journal import Journal, JournalError
from harvest_async.importer.work_queue import Step
from tests.support.importing import DAY, virtually
from tests.support.lost_steps import ROW, LostSteps, ReadAccount

RUN = "run"
SENT = EntryReference("x", RUN, "https://example.com")
STATES = (ASKED, KEPT, NOT_KEPT, OFF, "")


def references(state, **meta):
    """The references of a run in a state."""
    with Journal(inline=True) as journal:
        journal.describe(run=RUN, references=state, **meta)
        return RunReferences(journal)


def step(kind="entry", reference="x"):
    return Step(1, kind, "create", "k", None, None, None, None, None, 0, reference, {}, None)


def logged(number, *, person=1, reference="x", group=RUN, day=DAY):
    kept = None if reference is None else EntryReference(reference, group)
    return LoggedEntry(number, 2, 3, day, "", person=person, reference=kept)


class Lists:
    """Lists of all people, which keep what is read."""

    def __init__(self, entries):
        self.entries, self.reads = entries, []

    async def logged(self, *arguments):
        self.reads.append(arguments)
        for each in self.entries:
            yield each


# Planning


def planned(link):
    """Plan the references of seven steps; return those, and what the journal says of the run."""
    steps = LostSteps(ReadAccount())
    for place, (key, state) in enumerate([("a", "planned"), ("b", "planned"), ("a", "existing"), ("a", "planned")]):
        steps.add(ROW + place, "entry", key=key, state=state)
    steps.add(ROW + 9, "expense", state="planned")
    with steps.journal as journal:
        plan_references(journal, link)
        return dict(journal.rows("select id - ?, reference from step where id >= ?", (ROW, ROW))), journal.meta


def test_each_planned_time_entry_gets_a_reference():
    """Made of the run, the key and the ordinal among equal rows; journals have it, so it never changes."""
    given, meta = planned(None)

    def expected(key, ordinal):
        return blake2b(f"{meta['run']}/{key}/{ordinal}".encode(), digest_size=20).hexdigest()

    assert given == {0: expected("a", 1), 1: expected("b", 1), 2: None, 3: expected("a", 2), 9: None}


@pytest.mark.parametrize(("link", "kept"), [(None, {}), ("", {}), ("https://a.example", {"link": "https://a.example"})])
def test_the_journal_notes_the_run_and_its_link(link, kept):
    """Whether the server keeps references is not known yet; each run has an id of its own."""
    metas = [planned(link)[1] for _ in range(2)]

    runs = {meta.pop("run") for meta in metas}
    assert [len(run) for run in runs] == [32, 32]
    for meta in metas:
        assert {name: value for name, value in meta.items() if name != "format"} == {"references": "asked", **kept}


def test_a_journal_without_references_has_none():
    """Its API has none."""
    with Journal(inline=True) as journal:
        found = RunReferences(journal)

    assert (found.run, found.state, found.of_step(step())) == ("", "", None)


# Sending


@pytest.mark.parametrize("state", STATES)
def test_a_reference_is_sent_unless_the_server_keeps_none(state):
    """With the run as its group, and the link of the run."""
    found = references(state, link="https://example.com")

    assert found.of_step(step()) == (SENT if state in {ASKED, KEPT} else None)


@pytest.mark.parametrize("other", [step("expense"), step("client"), step(reference=None)])
def test_only_time_entries_with_references_send_them(other):
    """Expenses have none."""
    assert references(KEPT).of_step(other) is None


@pytest.mark.parametrize(("state", "most"), [(ASKED, 1), (KEPT, 3), (NOT_KEPT, 3), (OFF, 3)])
def test_one_write_passes_at_a_time_until_it_is_known_whether_references_are_kept(state, most):
    """Then all pass, also those that waited."""

    async def do(_):
        found, inside, peaks = references(state), [0], []

        async def write():
            async with found.turn():
                inside[0] += 1
                peaks.append(inside[0])
                await asyncio.sleep(1)
                inside[0] -= 1

        await asyncio.gather(write(), write(), write())
        return max(peaks)

    assert virtually(do) == most


def test_writes_that_waited_pass_together_once_references_are_known_to_be_kept():
    """The first response decides it."""

    async def do(_):
        found, order = references(ASKED), []

        async def write(name):
            async with found.turn():
                order.append(f"{name} begins")
                await asyncio.sleep(1)
                found.decide(is_kept=True)
                order.append(f"{name} ends")

        await asyncio.gather(*map(write, "abc"))
        return order

    assert virtually(do) == ["a begins", "a ends", "b begins", "c begins", "b ends", "c ends"]


def test_a_write_that_fails_lets_the_next_one_pass():
    """Its turn ends with it."""

    async def do(_):
        found = references(ASKED)
        with pytest.raises(KeyError):
            async with found.turn():
                raise KeyError
        async with asyncio.timeout(1), found.turn():
            return True

    assert virtually(do)


# Comparing


@pytest.mark.parametrize(
    ("kept", "is_kept"),
    [
        (SENT, True),
        (EntryReference("x", RUN), True),
        (EntryReference("x", "other"), False),
        (EntryReference("y", RUN), False),
        (None, False),
    ],
)
def test_the_first_response_decides_whether_references_are_kept(kept, is_kept):
    """By id and group; the server may change the permalink. Otherwise all references are forgotten."""
    found = references(ASKED)
    [noted, *forgotten] = found.confirm(1, SENT, kept)

    assert found.state == noted[1][0] == (KEPT if is_kept else NOT_KEPT)
    assert forgotten == ([] if is_kept else [("update step set reference = null where reference is not null", ())])


@pytest.mark.parametrize("state", [KEPT, NOT_KEPT])
def test_a_later_response_decides_only_about_its_own_entry(state):
    """An entry whose reference was not kept is counted from then on."""
    found = references(state)

    assert found.confirm(7, SENT, SENT) == []
    assert found.confirm(7, SENT, None) == [("update step set reference = null where id = ?", (7,))]
    assert found.state == state


@pytest.mark.parametrize(
    ("entry", "reference", "ours"),
    [
        (logged(1), None, True),
        (logged(1), "x", True),
        (logged(1), "y", False),
        (logged(1, group="other"), None, False),
        (logged(1, group="other"), "x", False),
        (logged(1, reference=None), None, False),
        (logged(1, reference=None), "x", False),
    ],
)
def test_an_entry_is_of_the_run_by_its_group(entry, reference, ours):
    """And of a row by its id."""
    assert references(KEPT).is_ours(entry, reference) is ours


# Looking for entries


def unsent(entries, *, state=KEPT, account=None):
    """Check a journal of two unsent rows, before which others were sent; return what was looked for."""
    account = account or ReadAccount()
    account.references = ReadAccount(having=entries)
    steps = LostSteps(account, run=RUN, references=state)
    steps.add(ROW, "entry", state="created", reference="w")
    steps.add(ROW + 1, "expense", state="planned", reference="v")
    steps.add(ROW + 2, "entry", state="planned")
    steps.add(ROW + 4, "entry", state="planned", reference="y")
    steps.add(ROW + 3, "entry", state="planned", reference="x")

    async def do(_):
        with steps.journal as journal:
            await check_unsent(account, journal, RunReferences(journal))

    virtually(do)
    return account.references.reads


@pytest.mark.parametrize(
    "entries", [[], [logged(7, group="other")], [logged(7, reference=None)], [logged(7, reference="y")]]
)
def test_the_next_row_is_looked_for_by_its_reference(entries):
    """It is the first one that was not sent and has one; entries of other runs and other rows do not count."""
    assert unsent(entries) == [("having", "x")]


def test_a_row_that_another_copy_of_the_journal_has_sent_is_reported():
    """The entry is named, and what to do."""
    with pytest.raises(JournalError) as raised:
        unsent([logged(6, group="other"), logged(7)], state=ASKED)

    assert str(raised.value) == (
        "time entry 7 has the reference of a row that this journal has not sent: a copy of the journal was run. Resume "
        "that copy; or plan the file again with a new journal, which recognises what was written. Nothing was sent"
    )


@pytest.mark.parametrize("state", [NOT_KEPT, OFF, ""])
def test_nothing_is_looked_for_where_references_are_not_kept(state):
    """The check would find nothing."""
    assert unsent([logged(7)], state=state) == []


def test_nothing_is_looked_for_where_all_rows_were_sent():
    """Nor where the API has no references."""
    account = ReadAccount()

    async def do(_):
        with Journal(inline=True) as journal:
            journal.describe(run=RUN, references=KEPT)
            await check_unsent(account, journal, RunReferences(journal))
            account.references = ReadAccount()
            await check_unsent(account, journal, RunReferences(journal))

    virtually(do)
    assert account.references.reads == []


DAYS = {1: (date(2026, 1, 4), date(2026, 1, 6)), 2: (date(2026, 1, 2), date(2026, 1, 5))}


def test_the_lists_of_all_people_are_read_over_all_days():
    """From the first to the last; entries of others, or without a person, are left out."""
    account = ReadAccount()
    account.shared_lists = Lists([logged(7), logged(8, person=3), logged(9, person=None), logged(10, person=2)])

    async def do(_):
        return [(person, each.id) async for person, each in read_logged(account, "expense", DAYS)]

    assert virtually(do) == [(1, 7), (2, 10)]
    assert account.shared_lists.reads == [("expense", date(2026, 1, 2), date(2026, 1, 6))]


def test_each_person_is_read_where_there_are_no_lists_of_all():
    """With the days of that person."""
    account = ReadAccount(logged=lambda _, person, *__: [logged(10 + person)])

    async def do(_):
        return [(person, each.id) async for person, each in read_logged(account, "entry", DAYS)]

    assert virtually(do) == [(1, 11), (2, 12)]
    assert account.reads == [("logged", "entry", person, *days) for person, days in DAYS.items()]


def test_nothing_is_read_without_days():
    """Neither lists of all people nor those of one."""
    account = ReadAccount()
    account.shared_lists = Lists([])

    async def do(_):
        return [each async for each in read_logged(account, "entry", {})]

    assert virtually(do) == account.shared_lists.reads == []


def test_entries_of_the_run_are_found_by_their_references():
    """Those of other runs are left out; several with one reference are found all."""
    entries = [logged(7), logged(8, reference="y"), logged(9, group="other"), logged(10, reference=None), logged(11)]
    account = ReadAccount(logged=entries)

    async def do(_):
        return await find_references(account, references(KEPT), {1: (DAY, DAY)})

    assert virtually(do) == {"x": [7, 11], "y": [8]}
    assert account.reads == [("logged", "entry", 1, DAY, DAY)]


# Archived records


@pytest.mark.parametrize(
    ("fields", "archived"),
    [
        ({}, False),
        ({"active": False}, True),
        ({"active": True}, False),
        ({"active": None}, False),
        ({"archived": True}, True),
        ({"archived": False}, False),
        ({"archived": None}, False),
        ({"active": False, "archived": False}, True),
        ({"active": True, "archived": True}, True),
    ],
)
def test_which_fields_describe_an_archived_record(fields, archived):
    """Either of the two; an empty one says nothing."""
    assert is_archived(fields) is archived
