"""Pictures of figures: bars of contestants, and lines over powers of ten.

Notes: plain SVG without scripts and embedded fonts; readable on a light and on a dark page.
"""

import math
from xml.sax.saxutils import escape

__all__ = ["bars", "lines"]

WIDTH, LEFT, RIGHT = 760, 250, 130
ROW, HEAD = 26, 62
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#222}.t{font-size:15px;font-weight:600}.s{fill:#666;font-size:11px}"
    ".us{fill:#2f7d4f}.them{fill:#9aa7b0}.e{text-anchor:end}.m{text-anchor:middle}.g{stroke:#ddd}"
)
COLOURS = ("#2f7d4f", "#c2703d", "#3f6fb5", "#8a55a5")


def bars(path, title, note, rows):
    """Draw a bar for each contestant.

    Args:
        path: the file.
        title: what is measured.
        note: the circumstances, and whether less or more is better.
        rows: name, number (None: no bar), its text, and whether it is ours.
    """
    most = max((number for _, number, _, _ in rows if number is not None), default=0) or 1
    scale = (WIDTH - LEFT - RIGHT) / most
    _write(path, HEAD + ROW * len(rows) + 12, title, note, [_bar(place, row, scale) for place, row in enumerate(rows)])


def _bar(place, row, scale):
    name, number, text, is_ours = row
    top, width = HEAD + ROW * place, max(1.0, round((number or 0) * scale, 1))
    kind = "us" if is_ours else "them"
    bar = "" if number is None else f'<rect class="{kind}" x="{LEFT}" y="{top}" width="{width}" height="18" rx="2"/>'
    after = LEFT + 6 + (0 if number is None else width)
    return (
        f'<text class="e" x="{LEFT - 8}" y="{top + 13}">{escape(name)}</text>{bar}'
        f'<text x="{after:.1f}" y="{top + 13}">{escape(text)}</text>'
    )


def lines(path, title, note, series):
    """Draw lines on logarithmic axes.

    Args:
        path: the file.
        title: what is measured.
        note: the circumstances.
        series: pairs of count and figure, by the name of the line.
    """
    counts, figures = zip(*(point for points in series.values() for point in points), strict=True)
    across, up = _powers(counts), _powers(figures)
    box = (60, HEAD, WIDTH - 60 - 230, 300)
    place = _placing(box, across, up)
    parts = [*_grid(box, across, up, place), *(_line(*each, place) for each in enumerate(series.items()))]
    _write(path, HEAD + 300 + 34, title, note, parts)


def _powers(numbers):
    """Return the powers of ten around the numbers, the first and the last."""
    low, high = math.floor(math.log10(min(numbers))), math.ceil(math.log10(max(numbers)))
    return low, max(high, low + 1)


def _placing(box, across, up):
    left, top, width, height = box

    def place(count, figure):
        x = left + (math.log10(count) - across[0]) / (across[1] - across[0]) * width
        y = top + height - (math.log10(figure) - up[0]) / (up[1] - up[0]) * height
        return round(x, 1), round(y, 1)

    return place


def _grid(box, across, up, place):
    left, top, width, height = box
    for power in range(across[0], across[1] + 1):
        x, _ = place(10**power, 10 ** up[0])
        yield f'<path class="g" d="M{x} {top}v{height}"/>'
        yield f'<text class="s m" x="{x}" y="{top + height + 16}">{10**power:,}</text>'
    for power in range(up[0], up[1] + 1):
        _, y = place(10 ** across[0], 10.0**power)
        yield f'<path class="g" d="M{left} {y}h{width}"/>'
        yield f'<text class="s e" x="{left - 6}" y="{y + 4}">{10.0**power:g}</text>'


def _line(number, item, place):
    name, points = item
    colour, course = COLOURS[number % len(COLOURS)], [place(*each) for each in points]
    path = "L".join(f"{x} {y}" for x, y in course)
    x, y = course[-1]
    return (
        f'<path fill="none" stroke="{colour}" stroke-width="2" d="M{path}"/>'
        f'<text style="fill:{colour}" x="{x + 6}" y="{y + 4}">{escape(name)}</text>'
    )


def _write(path, height, title, note, parts):
    path.parent.mkdir(exist_ok=True)
    whole = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" rx="6" fill="#fff"/>',
        f'<text class="t" x="16" y="26">{escape(title)}</text><text class="s" x="16" y="44">{escape(note)}</text>',
        *parts,
        "</svg>\n",
    ]
    path.write_text("\n".join(whole), "utf-8")
