"""Run benchmarks one after the other, and write `summary.json` with all that they have saved.

    python benchmarks/run_all.py            # all of them
    python benchmarks/run_all.py --short    # the questions of one who chooses, in their shorter form

Notes:
- The summary is replaced after each of them, so that a run that is ended early leaves what it has measured.
- The machine's load is taken before the first one, so that the summary shows whether something else ran.
- A benchmark that ends with an error is named; the others still run, and the status is 1 in the end.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from results import FOLDER, name_of
from summary import SUMMARY, markdown

HERE = Path(__file__).parent
QUESTIONS = (
    "bench_window",
    "bench_import_rows",
    "bench_lanes",
    "bench_cpu",
    "bench_decode",
    "bench_growth",
    "bench_import",
)
"""The questions of one who chooses, in the order of the README's table."""


def run(name, options):
    """Run a benchmark; return what it saved, its status and its seconds."""
    path, began = HERE / f"{name}.py", time.monotonic()
    saved = FOLDER / f"{name_of([str(path), *options])}.json"
    before = saved.stat().st_mtime_ns if saved.is_file() else None
    status = subprocess.run([sys.executable, str(path), *options], check=False).returncode
    found = {"headlines": [], "left_out": [], "tables": [], "versions": {}}
    if saved.is_file() and saved.stat().st_mtime_ns != before:
        found |= json.loads(saved.read_text("utf-8"))
    kept = {key: found[key] for key in ("headlines", "left_out", "versions", "tables")}
    return {"status": status, "seconds": round(time.monotonic() - began), **kept}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--short", action="store_true")
    short = parser.parse_args().short
    others = sorted({path.stem for path in HERE.glob("bench_*.py")} - set(QUESTIONS))
    summary = {
        "date": datetime.now(UTC).date().isoformat(),
        "implementation": platform.python_implementation(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "short": short,
        "benchmarks": {},
    }
    for name in QUESTIONS if short else (*QUESTIONS, *others):
        summary["benchmarks"][name] = run(name, ["--short"] if short else [])
        SUMMARY.write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(markdown(summary))
    return int(any(each["status"] for each in summary["benchmarks"].values()))


if __name__ == "__main__":
    sys.exit(main())
