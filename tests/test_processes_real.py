"""Real processes on one account over one ledger: the benchmark in a short form, against a server that counts."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.skipif(sys.platform == "win32", reason="it forks")]

BENCHMARK = Path(__file__).resolve().parents[1] / "benchmarks" / "bench_processes.py"


OPTIONS = (["--processes", "4"], ["--kill"], ["--stop"], ["--processes", "4", "--ledger", "valkey"])


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_four_processes_make_all_calls_and_the_server_refuses_none(options):
    """Over a file, also if one is killed in the middle or stopped for ten seconds; and over a Valkey server."""
    command = [sys.executable, str(BENCHMARK), "--calls", "400", "--check", *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=55, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr
