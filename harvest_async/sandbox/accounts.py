"""The accounts of a sandbox. Each has its own records, rate limits, faults and log, and is created on first use.

A request names its account as the API version does, or by its address: `/accounts/NAME` before the path. The names are
`sandbox`, `sandbox-2` and so on, or the ids. A request that names none goes to the first account.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

from harvest_async.sandbox.account import Account
from harvest_async.sandbox.settings import Settings

__all__ = ["Accounts"]

_PREFIX: Final = "/accounts/"
_FIRST: Final = "sandbox"
_DIGITS: Final = 6
"""The most digits of an id."""


class Accounts:
    """The accounts of a sandbox.

    Args:
        settings: the settings of all accounts.
        first: the first account; None creates it.

    Attributes:
        first: the first account.
        count: how many accounts there are.
    """

    def __init__(self, settings: Settings, first: Account | None = None) -> None:
        self._settings = settings
        self.count = settings.accounts
        self._lock = threading.Lock()
        self.first = first or Account(settings)
        self._created: dict[int, Account] = {1: self.first}

    def find(self, name: str | int) -> Account | None:
        """Return the account of a name or an id; None if there is none."""
        number = _number(str(name))
        if number is None or number > self.count:
            return None
        with self._lock:
            if number not in self._created:
                account = Account(self._settings, number=number)
                account.names = self.first.names
                self._created[number] = account
            return self._created[number]

    def created(self) -> dict[int, Account]:
        """Return the accounts that were used, by id."""
        with self._lock:
            return dict(self._created)

    def of_request(self, path: str, headers: Mapping[str, str], query: str) -> tuple[Account | None, str]:
        """Return the account that a request names, and the part of the path that names it.

        An id that does not exist is left to the API version of the first account, which refuses it. There is no account
        if the address has a name that does not exist.
        """
        if path.startswith(_PREFIX):
            name = path.removeprefix(_PREFIX).partition("/")[0]
            return self.find(name), f"{_PREFIX}{name}"
        if self.count == 1:
            return self.first, ""
        named = self.first.account_of(path, headers, query)
        return (self.find(named) if named else None) or self.first, ""


def _number(name: str) -> int | None:
    """Return the id of an account by its name; None if it is none."""
    if name == _FIRST:
        return 1
    digits = name.strip().removeprefix(f"{_FIRST}-")
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= _DIGITS
    return (int(digits) or None) if is_number else None
