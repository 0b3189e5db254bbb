"""What is left of a trial: tasks, leases, connections, files, threads and objects of the library."""

import asyncio
import gc
import threading
import time
from collections import Counter
from pathlib import Path

PATIENCE = 15.0
"""Seconds within which everything has to be closed: as long as any lease of a lost call lasts, several times over."""

IN_A_ROW = 3
"""The trials of a subject, one after the other, in which a class has to grow to be a fault."""


async def left_of(throttle, proxy_open=lambda: 0):
    """Return what is left on the running loop once its clients are closed."""
    deadline = time.monotonic() + PATIENCE
    while (left := _left(throttle, proxy_open)) and time.monotonic() < deadline:  # noqa: ASYNC110 - nothing reports it
        await asyncio.sleep(0.02)
    return left


def _left(throttle, proxy_open):
    now = throttle.snapshot()
    tasks = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
    counts = {
        "leases": now.in_flight,
        "waiting calls": now.queued_interactive + now.queued_bulk,
        "connections": proxy_open(),
        "tasks": len(tasks),
    }
    return [f"{count} {what} left" for what, count in counts.items() if count]


class Census:
    """The files, threads and objects of the library that the process has, to compare later."""

    def __init__(self):
        self.objects = _objects()
        self.files, self.threads = _files(), set(threading.enumerate())

    def more(self, grown):
        """Return what there is more than at the census, once nothing goes away any more.

        Args:
            grown: in how many trials of the subject in a row each class of the library has had more objects at the end;
                it is updated. The library keeps one object for each kind of record, for example, so that only a class
                which grows in several trials in a row is a fault.
        """
        deadline = time.monotonic() + PATIENCE
        while (more := self._more()) and time.monotonic() < deadline:
            time.sleep(0.02)
        new = _objects() - self.objects
        for name in {*grown, *new}:
            grown[name] = grown[name] + 1 if name in new else 0
        return more + [f"{count} objects {name} left" for name, count in new.items() if grown[name] >= IN_A_ROW]

    def _more(self):
        gc.collect()  # a server whose loop has ended closes its sockets no sooner
        files = [f"file {name} left" for name in (_files() - self.files).elements()]
        return files + [f"thread {each.name} left" for each in set(threading.enumerate()) - self.threads]


def _files():
    """Count the open files by what they are, sockets by their kind alone."""
    names = Counter()
    for each in Path("/proc/self/fd").iterdir():
        try:
            name = str(each.readlink())
        except OSError:  # it was the file by which the folder is read
            continue
        names[name.partition(":[")[0]] += 1
    return names


def _objects():
    """Count the live objects whose class is one of the library's."""
    gc.collect()
    found = Counter()
    for kind, count in Counter(map(type, gc.get_objects())).items():
        name = f"{kind.__module__}.{kind.__qualname__}"  # some classes have no text as their module
        if name.startswith("harvest_async."):
            found[name] += count
    return found
