"""Reference lists that are kept: loaded once, brought up to date by what changed, right after writes of one's own."""

import asyncio
import gc
import weakref
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from harvest_async import BasicAuth, Directory, HarvestError, HarvestV1, InvalidArgument, NotFound, Throttle
from harvest_async.client.cached_list import CachedList, Tally
from tests.support.virtual_time import clock

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

ROOTS = {
    "clients": "client",
    "projects": "project",
    "tasks": "task",
    "people": "user",
    "expense_categories": "expense_category",
    "task_assignments": "task_assignment",
    "user_assignments": "user_assignment",
}
STATUS = {"count": 1, "max_calls": 100, "timeframe_limit": 15}


class Account(httpx.AsyncBaseTransport):
    """Lists of records that can be changed from outside, and by calls.

    Attributes:
        lists: the records below their path.
        asked: the lists that were asked for: (path, updated_since or None).
        way: seconds that a request and its response take.
    """

    def __init__(self, clock, **lists):
        self.clock, self.asked, self.way, self.fail = clock, [], 0.05, []
        self.lists = {f"/{name}": {} for name in ROOTS if not name.endswith("assignments")}
        for name, records in lists.items():
            for number, record in enumerate(records, 1):
                self.put(f"/{name}", number, **record)

    def put(self, path, number, **fields):
        """Make or change a record now."""
        kept = self.lists.setdefault(path, {})
        kept[number] = {**kept.get(number, {"id": number}), **fields, "updated_at": self.now()}

    def now(self):
        return self.clock.today().strftime("%Y-%m-%dT%H:%M:%SZ")

    async def handle_async_request(self, request):
        await asyncio.sleep(self.way)
        response = self._answer(request)
        await asyncio.sleep(self.way)
        return response

    def _answer(self, request):
        path, method = request.url.path, request.method
        if path == "/account/rate_limit_status":
            return httpx.Response(200, json=STATUS)
        if method == "GET" and self.fail:
            return self.fail.pop(0)
        if path in self.lists:
            return self._list(path, request.url.params.get("updated_since")) if method == "GET" else self._make(path)
        return self._one(method, *path.removesuffix("/toggle").rsplit("/", 1), leave=path.endswith("/toggle"))

    def _make(self, path):
        number = 1 + max(self.lists[path], default=0)
        self.put(path, number, name="new")
        return httpx.Response(201, headers={"location": f"{path}/{number}"})

    def _one(self, method, base, last, *, leave):
        if not last.isdecimal() or int(last) not in self.lists.get(base, {}):
            return httpx.Response(404)
        if method == "GET":
            return httpx.Response(200, json={ROOTS[base[1:]]: self.lists[base][int(last)]})
        if method == "DELETE":
            del self.lists[base][int(last)]
        elif not leave:
            self.put(base, int(last), name="changed")
        return httpx.Response(200)

    def _list(self, path, since):
        self.asked.append((path, since))
        moment = datetime.strptime(since, "%Y-%m-%d %H:%M").replace(tzinfo=UTC) if since else None
        root = ROOTS[path.rpartition("/")[2]]
        found = [
            {root: record}
            for record in self.lists[path].values()
            if moment is None or datetime.fromisoformat(record["updated_at"]) >= moment
        ]
        return httpx.Response(200, json=found)


def account(**lists):
    clock = asyncio.get_running_loop().clock
    server = Account(clock, **lists)
    harvest = HarvestV1(
        "acme",
        auth=BasicAuth("me@example.com", "x"),
        app="tests",
        base_url="https://acme.example.com",
        throttle=Throttle(clock=clock),
        transport=server,
    )
    return server, harvest, Directory(harvest, clock=clock)


# Looking up


async def test_a_list_is_asked_for_once():
    """When it is first needed; then every lookup is served without a call, and counted."""
    server, _, directory = account(clients=[{"name": "ACME"}, {"name": "Other"}])
    assert (server.asked, directory.calls, directory.saved) == ([], 0, 0)

    assert (await directory.clients.by_name("ACME")).id == 1
    assert (await directory.clients.by_id(2)).name == "Other"
    assert await directory.clients.by_id(3) is None
    assert await directory.clients.by_name("nobody") is None
    assert await directory.clients.by_name(" ") is None
    assert len(await directory.clients.all()) == 2
    assert server.asked == [("/clients", None)]
    assert (directory.calls, directory.saved) == (1, 5)


async def test_each_list_has_its_keys():
    """Names, codes and addresses, in any case and with any blanks around them."""
    server, _, directory = account(
        projects=[{"name": "Site", "code": "P-1"}, {"name": "Shop", "code": None}],
        people=[{"first_name": "Person", "last_name": "One", "email": "One@example.com"}],
        tasks=[{"name": "Development"}],
        expense_categories=[{"name": "Travel"}],
    )

    assert (await directory.projects.by_code(" p-1")).name == "Site"
    assert (await directory.projects.by_name("SHOP ")).id == 2
    assert (await directory.people.by_email("one@EXAMPLE.com")).id == 1
    assert (await directory.people.by_name("person  one")).id == 1
    assert (await directory.tasks.by_name("development")).id == 1
    assert (await directory.expense_categories.by_name("travel")).id == 1
    assert len(server.asked) == directory.calls == 4


async def test_a_name_of_several_is_that_of_the_active_one():
    """Where there is one; else the caller has to say which."""
    _, _, directory = account(
        clients=[{"name": "ACME", "active": False}, {"name": "acme", "active": True}, {"name": "Old", "active": False}],
        tasks=[
            {"name": "A", "deactivated": True},
            {"name": "A", "deactivated": True},
            {"name": "B"},
            {"name": "B"},
        ],
        people=[{"first_name": "P", "is_active": False}, {"first_name": "P", "is_active": True}],
    )

    assert (await directory.clients.by_name("ACME")).id == 2
    assert (await directory.clients.by_name("old")).id == 3
    assert (await directory.people.by_name("p")).id == 2
    for name, ids in (("A", "1, 2"), ("B", "3, 4")):
        with pytest.raises(InvalidArgument, match=rf"tasks: name '{name}' is that of 2 records \({ids}\)"):
            await directory.tasks.by_name(name)
        assert len(await directory.tasks.named(name)) == 2


async def test_assignments_are_kept_for_each_project():
    """By id, and by what is assigned."""
    server, _, directory = account()
    server.put("/projects/5/task_assignments", 1, task_id=70, project_id=5, deactivated=True)
    server.put("/projects/5/task_assignments", 2, task_id=70, project_id=5, deactivated=False)
    server.put("/projects/6/task_assignments", 3, task_id=70, project_id=6)
    server.put("/projects/5/user_assignments", 4, user_id=80, project_id=5)

    assert (await directory.task_assignments(5).by_task(70)).id == 2
    assert (await directory.task_assignments(5).by_id(1)).deactivated
    assert (await directory.task_assignments(6).by_task(70)).id == 3
    assert (await directory.user_assignments(5).by_user(80)).id == 4
    assert await directory.user_assignments(5).by_user(81) is None
    assert (directory.calls, directory.saved) == (3, 2)


async def test_those_who_ask_at_once_share_one_call():
    """A hundred lookups, one list; a cancelled one leaves it to the others."""
    server, _, directory = account(clients=[{"name": "ACME"}])
    asking = [asyncio.ensure_future(directory.clients.by_id(1)) for _ in range(100)]
    await asyncio.sleep(0.05)
    asking.pop(0).cancel()
    found = await asyncio.gather(*asking)

    assert {client.name for client in found} == {"ACME"}
    assert (directory.calls, directory.saved, len(server.asked)) == (1, 99, 1)


# Refreshing


async def test_a_list_that_is_refreshed_just_as_its_loading_ends_is_loaded_again():
    """The task that loaded it has ended, and nobody was notified of it yet."""
    arrived = asyncio.get_running_loop().create_future()

    async def fetch(_since):
        if not arrived.done():
            await arrived
        return []

    tally = Tally()
    kept = CachedList("clients", fetch, clock(), 60, tally)

    async def refresh():
        await arrived
        await kept.refresh()

    loading = asyncio.create_task(kept.all())
    await asyncio.sleep(0.01)
    refreshing = asyncio.create_task(refresh())
    await asyncio.sleep(0.01)
    arrived.set_result(None)
    await asyncio.gather(loading, refreshing)

    assert tally.calls == 2


async def test_an_old_list_is_brought_up_to_date():
    """By what changed since the server's last moment, a minute earlier; what has not changed is kept."""
    server, _, directory = account(clients=[{"name": "ACME"}, {"name": "Other"}])
    await directory.clients.all()
    clock().advance(299)
    await directory.clients.all()
    assert len(server.asked) == 1
    server.put("/clients", 2, name="Renamed")
    server.put("/clients", 3, name="New")
    clock().advance(2)

    assert [client.name for client in await directory.clients.all()] == ["ACME", "Renamed", "New"]
    assert await directory.clients.by_name("Other") is None
    assert server.asked[1:] == [("/clients", "2026-01-05 08:59")]


async def test_the_server_s_clock_counts():
    """Ours may be wrong by an hour, and nothing is missed."""
    server, _, directory = account()
    server.now = lambda: (clock().today() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    server.put("/clients", 1, name="ACME")
    await directory.clients.all()
    clock().advance(200)
    server.put("/clients", 1, name="Renamed")
    await directory.clients.refresh()

    assert (await directory.clients.by_id(1)).name == "Renamed"
    assert server.asked[1] == ("/clients", "2026-01-05 07:59")


async def test_records_that_do_not_say_when_they_changed_go_by_our_clock():
    """From the time at which the list was requested."""
    server, _, directory = account(clients=[{"name": "ACME"}, {"name": "Other"}])
    server.lists["/clients"][1]["updated_at"] = None
    await directory.clients.all()
    server.lists["/clients"][1]["updated_at"] = server.now()
    clock().advance(3_600)
    await directory.clients.refresh()

    assert server.asked[1] == ("/clients", "2026-01-05 08:59")


async def test_an_empty_list_is_asked_for_as_a_whole_again():
    """There is no moment to go by, and nothing to lose."""
    server, _, directory = account()
    await directory.clients.all()
    await directory.clients.refresh()

    assert server.asked == [("/clients", None)] * 2


async def test_a_reload_forgets_everything():
    """Only a full list shows what others have deleted."""
    server, _, directory = account(clients=[{"name": "ACME"}, {"name": "Other"}])
    server.put("/projects/5/task_assignments", 1, task_id=70)
    server.put("/projects/5/user_assignments", 1, user_id=70)
    await directory.clients.all()
    await directory.task_assignments(5).all()
    await directory.user_assignments(5).all()
    del server.lists["/clients"][2]
    await directory.clients.refresh()
    assert await directory.clients.by_id(2)
    directory.reload()

    assert await directory.clients.by_id(2) is None
    assert len(await directory.task_assignments(5).all()) == len(await directory.user_assignments(5).all()) == 1
    assert directory.calls == 7


async def test_a_list_that_can_not_be_read_fails_all_lookups():
    """Each has an error of their own, and the next question asks again."""
    server, _, directory = account(clients=[{"name": "ACME"}])
    server.fail = [httpx.Response(404)]
    results = await asyncio.gather(*(directory.clients.by_id(1) for _ in range(3)), return_exceptions=True)

    assert [type(result) for result in results] == [NotFound] * 3
    assert len({id(result) for result in results}) == 3
    assert "GET https://acme.example.com/clients" in results[2].report()
    assert (await directory.clients.by_id(1)).name == "ACME"


async def test_an_error_leaves_what_is_kept():
    """It is as old as it was."""
    server, _, directory = account(clients=[{"name": "ACME"}])
    await directory.clients.all()
    server.fail = [httpx.Response(404)]
    with pytest.raises(HarvestError):
        await directory.clients.refresh()

    assert (await directory.clients.by_id(1)).name == "ACME"
    assert len(server.asked) == 2


# Writes of one's own


async def test_what_a_write_touched_is_asked_about_again():
    """Before it is given out: by what changed, and where it is not among that, by the whole list."""
    server, harvest, directory = account(clients=[{"name": "ACME"}, {"name": "Other"}])
    clock().advance(200)
    server.put("/clients", 2, name="Renamed")
    await directory.clients.all()
    await harvest.clients.toggle(1)

    assert (await directory.clients.by_id(2)).name == "Renamed"
    assert (await directory.clients.by_id(1)).name == "ACME"
    assert server.asked == [("/clients", None), ("/clients", "2026-01-05 09:02"), ("/clients", None)]


async def test_what_an_update_brings_is_enough():
    """Where the record is among what changed, the whole list is not needed."""
    server, harvest, directory = account(clients=[{"name": "ACME"}, {"name": "Other"}])
    await directory.clients.all()
    clock().advance(200)
    await harvest.clients.update(1, name="changed")

    assert (await directory.clients.by_id(1)).name == "changed"
    assert len(server.asked) == 2


async def test_what_was_made_is_there():
    """It is among what changed."""
    server, harvest, directory = account(clients=[{"name": "ACME"}])
    await directory.clients.all()
    made = await harvest.clients.create_id("new")

    assert (await directory.clients.by_id(made.id)).name == "new"
    assert len(server.asked) == 2


async def test_a_deleted_record_is_not_found():
    """Without asking for the whole list, and even if a list was on its way that still had it."""
    server, harvest, directory = account(clients=[{"name": "ACME"}, {"name": "Other"}])
    await directory.clients.all()
    await harvest.clients.delete(1)
    assert await directory.clients.by_id(1) is None
    assert len(server.asked) == 2

    server.way = 1
    late = asyncio.ensure_future(directory.clients.refresh())
    await asyncio.sleep(1.5)  # the list was read, and its response is in transit
    server.way = 0.05
    await harvest.clients.delete(2)
    await late

    assert await directory.clients.all() == []


async def test_a_delete_that_was_refused_leaves_the_record():
    """It may be that it has projects."""
    server, harvest, directory = account(clients=[{"name": "ACME"}])
    await directory.clients.all()
    normal = server._answer
    server._answer = lambda request: httpx.Response(400) if request.method == "DELETE" else normal(request)
    with pytest.raises(HarvestError):
        await harvest.clients.delete(1)

    assert (await directory.clients.by_id(1)).name == "ACME"


async def test_a_write_while_a_list_is_on_its_way_is_asked_about_again():
    """The list may be from before it; who asked before the write is not kept waiting."""
    server, harvest, directory = account(clients=[{"name": "ACME"}])
    server.way = 1
    before = asyncio.ensure_future(directory.clients.by_id(1))
    await asyncio.sleep(3.1)  # past the status call and the reading
    server.way = 0.05
    await harvest.clients.update(1, name="changed")
    after = await directory.clients.by_id(1)

    assert after.name == "changed"
    assert (await before).name == "ACME"


async def test_writes_through_other_options_are_noticed():
    """And writes that name no resource of ours are not."""
    server, harvest, directory = account(clients=[{"name": "ACME"}])
    await directory.clients.all()
    with pytest.raises(NotFound):
        await harvest.request("POST", "/daily/add", fields={"hours": 1})
    await directory.clients.all()
    assert len(server.asked) == 1
    await harvest.options(lane="bulk").request("PUT", "/clients/1", fields={"client": {"name": "changed"}})

    assert (await directory.clients.by_id(1)).name == "changed"


async def test_a_person_written_by_address_makes_the_list_stale():
    """The response does not say which record it was."""
    server, harvest, directory = account(people=[{"first_name": "P", "email": "p@example.com"}])
    await directory.people.all()
    with pytest.raises(NotFound):
        await harvest.request("PUT", "/people/p@example.com")
    await directory.people.all()

    assert server.asked == [("/people", None)] * 2


async def test_writes_about_a_project_s_people_and_tasks_touch_their_lists():
    """Only those that are kept, and the tasks where one was made along the way."""
    server, harvest, directory = account(tasks=[{"name": "A"}], projects=[{"name": "P"}])
    for kind in ("task", "user"):
        server.put(f"/projects/1/{kind}_assignments", 1, **{f"{kind}_id": 70})
    links, people = directory.task_assignments(1), directory.user_assignments(1)
    for table in (directory.tasks, directory.projects, links, people):
        await table.all()
    server.asked.clear()

    await harvest.request("DELETE", "/projects/1/task_assignments/1")
    await harvest.request("PUT", "/projects/1/user_assignments/1")
    for path in ("/projects/1/task_assignments/add_with_create_new_task", "/projects/9/user_assignments"):
        with pytest.raises(NotFound):
            await harvest.request("POST", path)
    for table in (directory.tasks, directory.projects, links, people):
        await table.all()

    assert [path for path, _ in server.asked] == [
        "/tasks",
        "/projects/1/task_assignments",
        "/projects/1/user_assignments",
    ]
    assert await links.all() == []


async def test_writes_go_on_while_questions_are_asked():
    """Nobody waits for a list with writes in it that came after the question."""
    _, harvest, directory = account(clients=[{"name": "ACME"}])

    async def write():
        for _ in range(20):
            await harvest.clients.create_id("new")

    async def ask():
        for _ in range(5):
            assert await directory.clients.by_id(1)

    await asyncio.gather(write(), ask(), ask())

    assert directory.calls <= 10
    assert len(await directory.clients.all()) == 21


async def test_a_directory_that_nobody_holds_is_freed():
    """The account does not keep it."""
    _, harvest, directory = account()
    weak = weakref.ref(directory)
    del directory
    gc.collect()

    assert weak() is None
    await harvest.clients.create_id("new")


@pytest.mark.parametrize("age", [0, -1, float("nan"), float("inf")])
async def test_an_age_that_can_not_be_is_refused(age):
    """A list that is always too old would be asked for each time."""
    _, harvest, _ = account()
    with pytest.raises(InvalidArgument, match="max_age"):
        Directory(harvest, max_age=age)
