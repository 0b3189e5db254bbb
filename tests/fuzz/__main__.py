"""`python -m tests.fuzz [--inputs N] [--seed N] [--target NAME] [--processes N]`.

Each target gets as many changed inputs; a long run is `--inputs 10000000`. An input that raises what is not documented, or
takes too long for its length, is saved in `tests/fuzz/found`, where the tests read it from then on.
"""

import argparse
import hashlib
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.fuzz.mutations import mutated
from tests.fuzz.targets import TARGETS

FOUND = Path(__file__).with_name("found")
PART = 20_000
"""Inputs of one task."""

_ALLOWANCE = 100_000_000
"""Nanoseconds that any input may take, since other programs use the machine too."""


def fault_of(target, content):
    """Return what is wrong with the reading of an input; None if nothing is."""
    began = time.process_time_ns()
    try:
        target.read(content)
    except Exception as error:  # noqa: BLE001 - any class that is not documented is a fault
        return f"{type(error).__name__}: {error}"
    took = time.process_time_ns() - began
    if took > _ALLOWANCE + target.nanoseconds * len(content):
        return f"{took / 1e6:.0f} ms for {len(content)} bytes"
    return None


def run_part(name, seed, count):
    """Read changed inputs; return the faults, and the processor time in seconds and the bytes of all of them."""
    target, chance, faults, size = TARGETS[name], random.Random(f"{name} {seed}"), [], 0
    began = time.process_time()
    for _ in range(count):
        content = mutated(chance, target.seeds)
        size += len(content)
        fault = fault_of(target, content)
        if fault is not None:
            faults.append((fault, content))
    return faults, time.process_time() - began, size


def main():
    """Run all targets and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="inputs in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", choices=TARGETS)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    names, failed = [given.target] if given.target else list(TARGETS), 0
    each = -(-given.inputs // len(names))
    with ProcessPoolExecutor(given.processes) as pool:
        for name in names:
            parts = [min(PART, each - begin) for begin in range(0, each, PART)]
            seeds = range(given.seed, given.seed + len(parts))
            results = list(pool.map(run_part, [name] * len(parts), seeds, parts))
            faults = [fault for part, _, _ in results for fault in part]
            seconds, size = sum(took for _, took, _ in results), sum(size for _, _, size in results)
            print(f"{name:12} {each:>10,} inputs {size / 1e6:>9.1f} MB {seconds / size * 1e9:>8.0f} ns a byte", end="")
            print(f" {len(faults):>4} faults", flush=True)
            for fault, content in faults[:10]:
                path = FOUND / f"{name}-{hashlib.sha256(content).hexdigest()[:12]}"
                path.write_bytes(content)
                print(f"  {path.name}: {fault[:300]}")
            failed += len(faults)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
