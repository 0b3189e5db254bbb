"""Outcomes of the calls of `bulk_map`, one for each call, as plain values."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from harvest_async.errors import HarvestError

__all__ = ["Created", "Existing", "NotSent", "Outcome", "Rejected", "Unknown", "Updated"]


@frozen(kw_only=True)
class Outcome:
    """The base class of outcomes.

    Attributes:
        place: the call's place in the input, from 0.
        call: the call as it was given.
    """

    place: int
    call: Any


@frozen(kw_only=True)
class Created(Outcome):
    """A record was created.

    Attributes:
        id: its id; None if the response does not have it.
        location: its address; None if the response does not have it.
        record: the record, if the response has it.
    """

    id: int | None
    location: str | None = None
    record: Any = None


@frozen(kw_only=True)
class Updated(Outcome):
    """A record was changed or removed; `record` is the result of the call."""

    record: Any = None


@frozen(kw_only=True)
class Existing(Outcome):
    """A read returned `record`; nothing was changed."""

    record: Any = None


@frozen(kw_only=True)
class Rejected(Outcome):
    """The call was refused, by this library or by the server, and not processed."""

    error: HarvestError


@frozen(kw_only=True)
class Unknown(Outcome):
    """The call was sent, and may or may not have been processed: read before you send it again."""

    error: HarvestError


@frozen(kw_only=True)
class NotSent(Outcome):
    """The call was not sent; `error` says why, and is None if an earlier failure ended the run."""

    error: HarvestError | None = None
