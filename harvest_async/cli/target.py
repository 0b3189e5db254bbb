"""Find the account of a command: by its options first, then by the environment.

The throttle's ledger is an SQLite file in the user's state directory, so that a run knows the calls of earlier runs.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import platformdirs
from attrs import field, frozen

from harvest_async.address import is_loopback
from harvest_async.auth import BasicAuth
from harvest_async.errors import InvalidArgument
from harvest_async.sandbox import Sandbox
from harvest_async.secret import hide_user
from harvest_async.throttle.ledgers.sqlite import SqliteLedger
from harvest_async.throttle.throttle import Throttle
from harvest_async.versions import load

if TYPE_CHECKING:
    from harvest_async.versions import Client

__all__ = ["Target", "embedded", "ledger_path", "open_sandbox", "real", "state_path"]

_APP: Final = "harvest-async command line"


@frozen
class Target:
    """An account to work with.

    Attributes:
        name: its name.
        address: its base URL.
        options: the arguments of its client.
        throttle: its throttle.
        identity: a unique name of the account.
        sandbox: the embedded sandbox, if it is one.
        db: the file of the sandbox, if it is stored in one.
    """

    name: str
    address: str
    options: dict[str, Any] = field(repr=False)
    throttle: Throttle
    identity: str
    sandbox: Sandbox | None = None
    db: Path | None = None

    @property
    def loopback(self) -> bool:
        """Return whether it is on this machine, so that nobody gets a real e-mail."""
        return is_loopback(self.address)

    @property
    def passing(self) -> bool:
        """Return whether the account is deleted when the command ends."""
        return self.sandbox is not None and self.db is None

    def client(self) -> Client:
        """Return a client for it."""
        client: Client = load("client")(**self.options, throttle=self.throttle)
        return client


def state_path() -> Path:
    """Return the folder of the ledger and the journals; `HARVEST_STATE_DIR` overrides it."""
    return Path(os.environ.get("HARVEST_STATE_DIR") or platformdirs.user_state_path("harvest-async"))


def ledger_path() -> Path:
    """Return the path of the ledger."""
    return state_path() / "ledger.sqlite3"


def real(account: str | None, base_url: str | None) -> Target:
    """Return the account of the options and the environment.

    Raises:
        InvalidArgument: a setting is missing; the message names it.
    """
    options: dict[str, Any] = {"app": os.environ.get("HARVEST_APP") or _APP}
    name = account or os.environ.get("HARVEST_ACCOUNT")
    base_url = url = hide_user(base_url or os.environ.get("HARVEST_BASE_URL") or "") or None
    probe = load("client").from_env(**options, **_given(account=name, base_url=url))  # checks everything, sends nothing
    name = name or probe.name
    address = probe.address
    identity = str(probe.identity)
    ledger = SqliteLedger(ledger_path(), account=identity)
    options |= {"account": name, "auth": probe.auth, "base_url": address}
    return Target(name, address, options, Throttle(pace="burst", ledger=ledger, name=name), identity)


def open_sandbox(db: Path | None, **options: Any) -> Sandbox:
    """Return a sandbox.

    Raises:
        InvalidArgument: its file can't be used, or an option is out of range.
    """
    try:
        return Sandbox(db=db, **options)
    except (OSError, sqlite3.Error) as error:
        raise InvalidArgument(f"the sandbox's file {db} can't be used: {error}") from error
    except ValueError as error:
        raise InvalidArgument(str(error)) from error


@contextmanager
def embedded(db: Path | None) -> Iterator[Target]:
    """Start an embedded sandbox on a free port, in memory or stored in a file."""
    sandbox = open_sandbox(db)
    identity = "sandbox" if db is None else f"sandbox {db.resolve()}"
    ledger = None if db is None else SqliteLedger(ledger_path(), account=identity)
    throttle = Throttle(pace="burst", ledger=ledger, name="sandbox")
    try:
        with sandbox.serve_in_thread() as address:
            auth = BasicAuth("admin@example.com", "sandbox")
            options = {"account": "sandbox", "auth": auth, "app": _APP, "base_url": address}
            yield Target("sandbox", address, options, throttle, identity, sandbox, db)
    finally:
        sandbox.close()


def _given(**options: str | None) -> dict[str, str]:
    return {name: value for name, value in options.items() if value}
