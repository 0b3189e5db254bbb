"""Create, update, delete and archive records of API v2 for the importer, by kind of record.

Fields have the names of API v2 here. Kinds of records and final states are those of the importer.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from harvest_async.call import DeleteResult
from harvest_async.v2.client import HarvestV2
from harvest_async.v2.import_records import access_roles, rights_of

__all__ = [
    "create_record",
    "delete_record",
    "has_entries",
    "has_final_state",
    "set_final_state",
    "unset_final_state",
    "update_record",
]

Fields = dict[str, Any]

_RESOURCES: Final = {
    "client": "clients",
    "project": "projects",
    "task": "tasks",
    "person": "users",
    "category": "expense_categories",
    "contact": "contacts",
    "task_assignment": "task_assignments",
    "person_assignment": "user_assignments",
    "entry": "time_entries",
    "expense": "expenses",
    "item_category": "invoice_item_categories",
    "invoice": "invoices",
    "payment": "invoice_payments",
}
"""The resource of each kind of record."""

_ASSIGNMENTS: Final = frozenset({"task_assignment", "person_assignment"})
_PATH: Final = frozenset({"project_id", "task_id", "user_id"})
"""Fields of an assignment that can't be changed."""

_SENT: Final = frozenset({"open", "paid", "closed"})
_RIGHTS: Final = ("is_admin", "is_project_manager")
_PROJECT: Final = {"is_billable": True, "bill_by": "none", "budget_by": "none"}
"""The fields that a new project needs, with the values of a project without billing and budget."""


def _of(harvest: HarvestV2, kind: str) -> Any:
    return getattr(harvest, _RESOURCES[kind])


async def create_record(harvest: HarvestV2, kind: str, fields: Fields) -> Any:
    """Create a record and return it."""
    given = _creation(kind, fields)
    place = [given.pop(name) for name in _PLACES.get(kind, ())]
    return await _of(harvest, kind).create(*place, **given)


_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "task_assignment": ("project_id",),
    "person_assignment": ("project_id",),
    "payment": ("invoice_id",),
}
"""The fields that are a part of a create's path."""


def _creation(kind: str, fields: Fields) -> Fields:
    """Return the arguments that create a record."""
    given = {name: value for name, value in fields.items() if value not in (None, "")}
    if kind == "project":
        return _PROJECT | given
    if kind == "person" and any(name in given for name in _RIGHTS):
        rights = {name: bool(given.pop(name, False)) for name in _RIGHTS}
        return {**given, "access_roles": access_roles(**rights)}
    if kind == "person_assignment" and "hourly_rate" in given:
        return {**given, "use_default_rates": False}
    if kind == "payment":
        return {"invoice_id": given.pop("record"), "send_thank_you": False, **given}
    return given


async def update_record(harvest: HarvestV2, kind: str, record: int, fields: Fields) -> None:
    """Set fields of a record."""
    if kind == "person":
        await _update_person(harvest, record, dict(fields))
    elif kind in _ASSIGNMENTS:
        changed = {name: value for name, value in fields.items() if name not in _PATH}
        if kind == "person_assignment" and changed.get("hourly_rate") is not None:
            changed["use_default_rates"] = False
        await _of(harvest, kind).update(fields["project_id"], record, **changed)
    else:
        await _of(harvest, kind).update(record, **fields)


async def _update_person(harvest: HarvestV2, record: int, fields: Fields) -> None:
    """Set fields of a person, whose rates have calls of their own.

    A change of one right keeps the other, which is read first. A rate without a day would replace all others, so a
    person whose rates changed over time gets the new one from today on.
    """
    users = harvest.users
    rates: dict[str, tuple[Callable[..., Awaitable[Any]], AsyncIterable[Any]]] = {
        "default_hourly_rate": (users.create_billable_rate, users.billable_rates(record)),
        "cost_rate": (users.create_cost_rate, users.cost_rates(record)),
    }
    for name, (create, known) in rates.items():
        if (amount := fields.pop(name, None)) is not None:
            is_dated = any([each.start_date is not None async for each in known])
            await create(record, amount, **({"start_date": datetime.now(UTC).date()} if is_dated else {}))
    if any(name in fields for name in _RIGHTS):
        now = rights_of(await users.get(record))
        rights = {name: bool(fields.pop(name, now[name])) for name in _RIGHTS}
        fields["access_roles"] = access_roles(**rights)
    if fields:
        await users.update(record, **fields)


async def delete_record(harvest: HarvestV2, kind: str, record: int, fields: Fields) -> DeleteResult:
    """Delete a record.

    Raises:
        NotFound: it does not exist.
        ResponseError: the server refuses to delete it.
    """
    path = [fields["project_id"]] if kind in _ASSIGNMENTS else [fields["other"]] if kind == "payment" else []
    result: DeleteResult = await _of(harvest, kind).delete(*path, record)
    return result


async def has_entries(harvest: HarvestV2, project: int) -> bool:
    """Return whether a project has time entries or expenses; API v2 deletes them together with the project."""
    for records in (
        harvest.time_entries.list(project_id=project, per_page=1),
        harvest.expenses.list(project_id=project, per_page=1),
    ):
        async for _ in records:
            return True
    return False


# Final states


async def set_final_state(harvest: HarvestV2, state: str, record: int, project: int) -> None:
    """Archive a record, or mark an invoice as sent or closed."""
    if state == "sent_invoice":
        await harvest.invoices.send(record)
    elif state == "closed_invoice":
        await harvest.invoices.close(record)
    else:
        await _set_active(harvest, state.removeprefix("archived_"), record, project, is_active=False)


async def unset_final_state(harvest: HarvestV2, state: str, record: int, project: int) -> None:
    """Restore an archived record; an invoice keeps its state, since it is deleted next."""
    if state.startswith("archived_"):
        await _set_active(harvest, state.removeprefix("archived_"), record, project, is_active=True)


async def _set_active(harvest: HarvestV2, kind: str, record: int, project: int, *, is_active: bool) -> None:
    path = [project, record] if kind in _ASSIGNMENTS else [record]
    await _of(harvest, kind).update(*path, is_active=is_active)


async def has_final_state(harvest: HarvestV2, state: str, record: int, project: int) -> bool:
    """Return whether a record has a final state.

    Raises:
        NotFound: it does not exist.
    """
    if state in {"sent_invoice", "closed_invoice"}:
        reached = (await harvest.invoices.get(record)).state
        return reached in _SENT if state == "sent_invoice" else reached == "closed"
    kind = state.removeprefix("archived_")
    path = [project, record] if kind in _ASSIGNMENTS else [record]
    return (await _of(harvest, kind).get(*path)).is_active is False
