"""Run the complete pages of docs/, block by block, as a reader would: what is printed has to be what they show.

A block with a title is a file, a Python block without one continues the ones before it, and a block of a console has
commands with their output, in which `...` matches anything.
"""

import ast
import contextlib
import doctest
import inspect
import io
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.environment import V2, set_sandbox

pytestmark = [pytest.mark.anyio, pytest.mark.socket]

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("first-steps", "async-service", "bulk-import", "export", "command-line", "errors", "extending")
BLOCK = re.compile(r"^```(\w+)(?: title=\"(.+?)\")?\n(.*?)^```", re.MULTILINE | re.DOTALL)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture
def folder(harvest_address, monkeypatch, tmp_path):
    """An empty folder to work in, with the variables of the sandbox set."""
    set_sandbox(monkeypatch, V2, harvest_address, tmp_path)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.syspath_prepend(work)
    monkeypatch.delitem(sys.modules, "service", raising=False)
    return work


def blocks_of(text):
    """Yield the blocks of a page as (line, language, title, code)."""
    for found in BLOCK.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, *found.groups()


async def run_python(code, names, place):
    """Run a Python block, in which `await` is allowed; what it prints is returned."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        waiting = eval(compile(code, place, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)  # noqa: S307
        if inspect.iscoroutine(waiting):
            await waiting
    return printed.getvalue()


def run_console(code, folder, place):
    """Run the commands of a block, and compare what they print."""
    for command in re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]:
        line, _, wanted = command.partition("\n")
        program, *arguments = shlex.split(line)
        start = {"python": [sys.executable], "harvest-async": [sys.executable, "-m", "harvest_async"]}[program]
        ran = subprocess.run([*start, *arguments], check=False, capture_output=True, text=True, cwd=folder)
        printed = ran.stdout + ran.stderr
        assert ran.returncode in {0, 1, 2}, f"{place}: {line}\n{printed}"
        assert doctest.OutputChecker().check_output(wanted, printed, FLAGS), f"{place}: {line}\nprinted:\n{printed}"


async def run_page(text, name, folder):
    """Run all blocks of a page."""
    names = {"__name__": "__main__"}
    for number, language, title, code in blocks_of(text):
        place = f"{name}, line {number}"
        if title:
            (folder / title).write_text(code, "utf-8")
        elif language == "python":
            try:
                await run_python(code, names, place)
            except Exception as error:
                raise AssertionError(f"{place}: {type(error).__name__}: {error}") from error
        elif language == "console":
            run_console(code, folder, place)
        else:
            raise AssertionError(f"{place}: a block of {language} is not run")


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_runs_unchanged(page, folder):
    """Each block of the page runs, in order, and prints what the page shows."""
    path = DOCS / f"{page}.md"

    await run_page(path.read_text("utf-8"), f"docs/{path.name}", folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# Page\n\n```python\nprint(wrong)\n```\n", r"page, line 3: NameError"),
        ("```console\n$ python -c 'print(1)'\n2\n```\n", r"page, line 1: python -c"),
        ("```ruby\nputs 1\n```\n", r"page, line 1: a block of ruby"),
    ],
)
async def test_an_error_in_a_sample_names_page_and_line(text, message, folder):
    """What fails in a page, or prints something else, is reported with its place."""
    with pytest.raises(AssertionError, match=message):
        await run_page(text, "page", folder)
