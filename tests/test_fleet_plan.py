"""The plan for 10,000 accounts in docs/many-accounts.md: its numbers are those of the formulas and of the simulation."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "many-accounts.md").read_text("utf-8")


@pytest.fixture(scope="module")
def fleet():
    """The module of the benchmark."""
    spec = importlib.util.spec_from_file_location("simulate_fleet", ROOT / "benchmarks" / "simulate_fleet.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def rows(heading):
    """Return the rows of the table on the page that begins with a heading, as a dictionary."""
    table = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0]
    return dict(re.findall(r"^\| ([^|]+) \| ([\d.,]+) \|$", table, flags=re.MULTILINE))


def test_each_number_of_the_plan_is_that_of_the_formulas(fleet):
    """The table has what `plan` returns, rounded."""
    found = fleet.plan()

    assert rows("figure | value") == {
        "Calls a second of synchronisations": f"{found.regular:,.0f}",
        "Calls a second of imports and exports": f"{found.bulk:,.0f}",
        "Connections in use": f"{found.connections:,.0f}",
        "Connections to plan": f"{found.max_connections:,}",
        "Cores in use": f"{found.cores:.2f}",
        "Processes": f"{found.processes}",
        "Calls a second of one process": f"{found.rate_of_process:,.0f}",
        "Ledger operations a second": f"{found.operations:,.0f}",
        "Memory of all processes, MiB": f"{found.memory / 2**20:,.0f}",
        "Machines with 3 cores for this": f"{found.machines}",
    }


def test_what_breaks_first_is_that_of_the_formulas(fleet):
    """The second table has what `limits` returns, in the same order."""
    assert list(rows("part | accounts").items()) == [(part, f"{count:,.0f}") for part, count in fleet.limits()]


def test_the_simulation_supports_the_formulas(fleet):
    """A tenth of the fleet, call by call: the rate, the connections and the busy time are those of the formulas."""
    small = fleet.Fleet(accounts=1_000, bulk=0.05)
    found, seen = fleet.plan(small), fleet.simulate(small, seconds=120)

    assert seen.rate == pytest.approx(found.calls, rel=0.1)
    assert seen.connections == pytest.approx(found.connections, rel=0.1)
    assert seen.busy == pytest.approx(found.cores / found.processes, rel=0.1)
    assert seen.most_in_window <= 100
    assert seen.waits[0] < 0.001


def test_synchronisations_that_begin_together_wait(fleet):
    """The sentence of the page about starting times is what the simulation shows."""
    seconds = float(re.search(r"wait more than ([\d.]+) s", PAGE)[1])
    seen = fleet.simulate(seconds=30, together=True)

    assert seen.waits[0] > seconds
    assert seen.most_in_window <= 100
