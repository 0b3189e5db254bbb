"""Where API v2 is, and what its budgets are."""

from __future__ import annotations

from typing import Final

from harvest_async.throttle.budgets import Budget

__all__ = ["ACCOUNTS_PATH", "API_PATHS", "AUTHORIZE_PATH", "BASE_URL", "BUDGETS", "ID_URL", "REPORTS", "TOKEN_PATH"]

BASE_URL: Final = "https://api.harvestapp.com/v2"
"""The address before every path."""

API_PATHS: Final = ("/v2", "/api/v2")
"""The paths below which a server has the API; `Location` and links may name either of them."""

ID_URL: Final = "https://id.getharvest.com"
"""The address of the server for sign-ins."""

ACCOUNTS_PATH: Final = "/api/v2/accounts"
AUTHORIZE_PATH: Final = "/oauth2/authorize"
TOKEN_PATH: Final = "/api/v2/oauth2/token"

REPORTS: Final = Budget("reports", 100, 900.0, 900.0)
"""The budget of reports: 100 calls in 15 minutes."""

BUDGETS: Final = (REPORTS,)
"""The budgets beside the general one."""
