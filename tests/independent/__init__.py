"""Clients that others wrote, unmodified, against the sandbox: `nox -s independent` installs them."""
