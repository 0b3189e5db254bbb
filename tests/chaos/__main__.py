"""`python -m tests.chaos [--trials N] [--seed S] [--subject S] [--fault F] [--minutes M] [--json FILE] [--list]`.

Each subject meets each fault in N trials, whose seeds are S, S + 1 and so on. The trials of one seed come before those
of the next, so that a run that is ended by `--minutes` has tried every pair about as often. A trial that fails prints
the command that repeats it. The seed decides what happens to the nth connection, and when a server restarts; which
request meets it depends on the machine, too.
"""

import argparse
import json
import sys
import time
import tracemalloc
from collections import Counter
from pathlib import Path

from tests.chaos.trial import CELLS, FAULTS, run_trial

GROWTH = 8_000_000
"""Bytes that may be allocated more at the end than after the first trial of each pair: caches that have a limit."""


def main():
    """Run the trials and print the table."""
    given = _arguments()
    cells = [
        cell for cell in CELLS
        if given.subject in {None, cell[0], cell[0].split()[0]} and given.fault in {None, cell[1]}
    ]  # fmt: skip
    if given.list:
        print("\n".join(f"{subject:12} {fault}" for subject, fault in cells))
        return
    if not cells:
        sys.exit("No such pair of a subject and a fault: --list prints them all.")
    began, trials, failures, sizes = time.monotonic(), Counter(), Counter(), []
    tracemalloc.start()
    for seed in range(given.seed, given.seed + given.trials):
        for cell in cells:
            if time.monotonic() > began + given.minutes * 60:
                break
            trial = run_trial(*cell, seed)
            trials[cell] += 1
            if trial.faults:
                failures[cell] += 1
                print("FAILED:", trial.command, *trial.faults, sep="\n  ", flush=True)
        sizes.append(tracemalloc.get_traced_memory()[0])
    grown = sizes[-1] - sizes[0]
    _print_table(cells, trials, failures)
    print(f"{trials.total()} trials, {failures.total()} failures, {time.monotonic() - began:.0f} s")
    print(f"{grown:,} bytes more are allocated after the last trial of each pair than after the first")
    if given.json:
        rows = [{"subject": s, "fault": f, "trials": trials[s, f], "failures": failures[s, f]} for s, f in cells]
        Path(given.json).write_text(json.dumps({"seed": given.seed, "grown": grown, "cells": rows}, indent=1), "utf-8")
    sys.exit(bool(failures) or grown > GROWTH)


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--trials", type=int, default=3, help="trials of each pair")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first trial")
    parser.add_argument("--subject", help="only this one, such as 'import v1' or import")
    parser.add_argument("--fault", choices=FAULTS, help="only this one")
    parser.add_argument("--minutes", type=float, default=60.0, help="no trial begins after this time")
    parser.add_argument("--json", metavar="FILE", help="write the table to a file, too")
    parser.add_argument("--list", action="store_true", help="print the pairs, and run nothing")
    return parser.parse_args()


def _print_table(cells, trials, failures):
    """Print trials and failures, a row for each subject and a column for each fault."""
    subjects, faults = (list(dict.fromkeys(cell[place] for cell in cells)) for place in (0, 1))
    width = max(map(len, faults))
    print(f"{'trials/failures':{width}}", *(f"{subject:>10}" for subject in subjects))
    for fault in faults:
        row = (f"{trials[s, fault]}/{failures[s, fault]}" if (s, fault) in trials else "-" for s in subjects)
        print(f"{fault:{width}}", *(f"{each:>10}" for each in row))


if __name__ == "__main__":
    main()
