"""Each change of a step's state, as the journal stores it."""

import sqlite3

import pytest

from harvest_async.importer import transitions as to

NEW = {"state": "new", "action": "create", "record": 5, "attempts": 1, "lost_at": 2.0, "reason": "before"}


@pytest.mark.parametrize(
    ("change", "arguments", "changed"),
    [
        (to.mark_intended, (1,), {"state": "intended", "attempts": 2, "lost_at": None}),
        (to.mark_created, (1, 7), {"state": "created", "record": 7, "reason": None}),
        (to.mark_created, (1, None), {"state": "created", "record": None, "reason": None}),
        (to.mark_updated, (1,), {"state": "updated", "reason": None}),
        (to.mark_existing, (1, 7), {"state": "existing", "record": 7, "reason": None}),
        (to.plan_update, (1, 7), {"state": "planned", "action": "update", "record": 7}),
        (to.mark_rejected, (1, "no"), {"state": "rejected", "reason": "no"}),
        (to.mark_response_lost, (1, 9.5), {"state": "response_lost", "lost_at": 9.5}),
        (to.plan_again, (1,), {"state": "planned", "lost_at": None}),
        (to.mark_unknown, (1, "who knows"), {"state": "unknown", "reason": "who knows"}),
        (to.mark_undone, (1,), {"state": "undone", "reason": None}),
    ],
)
def test_a_change_of_state_changes_one_step_and_nothing_else_of_it(change, arguments, changed):
    """The state and what belongs to it are stored; other fields and other steps stay as they are."""
    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    database.execute(f"create table step (id integer primary key, {', '.join(NEW)})")
    for number in (1, 2):
        database.execute("insert into step values (?, ?, ?, ?, ?, ?, ?)", (number, *NEW.values()))

    database.execute(*change(*arguments))
    first, second = (dict(row) for row in database.execute("select * from step order by id"))
    database.close()

    assert first == {"id": 1, **NEW, **changed}
    assert second == {"id": 2, **NEW}
