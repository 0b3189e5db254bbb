"""Receipts of expenses: images, as they are.

Rules of this room: see `resources`. An account may keep its images elsewhere and send us there; what lies there is
fetched without credentials (contract: receipts.get).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import ClassVar, Final

from attrs import evolve

from harvest_async.call import ImageResponse
from harvest_async.client.resource import Resource
from harvest_async.client.uploads import LARGEST, ImageStream, Source, gather
from harvest_async.codec.text import beginning
from harvest_async.errors import DecodeError, ServerError
from harvest_async.exchange import form_data
from harvest_async.messages import Response
from harvest_async.v1 import calls
from harvest_async.v1.fields import PersonRef, Ref
from harvest_async.v1.models import Expense

__all__ = ["Receipts"]

PART: Final = "expense[receipt]"
"""The name of the form's only part (contract: receipts.attach)."""


class Receipts(Resource):
    """Receipts. With `of_user` an administrator acts on another person's expense (contract: of_user)."""

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
        """Add a receipt to an expense, or replace the one that is there.

        Args:
            expense_id: the expense.
            image: the image's bytes, its path, or a stream of bytes.
            filename: what its file is called; None takes the path's name, or makes one.
            of_user: whose expense it is.
            largest: how many bytes it may have.

        Raises:
            InvalidArgument: it is no image, or too large; nothing was sent.
        """
        found = await gather("image", image, filename, largest)
        upload = form_data(PART, found.name, found.content, found.media_type)
        await self._send(calls.attach_receipt(expense_id, upload, of_user))

    async def get(
        self, expense_id: Ref[Expense], *, of_user: PersonRef | None = None, largest: int = LARGEST
    ) -> ImageResponse:
        """The receipt of an expense.

        Raises:
            DecodeError: what comes is no image, or larger than `largest` bytes.
        """
        async with self.stream(expense_id, of_user=of_user, largest=largest) as picture:
            return ImageResponse(b"".join([chunk async for chunk in picture]), picture.content_type)

    @asynccontextmanager
    async def stream(
        self, expense_id: Ref[Expense], *, of_user: PersonRef | None = None, largest: int = LARGEST
    ) -> AsyncIterator[ImageStream]:
        """The receipt of an expense, in chunks: a large one is never held in memory as a whole.

        Raises:
            DecodeError: what comes is no image, or larger than `largest` bytes.
        """
        response = await self._answer(expense_id, of_user, largest)
        with response.buffer or nullcontext():
            if not response.content_type.startswith("image/"):
                kind = response.content_type or "of no type"
                message = f"expected an image, the answer is {kind}: {beginning(response.content)}"
                raise DecodeError(message, response=evolve(response, buffer=None))
            yield ImageStream(response)

    async def _answer(self, expense_id: Ref[Expense], of_user: PersonRef | None, largest: int) -> Response:
        call = calls.get_receipt(expense_id, of_user, largest)
        try:
            return await self._explained(call, self._exchange.response(call))
        except ServerError as error:
            location = error.response.header("location") if error.response is not None else None
            if location is None or error.status >= 400:  # noqa: PLR2004 - no redirect
                raise
        return await self._exchange.fetch(location, accept="image/*", largest=largest)
