"""What programs that work with any API version need to know about its clients.

Each API version has one `ClientSetup`; the command line, the pytest fixtures and the Postman collections use it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from harvest_async.throttle.registry import Identity

__all__ = ["STAND_IN", "ClientSetup", "ReachableAccount", "SignedInUser"]

STAND_IN: Final = "harvest_async_stand_in"
"""The attribute of an app's state by which tests replace its clients: a function of what makes one, and its key."""

Options = Mapping[str, Any]
"""Arguments of a client."""


@frozen(kw_only=True)
class SignedInUser:
    """The person whose credentials a client has.

    Attributes:
        account: the name of the account's company.
        id: the person's id.
        name: the person's full name.
        email: the person's e-mail address.
        role: `administrator`, `manager` or `regular user`.
    """

    account: str
    id: int
    name: str
    email: str
    role: str


@frozen(kw_only=True)
class ReachableAccount:
    """An account that credentials reach.

    Attributes:
        id: its id.
        name: its name.
        product: the product that it belongs to: `harvest`, for example.
    """

    id: int
    name: str
    product: str


@frozen(kw_only=True)
class ClientSetup:
    """How clients of an API version are set up, and whom they sign in.

    Attributes:
        from_env: creates a client from environment variables; arguments take precedence.
        default_app: the name of the application if none is given; None if the API requires one with a contact.
        sandbox: returns the arguments of a client of a sandbox: its address, and the e-mail address of a user.
        user: reads the signed-in user.
        status: reads the server's own numbers of the rate limit, as a sentence; None if the API has no such call.
        accounts: lists the accounts that the credentials in the environment reach, with a client's arguments; None if
            credentials belong to one account.
        same_account: returns the identity by which another version knows an account, from its identity and its name
            there; None if the API has no other name for it.
        sign_in: the environment variables to check after a refused sign-in.
        account_name: returns the one name of an account that may be given as a number or a text; raises
            `InvalidArgument` for any other value.
        check_auth: raises `InvalidArgument` for credentials that the API does not accept.
    """

    from_env: Callable[..., Any]
    default_app: str | None
    sandbox: Callable[[str, str], Options]
    user: Callable[[Any], Awaitable[SignedInUser]]
    status: Callable[[Any], Awaitable[str]] | None
    accounts: Callable[[Options], Awaitable[Sequence[ReachableAccount]]] | None
    sign_in: str
    account_name: Callable[[object], str]
    check_auth: Callable[[object], None]
    same_account: Callable[[Identity, str], Identity] | None = None
