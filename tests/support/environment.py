"""The variables that the pages name, set for a sandbox."""

V1 = {"HARVEST_ACCOUNT": "sandbox", "HARVEST_EMAIL": "admin@example.com", "HARVEST_PASSWORD": "sandbox"}
V2 = {"HARVEST_ACCOUNT_ID": "1", "HARVEST_ACCESS_TOKEN": "sandbox-token"}
"""The account and the credentials of each API version."""


def set_sandbox(monkeypatch, account, address, folder):
    """Set the variables of an account of a sandbox, and a folder for what programs store."""
    common = {
        "HARVEST_APP": "Docs (docs@example.com)",
        "HARVEST_BASE_URL": address,
        "HARVEST_STATE_DIR": str(folder / "state"),
    }
    for name, value in (account | common).items():
        monkeypatch.setenv(name, value)
