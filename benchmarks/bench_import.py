"""How long does it take to start: to import the package, compared with its dependencies and with other libraries?

Rules:
- Each import is the first of a fresh process; its own processor time is taken, the start of Python is not part of it.
- Contestants take turns, and everything is compiled before; each figure is a median.
"""

import compileall
import os
import statistics
import subprocess
import sys
from pathlib import Path

from charts import bars
from support import PICTURES, SHORT, heading, installed, results, show

import harvest_async

ROUNDS = 11 if SHORT else 31
STATEMENTS = {
    "import httpx, cattrs": "import httpx, cattrs",
    "import harvest_async": "import harvest_async",
    "from harvest_async import HarvestV1": "from harvest_async import HarvestV1",
    "from harvest_async import HarvestV2": "from harvest_async import HarvestV2",
    "import httpx": "import httpx",
    "import cattrs": "import cattrs",
    "import httpx, pydantic models": "import httpx; from pydantic import BaseModel",
    "import httpx2": "import httpx2",
    "import aiohttp": "import aiohttp",
    "the command line": "from harvest_async.cli import main",
}
NEEDED = {"import httpx, pydantic models": "pydantic", "import httpx2": "httpx2", "import aiohttp": "aiohttp"}
OURS = "from harvest_async import HarvestV2"
PROGRAM = "import time; began = time.process_time(); {}; print(time.process_time() - began)"


ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(statement):
    """Processor time of a statement in a fresh process."""
    command = [sys.executable, "-c", PROGRAM.format(statement)]
    done = subprocess.run(command, capture_output=True, check=True, env=ENVIRONMENT)
    return float(done.stdout)


def measure():
    """Seconds by name, one figure a round."""
    statements = installed(STATEMENTS, NEEDED)
    rounds = [{name: seconds(statement) for name, statement in statements.items()} for _ in range(ROUNDS + 1)]
    return {name: [each[name] for each in rounds[1:]] for name in statements}


def give_headline(medians):
    """Give the README's table a line, and draw the times."""
    beside = "; ".join(f"{name}: {each * 1e3:.0f} ms" for name, each in medians.items() if name.startswith("import "))
    beside = beside.replace("import harvest_async: ", "the package alone: ")
    results.headline(f"start: `{OURS}`, processor time", f"{medians[OURS] * 1e3:.0f} ms", beside)
    rows = [(name, each, f"{each * 1e3:.0f} ms", "harvest_async" in name) for name, each in medians.items()]
    note = "The first import of a fresh process, without the start of Python; the median; less is better."
    bars(PICTURES / "start.svg", "Processor time to start", note, sorted(rows, key=lambda row: row[1]))


def main():
    heading(__doc__.splitlines()[0], "cattrs")
    compileall.compile_dir(Path(harvest_async.__file__).parent, quiet=1)
    found = measure()
    base, *_ = medians = {name: statistics.median(each) for name, each in found.items()}
    rows = [(name, f"{each * 1e3:.0f} ms", f"{each / medians[base]:.2f}") for name, each in medians.items()]
    show(("", "median", "ratio"), rows, "harvest_async at most 1.2 of httpx and cattrs together, with a version 1.5")
    give_headline(medians)


if __name__ == "__main__":
    main()
