"""Find the records that each row refers to or describes: records of the account, or new ones to create.

Invariants:
- The same input gives the same result; nothing is sent. How names match is defined in `match`.
- A record that a row describes is updated where the account differs; one that rows only refer to is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from harvest_async.importer.account_records import AccountRecord
from harvest_async.importer.final_states import FINAL_STATES, STATE_FIELDS, is_archived
from harvest_async.importer.match import differing, entry_key, expense_key, key_of, payment_key
from harvest_async.importer.people import PersonFinder
from harvest_async.importer.planned_row import PlannedRecord, PlannedRow, Rejected
from harvest_async.importer.projects import ProjectFinder
from harvest_async.importer.record_index import RecordIndex, key_within
from harvest_async.importer.sources import kinds

__all__ = ["Resolver"]

_DRAFT: Final = frozenset({"", "draft"})
_NOT_COPIED: Final = frozenset({"state", "kind"})
"""Fields of an invoice that a new one gets from its final state, or by itself."""
_NAMES: Final = ("name", "email", "code")

Storable = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]


class Resolver:
    """Resolve rows one after the other.

    Args:
        account_records: the account's records by kind.
        timestamps: whether the account tracks time by start and end.
        email_domain: the domain of e-mail addresses for people who have none.
        storable: returns the fields of a kind of record as the account stores them (see `Account.storable`).

    Attributes:
        timestamps: see above.
        left_out: the kinds and names of the fields that rows have, and that the account can't store.
    """

    def __init__(
        self,
        account_records: Mapping[str, Sequence[AccountRecord]],
        *,
        timestamps: bool = False,
        email_domain: str | None = None,
        storable: Storable = lambda _, fields: fields,
    ) -> None:
        self.timestamps = timestamps
        self.left_out: dict[tuple[str, str], None] = {}
        self._storable = storable
        self._index = RecordIndex(account_records)
        self._people = PersonFinder(self._index, email_domain)
        self._projects = ProjectFinder(self._index)
        self._resolvers = self._list_resolvers()
        self._final_states: list[tuple[str, PlannedRecord]] = []
        self._tasks_with_time: set[int] = set()

    def _list_resolvers(self) -> dict[type[Any], Callable[[Any, int], PlannedRow]]:
        """Return the method for each kind of row."""
        return {
            kinds.TimeRow: self._entry,
            kinds.ExpenseRow: self._expense,
            kinds.ClientRow: self._named("client"),
            kinds.TaskRow: self._named("task"),
            kinds.CategoryRow: self._named("category"),
            kinds.PersonRow: self._person_row,
            kinds.ProjectRow: self._project_row,
            kinds.ContactRow: self._contact_row,
            kinds.TaskLinkRow: self._task_assignment,
            kinds.UserLinkRow: self._person_assignment,
            kinds.ItemCategoryRow: self._item_category,
            kinds.InvoiceRow: self._invoice,
            kinds.PaymentRow: self._payment,
        }

    @property
    def planned(self) -> list[PlannedRecord]:
        """All records that rows need or describe, in the order of their first use."""
        return self._index.planned

    @property
    def numbers(self) -> dict[tuple[str, int], int]:
        """The step numbers of the account's records, by kind and id."""
        return self._index.numbers

    def add_codes(self, projects: Iterable[tuple[str, str, str]]) -> None:
        """Add all projects of the file that have a code, as (client, name, code); call this before the first row."""
        self._projects.add_codes(projects)

    def resolve(self, row: kinds.AnyRow, source: int) -> PlannedRow:
        """Return the step of a row.

        Raises:
            Rejected: the row can't be imported.
        """
        resolve = self._resolvers.get(type(row))
        if resolve is None:
            raise Rejected("", "rows of this kind can be exported, and not imported")
        return resolve(row, source)

    def finish(self) -> None:
        """Plan the final states after the last row.

        Archiving a task deletes it if nothing was logged on it, so such a task stays active.
        """
        for state, planned in self._final_states:
            if planned.kind != "task" or planned.number in self._tasks_with_time:
                self._index.add(PlannedRecord(
                    0, state, str(planned.number), planned.name, "create", project=planned.project,
                    other=planned.number, source=planned.source,
                ))  # fmt: skip

    def assign(self, kind: str, project: int, other: int) -> PlannedRecord:
        """Return the assignment of a task or a person to a project; plan it at the first call."""
        key = f"{project}/{other}"
        planned = self._index.get(kind, key)
        return planned or self._index.add(PlannedRecord(0, kind, key, "", "create", project=project, other=other))

    # Time entries and expenses

    def _entry(self, row: kinds.TimeRow, _: int) -> PlannedRow:
        if self.timestamps and (row.started is None or row.ended is None):
            raise Rejected(
                "Start time",
                "the account tracks time by start and end, and the row has none, or has a break: give both, and split "
                "the row at its break",
            )
        project = self._project(row.client, row.project, row.project_code)
        task = self._by_name("task", row.task)
        person = self._people.find(row.person, row.email)
        self._tasks_with_time.add(task.number)
        span = (row.started, row.ended) if self.timestamps else None
        key = entry_key(person.number, project.number, task.number, row.day, row.notes, hours=row.hours, span=span)
        return PlannedRow("entry", key, None, project.number, task.number, person.number)

    def _expense(self, row: kinds.ExpenseRow, _: int) -> PlannedRow:
        project = self._project(row.client, row.project, row.project_code)
        category = self._by_name("category", row.category)
        person = self._people.find(row.person, row.email)
        cost = row.total_cost
        if cost is None and row.units is not None:
            if category.unit_price is None:
                raise Rejected("Units", f"{row.category!r} has no price for a unit: give the cost instead")
            cost = row.units * category.unit_price
        key = expense_key(person.number, project.number, category.number, row.day, row.notes, cost or Decimal())
        return PlannedRow("expense", key, None, project.number, category.number, person.number)

    # Rows that describe a record

    def _named(self, kind: str) -> Callable[[Any, int], PlannedRow]:
        def resolve(row: Any, source: int) -> PlannedRow:
            planned = self._index.find_or_plan(kind, key_of(row.name), row.name, {"name": row.name}, described=True)
            return self._describe(planned, source, {"name": row.name, **row.fields})

        return resolve

    def _person_row(self, row: kinds.PersonRow, source: int) -> PlannedRow:
        names = {"email": row.email, "first_name": row.first_name, "last_name": row.last_name}
        self._people.check_generated(f"{row.first_name} {row.last_name}", key_of(row.email))
        planned = self._index.find_or_plan("person", key_of(row.email), row.email, names, described=True)
        return self._describe(planned, source, {**names, **row.fields})

    def _project_row(self, row: kinds.ProjectRow, source: int) -> PlannedRow:
        planned = self._project(row.client, row.name, row.code, described=True)
        code = {"code": row.code} if row.code else {}
        return self._describe(planned, source, {"name": row.name, **code, **row.fields})

    def _contact_row(self, row: kinds.ContactRow, source: int) -> PlannedRow:
        client = self._by_name("client", row.client)
        names = {"first_name": row.first_name, "last_name": row.last_name}
        email = {"email": row.email} if row.email else {}
        name_key = key_of(row.email) or key_of(f"{row.first_name} {row.last_name}")
        account_key = f"{client.record}/{name_key}" if client.record is not None else None
        planned = self._index.find_or_plan(
            "contact", key_within(client, name_key), row.email or row.first_name, names,
            described=True, account_key=account_key,
        )  # fmt: skip
        planned.client = client.number
        return self._describe(planned, source, {**names, **email, **row.fields})

    def _task_assignment(self, row: kinds.TaskLinkRow, source: int) -> PlannedRow:
        project = self._project(row.client, row.project, row.project_code)
        return self._assignment("task_assignment", project, self._by_name("task", row.task), source, row.fields)

    def _person_assignment(self, row: kinds.UserLinkRow, source: int) -> PlannedRow:
        project = self._project(row.client, row.project, row.project_code)
        person = self._people.find(row.person, row.email)
        return self._assignment("person_assignment", project, person, source, row.fields)

    def _assignment(
        self, kind: str, project: PlannedRecord, other: PlannedRecord, source: int, fields: Mapping[str, Any]
    ) -> PlannedRow:
        planned = self.assign(kind, project.number, other.number)
        planned.source = source
        planned.fields = self._stored(kind, fields)
        self._plan_final_state(f"archived_{kind}", planned, when=is_archived(fields))
        return PlannedRow(kind, planned.key, planned)

    def _describe(self, planned: PlannedRecord, source: int, fields: dict[str, Any]) -> PlannedRow:
        """Plan that a record gets the fields of a row."""
        if planned.source is not None:
            raise Rejected(
                "", f"an earlier row is about the same {planned.kind} ({planned.name}): leave one of them out"
            )  # fmt: skip
        planned.source = source
        self._plan_final_state(f"archived_{planned.kind}", planned, when=is_archived(fields))
        fields = self._stored(planned.kind, fields)
        if planned.record is None:
            planned.fields = fields
            price = fields.get("unit_price")
            planned.unit_price = Decimal(str(price)) if price is not None else planned.unit_price
        else:
            same = {each for each in _NAMES if _is_same_name(fields.get(each), planned.was.get(each))}
            planned.fields = differing({each: fields[each] for each in fields if each not in same}, planned.was)
            planned.was = {name: planned.was.get(name) for name in planned.fields}
            planned.action = "update" if planned.fields else ""
        return PlannedRow(planned.kind, planned.key, planned)

    def _stored(self, kind: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields that the account stores, without those that are a final state; note the rest."""
        given = {name: value for name, value in fields.items() if name not in STATE_FIELDS}
        stored = dict(self._storable(kind, given))
        lost = (name for name, value in given.items() if name not in stored and value not in (None, "", False))
        self.left_out.update(dict.fromkeys((kind, name) for name in lost))
        return stored

    def _plan_final_state(self, state: str, planned: PlannedRecord, *, when: bool) -> None:
        """Plan the final state of a new record; a record of the account keeps its state."""
        if when and planned.record is None and state in FINAL_STATES:
            self._final_states.append((state, planned))

    # Invoices

    def _item_category(self, row: kinds.ItemCategoryRow, source: int) -> PlannedRow:
        fields = {"name": row.name}
        planned = self._index.find_or_plan("item_category", key_of(row.name), row.name, fields, described=True)
        return self._describe(planned, source, fields)

    def _invoice(self, row: kinds.InvoiceRow, source: int) -> PlannedRow:
        """Plan a new invoice with the lines of the row as free text; leave an existing one as it is."""
        client = self._by_name("client", row.client)
        planned = self._index.find_or_plan("invoice", key_of(row.number), row.number, {}, described=True)
        if planned.source is not None:
            raise Rejected("Number", f"an earlier row is about the same invoice ({row.number}): leave one of them out")
        planned.source, planned.client = source, client.number
        if planned.record is None:
            copied = {name: value for name, value in row.fields.items() if name not in _NOT_COPIED}
            planned.fields = {"number": row.number, **self._stored("invoice", copied)}
        state = str(row.fields.get("state") or "")
        self._plan_final_state("sent_invoice", planned, when=state not in _DRAFT)
        self._plan_final_state("closed_invoice", planned, when=state == "closed")
        return PlannedRow("invoice", planned.key, planned)

    def _payment(self, row: kinds.PaymentRow, source: int) -> PlannedRow:
        invoice = self._index.find_or_plan("invoice", key_of(row.invoice), row.invoice, {})
        if invoice.record is None and invoice.source is None:
            self._index.discard(invoice)
            raise Rejected("Invoice", f"there is no invoice {row.invoice!r}, neither in the account nor in the file")
        amount, paid_at = row.fields.get("amount"), row.fields.get("paid_at")
        if amount is None or paid_at is None:
            raise Rejected("Amount", "a payment needs an amount and a time")
        key = payment_key(invoice.number, amount, paid_at, str(row.fields.get("notes") or ""))
        planned = PlannedRecord(
            0, "payment", key, f"{amount} of {row.invoice}", "create", fields=dict(row.fields), other=invoice.number,
            source=source,
        )  # fmt: skip
        return PlannedRow("payment", key, self._index.add(planned))

    # Finding records

    def _by_name(self, kind: str, name: str) -> PlannedRecord:
        if not key_of(name):
            raise Rejected(kind.capitalize(), f"the name {name!r} has no visible letter")
        return self._index.find_or_plan(kind, key_of(name), name, {"name": name})

    def _project(self, client_name: str, name: str, code: str = "", *, described: bool = False) -> PlannedRecord:
        client = self._by_name("client", client_name)
        return self._projects.find(client, client_name, name, code, described=described)


def _is_same_name(name: Any, known: Any) -> bool:
    """Whether two names differ in case and white space only, which needs no update."""
    return isinstance(name, str) and isinstance(known, str) and key_of(name) == key_of(known)
