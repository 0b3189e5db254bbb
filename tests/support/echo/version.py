"""An API version that returns what it gets."""

from harvest_async.sandbox.messages import Response


class Echo:
    """An API version below `/echo` that returns the method and the body of a request."""

    linked_paths = frozenset({"/echo/sign-in"})

    def serves(self, path):
        return path.startswith("/echo/")

    def is_status(self, path):
        return path == "/echo/status"

    def budget_of(self, path):  # noqa: ARG002 - the protocol has it
        return "general"

    def account_of(self, headers, query):  # noqa: ARG002 - the protocol has it
        return headers.get("echo-account", "")

    def serve(self, request, now):  # noqa: ARG002 - the protocol has it
        return Response(content=f"{request.method} {request.content.decode()}".encode(), media="text/plain")

    def throttled(self, request, wait):  # noqa: ARG002 - the protocol has them
        return Response(429, b"later", media="text/plain")


def mount(services):
    """Mount `Echo`, as the module `version` of a package does."""
    return Echo()
