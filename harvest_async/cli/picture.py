"""Draw an SVG chart of the calls in the window over time, and of the calls allowed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

__all__ = ["draw_picture"]

_WIDTH: Final = 900
_HEIGHT: Final = 300
_LEFT: Final = 50
_BOTTOM: Final = 40
_TOP: Final = 30


def draw_picture(uses: Sequence[tuple[float, int, int]]) -> str:
    """Return the chart as SVG.

    Args:
        uses: (seconds, calls in the window, calls allowed), ordered by time.
    """
    uses = uses or [(0.0, 0, 1)]
    longest = max(uses[-1][0], 1.0)
    most = max(max(used, allowed) for _, used, allowed in uses) * 1.1

    def place(moment: float, calls: float) -> str:
        x = _LEFT + moment / longest * (_WIDTH - _LEFT - 10)
        y = _HEIGHT - _BOTTOM - calls / most * (_HEIGHT - _BOTTOM - _TOP)
        return f"{x:.1f},{y:.1f}"

    used = " ".join(place(moment, calls) for moment, calls, _ in uses)
    allowed = " ".join(place(moment, limit) for moment, _, limit in uses)
    ground = _HEIGHT - _BOTTOM
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="12">\n'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>\n'
        f'<line x1="{_LEFT}" y1="{ground}" x2="{_WIDTH - 10}" y2="{ground}" stroke="black"/>\n'
        f'<line x1="{_LEFT}" y1="{_TOP}" x2="{_LEFT}" y2="{ground}" stroke="black"/>\n'
        f'<polyline points="{allowed}" fill="none" stroke="firebrick" stroke-dasharray="6 4"/>\n'
        f'<polyline points="{used}" fill="none" stroke="steelblue" stroke-width="2"/>\n'
        f'<text x="{_LEFT}" y="18">calls in the window (blue) and calls allowed (red, {uses[-1][2]})</text>\n'
        f'<text x="{_LEFT}" y="{_HEIGHT - 14}">0 s</text>\n'
        f'<text x="{_WIDTH - 10}" y="{_HEIGHT - 14}" text-anchor="end">{longest:.1f} s</text>\n'
        f'<text x="{_LEFT - 6}" y="{ground}" text-anchor="end">0</text>\n'
        f'<text x="{_LEFT - 6}" y="{_TOP + 8}" text-anchor="end">{most:.0f}</text>\n'
        "</svg>\n"
    )
