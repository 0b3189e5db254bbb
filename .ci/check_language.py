"""Check that the project's text uses the standard vocabulary.

Reads comments, docstrings, strings and identifiers of Python files, and whole Markdown files. Prints each phrase that
the project avoids as `file:line: phrase -> suggestion` and exits with 1 if there is any.

Usage: python .ci/check_language.py [FILE ...]
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

PHRASES: tuple[tuple[str, str], ...] = (
    (r"\b(told|tells?|telling)\b", "report, return, log, show"),
    (r"\b(whoever|whatever)\b", "the caller, any, every"),
    (r"\brules of this (room|house|module)\b", "Notes: or Invariants:, if there are any"),
    (r"\(contract: |\bcontract: [a-z_]+[.:,)]", "a link to the public documentation, or the fact"),
    (r"\bmend(s|ed|ing)?\b", "fix, correct"),
    (r"\bin doubt\b", "outcome unknown"),
    (r"\bgone\b|\bto be had\b|\bis had\b", "deleted, unavailable, resumed"),
    (r"\bno less than\b|\bso many\b|\bby so much\b", "N, at least, the theoretical minimum"),
    (r"\bperhaps\b", "maybe"),
    (r"\bastray\b", "possibly still in transit"),
    (r"\bcarr(y|ies|ied|ying)\b[^.\n]{0,20}\bout\b", "execute, run"),
    (r"\b(come|comes|came|coming) back\b", "return, retry"),
    (r"\b(let|lets) go\b", "close, release"),
    (r"\b(stand|stands|stood)\b", "be, wait"),
    (r"\b(the asking|the moment)\b", "the request, the time"),
    (r"\banswer(s|ed|ing)?\b", "response, respond, return"),
    (r"\bbook(s|ed|ing)?\b", "log (time), account state, workbook"),
    (r"\brooms?\b|\bhouses?\b", "module, package; free capacity"),
    (r"\briddles?\b", "an unclear message"),
    (r"\b(un)?settl(e|es|ed|ing)\b", "reconcile (a write), end (a lease)"),
    (r"\b(clerk|errand|desks?|shelf|shelves|turnstile)\b", "the standard term"),
    (r"\b(lend|lends|lent|lending)\b", "grant"),
    (r"\bin one go\b|\ball the same\b", "at once; still"),
)
"""Phrases that the project avoids, each with the words to use instead."""

NAMES: tuple[tuple[str, str], ...] = (
    (
        r"(^|_)(told|whose|whoever|perhaps|astray|clerk|errand|desk|shelf|gone|booked|lent|mend|mended)(_|$)",
        "a standard term",
    ),
)
"""Parts of identifiers that the project avoids."""

FOREIGN_NAMES: tuple[tuple[str, str], ...] = (
    ("harvest_async/importer/sources/xls.py", r'^"Book"$'),  # the stream of an Excel 5.0 workbook
    ("harvest_async/throttle/ledgers/file.py", r'"book"'),  # the table of ledgers of an older version
    ("tests/test_throttle_sqlite.py", r"\btable book\b"),
    ("tests/test_throttle_budgets.py", r"\b(table|into|from) book\b"),  # the table of ledgers of an older version
    ("harvest_async/throttle/ledgers/file.py", r'^"book"$'),  # the same
)
"""Names that others have defined, each as a file and a pattern of the text in it that is left out of the check."""

SKIPPED = re.compile(r"^(\.ci/check_language\.py$|tests/files/|tests/contract/.*\.txt$|LICENSE|tests/postman/)")

_PHRASES = tuple((re.compile(pattern, re.IGNORECASE), instead) for pattern, instead in PHRASES)
_NAMES = tuple((re.compile(pattern, re.IGNORECASE), instead) for pattern, instead in NAMES)


def texts(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Yield the line, the text and whether it is an identifier, for each piece of text in a file."""
    content = path.read_text("utf-8")
    if path.suffix != ".py":
        for number, line in enumerate(content.splitlines(), 1):
            yield number, line, False
        return
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        kind = tokenize.tok_name[token.type]
        if kind in {"STRING", "COMMENT", "FSTRING_MIDDLE"}:
            for offset, line in enumerate(token.string.splitlines()):
                yield token.start[0] + offset, line, False
        elif kind == "NAME":
            yield token.start[0], token.string, True


def findings(path: Path) -> Iterator[str]:
    """Yield one line for each avoided phrase in a file."""
    shown = path.relative_to(ROOT).as_posix()
    foreign = [re.compile(pattern) for name, pattern in FOREIGN_NAMES if name == shown]
    for number, whole, is_name in texts(path):
        text = whole
        for pattern in foreign:
            text = pattern.sub("", text)
        for pattern, instead in _NAMES if is_name else _PHRASES:
            if found := pattern.search(text):
                yield f"{shown}:{number}: {found.group(0).strip()!r} -> {instead}"


def main(arguments: list[str]) -> int:
    """Check the given files, or every tracked one; return the exit code."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    wanted = [str(Path(each).resolve().relative_to(ROOT)) for each in arguments] or listed
    names = [name for name in wanted if name.endswith((".py", ".md")) and not SKIPPED.search(name)]
    found = [line for name in names if (ROOT / name).exists() for line in findings(ROOT / name)]
    print("\n".join(found) or f"{len(names)} files use the standard vocabulary")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
