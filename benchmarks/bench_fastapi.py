"""How long does a web app of four workers make visitors wait, while an import runs on the same account?

Rules:
- The app is served by uvicorn with four workers, which share the account by an SQLite ledger; the import and the
  sandbox are processes of their own.
- 500 visitors come at once to a route that waits for nobody, then 300 to one that waits for a minute. The leases that
  were free are computed from what the sandbox received.
- The time until a refusal is taken in the app, from the entry of the request.

Usage: python benchmarks/bench_fastapi.py [RUNS [--real]]: runs at 100 calls in 2 s (3), and one at 100 in 15 s.
"""

import sys
from pathlib import Path

from support import heading, show

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.web_load import stand

RUNS = 3
SHARES = (0.5, 0.9, 0.99)
LIMITS = (100, 2), (100, 15)


def figures(found):
    """The figures of a run, by name."""
    return {
        "served": len(found.served),
        "leases that were free": found.free,
        "served of them": f"{len(found.served) / found.free:.2f}" if found.free else "-",
        "refused": len(found.refused),
        "other responses": len(found.others),
        **{f"until refused, p{share * 100:.0f}": f"{found.refused_in(share) * 1e3:.0f} ms" for share in SHARES},
        "Retry-After off by at most": f"{found.off:.2f} s",
        "served of those who wait": f"{found.patient.count(200)} of {len(found.patient)}",
        "refused by the server": found.throttled,
        "most in a window": found.most,
        "shutdown": f"{found.ended_in:.1f} s",
        "warnings at the end": found.complaints.count("Warning"),
    }


def main(arguments):
    """Print the figures of some runs."""
    heading(__doc__.splitlines()[0], "fastapi", "uvicorn")
    runs = next((int(each) for each in arguments if each.isdecimal()), RUNS)
    limits = [LIMITS[0]] * runs + [LIMITS[1]] * ("--real" in arguments or not arguments)
    found = [stand(*limit) for limit in limits]
    rows = zip(*(figures(each).items() for each in found), strict=True)
    asked = (
        "served at least 0.9 of the free leases; refused at p99 in 50 ms, Retry-After right to 1 s; all who wait are "
        "served; nothing refused by the server, shutdown in 5 s, no warning"
    )
    columns = ("", *(f"{each.calls} in {each.period} s" for each in found))
    show(columns, [(row[0][0], *(value for _, value in row)) for row in rows], asked)
    for each in found:
        if each.complaints:
            print(each.complaints, file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
