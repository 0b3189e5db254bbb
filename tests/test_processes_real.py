"""Real processes on one account over one file: the benchmark in a short form, against a server that counts."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.skipif(sys.platform == "win32", reason="it forks")]

BENCHMARK = Path(__file__).resolve().parents[1] / "benchmarks" / "bench_processes.py"


@pytest.mark.parametrize("options", [["--processes", "4"], ["--kill"], ["--stop"]])
def test_four_processes_make_all_calls_and_the_server_refuses_none(options):
    """Also if one is killed in the middle, or stopped for ten seconds."""
    command = [sys.executable, str(BENCHMARK), "--calls", "400", "--check", *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=55, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr
