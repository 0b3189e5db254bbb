"""API v2 of the sandbox: requests and responses, over the account's records and rules."""
