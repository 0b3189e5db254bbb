"""Rows and what an account has -> what each row is about: things that are there, or have to be made.

Rules of this room: pure, and the same input gives the same result. How names match is in `match`. Nothing is guessed:
a name that fits several records, or only an archived one, is told with what to do about it. A thing that a row says
more about than the account has is brought up to date; a thing that rows only mention is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from harvest_async.importer.account_records import Known
from harvest_async.importer.addresses import make_address, split_person
from harvest_async.importer.final_states import MARKS, STATES, is_archived
from harvest_async.importer.match import differing, entry_key, expense_key, key_of, payment_key
from harvest_async.importer.planned_row import NewPerson, PlannedRecord, PlannedRow, Rejected
from harvest_async.importer.sources import kinds

__all__ = ["NewPerson", "PlannedRecord", "PlannedRow", "Rejected", "Resolver"]

_DRAFT: Final = frozenset({"", "draft"})
_OF_A_LATER_STATE: Final = frozenset({"state", "kind"})
_NAMES: Final = ("name", "email", "code")


class Resolver:
    """Finds what rows are about, row after row.

    Args:
        have: the account's records by kind.
        timestamps: whether the account tracks time by start and end.
        email_domain: gives an address to people who have none.

    Attributes:
        timestamps: see above.
        things: everything that rows need or are about, in the order in which it came up.
    """

    def __init__(
        self, have: Mapping[str, Sequence[Known]], *, timestamps: bool = False, email_domain: str | None = None
    ) -> None:
        self.timestamps = timestamps
        self._domain = email_domain
        self.things: list[PlannedRecord] = []
        self._found: dict[tuple[str, str], PlannedRecord] = {}
        self._records: dict[tuple[str, int], PlannedRecord] = {}
        self._projects: dict[tuple[int, str], list[PlannedRecord]] = {}
        self._index: dict[tuple[str, str], list[Known]] = {}
        for kind, records in have.items():
            for each in records:
                for key in _keys(kind, each):
                    self._index.setdefault((kind, key), []).append(each)
        self._kinds = self._resolvers()
        self._to_mark: list[tuple[str, PlannedRecord]] = []
        self._booked_on: set[int] = set()
        self._generated: dict[str, str] = {}
        self._named_people: dict[str, PlannedRecord] = {}
        self._codes: dict[tuple[str, str], set[str]] = {}

    def _resolvers(self) -> dict[type[Any], Callable[[Any, int], PlannedRow]]:
        """Each kind of row, and what finds what it is about."""
        return {
            kinds.TimeRow: self._entry,
            kinds.ExpenseRow: self._expense,
            kinds.ClientRow: self._named("client"),
            kinds.TaskRow: self._named("task"),
            kinds.CategoryRow: self._named("category"),
            kinds.PersonRow: self._person_row,
            kinds.ProjectRow: self._project_row,
            kinds.ContactRow: self._contact_row,
            kinds.TaskLinkRow: self._task_link,
            kinds.UserLinkRow: self._person_link,
            kinds.ItemCategoryRow: self._item_category,
            kinds.InvoiceRow: self._invoice,
            kinds.PaymentRow: self._payment,
        }

    def expect_codes(self, projects: Iterable[tuple[str, str, str]]) -> None:
        """Take note of all projects of the file that have a code, as (client, name, code), before the first row."""
        for client, name, code in projects:
            self._codes.setdefault((key_of(client), key_of(name)), set()).add(key_of(code))

    def resolve(self, row: kinds.AnyRow, source: int) -> PlannedRow:
        """Find what a row is about.

        Raises:
            Rejected: it can't be imported.
        """
        draw = self._kinds.get(type(row))
        if draw is None:
            raise Rejected("", "rows of this kind can be exported, and not imported")
        return draw(row, source)

    def finish(self) -> None:
        """Plan the marks, once all rows were met. A task that nothing is booked on would be gone, not archived."""
        for mark, thing in self._to_mark:
            if thing.kind != "task" or thing.number in self._booked_on:
                self._add(PlannedRecord(
                    0, mark, str(thing.number), thing.name, "create", project=thing.project, other=thing.number,
                    source=thing.source,
                ))  # fmt: skip

    @property
    def numbers(self) -> dict[tuple[str, int], int]:
        """The steps of the account's records, by kind and record."""
        return {known: thing.number for known, thing in self._records.items()}

    # Entries and expenses

    def _entry(self, row: kinds.TimeRow, _: int) -> PlannedRow:
        if self.timestamps and (row.started is None or row.ended is None):
            raise Rejected("Start time", "the account tracks time by start and end, and the row has none")
        project = self._project(row.client, row.project, row.project_code)
        task = self._needed("task", row.task)
        person = self._person(row.person, row.email)
        self._booked_on.add(task.number)
        span = (row.started, row.ended) if self.timestamps else None
        key = entry_key(person.number, project.number, task.number, row.day, row.notes, hours=row.hours, span=span)
        return PlannedRow("entry", key, None, project.number, task.number, person.number)

    def _expense(self, row: kinds.ExpenseRow, _: int) -> PlannedRow:
        project = self._project(row.client, row.project, row.project_code)
        category = self._needed("category", row.category)
        person = self._person(row.person, row.email)
        cost = row.total_cost
        if cost is None and row.units is not None:
            if category.unit_price is None:
                raise Rejected("Units", f"{row.category!r} has no price for a unit: give the cost instead")
            cost = row.units * category.unit_price
        key = expense_key(person.number, project.number, category.number, row.day, row.notes, cost or Decimal())
        return PlannedRow("expense", key, None, project.number, category.number, person.number)

    # Things that rows are about

    def _named(self, kind: str) -> Callable[[Any, int], PlannedRow]:
        def about(row: Any, source: int) -> PlannedRow:
            thing = self._thing(kind, key_of(row.name), row.name, {"name": row.name}, about=True)
            return self._about(thing, source, {"name": row.name, **row.fields})

        return about

    def _person_row(self, row: kinds.PersonRow, source: int) -> PlannedRow:
        names = {"email": row.email, "first_name": row.first_name, "last_name": row.last_name}
        self._check_generated(f"{row.first_name} {row.last_name}", key_of(row.email))
        thing = self._thing("person", key_of(row.email), row.email, names, about=True)
        return self._about(thing, source, {**names, **row.fields})

    def _project_row(self, row: kinds.ProjectRow, source: int) -> PlannedRow:
        thing = self._project(row.client, row.name, row.code, about=True)
        code = {"code": row.code} if row.code else {}
        return self._about(thing, source, {"name": row.name, **code, **row.fields})

    def _contact_row(self, row: kinds.ContactRow, source: int) -> PlannedRow:
        client = self._needed("client", row.client)
        names = {"first_name": row.first_name, "last_name": row.last_name}
        email = {"email": row.email} if row.email else {}
        known_by = key_of(row.email) or key_of(f"{row.first_name} {row.last_name}")
        key = _within(client, known_by)
        record = f"{client.record}/{known_by}" if client.record is not None else None
        thing = self._thing("contact", key, row.email or row.first_name, names, about=True, index=record)
        thing.client = client.number
        return self._about(thing, source, {**names, **email, **row.fields})

    def _task_link(self, row: kinds.TaskLinkRow, source: int) -> PlannedRow:
        project = self._project(row.client, row.project, row.project_code)
        return self._link("task_link", project, self._needed("task", row.task), source, row.fields)

    def _person_link(self, row: kinds.UserLinkRow, source: int) -> PlannedRow:
        project = self._project(row.client, row.project, row.project_code)
        return self._link("person_link", project, self._person(row.person, row.email), source, row.fields)

    def _link(
        self, kind: str, project: PlannedRecord, other: PlannedRecord, source: int, fields: Mapping[str, Any]
    ) -> PlannedRow:
        thing = self.link(kind, project.number, other.number)
        thing.source, thing.fields = source, {key: each for key, each in fields.items() if key not in STATES}
        self._mark(f"archived_{kind}", thing, when=is_archived(fields))
        return PlannedRow(kind, thing.key, thing)

    def _mark(self, mark: str, thing: PlannedRecord, *, when: bool) -> None:
        """A record that is made is to be marked in the end; one that is there is left as it is."""
        if when and thing.record is None and mark in MARKS:
            self._to_mark.append((mark, thing))

    # Invoices

    def _item_category(self, row: kinds.ItemCategoryRow, source: int) -> PlannedRow:
        thing = self._thing("item_category", key_of(row.name), row.name, {"name": row.name}, about=True)
        return self._about(thing, source, {"name": row.name})

    def _invoice(self, row: kinds.InvoiceRow, source: int) -> PlannedRow:
        """An invoice that is there is left alone; a new one has the lines that it had, whatever they came from."""
        client = self._needed("client", row.client)
        thing = self._thing("invoice", key_of(row.number), row.number, {}, about=True)
        if thing.source is not None:
            raise Rejected("Number", f"an earlier row is about the same invoice ({row.number}): leave one of them out")
        thing.source, thing.client = source, client.number
        if thing.record is None:
            told = {name: value for name, value in row.fields.items() if name not in _OF_A_LATER_STATE}
            thing.fields = {"number": row.number, "kind": "free_form", **told}
        state = str(row.fields.get("state") or "")
        self._mark("sent_invoice", thing, when=state not in _DRAFT)
        self._mark("closed_invoice", thing, when=state == "closed")
        return PlannedRow("invoice", thing.key, thing)

    def _payment(self, row: kinds.PaymentRow, source: int) -> PlannedRow:
        invoice = self._thing("invoice", key_of(row.invoice), row.invoice, {})
        if invoice.record is None and invoice.source is None:
            self.things.remove(invoice)
            del self._found["invoice", invoice.key]
            raise Rejected("Invoice", f"there is no invoice {row.invoice!r}, neither in the account nor in the file")
        amount, moment = row.fields.get("amount"), row.fields.get("paid_at")
        if amount is None or moment is None:
            raise Rejected("Amount", "a payment needs an amount and a moment")
        key = payment_key(invoice.number, amount, moment, str(row.fields.get("notes") or ""))
        thing = PlannedRecord(
            0, "payment", key, f"{amount} of {row.invoice}", "create", fields=dict(row.fields), other=invoice.number,
            source=source,
        )  # fmt: skip
        return PlannedRow("payment", key, self._add(thing))

    def link(self, kind: str, project: int, other: int) -> PlannedRecord:
        """An assignment that is needed; made once."""
        key = f"{project}/{other}"
        if (kind, key) not in self._found:
            self._add(PlannedRecord(0, kind, key, "", "create", project=project, other=other))
        return self._found[kind, key]

    def _about(self, thing: PlannedRecord, source: int, fields: dict[str, Any]) -> PlannedRow:
        """A row says what a thing is to be like."""
        if thing.source is not None:
            raise Rejected("", f"an earlier row is about the same {thing.kind} ({thing.name}): leave one of them out")
        thing.source = source
        self._mark(f"archived_{thing.kind}", thing, when=is_archived(fields))
        fields = {name: value for name, value in fields.items() if name not in STATES}
        if thing.record is None:
            thing.fields = fields
            price = fields.get("unit_price")
            thing.unit_price = Decimal(str(price)) if price is not None else thing.unit_price
        else:
            same = {each for each in _NAMES if _same_name(fields.get(each), thing.was.get(each))}
            thing.fields = differing({each: fields[each] for each in fields if each not in same}, thing.was)
            thing.was = {name: thing.was.get(name) for name in thing.fields}
            thing.action = "update" if thing.fields else ""
        return PlannedRow(thing.kind, thing.key, thing)

    # Finding

    def _needed(self, kind: str, name: str) -> PlannedRecord:
        if not key_of(name):
            raise Rejected(kind.capitalize(), f"the name {name!r} has no visible letter")
        return self._thing(kind, key_of(name), name, {"name": name})

    def _project(self, client_name: str, name: str, code: str = "", *, about: bool = False) -> PlannedRecord:
        client = self._needed("client", client_name)
        codes = self._codes.get((key_of(client_name), key_of(name)), set())
        if client.record is not None and (known := self._known_project(client.record, name, code, codes, about=about)):
            thing = self._records.get(("project", known.id))
            return thing or self._there("project", known, _within(client, f"={known.id}"), client=client.number)
        if not code and len(codes) > 1:
            raise Rejected("Project", f"{name!r} has several codes in the file: give the code in this row, too")
        thing = self._new_project(client, name, code)
        if thing is None:
            key = _within(client, f"{key_of(name)}/{key_of(code)}")
            fields = {"name": name, **({"code": code} if code else {})}
            thing = self._add(PlannedRecord(0, "project", key, name, "create", fields=fields, client=client.number))
            self._projects.setdefault((client.number, key_of(name)), []).append(thing)
        return thing

    def _new_project(self, client: PlannedRecord, name: str, code: str) -> PlannedRecord | None:
        """A project that an earlier row made up: by its code, or the only one of its name."""
        namesakes = self._projects.get((client.number, key_of(name)), [])
        same = [each for each in namesakes if key_of(each.fields.get("code") or "") == key_of(code)]
        bare = [each for each in namesakes if not each.fields.get("code")]
        if same or (code and not bare):
            return same[0] if same else None
        if code:
            bare[0].fields["code"] = code
            return bare[0]
        if len(namesakes) > 1:
            raise Rejected("Project", f"{name!r} has several codes in the file: give the code in this row, too")
        return namesakes[0] if namesakes else None

    def _known_project(self, client: int, name: str, code: str, codes: set[str], *, about: bool) -> Known | None:
        by_name = self._index.get(("project", f"{client}/{key_of(name)}"), [])
        if code:
            by_code = self._index.get(("project", f"{client}/#{key_of(code)}"), [])
            both = [each for each in by_code if key_of(each.name) == key_of(name)]
            bare = [each for each in by_name if not each.code]
            new = sorted(each for each in codes if ("project", f"{client}/#{each}") not in self._index)
            if bare and not (both or by_code) and len(new) > 1:
                raise Rejected(
                    "Project Code", f"{name!r} is in the account without a code, and the file has several "
                    f"({', '.join(new)}): give the project its code in the account first",
                )  # fmt: skip
            return self._pick("project", f"{name} [{code}]", both or by_code or bare, about=about)
        return self._pick("project", name, by_name, about=about)

    def _pick(self, kind: str, name: str, found: Sequence[Known], *, about: bool) -> Known | None:
        """The one that is meant; an archived one if a row about it says that it is (see `_pick`)."""
        told = [thing for each in found if (thing := self._records.get((kind, each.id))) and thing.source is not None]
        return _pick(kind, name, found, about=about or bool(told))

    def _person(self, name: str, email: str) -> PlannedRecord:
        try:
            name, email = split_person(name, email)
        except ValueError as error:
            raise Rejected("Person", str(error)) from None
        key = email or f"={key_of(name)}"
        thing = self._found.get(("person", key))
        if thing is None:
            known = self._pick("person", email or name, self._index.get(("person", key), []), about=False)
            if known is not None:
                thing = self._records.get(("person", known.id)) or self._there(
                    "person", known, key_of(known.email) or key
                )
            else:
                thing = self._person_to_create(name, email)
            self._found["person", key] = thing
        elif email and name:
            self._check_generated(name, email)
        return thing

    def _person_to_create(self, name: str, email: str) -> PlannedRecord:
        if not email and key_of(name) in self._named_people:
            return self._named_people[key_of(name)]
        who = self._new_person(name, email)
        if not email:
            self._check_free(name, who.email)
        thing = self._thing(
            "person", who.email, who.email,
            {"email": who.email, "first_name": who.first_name, "last_name": who.last_name},
        )  # fmt: skip
        if not email:
            self._generated[who.email] = name
        if name:
            self._named_people.setdefault(key_of(name), thing)
        return thing

    def _check_free(self, name: str, email: str) -> None:
        """See that an address made from a name is nobody else's."""
        thing = self._found.get(("person", email))
        other = self._generated.get(email, _name_of(thing)) if thing is not None else ""
        for known in self._index.get(("person", email), []):
            other = other or known.name or known.email
        if other and key_of(other) != key_of(name):
            raise Rejected(
                "Person", f"the address made for {name!r}, {email}, is that of {other!r}: give their e-mail addresses"
            )  # fmt: skip

    def _check_generated(self, name: str, email: str) -> None:
        """See that an address in the file was not made for somebody else."""
        other = self._generated.get(email)
        if other is not None and key_of(other) != key_of(name):
            raise Rejected(
                "Person", f"{email} was also made for {other!r} of an earlier row: give the address of {other!r}, too"
            )  # fmt: skip

    def _new_person(self, name: str, email: str) -> NewPerson:
        first, _, last = name.rpartition(" ")
        first, last = (first, last) if first else (last, "-")
        if email:
            return NewPerson(email, first or email.partition("@")[0], last)
        if self._domain is None:
            raise Rejected(
                "Person", f"{name} is not in the account and has no e-mail address: give --email-domain DOMAIN, "
                "or --person EMAIL",
            )  # fmt: skip
        try:
            return NewPerson(make_address(name, self._domain), first, last)
        except ValueError as error:
            raise Rejected("Person", f"{error}: give the e-mail address of {name!r}") from None

    def _thing(
        self,
        kind: str,
        key: str,
        name: str,
        fields: dict[str, Any],
        *,
        about: bool = False,
        index: str | None = "",
    ) -> PlannedRecord:
        """The thing of this kind and key: met before, in the account, or new. `index` None is known to be new."""
        thing = self._found.get((kind, key))
        if thing is not None:
            return thing
        found = [] if index is None else self._index.get((kind, index or key), [])
        known = self._pick(kind, name, found, about=about)
        if known is None:
            return self._add(PlannedRecord(0, kind, key, name, "create", fields=fields))
        return self._records.get((kind, known.id)) or self._there(kind, known, key)

    def _there(self, kind: str, known: Known, key: str, *, client: int | None = None) -> PlannedRecord:
        thing = PlannedRecord(0, kind, key, known.name, "", known.id, client=client, automatic=known.automatic)
        thing.was = {"name": known.name, "email": known.email, "code": known.code, **known.fields}
        price = known.fields.get("unit_price")
        thing.unit_price = None if price is None else Decimal(str(price))
        self._records[kind, known.id] = thing
        return self._add(thing)

    def _add(self, thing: PlannedRecord) -> PlannedRecord:
        thing.number = len(self.things) + 1
        self.things.append(thing)
        self._found[thing.kind, thing.key] = thing
        return thing


def _name_of(person: PlannedRecord) -> str:
    fields = person.fields or person.was
    return f"{fields.get('first_name') or ''} {fields.get('last_name') or ''}".strip() or person.name


def _same_name(name: Any, known: Any) -> bool:
    """Whether a name is the one that is there: capitals and blanks are nothing to be changed."""
    return isinstance(name, str) and isinstance(known, str) and key_of(name) == key_of(known)


def _within(client: PlannedRecord, key: str) -> str:
    return f"{client.number}/{key}"


def _keys(kind: str, known: Known) -> Iterable[str]:
    """What a record of the account is found by."""
    if kind == "project":
        yield f"{known.client_id}/{key_of(known.name)}"
        if known.code:
            yield f"{known.client_id}/#{key_of(known.code)}"
    elif kind == "contact":
        yield f"{known.client_id}/{key_of(known.email) or key_of(known.name)}"
    elif kind == "person":
        yield key_of(known.email)
        yield f"={key_of(known.name)}"
    else:
        yield key_of(known.name)


def _pick(kind: str, name: str, found: Sequence[Known], *, about: bool) -> Known | None:
    """The one that is meant; None where there is none. A row about a record may mean an archived one."""
    active = [each for each in found if each.active]
    if len(active) == 1:
        return active[0]
    numbers = ", ".join(str(each.id) for each in (active or found))
    if active or (about and len(found) > 1):
        raise Rejected(kind.capitalize(), f"{name!r} is the name of several ({numbers}): rename all but one")
    if found and not about:
        raise Rejected(kind.capitalize(), f"{name!r} is archived ({numbers}): bring it back, or rename it")
    return found[0] if found else None
