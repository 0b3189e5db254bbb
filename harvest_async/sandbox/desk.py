"""The front desk: a request as a value -> an answer as a value.

Rules of this room: pure. `ROUTES` is the contract's list of endpoints; whoever asks is known by then, the throttle has
agreed. Roles too low are answered 404 (contract: role_as_404).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, Final

from attrs import evolve, field, frozen

from harvest_async.sandbox import answer
from harvest_async.sandbox.reading import Refusal, read_fields, read_moment
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.timesheet import Timesheet
from harvest_async.sandbox.world import World

__all__ = ["Asked", "Desk", "Reply"]

_SECTIONS: Final = {"clients": "client", "projects": "project", "tasks": "task", "people": "user"}
_ASSIGNMENTS: Final = {"task_assignments": "task_assignment", "user_assignments": "user_assignment"}
_YES: Final = {"yes": True, "no": False}


@frozen
class Asked:
    """A request.

    Attributes:
        method: the HTTP method.
        path: the path, unescaped, without a slash at its end.
        query: parameters, unescaped, in order.
        content: the body.
        format: how it wants to be answered, `json` or `xml`.
        sent: how its body is written.
        person: who asks.
        now: the moment.
        words: what the route found in the path.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    content: bytes
    format: str
    sent: str
    person: Record
    now: datetime
    words: tuple[str, ...] = ()

    def parameter(self, name: str) -> str:
        """A parameter; empty where it is not there."""
        return next((value for key, value in self.query if key == name), "")


@frozen
class Reply:
    """An answer: status, body, and the two headers that matter."""

    status: int = 200
    content: bytes = b" "  # contract: body_or_no_body: one blank
    location: str | None = None
    hint: str | None = field(default=None)


class Desk:
    """Serves requests to an account."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._timesheet = Timesheet(world)

    def serve(self, asked: Asked) -> Reply:
        """Carry a request out; a refusal is an answer, too."""
        try:
            handler, words = _route(asked.method, asked.path)
            return handler(self, _with_words(asked, words))
        except Refusal as refusal:
            return Reply(refusal.status, hint=refusal.hint)

    def company(self, asked: Asked) -> Record:
        """What `who_am_i` says."""
        person, zone = asked.person, "America/New_York"
        rights = ("is_project_manager", "can_see_rates", "can_create_projects", "can_create_invoices")
        manager = {name: bool(person["is_project_manager"]) for name in rights}
        user = {name: person[name] for name in ("id", "email", "first_name", "last_name", "timezone")}
        user |= {"admin": person["is_admin"], "timezone_identifier": zone, "timezone_utc_offset": -18000}
        user |= {"avatar_url": "/images/default_avatar.gif", "project_manager": manager}
        modules = {"expenses": True, "invoices": True, "estimates": True, "approval": False}
        company: Record = {"base_uri": "https://sandbox.harvestapp.com", "full_domain": "sandbox.harvestapp.com"}
        company |= {"name": "Sandbox", "active": True, "week_start_day": "Monday", "time_format": "decimal"}
        company |= {"clock": "12h", "decimal_symbol": ".", "thousands_separator": ",", "color_scheme": "orange"}
        timers = {"timestamp_timers": self._world.timestamps}
        return {"company": {**company, "modules": modules}, "user": {**user, **timers}}

    # Account

    def who_am_i(self, asked: Asked) -> Reply:
        """Contract: account.who_am_i."""
        return Reply(content=answer.write_bare(self.company(asked), asked.format))

    # Time tracking

    def daily(self, asked: Asked) -> Reply:
        """Contract: time_tracking.daily, time_tracking.daily_for_date."""
        person, day = self._whose(asked), asked.now.date()
        if asked.words:
            number, year = (int(word) for word in asked.words)
            if not 1 <= number <= 366 or not 1 <= year <= 9998:
                raise Refusal(404)
            day = date(year, 1, 1) + timedelta(days=number - 1)
        entries = [self._timesheet.full(entry, asked.now) for entry in self._timesheet.day(person, day)]
        projects = None if asked.parameter("slim") == "1" else self._timesheet.trackable(person) or None
        return Reply(content=answer.write_daily(day, entries, projects, asked.format))

    def show(self, asked: Asked) -> Reply:
        """Contract: time_tracking.show."""
        return self._entry(self._timesheet.show(self._whose(asked), _id(asked)), asked)

    def toggle_timer(self, asked: Asked) -> Reply:
        """Contract: time_tracking.toggle_timer."""
        person = self._whose(asked)
        entry, stopped = self._timesheet.toggle(self._timesheet.show(person, _id(asked)), person, asked.now)
        return self._entry(entry, asked, stopped=stopped)

    def add_entry(self, asked: Asked) -> Reply:
        """Contract: time_tracking.create: the entry comes in the body (add_reply_root), no Location."""
        fields = read_fields(asked.content, asked.sent, "request", asked.query)
        person = self._whose(asked, str(fields.get("of_user") or ""))  # contract: of_user_in_body
        entry, stopped = self._timesheet.create(person, fields, asked.now)
        return self._entry(entry, asked, status=201, stopped=stopped)

    def update_entry(self, asked: Asked) -> Reply:
        """Contract: time_tracking.update."""
        fields = read_fields(asked.content, asked.sent, "request", asked.query)
        person = self._whose(asked)
        entry = self._timesheet.show(person, _id(asked))
        return self._entry(self._timesheet.update(entry, person, fields, asked.now), asked)

    def delete_entry(self, asked: Asked) -> Reply:
        """Contract: time_tracking.delete."""
        self._timesheet.delete(self._timesheet.show(self._whose(asked), _id(asked)))
        return Reply()

    # Clients, projects, tasks, people

    def list_section(self, asked: Asked) -> Reply:
        """Contract: clients.list, projects.list, tasks.list, people.list."""
        if asked.words[0] != "tasks":
            _managers_only(asked)
        kind = _SECTIONS[asked.words[0]]
        records = list(self._world.tables[kind].values())
        client = asked.parameter("client")
        if kind == "project" and client:
            records = [record for record in records if str(record["client_id"]) == client]
        return Reply(content=answer.write_list(kind, _since(records, asked), asked.format))

    def get_section(self, asked: Asked) -> Reply:
        """Contract: clients.get, projects.get, tasks.get, people.get."""
        _managers_only(asked)
        kind, record = self._record(asked)
        return Reply(content=answer.write_one(kind, record, asked.format))

    def create_section(self, asked: Asked) -> Reply:
        """Contract: clients.create, projects.create, tasks.create, people.create."""
        _managers_only(asked)
        section = asked.words[0]
        fields = read_fields(asked.content, asked.sent, _SECTIONS[section], asked.query)
        record = self._world.create(_SECTIONS[section], fields, asked.now)
        return Reply(201, location=f"/{section}/{record['id']}")

    def update_section(self, asked: Asked) -> Reply:
        """Contract: clients.update, projects.update, tasks.update, people.update."""
        _managers_only(asked)
        kind, record = self._record(asked)
        fields = read_fields(asked.content, asked.sent, kind, asked.query)
        self._world.update(kind, record, fields, asked.now)
        return Reply(location=f"/{asked.words[0]}/{record['id']}")

    def delete_section(self, asked: Asked) -> Reply:
        """Contract: clients.delete, projects.delete, tasks.delete_or_archive, people.delete."""
        _managers_only(asked)
        kind, record = self._record(asked)
        self._world.delete(kind, record, asked.now)
        return Reply()

    def toggle_section(self, asked: Asked) -> Reply:
        """Contract: clients.toggle, projects.toggle, people.toggle."""
        _managers_only(asked)
        kind, record = self._record(asked)
        self._world.toggle(kind, record, asked.now)
        return Reply(location=None if kind == "user" else f"/{asked.words[0]}/{record['id']}")

    def activate_task(self, asked: Asked) -> Reply:
        """Contract: tasks.activate."""
        _managers_only(asked)
        task = self._world.find("task", _id(asked))
        self._world.activate(task, asked.now)
        return Reply(location=f"/tasks/{task['id']}")

    def reset_password(self, asked: Asked) -> Reply:
        """Contract: people.reset_password."""
        _managers_only(asked)
        self._world.person(asked.words[0])
        return Reply()

    # Assignments

    def list_assignments(self, asked: Asked) -> Reply:
        """Contract: task_assignments.list, user_assignments.list."""
        project, kind = self._project(asked)
        records = _since(self._world.assignments(kind, project["id"]), asked)
        return Reply(content=answer.write_list(kind, records, asked.format))

    def get_assignment(self, asked: Asked) -> Reply:
        """Contract: task_assignments.get, user_assignments.get."""
        project, kind = self._project(asked)
        record = self._world.assignment(kind, project, int(asked.words[2]))
        return Reply(content=answer.write_one(kind, record, asked.format))

    def create_assignment(self, asked: Asked) -> Reply:
        """Contract: task_assignments.create, user_assignments.create."""
        project, kind = self._project(asked)
        fields = read_fields(asked.content, asked.sent, kind.removesuffix("_assignment"), asked.query)
        try:
            number = int(fields.get("id") or 0)
        except (ValueError, TypeError):
            raise Refusal(400, "id is invalid.") from None
        return self._assigned(self._world.assign(kind, project, number, asked.now), kind)

    def create_task_and_assign(self, asked: Asked) -> Reply:
        """Contract: task_assignments.create_with_new_task."""
        project, kind = self._project(asked)
        fields = read_fields(asked.content, asked.sent, "task", asked.query)
        task = self._world.create("task", fields, asked.now)
        return self._assigned(self._world.assign(kind, project, task["id"], asked.now), kind)

    def update_assignment(self, asked: Asked) -> Reply:
        """Contract: task_assignments.update, user_assignments.update."""
        project, kind = self._project(asked)
        record = self._world.assignment(kind, project, int(asked.words[2]))
        fields = read_fields(asked.content, asked.sent, kind, asked.query)
        self._world.change_assignment(kind, record, fields, asked.now)
        return Reply(location=f"/projects/{project['id']}/{kind}s/{record['id']}")

    def delete_assignment(self, asked: Asked) -> Reply:
        """Contract: task_assignments.delete, user_assignments.delete."""
        project, kind = self._project(asked)
        record = self._world.assignment(kind, project, int(asked.words[2]))
        return Reply(hint=self._world.unassign(kind, record, asked.now))

    # Reports

    def project_entries(self, asked: Asked) -> Reply:
        """Contract: reports.project_entries."""
        _admins_only(asked)
        project = self._world.find("project", _id(asked))
        return self._report(asked, project_id=project["id"])

    def user_entries(self, asked: Asked) -> Reply:
        """Contract: reports.user_entries."""
        person = self._world.person(asked.words[0])
        if person is not asked.person:
            _admins_only(asked)
        return self._report(asked, user_id=person["id"])

    # Inside

    def _report(self, asked: Asked, **ids: int) -> Reply:
        for name in ("user_id", "project_id"):
            if asked.parameter(name).isdecimal():
                ids[name] = int(asked.parameter(name))
        entries = self._timesheet.report(asked.parameter("from"), asked.parameter("to"), **ids)
        for name, flag in (("is_closed", "is_closed"), ("only_billed", "is_billed")):
            wanted = _YES.get(asked.parameter(name))
            if wanted is not None and (wanted or name == "is_closed"):  # contract: yes_only
                entries = [entry for entry in entries if entry[flag] is wanted]
        if asked.parameter("only_unbilled") == "yes":
            entries = [entry for entry in entries if not entry["is_billed"]]
        if (billable := _YES.get(asked.parameter("billable"))) is not None:
            entries = [
                entry for entry in entries if self._world.tables["project"][entry["project_id"]]["billable"] is billable
            ]
        shown = [self._timesheet.reported(entry, asked.now) for entry in _since(entries, asked)]
        return Reply(content=answer.write_list("report_entry", shown, asked.format))

    def _entry(self, entry: Record, asked: Asked, *, status: int = 200, stopped: Any = None) -> Reply:
        return Reply(status, answer.write_entry(self._timesheet.full(entry, asked.now), asked.format, stopped))

    def _whose(self, asked: Asked, also: str = "") -> Record:
        key = asked.parameter("of_user") or also
        person = self._world.person(key) if key else asked.person
        if person is not asked.person:
            _admins_only(asked)
        return person

    def _record(self, asked: Asked) -> tuple[str, Record]:
        section, key = asked.words
        kind = _SECTIONS[section]
        return kind, self._world.person(key) if kind == "user" else self._world.find(kind, int(key))

    def _project(self, asked: Asked) -> tuple[Record, str]:
        _managers_only(asked)
        return self._world.find("project", int(asked.words[0])), _ASSIGNMENTS[asked.words[1]]

    def _assigned(self, record: Record, kind: str) -> Reply:
        return Reply(201, location=f"/projects/{record['project_id']}/{kind}s/{record['id']}")


Handler = Callable[[Desk, Asked], Reply]

_ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", "/account/who_am_i", Desk.who_am_i),
    ("GET", "/daily", Desk.daily),
    ("GET", r"/daily/(\d+)/(\d+)", Desk.daily),
    ("GET", r"/daily/show/(\d+)", Desk.show),
    ("GET", r"/daily/timer/(\d+)", Desk.toggle_timer),
    ("POST", "/daily/add", Desk.add_entry),
    ("POST PUT", r"/daily/update/(\d+)", Desk.update_entry),  # contract: update_verb
    ("DELETE", r"/daily/delete/(\d+)", Desk.delete_entry),
    ("GET", "/(clients|projects|tasks|people)", Desk.list_section),
    ("POST", "/(clients|projects|tasks|people)", Desk.create_section),
    ("GET", r"/(clients|projects|tasks)/(\d+)", Desk.get_section),
    ("PUT", r"/(clients|projects|tasks)/(\d+)", Desk.update_section),
    ("DELETE", r"/(clients|projects|tasks)/(\d+)", Desk.delete_section),
    ("GET", "/(people)/([^/]+)", Desk.get_section),
    ("PUT", "/(people)/([^/]+)", Desk.update_section),
    ("DELETE", "/(people)/([^/]+)", Desk.delete_section),
    ("POST PUT", r"/(clients)/(\d+)/toggle", Desk.toggle_section),  # contract: toggle_verbs
    ("PUT", r"/(projects)/(\d+)/toggle", Desk.toggle_section),
    ("POST GET", "/(people)/([^/]+)/toggle", Desk.toggle_section),
    ("POST", r"/tasks/(\d+)/activate", Desk.activate_task),
    ("POST", "/people/([^/]+)/reset_password", Desk.reset_password),
    ("POST", r"/projects/(\d+)/(task_assignments)/add_with_create_new_task", Desk.create_task_and_assign),
    ("GET", r"/projects/(\d+)/(task_assignments|user_assignments)", Desk.list_assignments),
    ("POST", r"/projects/(\d+)/(task_assignments|user_assignments)", Desk.create_assignment),
    ("GET", r"/projects/(\d+)/(task_assignments|user_assignments)/(\d+)", Desk.get_assignment),
    ("PUT", r"/projects/(\d+)/(task_assignments|user_assignments)/(\d+)", Desk.update_assignment),
    ("DELETE", r"/projects/(\d+)/(task_assignments|user_assignments)/(\d+)", Desk.delete_assignment),
    ("GET", r"/projects/(\d+)/entries", Desk.project_entries),
    ("GET", "/people/([^/]+)/entries", Desk.user_entries),
)

_TABLE: Final = tuple((methods.split(), re.compile(pattern), handler) for methods, pattern, handler in _ROUTES)


def _route(method: str, path: str) -> tuple[Handler, tuple[str, ...]]:
    for methods, pattern, handler in _TABLE:
        if method in methods and (match := pattern.fullmatch(path)):
            return handler, match.groups()
    raise Refusal(404)


def _with_words(asked: Asked, words: tuple[str, ...]) -> Asked:
    return evolve(asked, words=words)


def _id(asked: Asked) -> int:
    return int(asked.words[-1])


def _since(records: list[Record], asked: Asked) -> list[Record]:
    since = asked.parameter("updated_since")
    if not since:
        return records
    moment = read_moment(since)
    return [record for record in records if record["updated_at"] >= moment]


def _admins_only(asked: Asked) -> None:
    if not asked.person["is_admin"]:
        raise Refusal(404)


def _managers_only(asked: Asked) -> None:
    if not (asked.person["is_admin"] or asked.person["is_project_manager"]):
        raise Refusal(404)
