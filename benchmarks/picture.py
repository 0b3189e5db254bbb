"""The picture of the window: how many calls arrived in the last 15 seconds, one panel for each contestant.

Notes: plain SVG without scripts and embedded fonts; readable on a light and on a dark page.
"""

from xml.sax.saxutils import escape

__all__ = ["draw"]

LIMIT, PERIOD, SECONDS, TOP = 100, 15.0, 78, 200
WIDTH, LEFT, PANEL, STEP, HEAD = 760, 44, 44, 84, 64
PLOT = WIDTH - LEFT - 16
WORDS = (
    "250 calls, 20-150 ms each way, the worst run of each. Green: processed. Red: refused. "
    "Dashed: the 100 that are allowed."
)
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#222}.t{font-size:15px;font-weight:600}.n{font-weight:600}"
    ".s{fill:#666;font-size:11px}.ok{fill:#2f7d4f}.no{fill:#d9796d}.l{stroke:#222;stroke-dasharray:5 3}"
    ".e{text-anchor:end}.m{text-anchor:middle}.a{stroke:#bbb}"
)


def draw(path, tallies):
    """Write the picture of a run."""
    height = HEAD + STEP * len(tallies) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>Calls that arrived in the last {PERIOD:.0f} seconds</title><style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" rx="6" fill="#fff"/>',
        f'<text class="t" x="{LEFT}" y="26">Calls that arrived at the server in the last {PERIOD:.0f} s</text>',
        f'<text class="s" x="{LEFT}" y="44">{WORDS}</text>',
        *(_panel(tally, HEAD + STEP * place) for place, tally in enumerate(tallies)),
        "</svg>\n",
    ]
    path.write_text("\n".join(parts), "utf-8")


def _panel(tally, top):
    base = top + 22 + PANEL
    begin = min((each["arrival"] for each in tally.requests), default=0)
    every = [each["arrival"] - begin for each in tally.requests]
    carried_out = [each["arrival"] - begin for each in tally.requests if each["status"] != 503]
    return "\n".join(
        [
            *(f'<text class="s e" x="{LEFT - 6}" y="{_y(n, base) + 4}">{n}</text>' for n in (0, LIMIT, TOP)),
            _area(_bins(_course(sorted(every))), base, "no"),
            _area(_bins(_course(sorted(carried_out))), base, "ok"),
            f'<text class="n" x="{LEFT}" y="{top + 14}">{escape(tally.name)}</text>',
            f'<text x="{LEFT + 200}" y="{top + 14}">{escape(tally.outcome)}</text>',
            f'<path class="l" d="M{LEFT} {_y(LIMIT, base)}h{PLOT}"/><path class="a" d="M{LEFT} {base}h{PLOT}"/>',
            *(
                f'<text class="s m" x="{_x(second)}" y="{base + 15}">{second} s</text>'
                for second in range(0, SECONDS, 15)
            ),
        ]
    )


def _course(arrivals):
    """(moment, calls in the last period), at every change."""
    moments = sorted({*arrivals, *(arrival + PERIOD for arrival in arrivals)})
    first = last = 0
    for moment in moments:
        while last < len(arrivals) and arrivals[last] <= moment:
            last += 1
        while first < last and arrivals[first] <= moment - PERIOD:
            first += 1
        yield moment, last - first


def _bins(course):
    """The most in each fifth of a second, and what it ends with: more than a picture shows."""
    most, last = {}, {}
    for moment, count in course:
        place = int(moment * 5)
        most[place], last[place] = max(most.get(place, 0), count), count
    return [point for place in most for point in ((place / 5, most[place]), ((place + 1) / 5, last[place]))]


def _area(points, base, kind):
    """What lies under a course."""
    path, height = [f"M{_x(0)} {base}"], 0
    for moment, count in points:
        if count != height and moment <= SECONDS:
            path.append(f"H{_x(moment)}V{_y(count, base)}")
            height = count
    return f'<path class="{kind}" d="{"".join(path)}H{_x(SECONDS if height else 0)}V{base}Z"/>'


def _x(seconds):
    return round(LEFT + seconds / SECONDS * PLOT, 1)


def _y(count, base):
    return round(base - count / TOP * PANEL, 1)
