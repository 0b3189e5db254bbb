"""Rows and what an account has -> what has to be done.

Rules of this room: pure, and the same input gives the same plan. Names are compared without regard to case and white
space. What is in the account already is matched as a multiset: of two equal rows and one equal entry one is new. A row
that can't be imported is told with its reason; nothing is guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Final, TypeVar

from attrs import field, frozen

from harvest_async.bulk.rows import Problem, Row

__all__ = [
    "Booked",
    "Consent",
    "Have",
    "Known",
    "Link",
    "NewPerson",
    "Plan",
    "key_of",
    "make_plan",
    "person_key",
    "project_key",
    "seconds_for",
]

K = TypeVar("K", bound=Hashable)

Name = str
ProjectKey = tuple[str, str]


@frozen
class Known:
    """A client, project, task or person that the account has.

    Attributes:
        id: its number.
        name: its name; a person's whole name.
        active: False where it is archived.
        client_id: a project's client.
        email: a person's e-mail address.
        automatic: whether new projects have it by themselves.
    """

    id: int
    name: str
    active: bool = True
    client_id: int | None = None
    email: str = ""
    automatic: bool = False


@frozen
class Link:
    """A task or a person on a project.

    Attributes:
        id: the assignment's number.
        other: the task's or the person's number.
        active: False where it is archived.
    """

    id: int
    other: int
    active: bool = True


@frozen
class Booked:
    """A time entry that the account has."""

    project_id: int
    task_id: int
    day: date
    hours: Decimal
    notes: str
    started: time | None = None
    ended: time | None = None


@frozen
class Have:
    """What the account has, as far as it matters for a file.

    Attributes:
        clients, projects, tasks, people: all of them.
        task_links, user_links: who and what is on a project, for the projects that matter.
        entries: by person, for the days that matter.
        timestamps: whether the account tracks time by start and end, not by duration.
    """

    clients: Sequence[Known] = ()
    projects: Sequence[Known] = ()
    tasks: Sequence[Known] = ()
    people: Sequence[Known] = ()
    task_links: dict[int, Sequence[Link]] = field(factory=dict)
    user_links: dict[int, Sequence[Link]] = field(factory=dict)
    entries: dict[int, Sequence[Booked]] = field(factory=dict)
    timestamps: bool = False


@frozen
class NewPerson:
    """A person who has to be made: it sends an e-mail and takes a seat. `key` is what rows know them by."""

    key: str
    email: str
    first_name: str
    last_name: str


@frozen
class Consent:
    """What may be done about people whom the account does not have.

    Attributes:
        make_people: whether they may be made.
        email_domain: gives an e-mail address to those who have none in the file.
    """

    make_people: bool = False
    email_domain: str | None = None


@frozen
class Plan:
    """What has to be done.

    Attributes:
        clients: names to make.
        projects: (client, project) names to make.
        tasks: names to make.
        people: people to make.
        task_links, user_links: ((client, project), task or person) to put together; keys as `key_of` gives them.
        entries: rows to book.
        there: rows that are in the account already.
        rejected: what is wrong with the others.
        ids: the numbers of what the account has, by ("client" | "project" | "task" | "person", key).
        archived_links: assignments to bring back instead of making them, by ("task" | "person", project, other).
    """

    clients: tuple[str, ...]
    projects: tuple[tuple[str, str], ...]
    tasks: tuple[str, ...]
    people: tuple[NewPerson, ...]
    task_links: tuple[tuple[ProjectKey, Name], ...]
    user_links: tuple[tuple[ProjectKey, Name], ...]
    entries: tuple[Row, ...]
    there: tuple[Row, ...]
    rejected: tuple[Problem, ...]
    ids: dict[tuple[str, Hashable], int]
    archived_links: dict[tuple[str, int, int], int]

    @property
    def writes(self) -> int:
        """How many calls it takes to carry the plan out."""
        made = (self.clients, self.projects, self.tasks, self.people, self.task_links, self.user_links, self.entries)
        return sum(map(len, made))


def key_of(name: str) -> str:
    """A name as it is compared."""
    return " ".join(name.split()).casefold()


def person_key(row: Row) -> str:
    """Who a row belongs to, as it is compared: the e-mail address where there is one."""
    return row.email or key_of(row.person)


def project_key(row: Row) -> ProjectKey:
    """Which project a row belongs to, as it is compared."""
    return key_of(row.client), key_of(row.project)


def seconds_for(calls: int, limit: int, period: float) -> float:
    """How long so many calls take at `limit` calls in a `period` of seconds, if every window is used to the full."""
    return max(0, -(-calls // limit) - 1) * period


class _Rejected(Exception):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


def make_plan(rows: Iterable[Row], have: Have, consent: Consent) -> Plan:
    """Plan the import of rows into an account."""
    return _Planner(have, consent).plan(list(rows))


class _Planner:
    def __init__(self, have: Have, consent: Consent) -> None:
        self._have = have
        self._consent = consent
        self._clients = _by_name(have.clients)
        self._tasks = _by_name(have.tasks)
        self._projects = _by(have.projects, lambda project: (project.client_id, key_of(project.name)))
        self._people = _by(have.people, lambda person: person.email.lower())
        self._names = _by_name(have.people)
        self._ids: dict[tuple[str, Hashable], int] = {}
        self._new_clients: dict[str, str] = {}
        self._new_projects: dict[ProjectKey, tuple[str, str]] = {}
        self._new_tasks: dict[str, str] = {}
        self._new_people: dict[str, NewPerson] = {}

    def plan(self, rows: list[Row]) -> Plan:
        kept, rejected = [], []
        for row in rows:
            try:
                self._resolve(row)
            except _Rejected as no:
                rejected.append(Problem(row.line, row.row, no.column, no.reason))
            else:
                kept.append(row)
        new, there = self._compare(kept)
        used = _Used(new)
        archived: dict[tuple[str, int, int], int] = {}
        return Plan(
            clients=tuple(name for key, name in self._new_clients.items() if key in used.clients),
            projects=tuple(names for key, names in self._new_projects.items() if key in used.projects),
            tasks=tuple(name for key, name in self._new_tasks.items() if key in used.tasks),
            people=tuple(person for key, person in self._new_people.items() if key in used.people),
            task_links=self._links("task", used.task_links, self._have.task_links, self._have.tasks, archived),
            user_links=self._links("person", used.user_links, self._have.user_links, self._have.people, archived),
            entries=tuple(new),
            there=tuple(there),
            rejected=tuple(rejected),
            ids=self._ids,
            archived_links=archived,
        )

    # What a row needs

    def _resolve(self, row: Row) -> None:
        """Find or plan everything that a row needs."""
        if self._have.timestamps and (row.started is None or row.ended is None):
            raise _Rejected("Start time", "the account tracks time by start and end, and the row has none")
        client, task = key_of(row.client), key_of(row.task)
        client_id = _pick("client", row.client, self._clients.get(client, []))
        project_id = None
        if client_id is not None:
            candidates = self._projects.get((client_id, key_of(row.project)), [])
            project_id = _pick("project", row.project, candidates)
        task_id = _pick("task", row.task, self._tasks.get(task, []))
        self._person(row)
        self._note("client", client, client_id, lambda: self._new_clients.setdefault(client, row.client))
        project = project_key(row)
        names = (row.client, row.project)
        self._note("project", project, project_id, lambda: self._new_projects.setdefault(project, names))
        self._note("task", task, task_id, lambda: self._new_tasks.setdefault(task, row.task))

    def _note(self, kind: str, key: Hashable, number: int | None, plan: Callable[[], object]) -> None:
        if number is None:
            plan()
        else:
            self._ids[kind, key] = number

    def _person(self, row: Row) -> None:
        key = person_key(row)
        if ("person", key) in self._ids or key in self._new_people:
            return
        found = self._people.get(row.email, []) if row.email else self._names.get(key, [])
        number = _pick("person", row.email or row.person, found)
        if number is not None:
            self._ids["person", key] = number
            return
        who = self._unknown(row)
        if not self._consent.make_people:
            raise _Rejected(
                "Person", f"{row.person or who.email} is not in the account; making {who.email} sends an e-mail and "
                "takes a seat: allow it with --yes",
            )  # fmt: skip
        self._new_people[key] = who

    def _unknown(self, row: Row) -> NewPerson:
        first, _, last = row.person.rpartition(" ")
        first, last = (first, last) if first else (last, "-")
        if row.email:
            return NewPerson(person_key(row), row.email, first or row.email.partition("@")[0], last)
        if self._consent.email_domain is None:
            raise _Rejected(
                "Person", f"{row.person} is not in the account and has no e-mail address: give --email-domain DOMAIN, "
                "or --person EMAIL",
            )  # fmt: skip
        local = ".".join("".join(letter for letter in part if letter.isalnum()) for part in row.person.lower().split())
        return NewPerson(person_key(row), f"{local}@{self._consent.email_domain.lstrip('@')}", first, last)

    # What is there

    def _compare(self, rows: list[Row]) -> tuple[list[Row], list[Row]]:
        """Tell new rows from those that the account has."""
        booked = {
            person: Counter(_identity(entry, timestamps=self._have.timestamps) for entry in entries)
            for person, entries in self._have.entries.items()
        }
        new, there = [], []
        for row in rows:
            identity = self._wanted(row)
            counter = booked.get(self._ids.get(("person", person_key(row)), -1))
            if identity is not None and counter is not None and counter[identity] > 0:
                counter[identity] -= 1
                there.append(row)
            else:
                new.append(row)
        return new, there

    def _wanted(self, row: Row) -> Hashable | None:
        project, task = self._ids.get(("project", project_key(row))), self._ids.get(("task", key_of(row.task)))
        if project is None or task is None:
            return None
        entry = Booked(project, task, row.day, row.hours, row.notes, row.started, row.ended)
        return _identity(entry, timestamps=self._have.timestamps)

    # Assignments

    def _links(
        self,
        kind: str,
        wanted: Iterable[tuple[ProjectKey, str]],
        there: dict[int, Sequence[Link]],
        known: Sequence[Known],
        archived: dict[tuple[str, int, int], int],
    ) -> tuple[tuple[ProjectKey, str], ...]:
        """The assignments that are missing; archived ones are noted, to be brought back."""
        automatic = {each.id for each in known if each.automatic and each.active}
        missing = []
        for project, other in wanted:
            project_id, other_id = self._ids.get(("project", project)), self._ids.get((kind, other))
            if project_id is None:
                if other_id not in automatic:
                    missing.append((project, other))
                continue
            links = [link for link in there.get(project_id, ()) if link.other == other_id]
            if any(link.active for link in links):
                continue
            missing.append((project, other))
            if links and other_id is not None:
                archived[kind, project_id, other_id] = links[0].id
        return tuple(missing)


class _Used:
    """What rows need, in the order of the file."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.clients: dict[str, None] = {}
        self.projects: dict[ProjectKey, None] = {}
        self.tasks: dict[str, None] = {}
        self.people: dict[str, None] = {}
        self.task_links: dict[tuple[ProjectKey, str], None] = {}
        self.user_links: dict[tuple[ProjectKey, str], None] = {}
        for row in rows:
            project, task, person = project_key(row), key_of(row.task), person_key(row)
            self.clients[key_of(row.client)] = None
            self.projects[project] = None
            self.tasks[task] = None
            self.people[person] = None
            self.task_links[project, task] = None
            self.user_links[project, person] = None


_CENT: Final = Decimal("0.01")


def _identity(entry: Booked, *, timestamps: bool) -> Hashable:
    """What two entries have in common that are the same one (contract: duration accounts return no start and end)."""
    notes = "\n".join(entry.notes.split("\r\n")).strip()
    if timestamps:
        spans = tuple((moment.hour, moment.minute) if moment else None for moment in (entry.started, entry.ended))
        return entry.project_id, entry.task_id, entry.day, spans, notes
    return entry.project_id, entry.task_id, entry.day, entry.hours.quantize(_CENT), notes


def _by_name(known: Iterable[Known]) -> dict[str, list[Known]]:
    return _by(known, lambda each: key_of(each.name))


def _by(known: Iterable[Known], key: Callable[[Known], K]) -> dict[K, list[Known]]:
    found: dict[K, list[Known]] = {}
    for each in known:
        found.setdefault(key(each), []).append(each)
    return found


def _pick(kind: str, name: str, found: Sequence[Known]) -> int | None:
    """The one that is meant; None where there is none."""
    active = [each for each in found if each.active]
    if len(active) == 1:
        return active[0].id
    numbers = ", ".join(str(each.id) for each in (active or found))
    if active:
        raise _Rejected(kind.capitalize(), f"{name!r} is the name of several ({numbers}): rename all but one")
    if found:
        raise _Rejected(kind.capitalize(), f"{name!r} is archived ({numbers}): bring it back, or rename it")
    return None
