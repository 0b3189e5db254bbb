"""Who a request is from (contract: auth).

Rules of this room: pure. A password or a token names a person; whoever is archived, unknown or out of date is nobody.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import datetime

from harvest_async.sandbox.oauth import AuthorizationServer
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.world import World

__all__ = ["challenge", "person_of"]


def person_of(
    world: World, server: AuthorizationServer, authorization: str, query: Iterable[tuple[str, str]], now: datetime
) -> Record | None:
    """The person that the Authorization header or the access_token parameter names; None for nobody."""
    scheme, _, credential = authorization.partition(" ")
    if scheme.lower() == "basic":
        email = _signed_in(world, credential)
    elif scheme.lower() == "bearer":
        email = server.email_of(credential.strip(), now)
    else:
        email = server.email_of(dict(query).get("access_token", ""), now)  # contract: token_in_query
    if email is None:
        return None
    return next((person for person in world.having("user", email=email) if person["is_active"]), None)


def challenge(authorization: str) -> str:
    """What a refused request is told to sign in with."""
    bearer = authorization.lower().startswith("bearer")
    return 'Bearer realm="Harvest", error="invalid_token"' if bearer else 'Basic realm="Harvest"'


def _bare(credential: str) -> str:
    """The credential, without the parentheses that the documentation draws around it."""
    return credential[1:-1] if credential.startswith("(") and credential.endswith(")") else credential


def _signed_in(world: World, credential: str) -> str | None:
    try:
        email, _, password = base64.b64decode(_bare(credential.strip()), validate=True).decode().partition(":")
    except ValueError:  # no base64, or no text in it
        return None
    return email if world.passwords.get(email) == password else None
