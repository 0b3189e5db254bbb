"""How fast does the sandbox take time entries, and does it stay so fast when it holds many?

Creates by plain httpx, one connection, one after the other, against uvicorn with its defaults in a process of its own;
then a run without HTTP on an account that holds 50,000 entries already, in memory and in a file.

Rules:
- The rate is that of the whole way: client, loopback, server, store. The client's part is in it.
- What was really made is counted in the account afterwards.
"""

import json
import tempfile
import time
from pathlib import Path

import httpx
from support import CREDENTIALS, heading, sandboxes, show

from harvest_async.sandbox.account import Account
from harvest_async.sandbox.settings import Settings

CREATES, HELD, MORE = 4_000, 50_000, 2_000
HEADERS = {"accept": "application/json", "content-type": "application/json", "authorization": "Bearer sandbox-v1-token"}


def prepare(call):
    """Create a project for time entries; return the fields of an entry. `call` posts, and returns the new id."""
    client = call("/clients", {"client": {"name": "ACME"}})
    project = call("/projects", {"project": {"name": "Rocket", "client_id": client}})
    task = call("/tasks", {"task": {"name": "Design"}})
    call(f"/projects/{project}/task_assignments", {"task": {"id": task}})
    call(f"/projects/{project}/user_assignments", {"user": {"id": 1}})
    return {"project_id": project, "task_id": task, "hours": 1.25, "spent_at": "2026-01-05", "notes": "Read the docs"}


def over_http(address):
    """Creates a second, and how many entries there are then."""
    with httpx.Client(base_url=address, auth=CREDENTIALS, headers=HEADERS, trust_env=False, timeout=60) as client:
        entry = prepare(lambda path, body: client.post(path, json=body).headers["location"].rpartition("/")[2])
        begin = time.perf_counter()
        for _ in range(CREATES):
            client.post("/daily/add", json=entry).raise_for_status()
        rate = CREATES / (time.perf_counter() - begin)
        return rate, len(client.get("/people/1/entries?from=20260101&to=20261231").json())


def without_http(db):
    """Microseconds of CPU a create, on an empty account and on one that holds many."""
    account = Account(Settings(calls=10**6, db=db))

    def call(path, body):
        reply = account.serve(("POST", path, ""), HEADERS, json.dumps(body).encode())
        return reply.location and reply.location.rpartition("/")[2]

    entry = prepare(call)

    def took(creates):
        begin = time.process_time()
        for _ in range(creates):
            call("/daily/add", entry)
        return (time.process_time() - begin) / creates * 1e6

    first, _, last = took(MORE), took(HELD - MORE), took(MORE)
    account.close()
    return first, last


def main():
    """Print the figures."""
    heading("The sandbox")
    with sandboxes(1, "--calls", "1000000") as [server]:
        rate, made = over_http(server.address)
    rows = [("creates a second over HTTP, one connection", f"{rate:,.0f}", f"{made:,} entries made")]
    with tempfile.TemporaryDirectory() as folder:
        for name, db in (("in memory", None), ("in a file", Path(folder) / "sandbox.db")):
            first, last = without_http(db)
            rows.append(
                (f"CPU a create without HTTP, {name}", f"{first:.0f} µs", f"{last:.0f} µs with {HELD:,} entries")
            )
    asked = "a rate that does not fall with what the account holds; 50,000 rows in minutes, not hours"
    show(("what", "at the start", "then"), rows, asked)


if __name__ == "__main__":
    main()
