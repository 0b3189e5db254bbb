"""Count how many writes with lost responses were processed.

The count is right if the server processes nothing later than `Rules.max_delay` after the request was sent, and if
nobody else writes an equal entry meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["count_processed"]


def count_processed(
    found: Iterable[int], before: set[int], journalled: set[int], without_id: int, lost: int
) -> list[int | None]:
    """Return the ids of the records that the writes of one key created although their responses were lost.

    Args:
        found: the ids of the records that match the key now.
        before: the ids of those that matched before the first write.
        journalled: the ids of those that the journal has as created.
        without_id: the number of records that the journal has as created without an id.
        lost: the number of writes whose response was lost.

    Returns:
        One id for each write that was processed; None where it is not certain which record it created.
    """
    ours = sorted(set(found) - before - journalled)
    count = min(max(0, len(ours) - without_id), lost)
    is_certain = without_id == 0 and len(ours) <= lost
    return [ours[place] if is_certain else None for place in range(count)]
