"""How long does it take to import the package, compared with its dependencies?

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

from support import heading, show

import harvest_async

ROUNDS = 31
STATEMENTS = {
    "import httpx, cattrs": "import httpx, cattrs",
    "import harvest_async": "import harvest_async",
    "from harvest_async import HarvestV1": "from harvest_async import HarvestV1",
    "from harvest_async import HarvestV2": "from harvest_async import HarvestV2",
    "import httpx": "import httpx",
    "import cattrs": "import cattrs",
}
PROGRAM = "import time; began = time.process_time(); {}; print(time.process_time() - began)"


ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def seconds(statement):
    """Processor time of a statement in a fresh process."""
    command = [sys.executable, "-c", PROGRAM.format(statement)]
    done = subprocess.run(command, capture_output=True, check=True, env=ENVIRONMENT)
    return float(done.stdout)


def measure():
    """Seconds by name, one figure a round."""
    rounds = [{name: seconds(statement) for name, statement in STATEMENTS.items()} for _ in range(ROUNDS + 1)]
    return {name: [each[name] for each in rounds[1:]] for name in STATEMENTS}


def main():
    heading(__doc__.splitlines()[0], "cattrs")
    compileall.compile_dir(Path(harvest_async.__file__).parent, quiet=1)
    found = measure()
    base, *_ = medians = {name: statistics.median(each) for name, each in found.items()}
    rows = [(name, f"{each * 1e3:.0f} ms", f"{each / medians[base]:.2f}") for name, each in medians.items()]
    show(("", "median", "ratio"), rows, "harvest_async at most 1.2 of httpx and cattrs together, with a version 1.5")


if __name__ == "__main__":
    main()
