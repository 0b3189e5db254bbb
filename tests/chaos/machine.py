"""A machine whose disk is full, or that stops processes."""

import signal
import time
from contextlib import nullcontext

from tests.support.disk import file_size_limited

FULL_ROUNDS = 3
"""Rounds that begin with a full disk."""


class FullDisk:
    """No file of this process may grow beyond a size that the seed gives, as long as the first rounds last."""

    def __init__(self, chance):
        self._sizes = [chance.randrange(1_000, 90_000) for _ in range(FULL_ROUNDS)]

    def __call__(self, number):
        """Return the context of a round."""
        return file_size_limited(self._sizes[number]) if number < len(self._sizes) else nullcontext()


def stop_again_and_again(process, chance, times=3):
    """Stop a process and let it go on, at moments and for spans that the seed gives, as long as it runs."""
    for _ in range(times):
        time.sleep(chance.uniform(0.2, 0.8))
        if process.poll() is not None:
            return
        process.send_signal(signal.SIGSTOP)
        time.sleep(chance.uniform(0.1, 2.0))
        process.send_signal(signal.SIGCONT)
