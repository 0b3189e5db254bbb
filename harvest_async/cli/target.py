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
from harvest_async.cli.api_version import Choice
from harvest_async.client.setup import ClientSetup
from harvest_async.errors import InvalidArgument
from harvest_async.sandbox import Sandbox
from harvest_async.secret import hide_user
from harvest_async.throttle.ledgers.sqlite import SqliteLedger
from harvest_async.throttle.throttle import Throttle
from harvest_async.versions import DEFAULT, load

if TYPE_CHECKING:
    from harvest_async.versions import Client

__all__ = ["Target", "embedded", "ledger_path", "open_sandbox", "real", "state_path"]

_SANDBOX_APP: Final = "harvest-async command line (sandbox@example.com)"


@frozen
class Target:
    """An account to work with.

    Attributes:
        name: its name.
        address: its base URL.
        options: the arguments of its client.
        throttle: its throttle.
        identity: a unique name of the account.
        account: the name under which the ledger and the run locks have it.
        api: the name of the API version.
        sandbox: the embedded sandbox, if it is one.
        db: the file of the sandbox, if it is stored in one.
        words: the options that select it on a command line, as far as they are not in the environment.
    """

    name: str
    address: str
    options: dict[str, Any] = field(repr=False)
    throttle: Throttle
    identity: str
    account: str
    api: str = DEFAULT
    sandbox: Sandbox | None = None
    db: Path | None = None
    words: tuple[str, ...] = ()

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
        client: Client = load("client", self.api)(**self.options, throttle=self.throttle)
        return client

    @property
    def setup(self) -> ClientSetup:
        """Return what the API version knows about its clients."""
        setup: ClientSetup = load("setup", self.api)
        return setup


def state_path() -> Path:
    """Return the folder of the ledger and the journals; `HARVEST_STATE_DIR` overrides it."""
    return Path(os.environ.get("HARVEST_STATE_DIR") or platformdirs.user_state_path("harvest-async"))


def ledger_path() -> Path:
    """Return the path of the ledger."""
    return state_path() / "ledger.sqlite3"


def real(choice: Choice, base_url: str | None) -> Target:
    """Return the account of the options and the environment.

    Raises:
        InvalidArgument: a setting is missing; the message names it.
    """
    version = choice.version
    setup: ClientSetup = load("setup", version.name)
    options = _given(app=os.environ.get("HARVEST_APP") or setup.default_app)
    base_url = hide_user(base_url or os.environ.get("HARVEST_BASE_URL") or "") or None
    given = _given(**{version.account: choice.account}, base_url=base_url)
    probe = setup.from_env(**options, **given, throttle=Throttle())  # checks everything, sends nothing
    name, address, identity = probe.name, probe.address, str(probe.identity)
    shares = setup.same_account(probe.identity, choice.shared) if setup.same_account and choice.shared else None
    account = str(shares or identity)
    arguments = {"app": os.environ.get("HARVEST_APP") or setup.default_app, version.account: name}
    arguments |= {"auth": probe.auth, "base_url": address}
    throttle = Throttle(pace="burst", ledger=SqliteLedger(ledger_path(), account=account), name=name)
    return Target(name, address, arguments, throttle, identity, account, version.name)


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
def embedded(db: Path | None, api: str = DEFAULT) -> Iterator[Target]:
    """Start an embedded sandbox on a free port, in memory or stored in a file."""
    sandbox = open_sandbox(db)
    account = "sandbox" if db is None else f"sandbox {db.resolve()}"
    identity = account if api == DEFAULT else f"{account} by API {api}"
    ledger = None if db is None else SqliteLedger(ledger_path(), account=account)
    throttle = Throttle(pace="burst", ledger=ledger, name="sandbox")
    try:
        with sandbox.serve_in_thread() as address:
            setup: ClientSetup = load("setup", api)
            options = {**setup.sandbox(address, "admin@example.com"), "app": _SANDBOX_APP}
            words = ("--sandbox-db", str(db), *(() if api == DEFAULT else ("--api", api)))
            yield Target("sandbox", address, options, throttle, identity, account, api, sandbox, db, words)
    finally:
        sandbox.close()


def _given(**options: str | None) -> dict[str, str]:
    return {name: value for name, value in options.items() if value}
