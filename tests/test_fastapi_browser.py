"""The pages in a real Chromium, in the example app as it is, with two worker processes."""

import os
import re
import signal
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.background import rows
from tests.support.chromium import example, faults, launched, moving, needs_chromium, tab_to

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
def visitor(browser, *, expected=None, **options):
    """A visitor's page; an error of a script, a missing file or a request elsewhere fails the test.

    `expected` is a part of the browser's messages that the test is about.
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
    assert [each for each in problems if expected is None or expected not in each] == []


def sign_in(page, address, to="/projects"):
    page.goto(f"{address}/sign-in?next={to}")
    page.wait_for_url(f"{address}{to}")


def send_file(page, address, content, name="time.csv"):
    page.goto(f"{address}/imports")
    page.set_input_files("#file", {"name": name, "mimeType": "text/csv", "buffer": content})
    page.click("text=Show the plan")
    page.wait_for_url(re.compile(r"/imports/[0-9a-f-]+$"))


def test_a_sign_in_and_an_import_from_end_to_end(browser, address):
    """From the first page to the report and its rejected rows, with live updates.

    Each page is accessible and needs no scrolling sideways, at both widths and in both colour schemes.
    """
    content = rows(3, start=400) + b"2026-13-01,ACME,Rocket,Design,x,1,Ada,Sandbox\n"
    with visitor(browser) as page:
        page.goto(address)
        assert faults(page) == []
        page.click("text=Sign in with Harvest")
        page.wait_for_url("**/projects")
        page.fill("#hours", "1,5")
        page.fill("#notes", "by hand")
        page.click("text=Log time")
        page.wait_for_selector("td:has-text('by hand')")
        assert faults(page) == []
        page.goto(f"{address}/sign-in/account")
        page.wait_for_selector("button:has-text('account 1')")
        assert faults(page) == []
        page.goto(f"{address}/imports")
        page.click("summary")
        assert faults(page) == []
        send_file(page, address, content)
        page.wait_for_selector("text=Import now")  # by the stream of events: the page is not loaded again
        assert faults(page) == []
        page.click("text=Import now")
        page.wait_for_selector("h2:has-text('Report')")
        assert faults(page) == []
        with page.expect_download() as download:
            page.click("text=Download the rejected rows")
        assert b"2026-13-01" in Path(download.value.path()).read_bytes()
        page.goto(f"{address}/operators")
        page.wait_for_selector("svg.window")
        assert faults(page) == []


def test_an_import_by_the_keyboard_alone(browser, address):
    """Tab and Enter lead from the first page to the report; the focus is always visible and stays when a page changes.

    Only the choice of a file is the browser's own window.
    """
    with visitor(browser) as page:
        page.goto(address)
        tab_to(page, "a[href^='/sign-in']")
        page.keyboard.press("Enter")
        page.wait_for_url("**/projects")
        page.goto(f"{address}/imports")
        tab_to(page, ".skip")
        page.keyboard.press("Enter")
        tab_to(page, "#file")
        page.set_input_files("#file", {"name": "k.csv", "mimeType": "text/csv", "buffer": rows(2, start=7_000)})
        tab_to(page, "summary")
        page.keyboard.press("Enter")
        tab_to(page, "details label input, details input, details select, details textarea")
        tab_to(page, "button.primary")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=Import now")
        tab_to(page, "button.primary")
        page.keyboard.press("Enter")
        page.wait_for_selector("h2:has-text('Report')")
        page.goto(f"{address}/operators")
        page.wait_for_selector("svg.window")
        tab_to(page, ".scroll")
        before = page.locator("#process").inner_text()
        page.wait_for_function("(before) => document.querySelector('#process').innerText !== before", arg=before)
        assert page.evaluate("document.activeElement.matches('.scroll')")


BEFORE = """<p id="process">Worker process 1</p>
<section id="account-1"><p id="gate">Gate: <span class="open">open</span></p>
<div id="calls-1" class="scroll" tabindex="0"><table><tbody><tr><td>1</td></tr></tbody></table></div></section>
<div id="actions"><form id="action-cancel"><button>Cancel</button></form></div>"""
AFTER = """<p id="new">A client has been created.</p>
<p id="process" class="hint">Worker process 2</p>
<section id="account-1"><p id="gate">Gate: <span class="closed">closed</span>; opens in 5 s</p><div id="more">more</div>
<div id="calls-1" class="scroll" tabindex="0"><table><tbody><tr><td>1</td></tr><tr><td>2</td></tr></tbody></table></div></section>
<div id="actions"><form id="action-undo"><button>Undo</button></form></div>"""
SAME_TEXT = "([place, text]) => place.innerHTML.replace(/\\s+/g, '') === text.replace(/\\s+/g, '')"


@pytest.mark.parametrize(("first", "second"), [(BEFORE, AFTER), (AFTER, BEFORE)], ids=["grows", "shrinks"])
def test_a_page_that_changes_shows_the_new_text_and_keeps_what_has_the_focus(browser, address, first, second):
    """Elements come and go around the one with the focus, text beside an element changes, too; the result is the new text.

    A button that is removed does not hand its focus to the one in its place: Enter must not start what nobody chose.
    """
    with visitor(browser) as page:
        sign_in(page, address)
        page.goto(f"{address}/operators")
        place = page.evaluate_handle("document.body.appendChild(document.createElement('div'))")
        page.evaluate("([place, text]) => update(place, text)", [place, first])
        page.focus("#calls-1")
        page.evaluate(
            "([place, text]) => { place.was = document.activeElement; update(place, text); }", [place, second]
        )
        assert page.evaluate("(place) => document.activeElement === place.was", place)
        assert page.evaluate(SAME_TEXT, [place, second])

        page.focus("#actions button")
        page.evaluate("([place, text]) => update(place, text)", [place, first])
        assert page.evaluate("document.activeElement === document.body")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_moves_for_those_who_prefer_it(browser, address, motion):
    """No page has a transition or an animation for a visitor who prefers reduced motion; others see some."""
    with visitor(browser, reduced_motion=motion) as page:
        sign_in(page, address)
        found = [moving(page)]
        for path in ("/", "/sign-in/account", "/imports", "/operators"):
            page.goto(f"{address}{path}")
            found.append(moving(page))

    assert any(found) == (motion == "no-preference")


def test_a_page_that_refuses_is_accessible(browser, address):
    """A forged callback leads to a page that a person can use as well."""
    with visitor(browser, expected="status of 400") as page:
        page.goto(f"{address}/sign-in/callback?state=forged&code=1")
        page.wait_for_selector("text=Sign in again")
        assert faults(page) == []


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
    with visitor(browser, expected="ERR_") as page:
        sign_in(page, address)
        send_file(page, address, rows(60, start=9_000))
        page.click("text=Import now")
        page.wait_for_selector("label:has-text('Logging time')")
        assert faults(page) == []
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
