"""A plain HTTP client for API v1 of a sandbox in process, and an account with something in it."""

import asyncio
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import httpx
from attrs import frozen

from harvest_async.sandbox import Sandbox
from harvest_async.testing import VirtualClock, in_process

ADMIN, USER = "admin@example.com", "user@example.com"
START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)  # a Monday; half past nine in New York


class Caller:
    """Makes calls to a sandbox in process, one after the other, each on an event loop of its own.

    `format` is written into Accept and Content-Type; further headers replace them, and None leaves one out.
    """

    def __init__(self, sandbox, email=ADMIN, format="json", password="sandbox"):
        self.sandbox, self.auth = sandbox, (email, password) if email else None
        self.headers = {"Accept": f"application/{format}", "Content-Type": f"application/{format}"}

    def __call__(self, method, path, *, headers=None, **options):
        return asyncio.run(self._send(method, path, headers or {}, options))

    async def _send(self, method, path, headers, options):
        given = {name: value for name, value in (self.headers | headers).items() if value is not None}
        async with httpx.AsyncClient(transport=in_process(self.sandbox), base_url="http://127.0.0.1") as client:
            request = client.build_request(method, path, headers=given, **options)
            if headers.get("Accept", "") is None:
                del request.headers["accept"]
            return await client.send(request, auth=self.auth)

    def get(self, path, **options):
        return self("GET", path, **options)

    def post(self, path, json=None, **options):
        return self("POST", path, **options) if json is None else self("POST", path, json=json, **options)

    def put(self, path, json=None, **options):
        return self("PUT", path, **options) if json is None else self("PUT", path, json=json, **options)

    def delete(self, path, **options):
        return self("DELETE", path, **options)

    def make(self, path, fields=None, /, *, root=None, **more):
        """Create a record below its root, and give its id."""
        body = more if root is None else {root: {**(fields or {}), **more}}
        response = self.post(path, body)
        assert response.status_code == 201, (response.status_code, response.text)
        return made(response)


def call_app(app, method, path, **options):
    """Make one call to an ASGI application."""

    async def send():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            return await client.request(method, path, **options)

    return asyncio.run(send())


def made(response):
    """The id that Location ends in."""
    return int(response.headers["location"].rpartition("/")[2])


def reason(response):
    """What a refusal says, or the Hint of what was done; None for neither."""
    content = response.content.strip()
    if response.headers.get("hint") or not content or response.is_success:
        return response.headers.get("hint")
    is_json = response.headers["content-type"].startswith("application/json")
    return response.json()["message"] if is_json else tree_of(response).findtext("message")


def tree_of(response):
    """Return an XML response as elements."""
    return ET.fromstring(response.content)


@frozen
class Studio:
    """A client with a project, on which a task and both people are."""

    call: Caller
    client: int
    project: int
    task: int

    def log_time(self, call=None, **fields):
        """Create a time entry; gives it as the response has it."""
        body = {"project_id": self.project, "task_id": self.task, "hours": 1, "spent_at": "2026-01-05"} | fields
        response = (call or self.call).post("/daily/add", body)
        assert response.status_code == 201, (response.status_code, response.text)
        return response.json()

    def spend(self, call=None, **fields):
        """Create an expense; gives its id."""
        body = {"project_id": self.project, "spent_at": "2026-01-05", "total_cost": "12.50"} | fields
        return (call or self.call).make("/expenses", root="expense", **body)

    def invoice(self, **fields):
        """Create an invoice; gives its id."""
        return self.call.make("/invoices", root="invoice", **({"client_id": self.client, "kind": "free_form"} | fields))


def new_sandbox(**options):
    """A sandbox whose clock is moved by hand, with calls enough for any test."""
    return Sandbox(**({"clock": VirtualClock(START), "calls": 10_000} | options))


def clock_of(sandbox):
    """The clock of such a sandbox."""
    return sandbox._account.clock


def new_studio(sandbox):
    """Fill an account through its own calls."""
    call = Caller(sandbox)
    client = call.make("/clients", root="client", name="ACME")
    project = call.make("/projects", root="project", name="Rocket", client_id=client)
    task = call.make("/tasks", root="task", name="Design")
    call.make(f"/projects/{project}/task_assignments", root="task", id=task)
    for person in (1, 2):
        call.make(f"/projects/{project}/user_assignments", root="user", id=person)
    return Studio(call, client, project, task)
