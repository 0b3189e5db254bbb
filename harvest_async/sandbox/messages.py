"""HTTP requests and responses as plain values, as the server hands them to an API version and gets them back."""

from __future__ import annotations

from attrs import frozen

__all__ = ["HttpRequest", "Response"]


@frozen
class HttpRequest:
    """A complete HTTP request.

    Attributes:
        method: the HTTP method, in upper case.
        path: the path as it was sent, without a slash at its end.
        query: the query string as it was sent.
        headers: the headers, with names in lower case.
        content: the body.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    content: bytes = b""


@frozen
class Response:
    """A response.

    Attributes:
        status: the HTTP status.
        content: the body. By default it is one blank, as the API sends it where it has nothing to say.
        location: the value of the `Location` header; None sends none.
        hint: the value of the `Hint` header: the reason of a refusal, or that a delete archived the record.
        media: the body's type; None is the type of the format that the request asked for.
        headers: further headers.
        cacheable: whether the response may be stored and validated with an `ETag`.
    """

    status: int = 200
    content: bytes = b" "
    location: str | None = None
    hint: str | None = None
    media: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    cacheable: bool = False
