"""The pages in a real Chromium, in the example app as it is, with two worker processes."""

import os
import re
import signal
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.background import rows
from tests.support.chromium import axe, example, is_narrow_enough, launched, needs_chromium

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.socket, needs_chromium, pytest.mark.timeout(180)]

SHORT = 20_000
"""Milliseconds to wait for a page, on a machine that does other things, too."""


@pytest.fixture(scope="module")
def browser():
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """The folder that the app's workers share."""
    return tmp_path_factory.mktemp("webapp") / "state"


@pytest.fixture(scope="module")
def address(state):
    settings = {"WEBAPP_STATE": str(state), "WEBAPP_LEASE": "4", "WEBAPP_MAX_DELAY": "2"}
    with example(state.parent / "log.txt", **settings) as address:
        yield address


@contextmanager
def visitor(browser, *, cut_off=False, **options):
    """A visitor's page; an error of a script, a missing file or a request elsewhere fails the test.

    `cut_off` expects that the server dies while it responds.
    """
    problems = []
    context = browser.new_context(**options)
    context.set_default_timeout(SHORT)
    page = context.new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: message.type == "error" and problems.append(message.text))
    page.on("request", lambda request: "127.0.0.1" in request.url or problems.append(request.url))
    try:
        yield page
    finally:
        context.close()
    assert [each for each in problems if not (cut_off and "ERR_" in each)] == []


def sign_in(page, address, to="/projects"):
    page.goto(f"{address}/sign-in?next={to}")
    page.wait_for_url(f"{address}{to}")


def send_file(page, address, content, name="time.csv"):
    page.goto(f"{address}/imports")
    page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": content})
    page.click("text=Show the plan")
    page.wait_for_url(re.compile(r"/imports/[0-9a-f-]+$"))


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1440, "light")])
def test_a_sign_in_and_an_import_from_end_to_end(browser, address, width, scheme):
    """From the first page to the report and its rejected rows, with live updates, accessible at each step."""
    content = rows(3, start=width + len(scheme)) + b"2026-13-01,ACME,Rocket,Design,x,1,Ada,Sandbox\n"
    with visitor(browser, viewport={"width": width, "height": 800}, color_scheme=scheme) as page:

        def check():
            assert axe(page) == ""
            assert is_narrow_enough(page)

        page.goto(address)
        check()
        page.click("text=Sign in with Harvest")
        page.wait_for_url("**/projects")
        page.fill("#hours", "1,5")
        page.fill("#notes", f"by {width} {scheme}")
        page.click("text=Log time")
        page.wait_for_selector(f"td:has-text('by {width} {scheme}')")
        check()
        page.goto(f"{address}/imports")
        page.click("summary")
        check()
        send_file(page, address, content)
        page.wait_for_selector("text=Import now")  # by the stream of events: the page is not loaded again
        check()
        page.click("text=Import now")
        page.wait_for_selector("h2:has-text('Report')")
        check()
        with page.expect_download() as download:
            page.click("text=Download the rejected rows")
        assert b"2026-13-01" in Path(download.value.path()).read_bytes()
        page.goto(f"{address}/operators")
        page.wait_for_selector("svg.window")
        check()
        page.goto(f"{address}/imports")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"


def test_an_import_without_javascript(browser, address):
    """Every step works by forms and links; the page shows the state of its loading."""
    with visitor(browser, java_script_enabled=False) as page:
        sign_in(page, address)
        send_file(page, address, rows(2, start=5_000))
        for text in ("Import now", "h2:has-text('Report')"):
            for _ in range(60):
                if page.locator(text if text.startswith("h2") else f"text={text}").count():
                    break
                page.wait_for_timeout(250)
                page.reload()
            if text == "Import now":
                page.click(f"text={text}")
        page.goto(f"{address}/operators")

        assert "This page does not change by itself" in page.content()


def test_a_forged_a_replayed_and_a_foreign_callback_are_refused(browser, address):
    """No callback but the browser's own first one signs in, and none leads away from the app."""
    callbacks = []
    with visitor(browser) as page:
        page.on("request", lambda request: "/callback?" in request.url and callbacks.append(request.url))
        sign_in(page, address)
        [own] = callbacks
        context = page.context
        context.clear_cookies()
        for url in (own, re.sub("state=[^&]+", "state=forged", own)):
            response = context.request.get(url, headers={"accept": "text/html"}, max_redirects=0)
            assert (response.status, "Sign in again" in response.text()) == (400, True)
        for target in ("//evil.example", "https://evil.example", "/\\evil.example"):
            response = context.request.get(f"{address}/sign-in", params={"next": target}, max_redirects=0)
            assert (response.status, response.json()["type"]) == (400, "urn:harvest-async:open-redirect")
        assert context.request.get(f"{address}/imports", max_redirects=0).status == 404  # no one is signed in


def test_an_import_of_a_killed_worker_is_shown_resumed(browser, address, state):
    """Another worker continues it, the open page says so, and each row is created once."""
    with visitor(browser, cut_off=True) as page:
        sign_in(page, address)
        send_file(page, address, rows(60, start=9_000))
        page.click("text=Import now")
        page.wait_for_selector("label:has-text('Logging time')")
        os.kill(_worker_of(state), signal.SIGKILL)
        page.wait_for_selector("text=resumed after a restart of the server", timeout=60_000)
        page.wait_for_selector("h2:has-text('Report')", timeout=90_000)

        assert page.locator("#report dd").first.inner_text() == "60"


def _worker_of(state):
    """The process that runs the import: it holds the run lock."""
    import sqlite3

    with sqlite3.connect(state / "locks.sqlite3") as database:
        [(owner,)] = database.execute("select owner from run_locks where state = 'held'")
    database.close()
    return int(owner.split(":")[1])
