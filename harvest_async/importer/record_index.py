"""The records that a plan knows: those of the account, and those that the import creates.

Invariants:
- The same input gives the same result; nothing is sent.
- A name that matches several records, or only an archived one, is never resolved by a guess: the row is rejected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from harvest_async.importer.account_records import AccountRecord
from harvest_async.importer.match import key_of
from harvest_async.importer.planned_row import PlannedRecord, Rejected

__all__ = ["RecordIndex", "key_within"]


class RecordIndex:
    """Find records by kind and key, and plan those that are missing.

    Args:
        account_records: the account's records by kind.

    Attributes:
        planned: all records that rows need or describe, in the order of their first use.
    """

    def __init__(self, account_records: Mapping[str, Sequence[AccountRecord]]) -> None:
        self.planned: list[PlannedRecord] = []
        self._by_key: dict[tuple[str, str], PlannedRecord] = {}
        self._by_id: dict[tuple[str, int], PlannedRecord] = {}
        self._existing: dict[tuple[str, str], list[AccountRecord]] = {}
        for kind, records in account_records.items():
            for each in records:
                for key in _keys(kind, each):
                    self._existing.setdefault((kind, key), []).append(each)

    @property
    def numbers(self) -> dict[tuple[str, int], int]:
        """The step numbers of the account's records, by kind and id."""
        return {known: planned.number for known, planned in self._by_id.items()}

    def get(self, kind: str, key: str) -> PlannedRecord | None:
        """Return the planned record with this key, if rows have used it already."""
        return self._by_key.get((kind, key))

    def existing(self, kind: str, key: str) -> Sequence[AccountRecord]:
        """Return the account's records that match a key."""
        return self._existing.get((kind, key), [])

    def add(self, planned: PlannedRecord) -> PlannedRecord:
        """Add a record to the plan, and number it."""
        planned.number = len(self.planned) + 1
        self.planned.append(planned)
        self._by_key[planned.kind, planned.key] = planned
        return planned

    def add_key(self, key: str, planned: PlannedRecord) -> None:
        """Let a record be found by another key, too."""
        self._by_key[planned.kind, key] = planned

    def discard(self, planned: PlannedRecord) -> None:
        """Remove a record that was just added."""
        self.planned.remove(planned)
        del self._by_key[planned.kind, planned.key]

    def find_or_plan(
        self,
        kind: str,
        key: str,
        name: str,
        fields: dict[str, Any],
        *,
        described: bool = False,
        account_key: str | None = "",
    ) -> PlannedRecord:
        """Return the record of a kind and key, or plan a new one.

        Args:
            kind: the kind of record.
            key: its key within the plan.
            name: its display name, for messages.
            fields: the fields of a new record.
            described: whether a row describes it, which may mean an archived record.
            account_key: its key among the account's records, `key` by default; None if it can't exist yet.

        Raises:
            Rejected: several records match, or only an archived one.
        """
        planned = self.get(kind, key)
        if planned is not None:
            return planned
        found = [] if account_key is None else self.existing(kind, account_key or key)
        known = self.pick(kind, name, found, described=described)
        if known is None:
            return self.add(PlannedRecord(0, kind, key, name, "create", fields=fields))
        return self.use_existing(kind, known, key)

    def use_existing(self, kind: str, known: AccountRecord, key: str, *, client: int | None = None) -> PlannedRecord:
        """Return the planned record that is a record of the account."""
        if (kind, known.id) in self._by_id:
            return self._by_id[kind, known.id]
        planned = PlannedRecord(0, kind, key, known.name, "", known.id, client=client, automatic=known.automatic)
        planned.was = {"name": known.name, "email": known.email, "code": known.code, **known.fields}
        price = known.fields.get("unit_price")
        planned.unit_price = None if price is None else Decimal(str(price))
        self._by_id[kind, known.id] = planned
        return self.add(planned)

    def pick(self, kind: str, name: str, found: Sequence[AccountRecord], *, described: bool) -> AccountRecord | None:
        """Return the only record that a name can mean, or None if there is none.

        An archived record is possible if a row describes it.

        Raises:
            Rejected: several records match, or only an archived one.
        """
        by_rows = [self._by_id.get((kind, each.id)) for each in found]
        described = described or any(each is not None and each.source is not None for each in by_rows)
        active = [each for each in found if each.active]
        if len(active) == 1:
            return active[0]
        numbers = ", ".join(str(each.id) for each in (active or found))
        if active or (described and len(found) > 1):
            raise Rejected(
                kind.capitalize(), f"{name!r} is the name of several records ({numbers}): rename all but one"
            )
        if found and not described:
            raise Rejected(kind.capitalize(), f"{name!r} is archived ({numbers}): restore it, or rename it")
        return found[0] if found else None


def key_within(client: PlannedRecord, key: str) -> str:
    """Return the key of a record within a client."""
    return f"{client.number}/{key}"


def _keys(kind: str, known: AccountRecord) -> Iterable[str]:
    """Return the keys of a record of the account."""
    if kind == "project":
        yield f"{known.client}/{key_of(known.name)}"
        if known.code:
            yield f"{known.client}/#{key_of(known.code)}"
    elif kind == "contact":
        yield f"{known.client}/{key_of(known.email) or key_of(known.name)}"
    elif kind == "person":
        yield key_of(known.email)
        yield f"={key_of(known.name)}"
    else:
        yield key_of(known.name)
