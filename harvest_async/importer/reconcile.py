"""What became of writes whose answers were lost: found out by reading and counting.

Rules of this room: pure; it holds as long as two things do: the server carries nothing out later than `settle` after a
send was lost, and nobody else writes an equal entry meanwhile.
- Before the first write the journal stored which records match each key. What is found now, less those, less the ones
  that the journal knows to have been made, is how many of the lost ones were carried out. Only the rest is sent again.
- A record other than an entry or an expense is known by its name, and there can be only one.
- A person who may have been made is looked for by address, and never made again.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["succeeded"]


def succeeded(
    found: Iterable[int], before: set[int], journalled: set[int], nameless: int, lost: int
) -> list[int | None]:
    """How many of the lost writes of one key were carried out, as the ids of what they made.

    Args:
        found: what matches the key now.
        before: what matched it before the first write.
        journalled: what the journal knows to have been made.
        nameless: how many more it knows to have been made, whose ids are not known.
        lost: how many writes were lost.

    Returns:
        An id for each write that was carried out; None where it is not certain which one it made.
    """
    ours = sorted(set(found) - before - journalled)
    count = min(max(0, len(ours) - nameless), lost)
    certain = nameless == 0 and len(ours) <= lost
    return [ours[place] if certain else None for place in range(count)]
