"""The throttles of the accounts that this process uses.

Notes: an account is identified by its service and its name. All hosts of a service are one, since an account has one
rate limit for all of them; any other origin is a service of its own. API versions may name one account differently:
`alias` joins the names.

Invariant: an account has one throttle as long as anybody holds it. One that is released is found again while another
user still has it.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final
from weakref import WeakValueDictionary

from attrs import field, frozen

from harvest_async.errors import InvalidArgument
from harvest_async.throttle.throttle import Throttle

__all__ = ["DEFAULT_REGISTRY", "Identity", "Registry"]


@frozen
class Identity:
    """An account: the name of its service, and its own name there."""

    service: str
    account: str

    def __str__(self) -> str:
        return f"{self.service}/{self.account}"


@frozen
class Registry:
    """The throttles of a process, one for each account."""

    _throttles: dict[Identity, Throttle] = field(factory=dict, init=False)
    _released: WeakValueDictionary[Identity, Throttle] = field(factory=WeakValueDictionary, init=False)
    _aliases: dict[Identity, Identity] = field(factory=dict, init=False)
    _lock: Lock = field(factory=Lock, init=False, repr=False)

    def throttle(self, identity: Identity, make: Callable[[], Throttle] | None = None) -> Throttle:
        """Return the account's throttle; it is made when it is first requested.

        Args:
            identity: the account.
            make: makes the throttle; None makes one with the defaults.
        """
        with self._lock:
            known = self._root(identity)
            found = self._throttles.get(known) or self._released.pop(known, None)
            if found is None:
                found = Throttle(name=known.account) if make is None else make()
            self._throttles[known] = found
            return found

    def release(self, identity: Identity) -> None:
        """Forget an account's throttle as soon as nobody else holds it; check `Throttle.resting` first."""
        with self._lock:
            known = self._root(identity)
            throttle = self._throttles.pop(known, None)
            if throttle is not None:
                self._released[known] = throttle

    def alias(self, identity: Identity, same_as: Identity) -> None:
        """Let two identities draw on one budget.

        Raises:
            InvalidArgument: `identity` has a budget of its own already: join them before it is used.
        """
        with self._lock:
            own, root = self._root(identity), self._root(same_as)
            if own == root:
                return
            if own in self._throttles or own in self._released:
                raise InvalidArgument(f"alias: {identity.account!r} is in use with a budget of its own: alias it first")
            self._aliases[own] = root

    def _root(self, identity: Identity) -> Identity:
        while identity in self._aliases:
            identity = self._aliases[identity]
        return identity

    def clear(self) -> None:
        """Forget all accounts; for tests."""
        with self._lock:
            self._throttles.clear()
            self._released.clear()
            self._aliases.clear()


DEFAULT_REGISTRY: Final = Registry()
"""The registry of the process, which clients without a throttle of their own ask."""
