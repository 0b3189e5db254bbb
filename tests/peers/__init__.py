"""Clients of API v2 that others wrote, unmodified but for the host, against the sandbox: `nox -s peers` installs them."""
