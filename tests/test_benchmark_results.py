"""What benchmarks save, and which figures they report as worse."""

import importlib.util
import json
from importlib.metadata import version
from pathlib import Path

import pytest

PATH = Path(__file__).parents[1] / "benchmarks" / "results.py"


@pytest.fixture(scope="module")
def results():
    """The module, which is not part of a package."""
    spec = importlib.util.spec_from_file_location("benchmark_results", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table(*rows, columns=("who", "time", "rows a second")):
    return {"columns": list(columns), "rows": [list(row) for row in rows]}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (("ours", "100 µs", "5,000"), ("ours", "109 µs", "4,600"), 0),
        (("ours", "100 µs", "5,000"), ("ours", "112 µs", "5,000"), 1),
        (("ours", "100 µs", "5,000"), ("ours", "100 µs", "4,400"), 1),
        (("ours", "100 µs", "5,000"), ("ours", "50 µs", "9,000"), 0),
        (("ours", "never", "5,000"), ("ours", "112 µs", "5,000"), 0),
        (("ours", "100 µs", "5,000"), ("theirs", "900 µs", "1"), 0),
    ],
)
def test_a_figure_is_worse_by_more_than_a_tenth(results, before, after, expected):
    """Less is better, but for rates; a row is compared with the one of its name."""
    assert len(list(results.worse(table(before), table(after)))) == expected


def test_a_run_is_saved_with_its_circumstances_and_compared_with_the_next(results, tmp_path):
    """The file has date, versions, machine and load; the next run reads it."""
    at_end = []
    first = results.Results(["bench_x.py", "--real"], tmp_path, at_end.append)
    assert first.add(["who", "time"], [("ours", "10 ms")]) == []
    first.headline("How long?", "10 ms", "12 ms, theirs")
    for save in at_end:
        save()

    saved = json.loads((tmp_path / "bench_x-real.json").read_text("utf-8"))
    circumstances = {"date", "python", "machine", "versions", "load", "left_out"}
    assert set(saved) == {*circumstances, "headlines", "tables"}
    assert saved["headlines"] == [["How long?", "10 ms", "12 ms, theirs"]]
    again = results.Results(["bench_x.py", "--real"], tmp_path, at_end.append)
    assert again.add(["who", "time"], [("ours", "12 ms")]) == ["ours, time: 12 ms, was 10 ms (20% worse)"]


def test_the_versions_of_what_was_compared_are_saved(results, tmp_path):
    """Also of packages that only other processes load, in which the contestants run."""
    at_end = []
    run = results.Results(["bench_x.py"], tmp_path, at_end.append)
    run.compared("hatchling")
    run.add(["who", "time"], [("theirs", "10 ms")])
    for save in at_end:
        save()

    saved = json.loads((tmp_path / "bench_x.json").read_text("utf-8"))
    assert saved["versions"]["hatchling"] == version("hatchling")
