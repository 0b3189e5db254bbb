"""An account in memory whose lists cover all people and whose time entries keep references."""

from datetime import date

from attrs import evolve

from harvest_async.importer.account_records import Assignment, CreatedEntry, EntryReference
from tests.support.books import ASSIGNMENTS, Books


class ReferencedBooks(Books):
    """An account with the optional parts of the port (see `harvest_async.importer.account`).

    Attributes:
        keep: returns the reference that the server stores for the one that was sent; None for none.
        unlinked: the ids of the entries whose reference was removed.
    """

    def __init__(self, *, keep=lambda reference: reference, **options):
        super().__init__(**options)
        self.keep = keep
        self.unlinked = []
        self.shared_lists, self.references = _Lists(self), _References(self)

    def put(self, kind, **fields):
        reference = fields.get("reference")
        if isinstance(reference, EntryReference):
            fields = {**fields, "reference": self.keep(reference)}
        return super().put(kind, **fields)

    def entry(self, number):
        each = self.tables["entry"][number]
        return evolve(self._logged_entry("entry", number, each), person=each["person"], reference=each.get("reference"))


class _Lists:
    def __init__(self, books):
        self._books = books

    async def logged(self, kind, first, last):
        books = self._books
        await books._read(f"all {kind} {first} {last}")
        for number, each in list(books.tables[kind].items()):
            if first <= each["day"] <= last:
                found = books._logged_entry(kind, number, each)
                yield evolve(found, person=each["person"], reference=each.get("reference"))

    async def assignments(self, kind):
        await self._books._read(f"all {kind}")
        found = {}
        for number, each in self._books.tables[kind].items():
            one = Assignment(number, each[ASSIGNMENTS[kind]], each.get("active", True), each)
            found.setdefault(each["project"], []).append(one)
        return found


class _References:
    def __init__(self, books):
        self._books = books

    async def create(self, fields, reference, observer):
        sent = {**fields, "reference": reference}
        number = await self._books.create("entry", sent, observer)
        kept = None if number is None else self._books.tables["entry"][number]["reference"]
        return CreatedEntry(number, kept)

    async def find(self, record):
        await self._books._read("entry")
        return self._books.entry(record) if record in self._books.tables["entry"] else None

    async def having(self, reference):
        await self._books._read(f"reference {reference}")
        entries = [self._books.entry(number) for number in list(self._books.tables["entry"])]
        return [
            each for each in entries if isinstance(each.reference, EntryReference) and each.reference.id == reference
        ]

    async def unlink(self, record):
        self._books.unlinked.append(record)
        self._books.tables["entry"][record]["reference"] = None


def a_day(number):
    """A day of January 2026."""
    return date(2026, 1, number)
