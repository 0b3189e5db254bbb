"""Run the example app against the sandbox: `python -m examples.webapp [--port 8000] [--workers 4]`."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
from tempfile import mkdtemp
from typing import Any

import uvicorn

from harvest_async import BearerAuth, HarvestV2, Throttle
from harvest_async.sandbox import Sandbox

APP = "Time sheet example (ops@example.com)"
TOKEN = "sandbox-token"


async def fill(address: str) -> None:
    """Create a client, two projects and their tasks, so that there is something to see."""
    options: dict[str, Any] = {"auth": BearerAuth(TOKEN), "app": APP, "base_url": address, "throttle": Throttle()}
    async with HarvestV2(1, **options) as harvest:
        client = await harvest.clients.create("ACME")
        tasks = [await harvest.tasks.create(name) for name in ("Design", "Build")]
        for name in ("Rocket", "Website"):
            project = await harvest.projects.create(
                client.id, name, is_billable=False, bill_by="none", budget_by="none"
            )
            for task in tasks:
                await harvest.task_assignments.create(project.id, task.id)


def main() -> None:
    """Start the sandbox and the app."""
    parser = argparse.ArgumentParser(description="The example app, against the sandbox.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=4)
    given = parser.parse_args()
    sandbox = Sandbox()
    with sandbox.serve_in_thread() as address:
        asyncio.run(fill(address))
        settings = {
            "HARVEST_BASE_URL": address,
            "HARVEST_ACCOUNT_ID": "1",
            "HARVEST_ACCESS_TOKEN": TOKEN,
            "HARVEST_APP": APP,
            "HARVEST_CLIENT_ID": "sandbox-client",
            "HARVEST_CLIENT_SECRET": "sandbox-secret",
            "HARVEST_REDIRECT_URI": f"http://127.0.0.1:{given.port}/sign-in/callback",
            "HARVEST_SESSION_KEYS": secrets.token_urlsafe(32),
            "WEBAPP_STATE": mkdtemp(prefix="harvest-webapp-"),
        }
        for name, value in settings.items():
            os.environ.setdefault(name, value)
        print(f"Open http://127.0.0.1:{given.port}/ (Ctrl-C ends it)", flush=True)
        uvicorn.run(
            "examples.webapp.app:app",
            port=given.port,
            workers=given.workers,
            log_level="warning",
            timeout_graceful_shutdown=5,
        )
    sandbox.close()


if __name__ == "__main__":
    main()
