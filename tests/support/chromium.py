"""A real headless Chromium, and a web app that is served to it."""

import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.request import urlopen

import pytest

from tests.support.valkey import free_port
from tests.support.web import ROOT

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
INSTALL = "this test needs Chromium: apt-get install --no-install-recommends chromium"

WIDTHS = (360, 1440)
SCHEMES = ("light", "dark")

COMPLAINTS = ("Traceback", "graceful shutdown exceeded")
"""What a server writes that failed, or that had to cut off a request at its end."""

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason=INSTALL)


@contextmanager
def launched():
    """A Chromium without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def example(log, *, workers=2, patience=40.0, **environment):
    """The example app by its one command, on a port of its own; yields its address.

    It has to end by itself after an interrupt, without a complaint: warnings are errors. A worker that isn't done when
    the five seconds of the server's own limit have passed complains.
    """
    port = free_port()
    command = [sys.executable, "-W", "error", "-m", "examples.webapp", "--port", str(port), "--workers", str(workers)]
    address = f"http://127.0.0.1:{port}"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=_environment(environment), stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait(address, process, log, patience)
            yield address
            process.send_signal(signal.SIGINT)
            process.wait(patience)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(10)
    written = log.read_text()
    assert not [complaint for complaint in COMPLAINTS if complaint in written], written


def _environment(given):
    import os

    left = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "HARVEST_"))}
    return left | given


def _wait(address, process, log, patience):
    deadline = time.monotonic() + patience
    while True:
        try:
            with urlopen(f"{address}/"):  # noqa: S310 - loopback
                return
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)


def axe(page):
    """What axe-core finds on a page."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page)
    return found.generate_report() if found.violations_count else ""


def is_narrow_enough(page):
    """Whether a page needs no scrolling from side to side."""
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def faults(page):
    """What is wrong with a page on a telephone and on a wide screen, in light and in dark colours."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found += [f"{width} {scheme}: {each}" for each in (axe(page), *_too_wide(page)) if each]
    return found


def _too_wide(page):
    return [] if is_narrow_enough(page) else ["it has to be scrolled from side to side"]


def moving(page):
    """The elements of a page that move by themselves or change slowly: those with a transition or an animation."""
    return page.evaluate("""() => [...document.querySelectorAll("*")].filter((each) => {
        const style = getComputedStyle(each);
        return style.transitionDuration.split(", ").some((time) => time !== "0s") || style.animationName !== "none";
    }).map((each) => each.tagName)""")


def tab_to(page, selector):
    """Press Tab until an element has the focus; each element on the way has to be visible and to show its focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        assert page.evaluate(_SHOWS_FOCUS), page.evaluate("document.activeElement.outerHTML")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


_SHOWS_FOCUS = """() => {
    const own = document.activeElement, style = getComputedStyle(own);
    return own !== document.body && own.checkVisibility()
        && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}"""
