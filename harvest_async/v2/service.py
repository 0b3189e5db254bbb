"""Where API v2 is, and what its budgets are."""

from __future__ import annotations

from typing import Final

from harvest_async.service import Service
from harvest_async.throttle.budgets import Budget

__all__ = ["ACCOUNTS_PATH", "API_PATHS", "BUDGETS", "REPORTS", "SERVICE"]

SERVICE: Final = Service(
    name="harvestapp.com",
    base_url="https://api.harvestapp.com/v2",
    id_url="https://id.getharvest.com",
    token_path="/api/v2/oauth2/token",
    token_lifetime=1_209_599,
)
"""All accounts have one address, and their people sign in at `id_url`."""

API_PATHS: Final = ("/v2", "/api/v2")
"""The paths below which a server has the API; `Location` and links may name either of them."""

ACCOUNTS_PATH: Final = "/api/v2/accounts"
"""The path of the accounts that a token reaches, at `id_url`."""

REPORTS: Final = Budget("reports", 100, 900.0, 900.0)
"""The budget of reports: 100 calls in 15 minutes."""

BUDGETS: Final = (REPORTS,)
"""The budgets beside the general one."""
