"""A subject in a process of its own, which is stopped and goes on.

`python -m tests.chaos.stopped SUBJECT API ADDRESS FOLDER` runs a subject and prints what it reported as JSON.
"""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.chaos.machine import stop_again_and_again

ROOT = Path(__file__).parents[2]


def run_in_child(subject, setting, chance):
    """Run a subject in a process that is stopped again and again; return what it reported, and what it left."""
    command = [sys.executable, "-m", "tests.chaos.stopped", *subject.split(), setting.address, str(setting.folder)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            process.stdout.readline()  # it has loaded all of its modules
            stop_again_and_again(process, chance)
            out, _ = process.communicate(timeout=180)
        except BaseException:
            process.kill()
            raise
    assert process.returncode == 0, f"the process ended with {process.returncode}"
    result = json.loads(out)
    return result["said"], result["left"]


def main():
    """Run a subject, as it is run in the process of the trial."""
    from tests.chaos.setting import Setting
    from tests.chaos.trial import SUBJECTS, live

    name, api, address, folder = sys.argv[1:]
    print("begun", flush=True)
    said, left = asyncio.run(live(SUBJECTS[name][1], Setting(api, address, Path(folder)), lambda: 0))
    print(json.dumps({"said": said, "left": left}))


if __name__ == "__main__":
    main()
