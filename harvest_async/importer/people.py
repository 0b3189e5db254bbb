"""Find the person of a row, or plan a new one, with an e-mail address made from the name if necessary."""

from __future__ import annotations

from harvest_async.importer.addresses import make_address, split_person
from harvest_async.importer.match import key_of
from harvest_async.importer.planned_row import NewPerson, PlannedRecord, Rejected
from harvest_async.importer.record_index import RecordIndex

__all__ = ["PersonFinder"]


class PersonFinder:
    """Find people by e-mail address, else by name.

    Args:
        index: the records of the plan.
        email_domain: the domain of addresses for people who have none; None rejects their rows.
    """

    def __init__(self, index: RecordIndex, email_domain: str | None) -> None:
        self._index = index
        self._domain = email_domain
        self._generated: dict[str, str] = {}
        self._by_name: dict[str, PlannedRecord] = {}

    def find(self, name: str, email: str) -> PlannedRecord:
        """Return the person of a row.

        Raises:
            Rejected: the person is unknown or ambiguous, or can't be created.
        """
        try:
            name, email = split_person(name, email)
        except ValueError as error:
            raise Rejected("Person", str(error)) from None
        key = email or f"={key_of(name)}"
        planned = self._index.get("person", key)
        if planned is None:
            planned = self._find_or_plan(name, email, key)
            self._index.add_key(key, planned)
        elif email and name:
            self.check_generated(name, email)
        return planned

    def check_generated(self, name: str, email: str) -> None:
        """Check that an address of the file was not generated for another person.

        Raises:
            Rejected: it was.
        """
        other = self._generated.get(email)
        if other is not None and key_of(other) != key_of(name):
            raise Rejected(
                "Person", f"{email} was also made for {other!r} of an earlier row: give the address of {other!r}, too"
            )  # fmt: skip

    def _find_or_plan(self, name: str, email: str, key: str) -> PlannedRecord:
        known = self._index.pick("person", email or name, self._index.existing("person", key), described=False)
        if known is not None:
            return self._index.use_existing("person", known, key_of(known.email) or key)
        if not email and key_of(name) in self._by_name:
            return self._by_name[key_of(name)]
        new = self._new_person(name, email)
        if not email:
            self._check_free(name, new.email)
        fields = {"email": new.email, "first_name": new.first_name, "last_name": new.last_name}
        planned = self._index.find_or_plan("person", new.email, new.email, fields)
        if not email:
            self._generated[new.email] = name
        if name:
            self._by_name.setdefault(key_of(name), planned)
        return planned

    def _check_free(self, name: str, email: str) -> None:
        """Check that an address made from a name belongs to nobody else."""
        planned = self._index.get("person", email)
        other = self._generated.get(email, _name_of(planned)) if planned is not None else ""
        for known in self._index.existing("person", email):
            other = other or known.name or known.email
        if other and key_of(other) != key_of(name):
            raise Rejected(
                "Person", f"the address made for {name!r}, {email}, is that of {other!r}: give their e-mail addresses"
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


def _name_of(person: PlannedRecord) -> str:
    fields = person.fields or person.was
    return f"{fields.get('first_name') or ''} {fields.get('last_name') or ''}".strip() or person.name
