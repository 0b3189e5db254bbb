"""What became of one call of many.

Rules of this room: plain values. Each has the call that it is about and its place in the input, from 0.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen

from harvest_async.errors import HarvestError

__all__ = ["Created", "Existing", "NotSent", "Outcome", "Rejected", "Unknown", "Updated"]


@frozen(kw_only=True)
class Outcome:
    """What all outcomes have.

    Attributes:
        place: the call's place in the input, from 0.
        call: the call as it was given.
    """

    place: int
    call: Any


@frozen(kw_only=True)
class Created(Outcome):
    """A record was made.

    Attributes:
        id: its number; None where the answer does not tell.
        location: where it is; None where the answer does not tell.
        record: the record, if it came along.
    """

    id: int | None
    location: str | None = None
    record: Any = None


@frozen(kw_only=True)
class Updated(Outcome):
    """A record was changed or removed; `record` is what the answer gave."""

    record: Any = None


@frozen(kw_only=True)
class Existing(Outcome):
    """Nothing had to be changed: a read gave what is there, as `record`."""

    record: Any = None


@frozen(kw_only=True)
class Rejected(Outcome):
    """The call was refused, by us or by the server; it was not carried out."""

    error: HarvestError


@frozen(kw_only=True)
class Unknown(Outcome):
    """The call was sent, and whether it was carried out is not known: read before you send it again."""

    error: HarvestError


@frozen(kw_only=True)
class NotSent(Outcome):
    """The call did not leave; `error` says why, None where an earlier failure ended the whole."""

    error: HarvestError | None = None
