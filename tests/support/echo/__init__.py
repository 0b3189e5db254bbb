"""A small API version for the sandbox."""
