"""A plain HTTP client for API v2 of a sandbox in process, and an account with a project."""

import asyncio

import httpx
from attrs import frozen

from harvest_async.testing import in_process

HEADERS = {
    "Authorization": "Bearer sandbox-token",
    "Harvest-Account-Id": "1",
    "User-Agent": "tests (tests@example.com)",
}


class V2Caller:
    """Sends requests to a sandbox in process, each on an event loop of its own."""

    def __init__(self, sandbox, prefix="/v2", **headers):
        self.sandbox, self.prefix = sandbox, prefix
        self.headers = HEADERS | headers

    def __call__(self, method, path, *, headers=None, **options):
        return asyncio.run(self._send(method, path, headers or {}, options))

    async def _send(self, method, path, headers, options):
        given = self.headers | headers
        address = path if path.startswith(("http", "/api/v2/oauth2", "/api/v2/accounts")) else self.prefix + path
        async with httpx.AsyncClient(transport=in_process(self.sandbox), base_url="http://127.0.0.1") as client:
            request = client.build_request(
                method, address, headers={name: value for name, value in given.items() if value is not None}, **options
            )
            for name in [name for name, value in given.items() if value is None and name in client.headers]:
                del request.headers[name]
            return await client.send(request)

    def get(self, path, **params):
        return self("GET", path, params=params or None)

    def post(self, path, **json):
        return self("POST", path, json=json)

    def patch(self, path, **json):
        return self("PATCH", path, json=json)

    def delete(self, path):
        return self("DELETE", path)

    def make(self, path, **json):
        """Create a record and return it."""
        response = self.post(path, **json)
        assert response.status_code == 201, (response.status_code, response.text)
        return response.json()


@frozen
class V2Studio:
    """A client with a project, to which a task and both people are assigned."""

    call: V2Caller
    client: int
    project: int
    task: int

    def log_time(self, **fields):
        """Create a time entry and return it."""
        given = {"project_id": self.project, "task_id": self.task, "spent_date": "2026-01-05", "hours": 1.5}
        return self.call.make("/time_entries", **{**given, **fields})

    def spend(self, **fields):
        """Create an expense and return it."""
        categories = self.call.get("/expense_categories").json()["expense_categories"]
        category = categories[0]["id"] if categories else self.call.make("/expense_categories", name="Meals")["id"]
        given = {"project_id": self.project, "expense_category_id": category, "spent_date": "2026-01-05"}
        return self.call.make("/expenses", **{**given, "total_cost": 12.5, **fields})

    def invoice(self, **fields):
        """Create an invoice and return it."""
        lines = [{"kind": "Service", "description": "Work", "unit_price": 100, "project_id": self.project}]
        return self.call.make("/invoices", **({"client_id": self.client, "line_items": lines} | fields))

    def estimate(self, **fields):
        """Create an estimate and return it."""
        lines = [{"kind": "Service", "description": "Work", "unit_price": 100}]
        return self.call.make("/estimates", **({"client_id": self.client, "line_items": lines} | fields))


def new_v2_studio(sandbox):
    """Fill an account through its own calls."""
    call = V2Caller(sandbox)
    client = call.make("/clients", name="ACME", currency="EUR")["id"]
    fields = {"is_billable": True, "bill_by": "Project", "budget_by": "project", "budget": 100, "hourly_rate": 80}
    project = call.make("/projects", name="Rocket", code="R1", client_id=client, **fields)["id"]
    task = call.make("/tasks", name="Design")["id"]
    call.make(f"/projects/{project}/task_assignments", task_id=task)
    call.make(f"/projects/{project}/user_assignments", user_id=2)
    return V2Studio(call, client, project, task)
