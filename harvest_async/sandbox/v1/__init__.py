"""API v1 of the sandbox: endpoints, handlers, sign-in pages, and the JSON and XML formats.

Each module of handlers ends in `ROUTES`, its endpoints with their methods, paths and roles.
"""
