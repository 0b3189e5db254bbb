"""Receipts: images of expenses.

An account may store its images on another host and redirect to it; the image is then fetched without credentials.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any, ClassVar, Final

from attrs import evolve

from harvest_async.call import ImageResponse
from harvest_async.client.endpoints import IDEMPOTENT, SAFE, Endpoint
from harvest_async.client.resource import Resource
from harvest_async.client.results import Done, Raw
from harvest_async.client.uploads import LARGEST, ImageStream, Source, gather
from harvest_async.codec.text import beginning
from harvest_async.errors import DecodeError, ServerError
from harvest_async.exchange import form_data
from harvest_async.messages import Response
from harvest_async.v1.fields import PersonRef, Ref
from harvest_async.v1.models import Expense
from harvest_async.v1.references import ENDPOINTS, OF_USER

__all__ = ["Receipts"]

PART: Final = "expense[receipt]"
"""The name of the only part of the form that is sent."""

ATTACH_RECEIPT: Final[Endpoint[None]] = ENDPOINTS.custom(
    "receipts.attach",
    "POST",
    "/expenses/{expense}/receipt",
    Done(),
    IDEMPOTENT,
    parameters=OF_USER,
    deadline=300.0,
)
GET_RECEIPT: Final[Endpoint[Any]] = ENDPOINTS.custom(
    "receipts.get",
    "GET",
    "/expenses/{expense}/receipt",
    Raw(),
    SAFE,
    parameters=OF_USER,
    note="The response is an image; the Accept header is ignored.",
)


class Receipts(Resource):
    """Receipts of expenses: images. With `of_user`, an administrator acts for another person."""

    __slots__ = ()

    module: ClassVar[str | None] = "expenses"

    async def attach(
        self,
        expense_id: Ref[Expense],
        image: Source,
        *,
        filename: str | None = None,
        of_user: PersonRef | None = None,
        largest: int = LARGEST,
    ) -> None:
        """Attach a receipt to an expense, replacing the one it has.

        Args:
            expense_id: the expense.
            image: the bytes of the image, its path (`pathlib.Path`), an open file, or a stream of bytes.
            filename: the name of the file; None for the name in the path, or `receipt.png`.
            of_user: the person; None for the signed-in one.
            largest: the largest size to send, in bytes.

        Raises:
            InvalidArgument: the file is not an image, is too large, or cannot be read; nothing was sent.
        """
        found = await gather("image", image, filename, largest)
        upload = form_data(PART, found.name, found.content, found.media_type)
        await self._send(ATTACH_RECEIPT(expense_id, upload=upload, of_user=of_user))

    async def get(
        self, expense_id: Ref[Expense], *, of_user: PersonRef | None = None, largest: int = LARGEST
    ) -> ImageResponse:
        """Retrieve the receipt of an expense.

        Args:
            expense_id: the expense.
            of_user: the person; None for the signed-in one.
            largest: the largest size to read, in bytes.

        Raises:
            NotFound: the expense has no receipt.
            DecodeError: the response is not an image, or is larger than `largest` bytes.
        """
        async with self.stream(expense_id, of_user=of_user, largest=largest) as image:
            return ImageResponse(b"".join([chunk async for chunk in image]), image.content_type)

    @asynccontextmanager
    async def stream(
        self, expense_id: Ref[Expense], *, of_user: PersonRef | None = None, largest: int = LARGEST
    ) -> AsyncIterator[ImageStream]:
        """Retrieve the receipt of an expense in chunks, without holding a large one in memory.

            async with harvest.receipts.stream(7) as image:
                async for chunk in image:
                    file.write(chunk)

        Raises:
            NotFound: the expense has no receipt.
            DecodeError: the response is not an image, or is larger than `largest` bytes.
        """
        response = await self._response(expense_id, of_user, largest)
        with response.buffer or nullcontext():
            if not response.content_type.startswith("image/"):
                kind = response.content_type or "of no type"
                message = f"expected an image, the response is {kind}: {beginning(response.content)}"
                raise DecodeError(message, response=evolve(response, buffer=None))
            yield ImageStream(response)

    async def _response(self, expense_id: Ref[Expense], of_user: PersonRef | None, largest: int) -> Response:
        call = GET_RECEIPT(expense_id, of_user=of_user, largest=largest)
        try:
            return await self._explained(call, self._exchange.response(call))
        except ServerError as error:
            location = error.response.header("location") if error.response is not None else None
            if location is None or error.status >= 400:  # noqa: PLR2004 - no redirect
                raise
        return await self._exchange.fetch(location, accept="image/*", largest=largest)
