"""OAuth 2.0 at the addresses of API v1."""

from __future__ import annotations

from harvest_async.auth import oauth2
from harvest_async.v1.service import SERVICE

__all__ = ["OAuth2"]


class OAuth2(oauth2.OAuth2):
    """Authenticate by OAuth 2.0 at API v1 (see `harvest_async.auth.oauth2.OAuth2`)."""

    default_service = SERVICE
