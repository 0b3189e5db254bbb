"""How long does a web app of four workers make visitors wait, while an import runs on the same account?

Rules:
- The app is served by uvicorn with four workers, which share the account by an SQLite ledger; the import and the
  sandbox are processes of their own.
- 500 visitors come at once to a route that waits for nobody, as many to one that refuses without a look at the account,
  then 300 to one that waits for a minute. The leases that were free are computed from what the sandbox received.
- The time until a refusal is taken in the app, from the entry of the handler. On a machine with more work than cores it
  contains the turns of other programs: the route that looks at nothing shows how long they are.

Usage: python benchmarks/bench_fastapi.py [RUNS [--real]]: runs at 100 calls in 2 s (3), and one at 100 in 15 s.
"""

import statistics
import sys
from pathlib import Path

from support import heading, show

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.web_load import stand

RUNS = 3
LIMITS = (100, 2), (100, 15)


def served(found):
    """The share of the free leases that were used."""
    return len(found.served) / found.free if found.free else 1.0


FIGURES = (
    ("served", lambda found: len(found.served), "{:.0f}", None),
    ("served of the free leases", served, "{:.2f}", lambda share: share >= 0.9),
    ("neither served nor refused", lambda found: len(found.others), "{:.0f}", lambda count: not count),
    ("until refused, p50", lambda found: 1e3 * found.refused_in(0.5), "{:.0f} ms", None),
    ("until refused, p90", lambda found: 1e3 * found.refused_in(0.9), "{:.0f} ms", None),
    ("until refused, p99", lambda found: 1e3 * found.refused_in(0.99), "{:.0f} ms", lambda took: took <= 50),
    ("p99 of the route that looks at nothing", lambda found: 1e3 * found.bare_in(0.99), "{:.0f} ms", None),
    ("Retry-After off by", lambda found: found.off, "{:.2f} s", lambda off: off <= 1),
    ("not served of those who wait", lambda found: len(found.patient) - found.patient.count(200), "{:.0f}",
     lambda count: not count),
    ("refused by the server", lambda found: found.throttled, "{:.0f}", lambda count: not count),
    ("most calls in a window", lambda found: found.most, "{:.0f}", lambda most: most <= 100),
    ("shutdown", lambda found: found.ended_in, "{:.1f} s", lambda took: took <= 5),
    ("warnings at the end", lambda found: found.complaints.count("Warning"), "{:.0f}", lambda count: not count),
)  # fmt: skip
"""The figures: names, how each is found, how it is shown, and whether it is as asked for."""


def rows(found):
    """Yield a row for each figure: its values' range and median, and in how many runs it is as asked for."""
    for name, figure, form, good in FIGURES:
        values = sorted(map(figure, found))
        shown = (form.format(value) for value in (values[0], statistics.median(values), values[-1]))
        yield name, *shown, "" if good is None else f"{sum(map(good, values))} of {len(values)}"


def main(arguments):
    """Print the figures of some runs."""
    heading(__doc__.splitlines()[0], "fastapi", "uvicorn")
    runs = next((int(each) for each in arguments if each.isdecimal()), RUNS)
    real = "--real" in arguments or not arguments
    for limit, count in zip(LIMITS, (runs, int(real)), strict=True):
        found = [stand(*limit) for _ in range(count)]
        if not found:
            continue
        columns = (f"{limit[0]} calls in {limit[1]} s, {count} runs", "least", "median", "most", "as asked for")
        asked = (
            "at least 0.9 of the free leases served; refused within 50 ms at p99, Retry-After right to 1 s; all who "
            "wait are served; nothing refused by the server, shutdown in 5 s, no warning"
        )
        show(columns, rows(found), asked)
        for each in found:
            if each.complaints:
                print(each.complaints, file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
