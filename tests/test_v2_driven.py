"""Every method of `HarvestV2`, called with all that it takes against the sandbox on a socket.

It sends what the list has, and the records that it returns have each field of the response in an attribute.

`nox -s contract` runs this file and prints a summary.
"""

import asyncio
import shutil
from collections import Counter
from contextlib import closing, suppress

import pytest
from attrs import define, field

from harvest_async import BearerAuth, HarvestError, HarvestV2
from harvest_async.sandbox import Sandbox
from tests.contract import drive
from tests.contract.v2 import body_amendments, operations, records
from tests.support.v2_account import BEFORE, client_of, manager, message_of_the_estimate, prepare

pytestmark = [pytest.mark.anyio, pytest.mark.socket, pytest.mark.slow, pytest.mark.timeout(300)]

OFFLINE = HarvestV2(1, auth=BearerAuth("token"), app="tests (tests@example.com)", base_url="http://127.0.0.1:9")
NAMES = sorted(drive.methods(OFFLINE))


async def _teammate(harvest, known):
    await manager(harvest, known)
    await harvest.users.update_teammates(known["user_id"], [1])


FIRST = {**BEFORE, "estimate_messages.list": message_of_the_estimate, "users.teammates": _teammate}
"""What is done before a method is called."""


@pytest.fixture(scope="module")
def accounts(tmp_path_factory):
    """Files with accounts that have one record of each kind, by whether they track start and end times."""
    found = {}
    for timestamps in (False, True):
        file = tmp_path_factory.mktemp("account") / "account.sqlite3"
        sandbox = Sandbox(100_000, db=file)

        async def fill(sandbox=sandbox):
            async with client_of(sandbox) as harvest:
                return await prepare(harvest)

        found[timestamps] = file, asyncio.run(fill())
        sandbox.close()
    return found


@define
class Seen:
    """What the calls of all methods sent and received, by operation.

    Attributes:
        sent: names of the query, and names of the body.
        received: the number of records.
        untyped: the fields of responses that are in no attribute.
    """

    sent: dict = field(factory=dict)
    received: Counter = field(factory=Counter)
    untyped: dict = field(factory=dict)

    def note(self, recorder, results):
        """Add what one method sent, and the records that it returned."""
        for verb, path, query, body in recorder.sent:
            operation = drive.operation_of(verb, path)
            if operation is not None:
                queries, bodies = self.sent.setdefault(operation.name, (set(), set()))
                queries |= query
                bodies |= body
        for (verb, path, tree), result in results:
            operation = drive.operation_of(verb, path)
            if operation is None or operation.record == "-":
                continue
            key = operation.record.rpartition(":")[0]
            if not key and isinstance(result, tuple):  # the only field of the record is a list, which is returned
                [key] = records()[operation.record]
            for each, record in zip(tree[key], result, strict=True) if key else [(tree, result)]:
                self.received[operation.name] += 1
                self.untyped.setdefault(operation.name, set()).update(drive.untyped(each, record))


def drive_method(name, accounts, tmp_path, seen, *, timestamps=False):
    """Call a method in each variant against a copy of the account."""
    table = drive.BY_TIMES if timestamps else drive.NEVER_TOGETHER
    for number, leave_out in enumerate(table.get(name, [set()])):
        file, ids = accounts[timestamps]
        copy = shutil.copy(file, tmp_path / f"{number}{timestamps}.sqlite3")
        with closing(Sandbox(100_000, db=copy, report_calls=5_000, timestamp_timers=timestamps)) as sandbox:
            asyncio.run(_call(sandbox, name, dict(ids), leave_out, seen))


async def _call(sandbox, name, ids, leave_out, seen):
    if name in FIRST:
        async with client_of(sandbox) as harvest:
            await FIRST[name](harvest, ids)
    recorder, results = drive.Recorder(), []
    with sandbox.serve_in_thread() as address:
        async with drive.client_at(address, recorder) as harvest:
            method = drive.methods(harvest)[name]
            places, given = drive.arguments(name, method, ids, leave_out)
            if name == "expenses.get_receipt":
                await harvest.expenses.attach_receipt(ids["expense_id"], drive.PNG)
                places = [await harvest.expenses.get(ids["expense_id"])]
            for variant in _variants(method, given):
                before = len(recorder.received)
                with suppress(HarvestError):  # the request counts here; other tests read the errors
                    result = await method(*places, **variant)
                    if len(recorder.received) > before:
                        results.append((recorder.received[-1], result))
        await recorder.aclose()
    seen.note(recorder, results)


def _variants(method, given):
    """Yield the arguments of each call: all, and for a list also a cursor in place of the page, and none but the needed ones."""
    yield given
    if "cursor" in given:
        yield {"cursor": "MQ"}
    if "per_page" in given:
        yield drive.needed(method, given)


@pytest.fixture(scope="module")
def seen(accounts, tmp_path_factory):
    """What the calls of all methods sent and received."""
    found = Seen()
    for name in NAMES:
        for timestamps in (False, True) if name in drive.BY_TIMES else (False,):
            drive_method(name, accounts, tmp_path_factory.mktemp("copy"), found, timestamps=timestamps)
    return found


@pytest.mark.parametrize("name", sorted(operations()))
def test_an_operation_gets_its_parameters_and_fields(seen, name):
    """Sends each parameter and each field of the list, and no other."""
    operation = operations()[name]
    assert name in seen.sent, f"{name}: no method sends it"
    query, body = seen.sent[name]

    wanted = set(operation.query)
    assert (sorted(wanted - query), sorted(query - wanted)) == ([], []), f"{name}: parameters missing, in excess"
    fields = set(operation.body)
    assert (sorted(fields - body), sorted(body - fields)) == ([], []), f"{name}: fields missing, in excess"


@pytest.mark.parametrize("name", sorted(name for name, each in operations().items() if each.record != "-"))
def test_a_record_arrives_in_attributes(seen, name):
    """Returns at least one record of the operation; each of its fields, nested ones too, has an attribute."""
    assert (seen.received[name] > 0, seen.untyped.get(name)) == (True, set())


@pytest.mark.parametrize(("operation", "key"), sorted(body_amendments()))
async def test_a_nested_field_beyond_the_list_is_sent(accounts, tmp_path, operation, key):
    """Removes a line; the request has the fields of the amendment, and the record has no line afterwards."""
    file, ids = accounts[False]
    kind = operation.removeprefix("update").lower()
    recorder = drive.Recorder()
    with (
        closing(Sandbox(100_000, db=shutil.copy(file, tmp_path / "copy.sqlite3"))) as sandbox,
        sandbox.serve_in_thread() as address,
    ):
        async with drive.client_at(address, recorder) as harvest:
            resource = getattr(harvest, f"{kind}s")
            [line] = (await resource.get(ids[f"{kind}_id"])).line_items
            after = await resource.update(ids[f"{kind}_id"], line_items=[{"id": line.id, "_destroy": True}])
        await recorder.aclose()

    [body] = [each for each in recorder.bodies if each is not None]
    assert (set(body[key][0]), after.line_items) == (set(body_amendments()[operation, key]), [])
