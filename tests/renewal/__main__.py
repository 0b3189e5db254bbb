"""`python -m tests.renewal --rounds N [--processes N] [--latest SECONDS] [--seed N]`."""

import argparse
import asyncio
import sys
import time
from collections import Counter

from tests.renewal.harness import run


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.renewal")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--latest", type=float, default=0.5, help="token responses are late by up to N seconds")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    began = time.monotonic()
    outcome = asyncio.run(run(given.rounds, given.processes, given.latest, given.seed))
    for failure in outcome.failures:
        print(failure)
    print(f"refreshes a round: {dict(Counter(outcome.grants))}; refresh tokens refused: {outcome.refused}")
    print(f"{len(outcome.failures)} of {given.rounds * given.processes} processes' rounds failed")
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(not outcome.good)


main()
