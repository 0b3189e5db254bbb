"""An import and an export, begun again until they are done; and whether account and files agree."""

import json
import re
from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal

from harvest_async import exports, imports
from harvest_async.errors import HarvestError
from tests.chaos.setting import MAX_DELAY, ROUNDS, client
from tests.crash.harness import expected_entry
from tests.support.sample import PEOPLE, make_rows, write_csv

ROWS, RECORDS = 40, 60
_OPTIONS = imports.Options(fill=imports.Fill(client="ACME", task="Work"), long_days=True)
_RULES = imports.Rules(max_delay=MAX_DELAY)
_KINDS = {"client": "clients", "entry": "time_entries"}


def prepare_import(sandbox, folder, chance):
    """Write a file with a few pairs of equal rows; return the entries that the account has to have."""
    for person in PEOPLE:
        first, last = person.split()
        fields = {"email": f"{last.lower()}@example.com", "first_name": first, "last_name": last}
        sandbox.world.add("user", fields, datetime.now(UTC))
    rows = make_rows(ROWS - 4, seed=chance.random())
    rows += chance.sample(rows, 4)
    chance.shuffle(rows)
    (folder / "time.csv").write_bytes(write_csv(rows))
    return Counter(expected_entry(row) for row in rows)


async def importing(setting):
    """Import the file, by as many runs as it takes; return what the runs that ended early reported."""
    said, planned = [], False
    for number in range(ROUNDS):
        try:
            with setting.machine(number):
                async with client(setting) as harvest:
                    with closing(await _plan(harvest, setting.folder, planned=planned)) as plan:
                        planned = True
                        report = await imports.run(plan, rules=_RULES)
        except HarvestError as error:
            said.append(f"{type(error).__name__}: {error.message}")
        else:
            if report.complete:
                return said
            said.append(str(report.stopped))
    return [*said, "never done"]


async def _plan(harvest, folder, *, planned):
    """Resume a run, or plan one: a journal without a whole plan is of no use, and nothing was sent by it."""
    journal = folder / "run.journal"
    if planned:
        return await imports.resume(harvest, journal)
    for each in folder.glob("run.journal*"):
        each.unlink()
    with imports.open_source(folder / "time.csv", _OPTIONS) as source:
        return await imports.plan(harvest, source, journal=journal, options=_OPTIONS)


def judge_import(sandbox, wanted, said, folder):
    """Compare the entries of the account with the rows of the file."""
    people = sandbox.world.tables["user"]
    have = Counter(
        (people[each["user_id"]]["email"], each["spent_at"].isoformat(), each["hours"], (each["notes"] or "").strip())
        for each in sandbox.world.entries()
    )
    return _differences(wanted, have, "entries") + [each for each in said if each == "never done"]


def prepare_export(sandbox, folder, chance):
    """Put records into the account; return how often a file has to have each."""
    now, world = datetime.now(UTC), sandbox.world
    owners = [world.add("client", {"name": f"Client {number}"}, now)["id"] for number in range(RECORDS)]
    project = world.add("project", {"name": "Website", "client_id": owners[0]}, now)["id"]
    task = world.add("task", {"name": "Work"}, now)["id"]
    for number in range(RECORDS):
        fields = {"user_id": 1, "project_id": project, "task_id": task, "notes": f"entry {number} " * 5}
        world.add("entry", {**fields, "spent_at": date(2026, 1, 1 + number % 28), "hours": Decimal("0.25")}, now)
    return {kind: Counter(each["id"] for each in world.all(kind)) for kind in _KINDS}


async def exporting(setting):
    """Export the account, by as many runs as it takes; return what the runs that failed reported."""
    said = []
    for number in range(ROUNDS):
        try:
            with setting.machine(number):
                async with client(setting) as harvest:
                    await exports.export(harvest, setting.folder / "export")
        except HarvestError as error:
            said.append(f"{type(error).__name__}: {error.message}")
        else:
            return said
    return [*said, "never done"]


def judge_export(sandbox, wanted, said, folder):
    """Compare the files with the records of the account."""
    faults = [each for each in said if each == "never done"]
    for kind, name in _KINDS.items():
        path = folder / "export" / f"{name}.jsonl"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        have = Counter(_id(json.loads(line)) for line in lines)
        faults += _differences(wanted[kind], have, name)
    faults += [f"{each.name} left" for each in (folder / "export").glob("*") if re.search(r"tmp|part", each.name)]
    return faults


def _id(record):
    """Return the id of a record, with or without a root."""
    return record["id"] if "id" in record else next(iter(record.values()))["id"]


def _differences(wanted, have, name):
    lost, doubled = (wanted - have).total(), (have - wanted).total()
    return [f"{lost} {name} lost"] * bool(lost) + [f"{doubled} {name} doubled"] * bool(doubled)
