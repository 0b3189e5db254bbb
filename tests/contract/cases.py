"""A case for each endpoint: what has to be there, and one use of it through the client.

`prepare` makes what the case needs by a client that nobody watches; `act` uses the endpoint by the watched client, and
gives what the client gives.
"""

from datetime import date, time
from decimal import Decimal

from attrs import frozen

CASES = {}
DAY = date(2026, 3, 9)


@frozen
class Case:
    """One use of an endpoint."""

    name: str
    prepare: object
    act: object


def case(name, prepare=None):
    """Register a function as the use of an endpoint."""

    def register(act):
        assert name not in CASES

        CASES[name] = Case(name, prepare, act)
        return act

    return register


class Ground:
    """Makes what cases need."""

    def __init__(self, harvest):
        self.harvest = harvest

    async def nothing(self):
        return None

    async def me(self):
        return (await self.harvest.account.who_am_i()).user

    async def client(self):
        return await self.harvest.clients.create("ACME")

    async def project(self):
        return await self.harvest.projects.create("Site", (await self.client()).id)

    async def task(self):
        return await self.harvest.tasks.create("Design")

    async def person(self):
        return await self.harvest.people.create("person.one@example.com", "Person", "One")

    async def task_assignment(self):
        project, task = await self.project(), await self.task()
        return await self.harvest.task_assignments.create(project.id, task.id)

    async def second_task_assignment(self):
        first = await self.task_assignment()
        return await self.harvest.task_assignments.create_with_new_task(first.project_id, "Build")

    async def user_assignment(self):
        project, person = await self.project(), await self.person()
        return await self.harvest.user_assignments.create(project.id, person.id)

    async def project_and_task(self):
        project, task = await self.project(), await self.task()
        return project, task

    async def project_and_person(self):
        project, person = await self.project(), await self.person()
        return project, person

    async def tracked(self):
        """A project and task that whoever is signed in can book time on."""
        assignment, me = await self.task_assignment(), await self.me()
        people = await self.harvest.user_assignments.list(assignment.project_id)
        if me.id not in {each.user_id for each in people}:
            await self.harvest.user_assignments.create(assignment.project_id, me.id)
        return assignment

    async def entry(self):
        tracked = await self.tracked()
        return await self.harvest.time.create(
            tracked.project_id, tracked.task_id, hours=Decimal("1.25"), spent_at=DAY, notes="Wrote"
        )


# Account


@case("account.who_am_i")
async def _(harvest, _):
    return await harvest.account.who_am_i()


@case("account.rate_limit_status")
async def _(harvest, _):
    return await harvest.account.rate_limit_status()


# Time tracking


@case("time_tracking.daily", Ground.entry)
async def _(harvest, _):
    return await harvest.time.daily()


@case("time_tracking.daily_for_date", Ground.entry)
async def _(harvest, entry):
    return await harvest.time.daily(DAY, of_user=entry.user_id)


@case("time_tracking.show", Ground.entry)
async def _(harvest, entry):
    return await harvest.time.get(entry.id)


@case("time_tracking.toggle_timer", Ground.entry)
async def _(harvest, entry):
    return await harvest.time.toggle(entry.id)


@case("time_tracking.create", Ground.tracked)
async def _(harvest, tracked):
    return await harvest.time.create(
        tracked.project_id, tracked.task_id, hours=Decimal("0.5"), spent_at=DAY, notes="Read"
    )


@case("time_tracking.delete", Ground.entry)
async def _(harvest, entry):
    return await harvest.time.delete(entry.id)


@case("time_tracking.update", Ground.entry)
async def _(harvest, entry):
    return await harvest.time.update(entry.id, notes="Wrote more")


# Clients


@case("clients.list", Ground.client)
async def _(harvest, _):
    return await harvest.clients.list()


@case("clients.get", Ground.client)
async def _(harvest, client):
    return await harvest.clients.get(client.id)


@case("clients.create")
async def _(harvest, _):
    return await harvest.clients.create("ACME & Sons", details="One Way\nSome Town", active=True, highrise_id=None)


@case("clients.update", Ground.client)
async def _(harvest, client):
    return await harvest.clients.update(client.id, name="ACME 2", currency="Euro - EUR", currency_symbol="€")


@case("clients.toggle", Ground.client)
async def _(harvest, client):
    return await harvest.clients.toggle(client.id)


@case("clients.delete", Ground.client)
async def _(harvest, client):
    return await harvest.clients.delete(client.id)


# Projects


@case("projects.get", Ground.project)
async def _(harvest, project):
    return await harvest.projects.get(project.id)


@case("projects.list", Ground.project)
async def _(harvest, project):
    return await harvest.projects.list(client=project.client_id)


@case("projects.create", Ground.client)
async def _(harvest, client):
    return await harvest.projects.create(
        "Site",
        client.id,
        bill_by="Tasks",
        budget_by="project",
        budget=Decimal("120.5"),
        billable=True,
        code="S-1",
        notes="",
        starts_on=DAY,
        ends_on=None,
        show_budget_to_all=False,
    )


@case("projects.update", Ground.project)
async def _(harvest, project):
    return await harvest.projects.update(project.id, name="Site 2", hourly_rate=Decimal("99.95"))


@case("projects.toggle", Ground.project)
async def _(harvest, project):
    return await harvest.projects.toggle(project.id)


@case("projects.delete", Ground.project)
async def _(harvest, project):
    return await harvest.projects.delete(project.id)


# Tasks


@case("tasks.get", Ground.task)
async def _(harvest, task):
    return await harvest.tasks.get(task.id)


@case("tasks.list", Ground.task)
async def _(harvest, _):
    return await harvest.tasks.list()


@case("tasks.create")
async def _(harvest, _):
    return await harvest.tasks.create("Design", billable_by_default=True, default_hourly_rate=Decimal(80))


@case("tasks.delete_or_archive", Ground.task)
async def _(harvest, task):
    return await harvest.tasks.delete(task.id)


@case("tasks.update", Ground.task)
async def _(harvest, task):
    return await harvest.tasks.update(task.id, name="Design 2", is_default=True)


@case("tasks.activate", Ground.task)
async def _(harvest, task):
    return await harvest.tasks.activate(task.id)


# People


@case("people.get", Ground.person)
async def _(harvest, person):
    return await harvest.people.get(person.email)


@case("people.list", Ground.person)
async def _(harvest, _):
    return await harvest.people.list()


@case("people.create")
async def _(harvest, _):
    return await harvest.people.create(
        "person.two@example.com",
        "Person",
        "Two",
        timezone="Eastern Time (US & Canada)",
        is_contractor=True,
        default_hourly_rate=Decimal("75.5"),
        cost_rate=None,
        department="Research & Development",
    )


@case("people.update", Ground.person)
async def _(harvest, person):
    return await harvest.people.update(person.id, first_name="Persona", telephone="555")


@case("people.delete", Ground.person)
async def _(harvest, person):
    return await harvest.people.delete(person.id)


@case("people.toggle", Ground.person)
async def _(harvest, person):
    return await harvest.people.toggle(person.id)


@case("people.reset_password", Ground.person)
async def _(harvest, person):
    return await harvest.people.reset_password(person.id)


# Assignments


@case("task_assignments.list", Ground.task_assignment)
async def _(harvest, assignment):
    return await harvest.task_assignments.list(assignment.project_id)


@case("task_assignments.get", Ground.task_assignment)
async def _(harvest, assignment):
    return await harvest.task_assignments.get(assignment.project_id, assignment.id)


@case("task_assignments.create", Ground.project_and_task)
async def _(harvest, both):
    project, task = both
    return await harvest.task_assignments.create(project.id, task.id)


@case("task_assignments.create_with_new_task", Ground.project)
async def _(harvest, project):
    return await harvest.task_assignments.create_with_new_task(project.id, "Build")


@case("task_assignments.delete", Ground.second_task_assignment)
async def _(harvest, assignment):
    return await harvest.task_assignments.delete(assignment.project_id, assignment.id)


@case("task_assignments.update", Ground.task_assignment)
async def _(harvest, assignment):
    return await harvest.task_assignments.update(
        assignment.project_id, assignment.id, billable=False, budget=Decimal("2.5"), hourly_rate=None
    )


@case("user_assignments.list", Ground.user_assignment)
async def _(harvest, assignment):
    return await harvest.user_assignments.list(assignment.project_id)


@case("user_assignments.get", Ground.user_assignment)
async def _(harvest, assignment):
    return await harvest.user_assignments.get(assignment.project_id, assignment.id)


@case("user_assignments.create", Ground.project_and_person)
async def _(harvest, both):
    project, person = both
    return await harvest.user_assignments.create(project.id, person.id)


@case("user_assignments.delete", Ground.user_assignment)
async def _(harvest, assignment):
    return await harvest.user_assignments.delete(assignment.project_id, assignment.id)


@case("user_assignments.update", Ground.user_assignment)
async def _(harvest, assignment):
    return await harvest.user_assignments.update(
        assignment.project_id, assignment.id, hourly_rate=Decimal("50.25"), is_project_manager=True
    )


# Reports


@case("reports.project_entries", Ground.entry)
async def _(harvest, entry):
    return await harvest.reports.project_entries(
        entry.project_id, DAY, DAY, user_id=entry.user_id, billable=True, is_closed=False, only_unbilled=True
    )


@case("reports.user_entries", Ground.entry)
async def _(harvest, entry):
    return await harvest.reports.user_entries(entry.user_id, DAY, DAY, project_id=entry.project_id)


__all__ = ["CASES", "DAY", "Case", "Ground", "case", "time"]
