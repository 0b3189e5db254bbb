"""The figures in the README are those of the summary that a run of benchmarks has written."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def module():
    """The module, which is not part of a package."""
    spec = importlib.util.spec_from_file_location("benchmark_summary", ROOT / "benchmarks" / "summary.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture(scope="module")
def summary(module):
    """The run that is committed."""
    return json.loads(module.SUMMARY.read_text("utf-8"))


def run(**changes):
    """A small summary."""
    window = {
        "headlines": [["250 calls", "31 s", "theirs: 40 s; retry only: not finished"]],
        "left_out": [],
        "status": 0,
    }
    circumstances = {"date": "2026-11-26", "cores": 2, "implementation": "CPython", "python": "3.11.7", "load": 0.1}
    return {**circumstances, "short": True, "benchmarks": {"bench_window": window}, **changes}


def test_the_readme_shows_the_figures_of_the_summary(module, summary):
    """Sentence and table are what `benchmarks/summary.py --write` puts there."""
    text = (ROOT / "README.md").read_text("utf-8")

    shown = {name: module.between_marks(text, name) for name in ("sentence", "table")}

    assert shown == module.parts_of(summary)


def test_the_summary_names_no_path_of_the_machine(summary):
    """It has the class of the machine alone."""
    assert {"date", "implementation", "python", "system", "cores", "load", "short", "benchmarks"} == set(summary)
    assert str(Path.home()) not in json.dumps(summary)
    assert str(ROOT) not in json.dumps(summary)


def test_the_table_says_when_how_and_on_what(module):
    """The line below has the date, the command and the machine; a quiet machine needs no other word."""
    assert module.markdown(run()).splitlines()[2:] == [
        "| 250 calls | 31 s | theirs: 40 s; retry only: not finished |",
        "",
        "Measured in one run on 2026-11-26 (`python -m nox -s benchmarks -- --short`): 2 cores, CPython 3.11.7, loopback.",
    ]


def test_other_work_on_the_machine_is_named(module):
    """A load before the run is written below the table."""
    assert "Other programs used the machine (load 4.2 before the run)" in module.markdown(run(load=4.2))


def test_what_is_missing_is_named(module):
    """A peer that isn't installed and a benchmark that failed are written below the table."""
    benchmarks = {"bench_cpu": {"headlines": [], "left_out": ["aiohttp alone"], "status": 1}}

    shown = module.markdown(run(benchmarks=benchmarks))

    assert "Left out, since not installed: aiohttp alone." in shown
    assert "Ended with an error: bench_cpu." in shown


def test_a_part_is_replaced_between_its_marks(module):
    """What is before and after stays."""
    text = "a\n<!-- table of benchmarks/summary.py -->\n\nold\n\n<!-- end of the table -->\nb\n"

    changed = module.replaced(text, "table", "new")

    assert changed == text.replace("old", "new")
    assert module.between_marks(changed, "table") == "new"
