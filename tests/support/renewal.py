"""Tokens, and clients that renew them, in virtual time."""

from datetime import timedelta

from harvest_async import HarvestV1, OAuth2, Throttle, Tokens
from tests.support.virtual_time import clock

HOUR = timedelta(hours=1)


def tokens(lasts=HOUR, access="a0", refresh="r0"):
    """Return tokens that last from now on."""
    return Tokens(access, refresh, clock().today() + lasts, "grant")


def oauth_of(held, **options):
    """Return the sign-in of an app with these tokens."""
    given = {"redirect_uri": "https://app.example.com/back", "base_url": "https://acme.example.com", "clock": clock()}
    return OAuth2("id", "s+/=", store=held, **(given | options))


def harvest_of(server, held=None, *, auth=None, throttle=None, **options):
    """Return a client of an account that signs in by OAuth 2.0."""
    return HarvestV1(
        "acme",
        auth=auth or oauth_of(held),
        app="tests",
        base_url="https://acme.example.com",
        throttle=throttle or Throttle(clock=clock(), pace="burst"),
        transport=server,
        **options,
    )
