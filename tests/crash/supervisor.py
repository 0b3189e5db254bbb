"""Kills an import at a chosen moment of a chosen phase.

Rules of this room: the import asks at its journal, the account tells of arrivals and commits; whoever reaches the
chosen moment is killed before it goes on, so that the moment is exact.
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
        syncs: how often intents were on the disk before their calls left.
    """

    def __init__(self, folder):
        self.path = str(Path(folder) / "supervisor.sock")
        self.kills = dict.fromkeys(PHASES, 0)
        self.syncs = 0
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
                    synced = word == b"synced\n"
                    self.syncs += synced
                    if not self.reached("before send" if synced else "during a journal write"):
                        return
                    connection.sendall(b".")
            except OSError:
                return


class Doorman:
    """An ASGI application before the account's own: tells of each write that arrives."""

    def __init__(self, app, supervisor):
        self._app = app
        self._supervisor = supervisor

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and scope["method"] == "POST":
            self._supervisor.reached("after send")
        await self._app(scope, receive, send)
