"""Does any input cost more than linear time? Run `python benchmarks/bench_hostile.py [group ...]`.

Each family is a kind of text that makes careless patterns and readers slow. Add one by a line in `GROUPS`.

Bounds, in CPU time (the least of some runs):
- 1 MiB takes at most 64 times what 32 KiB take, and 1 KiB at most 5 ms;
- redaction of 1 MiB takes at most 0.2 s;
- 7 MiB of a list, read in slices, keep the event loop from other tasks for at most 50 ms at a time.

Random texts from the same fragments are tried for growth, too. The exit code is 1 if a bound fails.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from attrs import frozen
from support import heading, show

from harvest_async.codec import json, xml
from harvest_async.codec.slices import STEP
from harvest_async.errors import DecodeError, HarvestError
from harvest_async.messages import Request, Response
from harvest_async.redaction import redact_text, redact_url

KIBIBYTE = 1024
SMALL, MIDDLE, LARGE, LIST = KIBIBYTE, 32 * KIBIBYTE, 1024 * KIBIBYTE, 7 * 1024 * KIBIBYTE
RUNS = 3
GROWTH = 64
SHORTEST = 0.005
LONGEST = {"redaction": 0.2}
LONGEST_GAP = 0.05
NOISE = 0.0005
"""Seconds below which times are not compared."""

Make = Callable[[int], Any]


@frozen
class Group:
    """What is run on inputs of several families."""

    run: Callable[[Any], object]
    families: dict[str, Make]
    gaps: Callable[[Any], Any] | None = None


def again(part: str, head: str = "", tail: str = "") -> Make:
    """A text that repeats a part."""
    return lambda size: head + part * (size // len(part.encode())) + tail


def as_bytes(part: str, head: str = "", tail: str = "") -> Make:
    """The same in bytes."""
    return lambda size: again(part, head, tail)(size).encode()


def redact(text: str) -> None:
    """Each way out on which a text is redacted."""
    redact_text(text)


def redact_all(text: str) -> None:
    """An address, a report and a command that hold the text."""
    redact_url(f"https://acme.example.com/{text}")
    wire = Request("POST", "https://acme.example.com/", (("X", text[:4096]),), text.encode("utf-8", "replace"))
    error = HarvestError("no", request=wire, response=Response(500, (), wire.content))
    error.report()
    error.as_curl()


def read_json(content: bytes) -> None:
    """A list in JSON, in pieces as the client cuts it."""
    _read(json.Elements(_forget), content, STEP)


def read_xml(content: bytes) -> None:
    """A list in XML, in pieces as the client cuts it."""
    _read(xml.Elements(_forget), content, STEP)


def trickle_json(content: bytes) -> None:
    """A list in JSON, byte by byte."""
    _read(json.Elements(_forget), content, 1)


def trickle_xml(content: bytes) -> None:
    """A list in XML, byte by byte."""
    _read(xml.Elements(_forget), content, 1)


def _forget(trees: list[Any]) -> list[Any]:
    return trees[:0]


def _read(elements: Any, content: bytes, step: int) -> None:
    for _ in _pieces(elements, content, step):
        pass


def _pieces(elements: Any, content: bytes, step: int) -> Any:
    try:
        for place in range(0, len(content), step):
            yield elements.feed(content[place : place + step])
        yield elements.close()
    except DecodeError:
        yield []


REDACTION = [
    "x", " ", "\n", "=", '"',
    "\\", '\\"', "<", "&", "a=&", "a%", "%74=", "a%41", "token", "token ", "token=&", "code=&", "token =",
    '"token":', '"token":"x",', '"token', '\\"token\\":', '"token":\\', '"token":[', '{"token":[{', '"token":{"a":"',
    "<token", "<token>", "<token>a</token>", "<token></token!", "<token ", "</token", "basic ", "bearer bearer",
    "bearer%20<", "bearer aaaa1 ", "://", "://a:b", "://a@", "://a:b@", "token='a", 'token="',
    "\x00", "\x1b[2J", "\u00e9",
    "\uff34oken", "'token': ", "Basic\t", "password<password>", '&token="\\', "<token/><token/", "[redacted]",
]  # fmt: skip

JSON = {
    "blanks before": as_bytes(" "),
    "blanks in the list": as_bytes("\n", "["),
    "blanks after a record": as_bytes(" ", '[{"note": {"id": 1}}'),
    "blanks after a comma": as_bytes(" ", '[{"note": {"id": 1}},'),
    "open text": as_bytes("a", '[{"note": {"notes": "'),
    "escapes": as_bytes("\\n", '[{"note": {"notes": "'),
    "backslashes": as_bytes("\\", '[{"note": {"notes": "'),
    "unicode escapes": as_bytes("\\u00e4", '[{"note": {"notes": "', '"}}]'),
    "ends in a text": as_bytes('},{\\"note\\":{', '[{"note": {"notes": "', '"}}]'),
    "digits": as_bytes("7", '[{"note": {"id": '),
    "decimals": as_bytes("1.0,", '[{"note": {"ids": ['),
    "one long decimal": as_bytes("1", '[{"note": {"hours": 0.', "}}]"),
    "brackets": as_bytes("["),
    "braces": as_bytes('{"a":', "["),
    "pairs of brackets": as_bytes("[],", '[{"note": {"x": ['),
    "empty texts": as_bytes('"",', '[{"note": {"x": ['),
    "fields": as_bytes('"a":1,', '[{"note": {'),
    "records": as_bytes('{"note":{"id":1}},', "[", '{"note":{"id":1}}]'),
    "records without a root": as_bytes('{"id":1},', "[", '{"id":1}]'),
    "quotes": as_bytes('"', "["),
    "commas": as_bytes(",", "["),
    "closing brackets": as_bytes("]", "["),
    "names without an end": as_bytes('},{"', '[{"note": {}'),
    "marks of no record": as_bytes("} ,", "["),
    "an object in place of a list": as_bytes('"a":[1],', '{"note": {'),
    "bad UTF-8": lambda size: b'[{"note": {"notes": "' + b"\xff" * size,
}

XML = {
    "blanks before": as_bytes(" "),
    "blanks in the list": as_bytes("\n", "<notes>"),
    "open comment": as_bytes("a", "<notes><!--"),
    "open comment before": as_bytes("-", "<!--"),
    "comments": as_bytes("<!---->"),
    "open instruction": as_bytes("a", "<?a "),
    "instructions": as_bytes("<?a?>", "<notes>"),
    "open document type": as_bytes("a", "<!DOCTYPE a"),
    "open CDATA": as_bytes("]", "<notes><note><notes><![CDATA["),
    "many CDATA": as_bytes("<![CDATA[]]>", "<notes><note><notes>"),
    "long attribute": as_bytes("a", '<notes a="'),
    "many attributes": lambda size: b"<notes " + b" ".join(b'a%d=""' % number for number in range(size // 10)),
    "long name": as_bytes("a", "<"),
    "long text": as_bytes("a", "<notes><note><notes>"),
    "line ends": as_bytes("\r\n", "<notes><note><notes>"),
    "entities": as_bytes("&amp;", "<notes><note><notes>"),
    "unknown entities": as_bytes("&a;", "<notes><note><notes>"),
    "open tags": as_bytes("<a>"),
    "empty elements": as_bytes("<a/>", "<notes>", "</notes>"),
    "empty fields": as_bytes("<a/>", "<notes><note>"),
    "records": as_bytes("<note><id>1</id></note>", "<notes>", "</notes>"),
    "ends in a text": as_bytes("</note>&lt;", "<notes><note>"),
    "digits": as_bytes("7", "<notes><note><id>", "</id></note></notes>"),
    "brackets": as_bytes("<"),
    "after the end": as_bytes(" ", "<notes/>"),
    "namespaces": as_bytes("<a:b xmlns:a='a'/>", "<notes><note>"),
}

GROUPS = {
    "redaction": Group(redact, {ascii(part): again(part) for part in REDACTION}),
    "reports": Group(redact_all, {ascii(part): again(part) for part in REDACTION}),
    "JSON lists": Group(read_json, JSON, lambda content: _pieces(json.Elements(_forget), content, STEP)),
    "XML lists": Group(read_xml, XML, lambda content: _pieces(xml.Elements(_forget), content, STEP)),
    "JSON lists, byte by byte": Group(trickle_json, JSON),
    "XML lists, byte by byte": Group(trickle_xml, XML),
}


def least(run: Callable[[Any], object], given: Any, runs: int = RUNS) -> float:
    """The least CPU time of some runs."""
    times = []
    for _ in range(runs):
        began = time.process_time()
        run(given)
        times.append(time.process_time() - began)
    return min(times)


async def largest_gap(pieces: Any) -> float:
    """The longest time for which a ticker of 1 ms has to wait, in CPU time of this process."""
    gap, last, done = 0.0, time.process_time(), False

    async def tick() -> None:
        nonlocal gap, last
        while not done:
            now = time.process_time()
            gap, last = max(gap, now - last), now
            await asyncio.sleep(0.001)

    ticker = asyncio.create_task(tick())
    for _ in pieces:
        await asyncio.sleep(0)
        now = time.process_time()
        gap, last = max(gap, now - last), now
    done = True
    await ticker
    return gap


def faults_of(name: str, group: Group, make: Make) -> tuple[list[float], list[str]]:
    """The times of a family, and the bounds that it fails."""
    small, middle, large = (least(group.run, make(size)) for size in (SMALL, MIDDLE, LARGE))
    faults = []
    if small > SHORTEST:
        faults.append("1 KiB")
    if large > GROWTH * max(middle, NOISE):
        faults.append("growth")
    if large > LONGEST.get(name, large):
        faults.append("1 MiB")
    times = [small, middle, large]
    if group.gaps is not None:
        times.append(min(asyncio.run(largest_gap(group.gaps(make(LIST)))) for _ in range(RUNS)))
        if times[-1] > LONGEST_GAP:
            faults.append("gap")
    return times, faults


def asked_for(name: str, group: Group) -> str:
    """The bounds of a group in words."""
    words = [f"1 KiB in {1000 * SHORTEST:.0f} ms, 1 MiB in at most {GROWTH} times the time of 32 KiB"]
    words += [f"1 MiB in {1000 * LONGEST[name]:.0f} ms"] if name in LONGEST else []
    words += [f"no gap above {1000 * LONGEST_GAP:.0f} ms"] if group.gaps else []
    return ", ".join(words)


def fuzz(seconds: float, seed: int) -> list[str]:
    """Texts from random fragments that grow faster than their size."""
    chance, found = random.Random(seed), []
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        part = "".join(chance.choice(REDACTION) for _ in range(chance.randint(1, 5)))
        head = "".join(chance.choice(REDACTION) for _ in range(chance.randint(0, 2)))
        make = again(part, head)
        middle, large = least(redact_text, make(MIDDLE), 1), least(redact_text, make(16 * MIDDLE), 1)
        if large > 2 * 16 * max(middle, NOISE) and least(redact_text, make(16 * MIDDLE)) > 2 * 16 * max(middle, NOISE):
            found.append(f"{head!a} + {part!a} ...")
        count += 1
    print(f"{count} random texts (seed {seed}), {len(found)} of them grew faster than their size")
    return found


def main() -> int:
    """Run the groups that are asked for; all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []])
    parser.add_argument("--fuzz", type=float, default=10.0, help="seconds of random texts")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    heading("Hostile input: CPU time by size")
    failed: list[str] = []
    for name in asked.groups or GROUPS:
        group = GROUPS[name]
        rows = []
        for family, make in group.families.items():
            times, faults = faults_of(name, group, make)
            rows.append([family, *(f"{1000 * each:.2f}" for each in times), ", ".join(faults) or "ok"])
            failed += [f"{name}: {family}: {fault}" for fault in faults]
        gap = ["gap in 7 MiB (ms)"] if group.gaps else []
        print(name)
        show(["family", "1 KiB (ms)", "32 KiB (ms)", "1 MiB (ms)", *gap, ""], rows, asked_for(name, group))
    failed += fuzz(asked.fuzz, asked.seed)
    print("\n".join(failed) or "All bounds hold.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
