"""The example app as it is: its one command, two worker processes, and what they share."""

import asyncio
import re
from contextlib import ExitStack

import httpx
import pytest

import harvest_async
from examples.webapp import settings
from tests.support.background import ended, field, rows, upload
from tests.support.chromium import example
from tests.support.valkey import Valkey

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.socket, pytest.mark.timeout(120)]


@pytest.mark.parametrize("shared", ["sqlite", "valkey"])
async def test_the_example_serves_a_person_from_the_sign_in_to_the_sign_out(tmp_path, shared):
    """Sign-in, projects, time, an import and the operators' page work whichever worker responds."""
    with ExitStack() as stack:
        settings = {"WEBAPP_STATE": str(tmp_path / "state"), "WEBAPP_MAX_DELAY": "2"}
        if shared == "valkey":
            settings["WEBAPP_REDIS"] = stack.enter_context(Valkey(tmp_path)).url
        address = stack.enter_context(example(tmp_path / "log.txt", **settings))
        options = {"base_url": address, "follow_redirects": True, "timeout": 30, "headers": {"accept": "text/html"}}
        async with httpx.AsyncClient(**options, limits=httpx.Limits(max_keepalive_connections=0)) as visitor:
            projects = await visitor.get("/sign-in?next=/projects")
            assignment = re.search(r'option value="([^"]+)"', projects.text)[1]
            form = {"csrf_token": field(projects, "csrf_token"), "assignment": assignment, "notes": "by hand"}
            wrong = await visitor.post("/time", data=form | {"day": "2026-01-05", "hours": "many"})
            huge = await visitor.post("/time", data=form | {"day": "2026-01-05", "hours": "1e500"})
            logged = await visitor.post("/time", data=form | {"day": "2026-01-05", "hours": "1,5"})
            visitor.headers["X-CSRF-Token"] = (await visitor.get("/api/imports/csrf")).json()["csrf_token"]
            # the store of the run locks began empty
            while (begun := await upload(visitor, rows(3))).status_code == 503:  # noqa: ASYNC110
                await asyncio.sleep(int(begun.headers["retry-after"]))
            plan = await ended(visitor, begun)
            done = await ended(visitor, await visitor.post(plan["links"]["confirm"]))
            operators = await visitor.get("/operators")
            out = await visitor.post("/sign-out")
            after = await visitor.get("/operators", follow_redirects=False)

    assert (wrong.status_code, "hours like 1.5" in wrong.text) == (422, True)
    assert (huge.status_code, "give a decimal number" in huge.text) == (422, True)
    assert "by hand" in logged.text
    assert done["report"]["created"] == 3
    assert "Budget “general”" in operators.text
    assert ("Sign in with Harvest" in out.text, after.status_code) == (True, 303)


async def test_missing_settings_are_named_together(monkeypatch):
    """The app does not start without them, and the message has each one: nothing fails in a later request."""
    for name in settings.REQUIRED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HARVEST_APP", "tests (tests@example.com)")

    with pytest.raises(harvest_async.InvalidArgument) as caught:
        settings.check()

    missing = set(settings.REQUIRED) - {"HARVEST_APP"}
    assert {name for name in settings.REQUIRED if name in str(caught.value)} == missing
    assert len(missing) == 6
