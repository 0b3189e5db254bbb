"""The sandbox keeps its state: in a file over restarts, and whole under threads."""

import sqlite3
import threading
from contextlib import closing

import pytest

from harvest_async.sandbox import Sandbox
from harvest_async.sandbox.records import KINDS
from harvest_async.sandbox.store import Store
from harvest_async.testing import VirtualClock
from tests.support.sandbox import USER, Caller, clock_of, new_sandbox, new_studio

SPAN = "from=20260101&to=20261231"


def again(path, clock, **options):
    return Sandbox(**({"db": path, "clock": clock, "calls": 10_000} | options))


def test_records_outlive_a_restart(tmp_path):
    """Everything reads the same, and ids go on where they were."""
    path, clock = tmp_path / "sandbox.db", VirtualClock()
    first = again(path, clock)
    studio = new_studio(first)
    studio.log_time(notes="ä\n😀", hours="1.25")
    studio.log_time(hours="")
    category = studio.call.make("/expense_categories", root="expense_category", name="Meals")
    expense = studio.spend(expense_category_id=category)
    studio.call.post(
        f"/expenses/{expense}/receipt",
        files={"expense[receipt]": ("a.png", b"\x00\xff")},
        headers={"Content-Type": None},
    )
    invoice = studio.invoice(
        csv_line_items="kind,description,quantity,unit_price,amount,taxed,taxed2,project_id\nA,B,1,2,,true,true,\n"
    )
    studio.call.make(f"/invoices/{invoice}/payments", root="payment", amount=1, paid_at="2026-01-05")
    studio.call.make(f"/invoices/{invoice}/messages", root="message", recipients="a@example.com")
    paths = ["/clients", "/projects", "/people", "/expenses", "/invoices", f"/invoices/{invoice}", "/daily"]
    paths += [f"/invoices/{invoice}/payments", f"/invoices/{invoice}/messages", f"/people/1/entries?{SPAN}"]
    before = [studio.call.get(each).content for each in paths]
    first.close()
    second = again(path, clock)
    call = Caller(second)

    assert [call.get(each).content for each in paths] == before
    assert call.get(f"/expenses/{expense}/receipt").content == b"\x00\xff"
    assert call.make("/clients", root="client", name="Next") == studio.client + 1
    assert call.post("/clients", {"client": {"name": "acme"}}).status_code == 400
    second.close()


def test_a_running_timer_runs_on(tmp_path):
    """And is stopped by the next one."""
    path, clock = tmp_path / "sandbox.db", VirtualClock()
    first = again(path, clock)
    studio = new_studio(first)
    studio.log_time(hours="")
    first.close()
    clock.advance(1800)
    second = again(path, clock)
    body = {"project_id": studio.project, "task_id": studio.task, "hours": ""}

    assert Caller(second).post("/daily/add", body).json()["hours_for_previously_running_timer"] == 0.5
    second.close()


def test_arrivals_and_the_lockout_outlive_a_restart(tmp_path):
    """A program that starts anew meets the account as it left it, on a clock that starts elsewhere."""
    path = tmp_path / "sandbox.db"
    first = Sandbox(calls=3, period=10, db=path, clock=VirtualClock())
    for _ in range(2):
        Caller(first).get("/clients")
    first.spend(1)
    first.close()
    clock = VirtualClock()
    clock.moment = 1_000_000_000
    second = Sandbox(calls=3, period=10, db=path, clock=clock)
    counted = second._account.limiter.count(clock.now())
    refused = Caller(second).get("/clients")
    second.close()
    third = Sandbox(calls=3, period=10, db=path, clock=clock)
    still = Caller(third).get("/clients")
    clock.advance(10)

    assert (counted, refused.status_code, still.status_code) == (3, 503, 503)
    assert Caller(third).get("/clients").status_code == 200
    third.close()


def test_arrivals_that_count_no_more_are_forgotten(tmp_path):
    """The file does not grow with the calls."""
    path, clock = tmp_path / "sandbox.db", VirtualClock()
    sandbox = Sandbox(calls=5_000, period=10, db=path, clock=clock)
    sandbox.spend(1_500)
    clock.advance(10)
    sandbox.spend(500)
    with closing(sqlite3.connect(path)) as database, database:
        [kept] = database.execute("select count(*) from arrival").fetchone()
    database.close()

    assert kept == 500
    sandbox.close()


def test_a_reset_empties_the_file(tmp_path):
    """After a restart the account is as new."""
    path, clock = tmp_path / "sandbox.db", VirtualClock()
    first = Sandbox(calls=1, db=path, clock=clock)
    first.world.add("client", {"name": "ACME"}, clock.today())
    first.spend(2)
    first.reset()
    first.close()
    second = Sandbox(calls=1, db=path, clock=clock)

    assert (second.world.clients(), len(second.world.people())) == ([], 2)
    assert Caller(second).get("/clients").status_code == 200
    second.close()


def test_fields_that_came_later_have_their_defaults(tmp_path):
    """A file of an earlier version is read."""
    path = tmp_path / "sandbox.db"
    store = Store(path)
    moment = "2026-01-05T09:00:00+00:00"
    store.keep(
        "user",
        1,
        {
            "id": 1,
            "email": "admin@example.com",
            "is_active": True,
            "is_admin": True,
            "created_at": moment,
            "updated_at": moment,
        },
    )
    store.close()
    sandbox = again(path, VirtualClock())

    assert Caller(sandbox).get("/people/1").json()["user"]["timezone"] == "Eastern Time (US & Canada)"
    sandbox.close()


def test_memory_is_forgotten():
    """Without a file every sandbox is new."""
    new_studio(new_sandbox())

    assert {kind: len(records) for kind, records in new_sandbox().world.tables.items() if records} == {
        "user": 2,
        "invoice_item_category": 2,
        "grant": 1,
    }
    assert set(new_sandbox().world.tables) == set(KINDS)


@pytest.mark.parametrize("in_file", [False, True])
def test_threads_do_not_disturb_each_other(tmp_path, in_file):
    """Every create is there once, ids are not given twice, and the list of requests has all of them."""
    sandbox = new_sandbox(db=tmp_path / "sandbox.db" if in_file else None)
    studio = new_studio(sandbox)
    before, failed = len(sandbox.requests()), []

    def work(number):
        try:
            call = Caller(sandbox, USER if number % 2 else "admin@example.com")
            for _ in range(15):
                studio.log_time(call)
        except BaseException as error:  # noqa: BLE001 - a thread's failure must not be lost
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert failed == []
    assert len({entry["id"] for entry in sandbox.world.entries()}) == 90
    assert [len(sandbox.world.having("entry", user_id=number)) for number in (1, 2)] == [45, 45]
    assert len(sandbox.requests()) - before == 90
    sandbox.close()


def test_the_index_is_true_after_any_change():
    """Changing and removing records leaves nothing behind that is not so."""
    sandbox = new_sandbox()
    studio = new_studio(sandbox)
    world, now = sandbox.world, clock_of(sandbox).today()
    entry = world.find("entry", studio.log_time()["id"])
    world.change("entry", entry, {"user_id": 2, "notes": "x"}, now)

    assert (world.having("entry", user_id=1), world.having("entry", user_id=2)) == ([], [entry])
    world.drop("entry", entry)
    assert not world.has("entry", user_id=2)
    assert not world.has("entry", project_id=studio.project)
