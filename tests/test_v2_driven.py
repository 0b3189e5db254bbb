"""Every method of `HarvestV2`, called with all that it takes against the sandbox on a socket, sends what the list has.

`nox -s contract` runs this file and prints a summary.
"""

import asyncio
import shutil
from contextlib import closing, suppress

import pytest

from harvest_async import BearerAuth, HarvestError, HarvestV2
from harvest_async.sandbox import Sandbox
from tests.contract import drive
from tests.contract.v2 import operations
from tests.support.v2_account import BEFORE, client_of, prepare

pytestmark = [pytest.mark.socket, pytest.mark.slow, pytest.mark.timeout(300)]

OFFLINE = HarvestV2(1, auth=BearerAuth("token"), app="tests (tests@example.com)", base_url="http://127.0.0.1:9")
NAMES = sorted(drive.methods(OFFLINE))
SAVED = {"invoices.send", "invoices.close", "invoices.reopen", "invoices.draft", "estimates.send", "estimates.accept",
         "estimates.decline", "estimates.reopen"}  # fmt: skip
"""Methods that are another use of the operation that creates a message."""


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


def called(name, accounts, tmp_path, *, timestamps=False):
    """Call a method in each variant; return what was sent, as (operation, names of the query, names of the body)."""
    table = drive.BY_TIMES if timestamps else drive.NEVER_TOGETHER
    found = []
    for number, leave_out in enumerate(table.get(name, [set()])):
        file, ids = accounts[timestamps]
        copy = shutil.copy(file, tmp_path / f"{number}{timestamps}.sqlite3")
        with closing(Sandbox(100_000, db=copy, report_calls=5_000, timestamp_timers=timestamps)) as sandbox:
            found += asyncio.run(_call(sandbox, name, dict(ids), leave_out))
    return found


async def _call(sandbox, name, ids, leave_out):
    if name in BEFORE:
        async with client_of(sandbox) as harvest:
            await BEFORE[name](harvest, ids)
    recorder = drive.Recorder()
    with sandbox.serve_in_thread() as address:
        async with drive.client_at(address, recorder) as harvest:
            method = drive.methods(harvest)[name]
            places, given = drive.arguments(name, method, ids, leave_out)
            if name == "expenses.get_receipt":
                await harvest.expenses.attach_receipt(ids["expense_id"], drive.PNG)
                places = [await harvest.expenses.get(ids["expense_id"])]
            with suppress(HarvestError):  # the request counts here; other tests read the responses
                result = method(*places, **given)
                await result
        await recorder.aclose()
    return [(drive.operation_of(verb, path), query, body) for verb, path, query, body in recorder.sent]


@pytest.fixture(scope="module")
def sent(accounts, tmp_path_factory):
    """The names of parameters and fields that were sent to each operation."""
    found = {}
    for name in NAMES:
        for timestamps in (False, True) if name in drive.BY_TIMES else (False,):
            folder = tmp_path_factory.mktemp("copy")
            for operation, query, body in called(name, accounts, folder, timestamps=timestamps):
                if operation is not None:
                    queries, bodies = found.setdefault(operation.name, (set(), set()))
                    queries |= query
                    bodies |= body
    return found


@pytest.mark.parametrize("name", sorted(operations()))
def test_an_operation_gets_its_parameters_and_fields(sent, name):
    """Sends each parameter and each field of the list, and no other."""
    operation = operations()[name]
    assert name in sent, f"{name}: no method sends it"
    query, body = sent[name]

    wanted = set(operation.query) - {"cursor"}
    assert (sorted(wanted - query), sorted(query - wanted)) == ([], []), f"{name}: parameters missing, in excess"
    fields = set(operation.body)
    assert (sorted(fields - body), sorted(body - fields)) == ([], []), f"{name}: fields missing, in excess"
