"""Check that the packages of API versions repeat no code of each other.

Compares each module of one version's package with each of the other's, without imports, comments, docstrings, blank
lines and indentation. Prints each run of at least 8 equal lines as `file:first-last = file:first-last`, and exits with
1 if there is any. Move such code into a module that both versions import (`client/`, `importer/`, `sandbox/`).

Usage: python .ci/check_duplicates.py [FOLDER FOLDER]
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAIRS = (("harvest_async/v1", "harvest_async/v2"), ("harvest_async/sandbox/v1", "harvest_async/sandbox/v2"))
SHORTEST = 8
"""How many equal lines are a repetition."""


class Line(NamedTuple):
    """A line of code without its indentation, and its number in the file."""

    number: int
    text: str


def _left_out(tree: ast.Module) -> set[int]:
    """Return the numbers of the lines of imports and docstrings, those after an attribute included."""
    found: set[int] = set()
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if is_text or isinstance(node, ast.Import | ast.ImportFrom):
            found.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return found


def code(source: str) -> list[Line]:
    """Return the lines of a module that are compared."""
    left_out = _left_out(ast.parse(source))
    lines = (Line(at, text.strip()) for at, text in enumerate(source.splitlines(), 1) if at not in left_out)
    return [line for line in lines if line.text and not line.text.startswith("#")]


def _runs(one: list[Line], other: list[Line]) -> Iterator[tuple[int, int, int]]:
    """Yield the longest runs of equal lines: where each begins in both, and how many lines it has."""
    places: dict[str, list[int]] = defaultdict(list)
    for at, line in enumerate(other):
        places[line.text].append(at)
    ends: dict[int, int] = {}
    for at in range(len(one) + 1):
        here = {there: ends.get(there - 1, 0) + 1 for there in places[one[at].text]} if at < len(one) else {}
        for there, length in ends.items():
            if length >= SHORTEST and there + 1 not in here:
                yield at - length, there - length + 1, length
        ends = here


def _place(path: Path, lines: list[Line], first: int, length: int) -> str:
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return f"{name.as_posix()}:{lines[first].number}-{lines[first + length - 1].number}"


def repetitions(one: Path, other: Path) -> Iterator[str]:
    """Yield each run of equal lines in two folders."""
    modules = {path: code(path.read_text("utf-8")) for path in sorted(other.rglob("*.py"))}
    for path in sorted(one.rglob("*.py")):
        lines = code(path.read_text("utf-8"))
        for twin, others in modules.items():
            for at, there, length in _runs(lines, others):
                yield f"{_place(path, lines, at, length)} = {_place(twin, others, there, length)}"


def main(folders: list[str]) -> int:
    """Print the repetitions, and return the exit code."""
    pairs = [(Path(folders[0]), Path(folders[1]))] if folders else [(ROOT / one, ROOT / other) for one, other in PAIRS]
    found = [text for one, other in pairs for text in repetitions(one, other)]
    for text in found:
        print(text)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
