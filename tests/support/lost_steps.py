"""A journal with lost steps, and an account that is read to reconcile them."""

from datetime import date

from harvest_async.importer.entry_references import RunReferences
from harvest_async.importer.journal import Journal, JournalWriter
from harvest_async.importer.planned_row import FIRST_ROW
from harvest_async.importer.reconciliation import Reconciliation
from harvest_async.importer.references import References
from harvest_async.importer.serialization import pack
from tests.support.importing import virtually

CLIENT, PROJECT, TASK, ADA, BOB, CATEGORY, INVOICE, OTHER_INVOICE, OTHER_TASK, OTHER_CLIENT = range(1, 11)
"""The numbers of records in the journal; the ids in the account are a hundred higher."""

KINDS = ("client", "project", "task", "person", "person", "category", "invoice", "invoice", "task", "client")
ROW = FIRST_ROW

INSERT = """
    insert into step (id, kind, action, key, client, project, other, person, day, content, state, record, reference)
    values (:id, :kind, 'create', :key, :client, :project, :other, :person, :day, :content, :state, :record, :reference)
"""
OPTIONAL = dict.fromkeys(["client", "project", "other", "person", "day", "record", "reference"])


class ReadAccount:
    """Keeps the reads as tuples of name and arguments; `responses` has a list, or a function, for each name."""

    shared_lists = references = None

    def __init__(self, **responses):
        self.responses, self.reads = responses, []

    def __getattr__(self, name):
        async def read(*arguments):
            self.reads.append((name, *arguments))
            response = self.responses[name]
            if isinstance(response, Exception):
                raise response
            return response(*arguments) if callable(response) else response

        return read


class LostSteps:
    """A journal in memory with ten records, and the steps that a test adds.

    Attributes:
        meta: what the journal says of the run after its reconciliation.
    """

    def __init__(self, account, **meta):
        self.account, self.meta = account, meta
        self.journal = Journal(inline=True)
        self.journal.describe(**meta)
        for number, kind in enumerate(KINDS, 1):
            self._insert(id=number, kind=kind, key=f"r{number}", state="existing", record=100 + number)

    def add(self, number, kind, *, key="k", state="response_lost", fields=None, day=None, **columns):
        """Add a step."""
        self._insert(
            id=number,
            kind=kind,
            key=key,
            state=state,
            content=pack({"fields": fields} if fields is not None else {}),
            day=day.isoformat() if isinstance(day, date) else day,
            **columns,
        )

    def know(self, key, *records):
        """Note records that matched a key before the run."""
        self.journal.commit([("insert into known values (?, ?)", (key, record)) for record in records])

    def reconcile(self, *kinds):
        """Reconcile kinds one after the other, with one reconciliation; return the states after each."""

        async def do(_):
            with self.journal as journal:
                references, writer = References(journal), JournalWriter(journal)
                references.load()
                reconciliation = Reconciliation(self.account, journal, writer, references, RunReferences(journal))
                seen = []
                for kind in kinds:
                    await reconciliation.reconcile(kind)
                    seen.append(self.states())
                self.meta = journal.meta
                return seen

        return virtually(do)

    def states(self):
        """The state and the record, or the reason, of each step that a test added."""
        query = "select id, state, coalesce(reason, record) from step where key not like 'r%' order by id"
        return {number: tuple(rest) for number, *rest in self.journal.rows(query)}

    def _insert(self, **columns):
        self.journal.commit([(INSERT, {**OPTIONAL, "content": "{}", **columns})])
