"""Create, update, delete and archive records of API v1 for the importer, by kind of record.

Fields have the names of API v1 here. Kinds of records and final states are those of the importer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from harvest_async.call import Created, DeleteResult
from harvest_async.errors import ResponseError
from harvest_async.v1.client import HarvestV1

__all__ = [
    "create_record",
    "delete_record",
    "has_final_state",
    "restore_record",
    "set_final_state",
    "unset_final_state",
    "update_record",
]

Fields = dict[str, Any]
Call = Callable[..., Awaitable[Any]]

_ASSIGNMENTS: Final = frozenset({"task_assignment", "person_assignment"})
_SENT: Final = frozenset({"open", "partial", "paid", "closed"})
_PATH: Final = frozenset({"project_id", "task_id", "user_id"})
"""Fields of an assignment that can't be changed."""


def _creators(harvest: HarvestV1) -> Mapping[str, Callable[..., Awaitable[Created[Any]]]]:
    """Return the call that creates a record of each kind."""
    return {
        "client": harvest.clients.create_id,
        "project": harvest.projects.create_id,
        "task": harvest.tasks.create_id,
        "person": harvest.people.create_id,
        "category": harvest.expense_categories.create_id,
        "contact": harvest.contacts.create_id,
        "task_assignment": harvest.task_assignments.create_id,
        "person_assignment": harvest.user_assignments.create_id,
        "entry": harvest.time.create_id,
        "expense": harvest.expenses.create_id,
        "item_category": harvest.invoice_item_categories.create_id,
        "invoice": harvest.invoices.create_id,
        "payment": harvest.invoice_payments.create_id,
    }


async def create_record(harvest: HarvestV1, kind: str, fields: Fields) -> int | None:
    """Create a record; return its id, or None if the response doesn't contain it."""
    created = await _creators(harvest)[kind](**_creation(kind, fields))
    return created.id


def _creation(kind: str, fields: Fields) -> Fields:
    """Return the arguments that create a record."""
    if kind in {"entry", "expense"}:
        return {**fields, "notes": fields["notes"] or None}
    if kind == "item_category":
        return {"name": fields["name"]}
    given = {name: value for name, value in fields.items() if value not in (None, "")}
    if kind == "invoice":
        return {"kind": "free_form", **given}
    if kind == "payment":
        return {"invoice_id": given.pop("record"), **given}
    return fields


def _updates(harvest: HarvestV1) -> Mapping[str, Call]:
    """Return the call that changes a record of each kind."""
    return {
        "client": harvest.clients.update,
        "project": harvest.projects.update,
        "task": harvest.tasks.update,
        "person": harvest.people.update,
        "category": harvest.expense_categories.update,
        "contact": harvest.contacts.update,
        "item_category": harvest.invoice_item_categories.update,
        "task_assignment": harvest.task_assignments.update,
        "person_assignment": harvest.user_assignments.update,
    }


async def update_record(harvest: HarvestV1, kind: str, record: int, fields: Fields) -> None:
    """Set fields of a record."""
    if kind in _ASSIGNMENTS:
        changed = {name: value for name, value in fields.items() if name not in _PATH}
        await _updates(harvest)[kind](fields["project_id"], record, **changed)
    else:
        await _updates(harvest)[kind](record, **fields)


def _deletes(harvest: HarvestV1) -> Mapping[str, Callable[..., Awaitable[DeleteResult]]]:
    """Return the call that deletes a record of each kind."""
    return {
        "client": harvest.clients.delete,
        "project": harvest.projects.delete,
        "task": harvest.tasks.delete,
        "person": harvest.people.delete,
        "category": harvest.expense_categories.delete,
        "contact": harvest.contacts.delete,
        "task_assignment": harvest.task_assignments.delete,
        "person_assignment": harvest.user_assignments.delete,
        "entry": harvest.time.delete,
        "expense": harvest.expenses.delete,
        "item_category": harvest.invoice_item_categories.delete,
        "invoice": harvest.invoices.delete,
        "payment": harvest.invoice_payments.delete,
    }


async def delete_record(harvest: HarvestV1, kind: str, record: int, fields: Fields) -> DeleteResult:
    """Delete a record.

    Raises:
        NotFound: it does not exist.
        ResponseError: the server refuses to delete it.
    """
    if kind in _ASSIGNMENTS:
        return await _deletes(harvest)[kind](fields["project_id"], record)
    if kind == "payment":
        return await _deletes(harvest)[kind](fields["other"], record)
    if kind in {"entry", "expense"}:
        return await _deletes(harvest)[kind](record, of_user=fields.get("of_user"))
    return await _deletes(harvest)[kind](record)


async def restore_record(harvest: HarvestV1, kind: str, record: int, project: int) -> str:
    """Restore a record that the server archived instead of deleting it; return what happened."""
    try:
        await _set_archived(harvest, kind, record, project, archived=False)
    except ResponseError as error:
        return f"other records use it; the server archived it, and it can't be restored ({error.message})"
    return "other records use it"


# Final states


def _switches(harvest: HarvestV1) -> Mapping[str, tuple[Call, Call]]:
    """Return the calls that restore and archive a record of each kind."""
    return {
        "client": (harvest.clients.activate, harvest.clients.archive),
        "project": (harvest.projects.activate, harvest.projects.archive),
        "task": (harvest.tasks.activate, harvest.tasks.delete),
        "person": (harvest.people.activate, harvest.people.archive),
    }


async def _set_archived(harvest: HarvestV1, kind: str, record: int, project: int, *, archived: bool) -> None:
    if kind in _ASSIGNMENTS:
        await update_record(harvest, kind, record, {"project_id": project, "deactivated": archived})
        return
    calls = _switches(harvest).get(kind)
    if calls is not None:
        await calls[archived](record)


async def set_final_state(harvest: HarvestV1, state: str, record: int, project: int) -> None:
    """Archive a record, or mark an invoice as sent or closed."""
    if state == "sent_invoice":
        await harvest.invoice_messages.mark_as_sent(record)
    elif state == "closed_invoice":
        await harvest.invoice_messages.mark_as_closed(record)
    else:
        await _set_archived(harvest, state.removeprefix("archived_"), record, project, archived=True)


async def unset_final_state(harvest: HarvestV1, state: str, record: int, project: int) -> None:
    """Restore an archived record; an invoice keeps its state, since it is deleted next."""
    if state.startswith("archived_"):
        await _set_archived(harvest, state.removeprefix("archived_"), record, project, archived=False)


async def has_final_state(harvest: HarvestV1, state: str, record: int, project: int) -> bool:
    """Return whether a record has a final state.

    Raises:
        NotFound: it does not exist.
    """
    if state in {"sent_invoice", "closed_invoice"}:
        reached = (await harvest.invoices.get(record)).state
        return reached in _SENT if state == "sent_invoice" else reached == "closed"
    return await _is_archived(harvest, state.removeprefix("archived_"), record, project)


async def _is_archived(harvest: HarvestV1, kind: str, record: int, project: int) -> bool:
    if kind == "client":
        return (await harvest.clients.get(record)).active is False
    if kind == "project":
        return (await harvest.projects.get(record)).active is False
    if kind == "person":
        return (await harvest.people.get(record)).is_active is False
    if kind == "task":
        return (await harvest.tasks.get(record)).deactivated is True
    if kind == "task_assignment":
        return (await harvest.task_assignments.get(project, record)).deactivated is True
    return (await harvest.user_assignments.get(project, record)).deactivated is True
