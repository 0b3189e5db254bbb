"""A sandbox whose server can be ended and started again on the same port, and what disturbs a trial from outside."""

import threading
from contextlib import ExitStack, contextmanager

from harvest_async.sandbox.serve import bind, running

PAUSES = (0.2, 0.6)
"""Seconds between two disturbances, drawn from the seed."""
DOWN = 0.2
TIMES = 3


class Server:
    """Serves a sandbox; what it has counted and stored outlives a restart."""

    def __init__(self, sandbox):
        self._app, self._stack = sandbox.app, ExitStack()
        self.port = 0

    def start(self):
        """Start the server, on the port that it had before."""
        bound = bind("127.0.0.1", self.port)
        self.port = bound.getsockname()[1]
        self._stack.enter_context(running(self._app, bound))

    def end(self):
        """End the server."""
        self._stack.close()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end()


@contextmanager
def disturbed(disturb, chance):
    """Do something three times, in a thread, at moments that the seed gives; it gets an event that ends its waiting."""
    over = threading.Event()
    pauses = [chance.uniform(*PAUSES) for _ in range(TIMES)]
    failed = []

    def run():
        try:
            for pause in pauses:
                if over.wait(pause):
                    return
                disturb(over)
        except Exception as error:  # noqa: BLE001 - raised in the thread of the trial
            failed.append(error)

    thread = threading.Thread(target=run, name="chaos disturbance")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        if failed:
            raise failed[0]


def restarts(server, proxy):
    """Return a disturbance: the server ends with all of its connections, and starts again a moment later."""

    def disturb(over):
        proxy.reset_all()
        server.end()
        over.wait(DOWN)
        server.start()

    return disturb


def store_restarts(valkey):
    """Return a disturbance: the store of the ledger ends, loses all it has, and starts again a moment later."""

    def disturb(over):
        valkey.end()
        over.wait(DOWN)
        valkey.start()

    return disturb
