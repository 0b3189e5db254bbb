"""Kills an import at a chosen moment of a chosen phase.

Notes: the import asks at its journal, the account reports of arrivals and commits; the first to reach the
chosen moment is killed before it goes on, so that the time is exact.
"""

import os
import signal
import socket
import threading
from pathlib import Path

PHASES = ("before send", "after send", "after commit", "during a journal write")


class Supervisor:
    """Watches one import at a time.

    Attributes:
        kills: how often an import was killed, by phase.
        syncs: how often intents were brought to the disk.
        intents: how many writes were on the disk as intents.
        early: how many writes arrived whose intent was not on the disk yet; there may be none.
    """

    def __init__(self, folder):
        self.path = str(Path(folder) / "supervisor.sock")
        self.kills = dict.fromkeys(PHASES, 0)
        self.syncs = self.intents = self.early = 0
        self._arrived = 0
        self._lock = threading.Lock()
        self._victim, self._phase, self._left = None, None, 0
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(self.path)
        self._server.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def aim(self, victim, phase, moment):
        """Kill a process at its nth moment of a phase; None lets it live."""
        with self._lock:
            self._victim, self._phase, self._left = victim, phase, moment

    def reached(self, phase):
        """A moment of a phase; whether the import lives on."""
        with self._lock:
            if phase != self._phase or self._victim is None:
                return True
            self._left -= 1
            if self._left > 0:
                return True
            os.kill(self._victim, signal.SIGKILL)
            self._victim = None
            self.kills[phase] += 1
            return False

    def arrived(self):
        """A write has arrived: it has to be on the disk as an intent."""
        with self._lock:
            self._arrived += 1
            self.early += self._arrived > self.intents

    def refused(self):
        """A write was refused unprocessed: it arrives once more, on the same intent."""
        with self._lock:
            self._arrived -= 1

    def close(self):
        self._server.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._hear, args=(connection,), daemon=True).start()

    def _hear(self, connection):
        with connection, connection.makefile("rb") as words:
            try:
                for word in words:
                    synced, _, intents = word.partition(b" ")
                    synced = synced == b"synced"
                    if synced:
                        with self._lock:
                            self.syncs, self.intents = self.syncs + 1, self.intents + int(intents)
                    if not self.reached("before send" if synced else "during a journal write"):
                        return
                    connection.sendall(b".")
            except OSError:
                return


class Doorman:
    """An ASGI application before the account's own: reports of each write that arrives."""

    def __init__(self, app, supervisor):
        self._app = app
        self._supervisor = supervisor

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        self._supervisor.arrived()
        self._supervisor.reached("after send")

        async def look(message):
            if message.get("status") in {429, 503}:
                self._supervisor.refused()
            await send(message)

        await self._app(scope, receive, look)
