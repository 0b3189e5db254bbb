"""The accounts that a token reaches, which the server for sign-ins lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from attrs import field, frozen

from harvest_async.errors import InvalidArgument
from harvest_async.v2.references import ENDPOINTS
from harvest_async.v2.service import ACCOUNTS_PATH

__all__ = ["GET", "Account", "Identity", "IdentityUser", "account_in", "account_number"]

_LARGEST: Final = 2**63 - 1


@frozen(kw_only=True)
class Account:
    """An account that a token reaches. `product` is `harvest` or `forecast`."""

    id: int | None = None
    name: str | None = None
    product: str | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class IdentityUser:
    """The person whose token it is."""

    id: int | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Identity:
    """The person, and the accounts that the token reaches."""

    user: IdentityUser | None = None
    accounts: list[Account]
    extra: dict[str, Any] = field(factory=dict)


GET: Final = ENDPOINTS.get("accounts", "", ACCOUNTS_PATH, Identity)


def account_number(value: object) -> int:
    """Check the id of an account.

    Raises:
        InvalidArgument: it is no positive number.
    """
    given = int(value) if isinstance(value, str) and value.strip().isascii() and value.strip().isdecimal() else value
    if isinstance(given, bool) or not isinstance(given, int) or not 0 < given <= _LARGEST:
        shown = "nothing" if value is None or value == "" else "an invalid value"
        raise InvalidArgument(
            f"account_id: give the account's number, like 123456, not {shown}: "
            "https://id.getharvest.com/developers shows it beside each token"
        )
    return given


def account_in(accounts: Iterable[Account], wanted: int | None) -> int:
    """Return the id of the Harvest account to use.

    Args:
        accounts: the accounts that the token reaches.
        wanted: the account's id; None for the only one.

    Raises:
        InvalidArgument: it is not among them, or none was named and there are several or none.
    """
    found = list(accounts)
    own = {each.id: each for each in found if each.product == "harvest" and each.id is not None}
    listed = ", ".join(f"{each.id} ({each.name}, {each.product})" for each in found) or "none"
    if wanted is None and len(own) == 1:
        return next(iter(own))
    if wanted in own and wanted is not None:
        return wanted
    if wanted is None:
        reason = "the token reaches several accounts: name one" if own else "the token reaches no Harvest account"
    elif any(each.id == wanted for each in found):
        reason = f"{wanted} is no Harvest account"
    else:
        reason = f"the token does not reach {wanted}"
    raise InvalidArgument(f"account_id: {reason}. Accounts: {listed}")
