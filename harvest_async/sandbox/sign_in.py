"""Sign-in with a password or a token.

An archived person, unknown credentials and an expired token sign nobody in.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import datetime

from harvest_async.sandbox.records import Record
from harvest_async.sandbox.services import Services
from harvest_async.sandbox.world import World

__all__ = ["challenge", "person_of", "token_of"]


def person_of(
    services: Services, authorization: str, query: Iterable[tuple[str, str]], now: datetime, audience: str
) -> Record | None:
    """Return the person that the Authorization header or the parameter `access_token` signs in; None for nobody.

    `audience` is what a token must be valid for.
    """
    scheme, _, credential = authorization.partition(" ")
    if scheme.lower() == "basic":
        email = _email_of(services.world, credential)
    else:
        email = services.grants.email_of(token_of(authorization, query), now, audience)
    if email is None:
        return None
    return next((person for person in services.world.having("user", email=email) if person["is_active"]), None)


def token_of(authorization: str, query: Iterable[tuple[str, str]]) -> str:
    """Return the token in the header or in the parameter `access_token`; an empty text if there is none."""
    scheme, _, credential = authorization.partition(" ")
    return credential.strip() if scheme.lower() == "bearer" else dict(query).get("access_token", "")


def challenge(authorization: str) -> str:
    """Return the `WWW-Authenticate` header for a request without valid credentials."""
    bearer = authorization.lower().startswith("bearer")
    return 'Bearer realm="Harvest", error="invalid_token"' if bearer else 'Basic realm="Harvest"'


def _bare(credential: str) -> str:
    """Return the credential without the parentheses that the documentation's sample has around it."""
    return credential[1:-1] if credential.startswith("(") and credential.endswith(")") else credential


def _email_of(world: World, credential: str) -> str | None:
    try:
        email, _, password = base64.b64decode(_bare(credential.strip()), validate=True).decode().partition(":")
    except ValueError:  # not base64, or not UTF-8
        return None
    return email if world.passwords.get(email) == password else None
