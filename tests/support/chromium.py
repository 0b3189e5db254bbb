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

    It has to end within five seconds without a complaint: warnings are errors.
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
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            process.wait(patience)
            assert time.monotonic() - began < 10, log.read_text()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(10)
    assert "Traceback" not in log.read_text(), log.read_text()


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
