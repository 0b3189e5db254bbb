"""Timesheets in the sandbox: logging time, timers, overwriting, and accounts that track by start and end."""

import pytest

from tests.support.sandbox import USER, Caller, clock_of, new_sandbox, new_studio, reason


def wait(studio, hours):
    clock_of(studio.call.sandbox).advance(hours * 3600)


def running(sandbox):
    return [entry["id"] for entry in sandbox.world.entries() if entry["timer_started_at"] is not None]


# Logging time


def test_an_entry_comes_back_in_the_body_without_a_location(studio):
    """The response to a new entry is the entry."""
    body = {"project_id": studio.project, "task_id": studio.task, "hours": "1.5", "spent_at": "2026-01-02"}
    response = studio.call.post("/daily/add", body)

    assert (response.status_code, response.headers.get("location")) == (201, None)
    assert (response.json()["hours"], response.json()["spent_at"]) == (1.5, "2026-01-02")


def test_a_day_is_today_where_none_is_given(studio):
    """Today is the person's own, which is not always that of UTC."""
    late = clock_of(studio.call.sandbox)
    late.advance(12 * 3600)  # 2026-01-06 02:30 in UTC, still the 5th in New York

    assert studio.log_time(spent_at=None)["spent_at"] == "2026-01-05"
    assert studio.call.get("/daily").json()["for_day"] == "2026-01-05"


def test_hours_are_rounded_to_cents_half_up(studio):
    """The server keeps two decimals."""
    assert [studio.log_time(hours=hours)["hours"] for hours in ("0.125", "1.005")] == [0.13, 1.01]


def test_no_hours_are_hours_too(studio, sandbox):
    """A zero logs no time and starts no timer."""
    assert studio.log_time(hours=0)["hours"] == 0
    assert running(sandbox) == []


def test_the_day_shows_a_persons_entries_of_that_day(studio, sandbox):
    """The path is day of the year and year; other days and other people are left out."""
    mine = studio.log_time()["id"]
    studio.log_time(spent_at="2026-01-06")
    studio.log_time(Caller(sandbox, USER))

    assert [mine] == [entry["id"] for entry in studio.call.get("/daily/5/2026").json()["day_entries"]]


@pytest.mark.parametrize("path", ["/daily/0/2026", "/daily/367/2026", "/daily/1/0", "/daily/1/99999"])
def test_a_day_that_is_in_no_year_is_404(studio, path):
    """A day of the year is from 1 to 366."""
    assert studio.call.get(path).status_code == 404


def test_day_366_of_a_common_year_is_the_next_years_first(studio):
    """Who asks for it gets what it is."""
    assert studio.call.get("/daily/366/2026").json()["for_day"] == "2027-01-01"


@pytest.mark.parametrize("verb", ["POST", "PUT"])
def test_an_update_overwrites(studio, verb):
    """Hours that are left out become 0, with either verb; what else is left out stays."""
    entry = studio.log_time(notes="old", hours=3)
    changed = studio.call(verb, f"/daily/update/{entry['id']}", json={"notes": "new"}).json()

    assert tuple(changed[name] for name in ("notes", "hours", "spent_at")) == ("new", 0, "2026-01-05")


def test_an_update_can_move_an_entry(studio):
    """Day, project and task are taken; they must fit each other."""
    entry = studio.log_time()
    other = studio.call.make(
        f"/projects/{studio.project}/task_assignments/add_with_create_new_task", root="task", name="B"
    )
    [link] = [
        each for each in studio.call.sandbox.world.assignments("task_assignment", studio.project) if each["id"] == other
    ]
    path = f"/daily/update/{entry['id']}"
    moved = studio.call.post(path, {"hours": 1, "task_id": link["task_id"], "spent_at": "2026-01-07"}).json()

    assert (moved["task"], moved["spent_at"]) == ("B", "2026-01-07")
    assert studio.call.post(path, {"hours": 1, "task_id": 999}).status_code == 400


def test_a_deleted_entry_is_removed(studio):
    """It gets a response 404 from then on."""
    number = studio.log_time()["id"]

    assert studio.call.delete(f"/daily/delete/{number}").status_code == 200
    assert [
        studio.call.get(f"/daily/show/{number}").status_code,
        studio.call.delete(f"/daily/delete/{number}").status_code,
    ] == [404, 404]


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({"project_id": 999}, "There is no such project."),
        ({"project_id": None}, "There is no such project."),
        ({"task_id": 999}, "The task is not assigned to the project."),
        ({"task_id": ""}, "The task is not assigned to the project."),
        ({"hours": -1}, "hours is invalid."),
        ({"spent_at": "2026-13-01"}, "spent_at is invalid."),
        ({"spent_at": "soon"}, "spent_at is invalid."),
    ],
)
def test_an_entry_that_does_not_fit_is_refused(studio, fields, hint):
    """The hint says what is wrong."""
    body = {"project_id": studio.project, "task_id": studio.task, "hours": 1} | fields
    response = studio.call.post("/daily/add", body)

    assert (400, hint) == (response.status_code, reason(response))


def test_nobody_books_where_they_are_not_assigned(studio, sandbox):
    """Neither on archived projects, nor with archived tasks, nor without being on the project."""
    world = sandbox.world
    [task], people = (
        world.assignments("task_assignment", studio.project),
        world.assignments("user_assignment", studio.project),
    )
    body = {"project_id": studio.project, "task_id": studio.task, "hours": 1}
    path = f"/projects/{studio.project}"
    studio.call.put(f"{path}/user_assignments/{people[0]['id']}", {"user_assignment": {"deactivated": True}})
    off_project = studio.call.post("/daily/add", body)
    studio.call.put(f"{path}/user_assignments/{people[0]['id']}", {"user_assignment": {"deactivated": False}})
    studio.call.put(f"{path}/task_assignments/{task['id']}", {"task_assignment": {"deactivated": True}})
    off_task = studio.call.post("/daily/add", body)
    studio.call.put(f"{path}/toggle")
    archived = studio.call.post("/daily/add", body)

    assert [reason(answer)[:13] for answer in (off_project, off_task, archived)] == [
        "The person is",
        "The task is n",
        "There is no s",
    ]


# Other people


def test_an_administrator_books_for_others(studio, sandbox):
    """of_user is a parameter, or a field of a new entry; the entry is that person's."""
    by_query = studio.call.post(
        "/daily/add?of_user=2", {"project_id": studio.project, "task_id": studio.task, "hours": 1}
    )
    in_body = studio.log_time(of_user="2")

    assert [by_query.json()["user_id"], in_body["user_id"]] == [2, 2]
    assert len(studio.call.get("/daily?of_user=2").json()["day_entries"]) == 2
    assert len(Caller(sandbox, USER).get("/daily").json()["day_entries"]) == 2
    assert studio.call.get(f"/daily/show/{in_body['id']}").status_code == 404
    assert studio.call.get(f"/daily/show/{in_body['id']}?of_user=2").status_code == 200


def test_of_user_is_for_administrators(studio, sandbox):
    """Others get a response 404, but for themselves."""
    user = Caller(sandbox, USER)

    assert [user.get(f"/daily?of_user={number}").status_code for number in (1, 2, 9)] == [404, 200, 404]


# Timers


@pytest.mark.parametrize("hours", [{"hours": ""}, {"hours": " "}, {"hours": None}])
def test_blank_hours_start_a_timer(studio, sandbox, hours):
    """A running timer is shown by timer_started_at, and hours go on."""
    entry = studio.log_time(**hours)
    wait(studio, 0.5)
    shown = studio.call.get(f"/daily/show/{entry['id']}").json()

    assert entry["timer_started_at"] == "2026-01-05T14:30:00Z"
    assert (shown["hours"], shown["hours_without_timer"]) == (0.5, 0)
    assert [entry["id"]] == running(sandbox)


def test_hours_left_out_start_a_timer(studio, sandbox):
    """As blank ones do."""
    response = studio.call.post("/daily/add", {"project_id": studio.project, "task_id": studio.task})

    assert [response.json()["id"]] == running(sandbox)


def test_a_timer_is_toggled(studio):
    """A GET stops it and starts it again; its hours add up."""
    path = f"/daily/timer/{studio.log_time(hours=1)['id']}"
    started = studio.call.get(path).json()
    wait(studio, 2)
    stopped = studio.call.get(path).json()

    assert "timer_started_at" in started
    assert ("timer_started_at" not in stopped, 3) == (True, stopped["hours"])


def test_a_timer_that_starts_stops_the_persons_other_one(studio, sandbox):
    """Its hours are returned; other people's timers go on."""
    theirs = studio.log_time(Caller(sandbox, USER), hours="")["id"]
    first = studio.log_time(hours="")["id"]
    wait(studio, 0.25)
    second = studio.log_time(hours="")

    assert second["hours_for_previously_running_timer"] == 0.25
    assert sorted([theirs, second["id"]]) == sorted(running(sandbox))
    wait(studio, 1)
    assert studio.call.get(f"/daily/timer/{first}").json()["hours_for_previously_running_timer"] == 1


def test_without_another_timer_no_hours_are_returned(studio):
    """The key is not there at all."""
    assert "hours_for_previously_running_timer" not in studio.log_time(hours="")


# Accounts that track by start and end


@pytest.fixture
def stamped():
    sandbox = new_sandbox(timestamp_timers=True)
    yield new_studio(sandbox)
    sandbox.close()


def test_start_and_end_make_the_hours(stamped):
    """Both ways of writing a time of day are read; over midnight the hours go on."""
    times = [("8:00am", "9:30am"), ("16:00", "16:45"), ("11:30 PM", "12:15 am"), ("12:00pm", "1:00pm")]
    logged = [stamped.log_time(started_at=begin, ended_at=end) for begin, end in times]

    assert [entry["hours"] for entry in logged] == [1.5, 0.75, 0.75, 1]
    assert (logged[0]["started_at"], logged[0]["ended_at"]) == ("8:00am", "9:30am")


def test_blank_times_start_a_timer_by_the_persons_clock(stamped):
    """ended_at is empty while it runs; 14:30 in UTC is half past nine in New York."""
    entry = stamped.log_time(started_at="", ended_at="")

    assert (entry["started_at"], entry["ended_at"]) == ("9:30am", "")
    assert "timer_started_at" in entry


def test_a_start_without_an_end_starts_a_timer(stamped):
    """It runs from now on, and shows the start that was given."""
    entry = stamped.log_time(started_at="8:00am")

    assert (entry["started_at"], entry["ended_at"]) == ("8:00am", "")


def test_a_timer_that_starts_again_is_a_new_entry(stamped):
    """The id that was asked for is not the id that runs."""
    first = stamped.log_time(started_at="", ended_at="", notes="x")
    wait(stamped, 1)
    stopped = stamped.call.get(f"/daily/timer/{first['id']}").json()
    again = stamped.call.get(f"/daily/timer/{first['id']}").json()

    assert (stopped["ended_at"], stopped["hours"]) == ("10:30am", 1)
    assert (first["id"] + 1, "x", "10:30am", "") == tuple(
        again[name] for name in ("id", "notes", "started_at", "ended_at")
    )


def test_an_update_takes_new_times(stamped):
    """Hours follow them; without times they stay."""
    entry = stamped.log_time(started_at="8:00am", ended_at="9:00am")
    path = f"/daily/update/{entry['id']}"

    assert stamped.call.post(path, {"notes": "x"}).json()["hours"] == 1
    assert stamped.call.post(path, {"ended_at": "10:00am"}).json()["hours"] == 2


def test_an_update_leaves_a_running_timer_running(stamped):
    """Only the notes change."""
    entry = stamped.log_time(started_at="", ended_at="")
    changed = stamped.call.post(f"/daily/update/{entry['id']}", {"notes": "x"}).json()

    assert (changed["notes"], changed["ended_at"]) == ("x", "")
    assert "timer_started_at" in changed


@pytest.mark.parametrize("time", ["25:00", "13:00pm", "0:30am", "8:60am", "8", "soon"])
def test_a_time_that_is_none_is_refused(stamped, time):
    """The hint has it."""
    body = {"project_id": stamped.project, "task_id": stamped.task, "started_at": time, "ended_at": "9:00am"}
    response = stamped.call.post("/daily/add", body)

    assert (400, f"{time!r} is not a time of day.") == (response.status_code, reason(response))


# Locked time


def test_locked_time_is_for_administrators(studio, sandbox):
    """Others may neither change nor remove it, nor log time on that day."""
    user = Caller(sandbox, USER)
    number = studio.log_time(user)["id"]
    sandbox.lock("entry", number)
    body = {"project_id": studio.project, "task_id": studio.task, "hours": 1, "spent_at": "2026-01-05"}
    answers = [
        user.post(f"/daily/update/{number}", {"hours": 2}),
        user.delete(f"/daily/delete/{number}"),
        user.post("/daily/add", body),
        user.post("/daily/add", body | {"spent_at": "2026-01-06"}),
        studio.call.post("/daily/add?of_user=2", body),
        studio.call.delete(f"/daily/delete/{number}?of_user=2"),
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400, 201, 201, 200]


def test_some_fields_of_locked_time_are_read_only(studio, sandbox):
    """What an administrator sends in them is passed over without an error."""
    number = studio.log_time()["id"]
    sandbox.lock("entry", number)
    changed = studio.call.post(
        f"/daily/update/{number}", {"hours": 2, "spent_at": "2026-01-09", "task_id": 999, "notes": "x"}
    ).json()

    assert ("2026-01-05", str(studio.task), 2, "x") == tuple(
        changed[name] for name in ("spent_at", "task_id", "hours", "notes")
    )


def test_a_lock_can_be_taken_back(studio, sandbox):
    """Then it is time like any other."""
    user = Caller(sandbox, USER)
    number = studio.log_time(user)["id"]
    sandbox.lock("entry", number)
    sandbox.lock("entry", number, closed=False)

    assert user.delete(f"/daily/delete/{number}").status_code == 200


def test_only_time_and_expenses_can_be_locked(sandbox):
    """A wrong kind and a wrong id are returned."""
    with pytest.raises(ValueError, match="Choose from: entry, expense"):
        sandbox.lock("client", 1)
    with pytest.raises(KeyError):
        sandbox.lock("entry", 1)
