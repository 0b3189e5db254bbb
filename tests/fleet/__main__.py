"""`python -m tests.fleet --runs N [--accounts N] [--rows N] [--seed N] [--api v1|v2] [--ledger sqlite|redis]`."""

import argparse
import sys
import time

from tests.fleet.harness import fleet_once


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.fleet")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--api", choices=("v1", "v2"), default="v2")
    parser.add_argument("--ledger", choices=("sqlite", "redis"), default="sqlite")
    parser.add_argument("--limit", type=float, default=1200.0, help="seconds after which a run is given up")
    parser.add_argument("--verbose", action="store_true", help="print the states while a run goes on")
    given = parser.parse_args()
    bad, shown = 0, time.monotonic()

    def look(outcome):
        nonlocal shown
        if given.verbose and time.monotonic() > shown + 10:
            shown = time.monotonic()
            print(f"  {outcome.kills} kills, {dict(outcome.states)}", flush=True)

    for seed in range(given.seed, given.seed + given.runs):
        outcome = fleet_once(
            seed, given.accounts, given.api, given.rows, ledger=given.ledger, limit=given.limit, look=look
        )
        print(
            f"seed {seed}: {'good' if outcome.good else 'BAD'}, {outcome.kills} kills, server restarted "
            f"{outcome.restarted}, {dict(outcome.states)}, {outcome.lost} rows lost, {outcome.doubled} doubled, "
            f"{outcome.above} accounts above their limit, {outcome.refused} calls refused, {outcome.seconds:.0f} s",
            flush=True,
        )
        if not outcome.good:
            bad += 1
            print(outcome.said)
    print(f"{given.runs - bad} of {given.runs} runs have every row once")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
