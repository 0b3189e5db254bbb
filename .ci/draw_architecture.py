"""Draw the picture of the layers and of a request's way in docs/architecture.svg.

The layers are read from the import contract in pyproject.toml, the descriptions from the packages' docstrings, and the
way from a call that is made against an in-memory server while a profiler notes which packages it passes.

Usage: python .ci/draw_architecture.py [--check]
"""

from __future__ import annotations

import ast
import asyncio
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import httpx

import harvest_async
from harvest_async import BasicAuth, HarvestV1, Throttle

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path(harvest_async.__file__).parent
PICTURE = ROOT / "docs" / "architecture.svg"
WIDTH, ROW, LEFT = 960, 46, 16
MOST = 9
"""How many modules fit side by side with their names."""

STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1c2733}.n{font-weight:600}.s{font-size:11px;fill:#55616d}"
    ".b{fill:#eef3f8;stroke:#9db2c7}.w{fill:#e3f1e6;stroke:#7fae8b}"
)


def layers() -> list[list[str]]:
    """Return the layers from the import contract, the highest first."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (contract,) = (each for each in config["tool"]["importlinter"]["contracts"] if each["name"].startswith("Layers"))
    return [[name.strip("() ") for name in row.replace("|", ":").split(":")] for row in contract["layers"]]


def summary(name: str) -> str:
    """Return the first line of a module's docstring."""
    path = PACKAGE / f"{name}.py"
    path = path if path.exists() else PACKAGE / name / "__init__.py"
    doc = ast.get_docstring(ast.parse(path.read_text("utf-8"))) if path.exists() else None
    return (doc or "").partition("\n")[0]


def way_of_a_request() -> list[str]:
    """Return the packages that one `clients.get` enters, in the order of the first entry."""
    passed: list[str] = []

    def note(frame: Any, event: str, _: Any) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(PACKAGE):
            name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
            if name not in passed:
                passed.append(name)

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("rate_limit_status"):
            return httpx.Response(200, json={"count": 1, "max_calls": 100, "timeframe_limit": 15})
        return httpx.Response(200, json={"client": {"id": 7, "name": "ACME"}})

    async def call() -> None:
        auth = BasicAuth("me@example.com", "secret")
        harvest = HarvestV1(
            "acme",
            auth=auth,
            app="docs (docs@example.com)",
            throttle=Throttle(),
            transport=httpx.MockTransport(respond),
        )
        async with harvest:
            await harvest.clients.get(7)
            sys.setprofile(note)
            try:
                await harvest.clients.get(7)
            finally:
                sys.setprofile(None)

    asyncio.run(call())
    return passed


def draw() -> str:
    """Return the picture as SVG."""
    rows, way = layers(), way_of_a_request()
    height = 70 + ROW * len(rows) + 70
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>The layers of harvest_async</title><style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" rx="6" fill="#fff"/>',
        f'<text x="{LEFT}" y="28" class="n">A module imports only from the layers below its own.</text>',
        f'<text x="{LEFT}" y="48" class="s">Green: a call of clients.get passes here.</text>',
    ]
    for number, row in enumerate(rows):
        parts += boxes(row, 62 + number * ROW, way)
    y = 62 + ROW * len(rows) + 24
    parts.append(f'<text x="{LEFT}" y="{y}" class="n">The way of a request</text>')
    parts.append(f'<text x="{LEFT}" y="{y + 20}" class="s">{escape(" > ".join(way))}</text></svg>')
    return "\n".join(parts) + "\n"


def boxes(row: list[str], top: int, way: list[str]) -> Iterator[str]:
    """Yield the boxes of a layer; many modules are in two lines, which are half as high and have names alone."""
    lines = 1 + (len(row) > MOST)
    across = -(-len(row) // lines)
    wide, high = (WIDTH - 2 * LEFT) / across, (ROW - 8) / lines
    for place, name in enumerate(row):
        x, y = LEFT + place % across * wide, top + place // across * high
        kind = "w" if name in way else "b"
        size = f'width="{wide - 6:.1f}" height="{high - 2 * (lines - 1):g}"'
        yield f'<rect x="{x:.1f}" y="{y:g}" {size} rx="4" class="{kind}"/>'
        text = f'<text x="{x + 8:.1f}" y="{y + (17 if lines == 1 else 13):g}" class="n">{escape(name)}</text>'
        room = int((wide - 20) / 5.6)
        if lines == 1 and room > 24:  # noqa: PLR2004
            said = summary(name)
            said = said if len(said) <= room else said[: room - 3].rstrip() + "..."
            text += f'<text x="{x + 8:.1f}" y="{y + 32:g}" class="s">{escape(said)}</text>'
        yield text


def main(arguments: list[str]) -> int:
    """Write the picture, or check that it is up to date; return the exit code."""
    picture = draw()
    if "--check" in arguments:
        return 0 if PICTURE.exists() and PICTURE.read_text("utf-8") == picture else 1
    PICTURE.write_text(picture, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
