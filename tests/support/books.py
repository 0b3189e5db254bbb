"""An account without a network, for the import engine: it keeps what it is given, and fails as the test decides.

Notes: it obeys `bulk.account.Account`. A failure is decided for each write before it is processed: None,
`lost` (never processed), `kept` (processed, the response is lost), or an error that is raised.
"""

import asyncio
from contextlib import nullcontext
from decimal import Decimal
from itertools import count

from harvest_async.errors import OutcomeUnknown
from harvest_async.importer.account_records import AccountRecord, Assignment, BookableTasks, LoggedEntry

ASSIGNMENTS = {"task_assignment": "task", "person_assignment": "person"}


class Books:
    """An account in memory.

    Attributes:
        sent: the writes that left, as (verb, kind, fields).
        reads: the reads, as their names.
        fail: is given kind and fields of a write, and says what becomes of it.
        down: whether nothing is responded.
        most: the most writes that were on their way at a time.
    """

    identity = "account"
    shared_lists = references = None

    def __init__(self, *, timestamps=False, people=()):
        self.tables = {kind: {} for kind in ("client", "project", "task", "person", "category", "contact",
                                             "task_assignment", "person_assignment", "entry", "expense")}  # fmt: skip
        self.sent, self.reads, self.fail, self.down = [], [], lambda *_: None, False
        self.most = self._flying = 0
        self.latency = 0.05
        self._timestamps = timestamps
        self._ids = count(100)
        for email in people:
            self.put("person", email=email, first_name=email.split("@")[0], last_name="X")

    def put(self, kind, **fields):
        number = next(self._ids)
        if fields.get("units") is not None:  # as the server does
            fields["total_cost"] = fields["units"] * self.tables["category"][fields["category"]]["unit_price"]
        self.tables[kind][number] = fields
        return number

    def entries(self):
        return list(self.tables["entry"].values())

    async def _read(self, what):
        self.reads.append(what)
        await asyncio.sleep(self.latency)
        if self.down:
            raise OutcomeUnknown("no response")

    def storable(self, kind, fields):  # noqa: ARG002
        return fields

    async def timestamps(self):
        await self._read("timestamps")
        return self._timestamps

    async def records(self, kind):
        await self._read(f"all {kind}")
        return [self._known(number, fields) for number, fields in self.tables[kind].items()]

    def _known(self, number, fields):
        name = fields.get("name") or f"{fields.get('first_name', '')} {fields.get('last_name', '')}".strip()
        return AccountRecord(
            number,
            name,
            fields.get("active", True),
            fields.get("client"),
            email=fields.get("email") or "",
            code=fields.get("code") or "",
            automatic=fields.get("automatic", False),
            fields=fields,
        )

    async def find_person(self, email):
        await self._read("person")
        for number, fields in self.tables["person"].items():
            if fields["email"] == email:
                return self._known(number, fields)
        return None

    async def logged(self, kind, person, first, last):
        await self._read(f"logged {kind}")
        return [
            self._logged_entry(kind, number, each)
            for number, each in self.tables[kind].items()
            if each["person"] == person and first <= each["day"] <= last
        ]

    def _logged_entry(self, kind, number, each):
        return LoggedEntry(
            number,
            each["project"],
            each["task"] if kind == "entry" else each["category"],
            each["day"],
            each["notes"],
            hours=each.get("hours") or Decimal(),
            cost=each.get("total_cost") or Decimal(),
            start=each.get("start"),
            end=each.get("end"),
        )

    async def bookable_tasks(self, person):
        await self._read("reach")
        mine = {each["project"] for each in self.tables["person_assignment"].values() if each["person"] == person}
        return BookableTasks(
            {
                project: frozenset(
                    each["task"] for each in self.tables["task_assignment"].values() if each["project"] == project
                )
                for project in mine
            }
        )

    async def assignments(self, kind, project):
        await self._read(f"links {kind}")
        return [
            Assignment(number, each[ASSIGNMENTS[kind]], each.get("active", True), each)
            for number, each in self.tables[kind].items()
            if each["project"] == project
        ]

    async def create(self, kind, fields, watch):
        await watch.before_send()
        self.sent.append(("create", kind, dict(fields)))
        return await self._execute(kind, fields, watch, lambda: self.put(kind, **fields))

    async def update(self, kind, record, fields, watch):
        await watch.before_send()
        self.sent.append(("update", kind, dict(fields)))
        await self._execute(kind, fields, watch, lambda: self.tables[kind][record].update(fields))

    async def _execute(self, kind, fields, watch, do):
        self._flying += 1
        self.most = max(self.most, self._flying)
        try:
            await asyncio.sleep(self.latency)
            what = "lost" if self.down else self.fail(kind, fields)
            if isinstance(what, Exception):
                raise what
            number = None if what == "lost" else do()
            if what is not None and what != "nameless":
                raise OutcomeUnknown("the response was lost")
        except asyncio.CancelledError:
            watch.outcome_unknown()
            raise
        else:
            return None if what == "nameless" else number
        finally:
            self._flying -= 1

    async def delete(self, kind, record, fields):
        self.sent.append(("delete", kind, {"id": record, **fields}))
        self.tables[kind].pop(record, None)

    async def ping(self):
        await self._read("ask")

    def bulk(self):
        return nullcontext()


def nth(*failures):
    """Fail the writes of entries with these numbers, each once."""
    planned, count = dict(failures), iter(range(1, 1 << 30))
    return lambda kind, _: planned.get(next(count)) if kind == "entry" else None
