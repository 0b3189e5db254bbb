"""Check the built documentation: every public name is in it, no page requests anything from elsewhere.

Prints the pages with the number of their code blocks.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser

from prepare_docs import PAGES, ROOT

SITE = ROOT / "build" / "docs"

_REQUESTED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src"}
_LINKED = frozenset({"stylesheet", "icon", "preload", "preconnect", "dns-prefetch", "prefetch", "manifest"})
_NAME = re.compile(r"^::: (\S+)$", re.MULTILINE)
_STYLE = re.compile(r"(?:@import|url\()\s*[\"']?(https?:[^\"')]+)")


class Requests(HTMLParser):
    """Collects the addresses that a browser requests by itself when it shows a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the address of an element that is loaded with the page."""
        given = dict(attrs)
        address = given.get(_REQUESTED.get(tag, ""))
        if tag == "link" and set((given.get("rel") or "").split()) & _LINKED:
            address = given.get("href")
        if address and re.match(r"(https?:)?//", address):
            self.addresses.append(address)


def main() -> None:
    """Print what is wrong, and end with 1; else print the pages."""
    faults = [*undocumented(), *external()]
    for fault in faults:
        print(fault)
    if faults:
        sys.exit(1)
    blocks = {page: page.read_text("utf-8").count("\n```") // 2 for page in sorted(PAGES.rglob("*.md"))}
    for page, count in blocks.items():
        if page.parent == PAGES:
            print(f"{page.name:24} {count:3} code blocks")
    print(f"{len(blocks)} pages; every public name has its documentation; no page requests anything from elsewhere")


def undocumented() -> Iterator[str]:
    """Yield a line for each public name that has no documentation."""
    packed = (SITE / "objects.inv").read_bytes().split(b"\n", 4)[4]
    known = {line.split(" ", 1)[0] for line in zlib.decompress(packed).decode("utf-8").splitlines()}
    for page in sorted((PAGES / "reference").rglob("*.md")):
        for name in _NAME.findall(page.read_text("utf-8")):
            if name not in known:
                yield f"{name} is public and has no docstring"


def external() -> Iterator[str]:
    """Yield a line for each address elsewhere that a page requests."""
    for path in sorted(SITE.rglob("*.html")):
        parser = Requests()
        parser.feed(path.read_text("utf-8"))
        yield from (f"{path.relative_to(SITE)} requests {address}" for address in parser.addresses)
    for path in sorted(SITE.rglob("*.css")):
        found = _STYLE.findall(path.read_text("utf-8"))
        yield from (f"{path.relative_to(SITE)} requests {address}" for address in found)


if __name__ == "__main__":
    main()
