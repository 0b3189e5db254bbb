"""Refusals of this package's own routers, as problem documents (RFC 9457) or as pages.

Invariants:
- A visitor without the right to see a page gets the app's own 404, as if there was none.
- No cache keeps a response, which is for one visitor at one time; only a route that says so itself has one that lasts.
- An error's text holds no credential, and no path of this machine.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from harvest_async.errors import HarvestError, StorageError
from harvest_async.fastapi.problems import problem_response

__all__ = ["Access", "Refusal", "RefusingRoute", "has_left", "only_with", "retry_header"]

T = TypeVar("T")

PROBLEM: Final = "application/problem+json"

_NO_RIGHT: Final = (401, 403)

Access = Callable[..., Awaitable[T | None]]
"""A dependency of the app that returns what a visitor may use, and None for a visitor without the right."""


class Refusal(HTTPException):
    """A request is refused.

    The routers of this package return it as a problem document or a page; in a route of the app, such as one that calls
    `Csrf.check`, FastAPI returns its status and its text, as of any `HTTPException`.

    Args:
        status: the HTTP status.
        name: the kind of the refusal, the end of its `type`: `csrf`, for example.
        title: a few words that are the same for each refusal of the kind.
        detail: what happened and what to do.
        members: further members of the problem document; `instance` links to what is in the way.
    """

    def __init__(self, status: int, name: str, title: str, detail: str, **members: Any) -> None:
        super().__init__(status, detail, retry_header(members))
        self.status, self.name, self.title, self.members = status, name, title, members

    def document(self) -> dict[str, Any]:
        """Return the problem document."""
        kind = f"urn:harvest-async:{self.name}"
        return {"type": kind, "title": self.title, "status": self.status, "detail": self.detail, **self.members}


class RefusingRoute(APIRoute):
    """A route whose refusals, and Harvest's errors, are responses of their own; `page` makes them pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            response = await handled(request)
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except Refusal as refusal:
                return self.refused(request, refusal.document())
            except HarvestError as error:
                return await self.failed(request, error)
            except (ConnectionError, TimeoutError):  # of the app's own dependencies: those of Harvest are HarvestErrors
                raise
            except OSError as error:
                return await self.failed(request, StorageError(f"a file of this app can't be used: {error}"))
            except HTTPException as error:
                if error.status_code in _NO_RIGHT:
                    raise HTTPException(404) from error
                raise

        return handler

    def refused(self, request: Request, problem: dict[str, Any]) -> Response:  # noqa: ARG002 - a page needs the request
        """Return the response to a refused request."""
        return JSONResponse(problem, problem["status"], retry_header(problem), PROBLEM)

    async def failed(self, request: Request, error: HarvestError) -> Response:
        """Return the response to a request during which Harvest failed."""
        return await problem_response(request, error)


def has_left(error: Exception) -> bool:
    """Return whether an error says that the connection ended before the whole request had arrived."""
    return type(error).__name__ == "ClientDisconnect"  # a class of Starlette that FastAPI does not export


def retry_header(problem: Mapping[str, Any]) -> dict[str, str]:
    """Return the header field that says when to try again, if the problem document does."""
    return {"Retry-After": str(problem["retry_after"])} if "retry_after" in problem else {}


def only_with(access: Access[T]) -> Callable[..., Awaitable[T]]:
    """Return a dependency that gives what the app's own one returns, and the app's 404 where it returns None or False.

    Where the app's dependency raises 401 or 403, the route makes that a 404, too. A redirect to a sign-in stays one.
    """

    async def permitted(found: Annotated[Any, Depends(access)]) -> Any:
        if found is None or found is False:
            raise HTTPException(404)
        return found

    return permitted
