"""The picture of a window over time, as the shapes of an SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from harvest_async.fastapi.window_history import KEPT, PAUSE, Sample

__all__ = ["HEIGHT", "WIDTH", "Picture", "picture_of"]

WIDTH: Final = 600
HEIGHT: Final = 120
_HEADROOM: Final = 1.15


@frozen
class Picture:
    """The shapes, in a view of `WIDTH` by `HEIGHT`; the present is at the right.

    Attributes:
        used: the points of the area of all leases.
        others: the points of the area of other programs' leases.
        closed: begin and width of each time in which the gate was closed.
        limit: the height of the line of the calls allowed.
        highest: the most leases at one time.
    """

    used: str
    others: str
    closed: Sequence[tuple[float, float]]
    limit: float
    highest: int


def picture_of(samples: Sequence[Sample]) -> Picture | None:
    """Return the picture of a window; None before there is anything to draw."""
    if not samples:
        return None
    end, whole = samples[-1].at, KEPT * PAUSE
    places = [max(0.0, WIDTH * (1 - (end - sample.at) / whole)) for sample in samples]
    highest = max(sample.ours + sample.others for sample in samples)
    scale = HEIGHT / (_HEADROOM * max(samples[-1].limit, highest, 1))
    step = WIDTH * PAUSE / whole
    return Picture(
        _area(places, [scale * (sample.ours + sample.others) for sample in samples]),
        _area(places, [scale * sample.others for sample in samples]),
        [(round(place - step, 1), round(step, 1)) for place, each in zip(places, samples, strict=True) if each.closed],
        round(HEIGHT - scale * samples[-1].limit, 1),
        highest,
    )


def _area(places: Sequence[float], heights: Sequence[float]) -> str:
    """Return the points of the area below a line."""
    line = [f"{place:.1f},{HEIGHT - height:.1f}" for place, height in zip(places, heights, strict=True)]
    return " ".join([f"{places[0]:.1f},{HEIGHT}", *line, f"{places[-1]:.1f},{HEIGHT}"])
