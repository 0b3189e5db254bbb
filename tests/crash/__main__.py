"""`python -m tests.crash --runs N [--rows N] [--seed N] [--api v2 [--no-reference] [--crowded]] [--blind]`."""

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.crash.harness import Setting, crash_once


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--blind", action="store_true", help="switch the reconciling off; then it has to fail")
    parser.add_argument("--api", choices=("v1", "v2"), default="v1")
    parser.add_argument("--no-reference", action="store_true", help="give time entries no references")
    parser.add_argument("--crowded", action="store_true", help="another program logs entries equal to the import's")
    parser.add_argument("--side-by-side", type=int, default=2)
    given = parser.parse_args()
    began, histogram = time.monotonic(), Counter()

    def one(seed):
        setting = Setting(given.api, reference=not given.no_reference, crowded=given.crowded)
        return seed, crash_once(seed, given.rows, blind=given.blind, histogram=histogram, setting=setting)

    with ThreadPoolExecutor(given.side_by_side) as pool:
        outcomes = list(pool.map(one, range(given.seed, given.seed + given.runs)))
    for phase, count in histogram.items():
        print(f"killed {phase:24} {count:5}")
    print(f"commits that brought intents to the disk: {sum(each.syncs for _, each in outcomes)}")
    print(f"writes that arrived before their intent was on the disk: {sum(each.early for _, each in outcomes)}")
    bad = [(seed, each) for seed, each in outcomes if not each.good]
    for seed, each in bad:
        print(
            f"seed {seed}: {each.lost} lost, {each.doubled} doubled, {each.early} early, {each.kills} kills, done: {each.done}"
        )
        print(each.said[-2000:])
    print(f"{len(outcomes) - len(bad)} of {len(outcomes)} runs have every row once; {time.monotonic() - began:.0f} s")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
