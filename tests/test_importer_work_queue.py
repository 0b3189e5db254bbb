"""Which steps of a journal are sent next: each once, of equal ones one at a time, and few of them in memory."""

import asyncio
from decimal import Decimal

from harvest_async.importer.serialization import pack_row
from harvest_async.importer.work_queue import Step, WorkQueue
from tests.support.importing import DAY, time_row, virtually
from tests.support.lost_steps import ADA, CLIENT, PROJECT, ROW, TASK, LostSteps, ReadAccount


def queued(*keys, then, unresolved=frozenset()):
    """Return what `then` returns for the queue of a journal with planned time entries of these keys."""
    steps = LostSteps(ReadAccount())
    for place, key in enumerate(keys):
        steps.add(ROW + place, "entry", key=key, state="planned")

    async def do(_):
        with steps.journal as journal:
            return await then(WorkQueue(journal, '["entry"]', unresolved))

    return virtually(do)


async def rest(queue):
    """Return the places of all further steps, each of which ends before the next one begins."""
    places = []
    while (step := await queue.next()) is not None:
        places.append(step.id - ROW)
        queue.mark_done(step)
    return places


def test_each_planned_step_of_the_kinds_is_returned_once():
    """In the order of the file; then None, each time."""
    steps = LostSteps(ReadAccount())
    for number, kind, state in [
        (3, "entry", "planned"),
        (1, "expense", "planned"),
        (0, "entry", "created"),
        (2, "client", "planned"),
    ]:
        steps.add(ROW + number, kind, key=str(number), state=state)

    async def do(_):
        with steps.journal as journal:
            queue = WorkQueue(journal, '["entry", "expense"]', set())
            return [await rest(queue), await queue.next(), await queue.next()]

    assert virtually(do) == [[1, 3], None, None]


def test_a_step_has_the_columns_of_the_journal():
    """And its row, if it is one."""
    row = time_row(7, hours=Decimal("1.50"))
    steps = LostSteps(ReadAccount())
    steps.journal.commit([("insert into source values (5, ?, 8, 7, 0, '', ?)", pack_row(row))])
    steps.add(
        ROW, "entry", state="planned", client=CLIENT, project=PROJECT, other=TASK, person=ADA, day=DAY, reference="x"
    )
    steps.journal.commit([("update step set source = 5, attempts = 2, record = 9 where id = ?", (ROW,))])
    steps.add(ROW + 1, "client", key="c", state="planned", fields={"name": "A"})

    async def do(_):
        with steps.journal as journal:
            queue = WorkQueue(journal, '["entry", "client"]', set())
            return [await queue.next() for _ in range(2)]

    assert virtually(do) == [
        Step(ROW, "entry", "create", "k", CLIENT, PROJECT, TASK, ADA, 9, 2, "x", {}, row),
        Step(ROW + 1, "client", "create", "c", *[None] * 5, 0, None, {"fields": {"name": "A"}}, None),
    ]


def test_equal_steps_go_one_after_the_other():
    """Others pass them; each that is done lets the next one go."""

    async def then(queue):
        first, other = await queue.next(), await queue.next()
        waiting = asyncio.create_task(queue.next())
        await asyncio.sleep(1)
        was_done = waiting.done()
        queue.mark_done(first)
        second = await waiting
        queue.mark_done(other)
        queue.mark_done(second)
        return [step.id - ROW for step in (first, other, second)], was_done, await rest(queue)

    assert queued("a", "a", "b", "a", then=then) == ([0, 2, 1], False, [3])


def test_a_step_that_was_not_sent_is_next_again():
    """Before those that are ready and those that wait for it."""

    async def then(queue):
        step = await queue.next()
        queue.mark_done(step, again=True)
        again = await queue.next()
        queue.mark_done(again)
        return again == step, await rest(queue)

    assert queued("a", "b", "a", then=then) == (True, [1, 2])


def test_steps_of_a_key_with_an_unknown_outcome_stay_in_the_journal():
    """Also those that wait already when it becomes unknown."""
    unresolved = {"u"}

    async def then(queue):
        first, other = await queue.next(), await queue.next()
        waiting = asyncio.create_task(queue.next())
        await asyncio.sleep(1)
        unresolved.add("a")
        queue.mark_done(first)
        queue.mark_done(other)
        return first.id - ROW, other.id - ROW, await waiting

    assert queued("a", "a", "u", "b", "a", then=then, unresolved=unresolved) == (0, 3, None)


def test_a_queue_reads_two_hundred_steps_at_a_time():
    """All of them, also where they fill a batch exactly."""
    for count in (199, 200, 201, 400):
        assert queued(*map(str, range(count)), then=rest) == list(range(count))


def test_a_thousand_equal_steps_wait_in_memory_and_the_others_later():
    """No more are read before one of them was sent."""

    async def then(queue):
        first = await queue.next()
        waiting = asyncio.create_task(queue.next())
        await asyncio.sleep(1)
        blocked = queue._waiting, waiting.done()
        queue.mark_done(first)
        second = await waiting
        queue.mark_done(second)
        return blocked, [second.id - ROW, *await rest(queue)]

    assert queued(*["a"] * 1_300, then=then) == ((1_199, False), list(range(1, 1_300)))
