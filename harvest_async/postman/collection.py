"""Write calls in Postman's collection format 2.1: folders of requests, with variables for account, credentials and ids.

Credentials are never written, only the names of their variables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlsplit

from harvest_async.call import Call, Upload
from harvest_async.client.examples import CollectionFacts, Example
from harvest_async.messages import Request
from harvest_async.versions import DEFAULT, load

__all__ = ["make_collection"]

_SCHEMA: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_LIMIT: Final = """

Harvest blocks an account that makes more than 100 calls in 15 seconds; each call made meanwhile prolongs the block.
"""
_REPEATS: Final = {
    True: "Can be sent again after a lost response.",
    False: "Check the account before you send it again.",
}
_LEFT_OUT: Final = frozenset({"content-length"})


Format = Literal["json", "xml"]


def make_collection(base_url: str | None = None, account: str = "", *, version: str = DEFAULT) -> dict[str, Any]:
    """Create a collection of every call of an API version.

    Args:
        base_url: the address of the API; may use the variable of the account. None for Harvest's own.
        account: the value of the variable that names the account: `account` for v1, `account_id` for v2.
        version: the API version.

    Returns:
        The collection as a tree that `json` can write; equal arguments give equal trees.

    Raises:
        InvalidArgument: the version is unknown.
    """
    facts: CollectionFacts = load("collection", version)
    folders: dict[str, list[dict[str, Any]]] = {}
    for example in sorted(facts.examples(), key=lambda each: (each.written(each.call.path), each.call.method)):
        folders.setdefault(example.call.name.partition(".")[0], []).extend(_items(example, facts))
    items = [{"name": _title(name), "item": folders[name]} for name in sorted(folders)]
    known = {facts.account: account, "app": "Postman (you@example.com)", "base_url": base_url or facts.base_url}
    if len(facts.formats) > 1:
        known["format"] = facts.formats[0]
    return {
        "info": {"name": f"Harvest API {version}", "description": facts.about + _LIMIT, "schema": _SCHEMA},
        "item": items,
        "auth": _authorization(facts.auth),
        "variable": list(_variables(items, known, facts.credentials)),
    }


def _authorization(auth: Mapping[str, Any]) -> dict[str, Any]:
    """Return a collection's authorization: its kind, and its values in Postman's form."""
    kind = str(auth["type"])
    return {"type": kind, kind: [_variable(name, value) for name, value in auth[kind].items()]}


def _items(example: Example, facts: CollectionFacts) -> Iterator[dict[str, Any]]:
    """Yield a request, or one for each format if it has a body and the API has several."""
    name = _title(example.call.name.partition(".")[2])
    first, *others = facts.formats
    if not others or example.call.body is None or isinstance(example.call.body, Upload):
        yield _item(name, example, facts, first)
    else:
        for each in facts.formats:
            yield _item(f"{name} ({each.upper()})", example, facts, each)


def _item(name: str, example: Example, facts: CollectionFacts, format: Format) -> dict[str, Any]:
    wire = facts.encode(example.call, format, facts.headers)
    request: dict[str, Any] = {
        "method": wire.method,
        "header": list(_headers(wire, example.call, is_variable=len(facts.formats) > 1)),
        "url": _url(wire, example),
        "description": _description(example),
    }
    if isinstance(example.call.body, Upload):
        request["body"] = {"mode": "formdata", "formdata": [{"key": facts.file_field, "type": "file", "src": None}]}
    elif wire.content:
        raw = example.written(_pretty(wire, format))
        request["body"] = {"mode": "raw", "raw": raw, "options": {"raw": {"language": format}}}
    return {"name": name, "request": request, "response": []}


def _headers(wire: Request, call: Call[Any], *, is_variable: bool) -> Iterator[dict[str, str]]:
    """Yield the headers that Postman does not set by itself; `is_variable`: the format is one without a body."""
    for key, value in wire.headers:
        if key.lower() in _LEFT_OUT or (key == "Content-Type" and isinstance(call.body, Upload)):
            continue
        yield {"key": key, "value": value.replace("json", "{{format}}") if is_variable and call.body is None else value}


def _url(wire: Request, example: Example) -> dict[str, Any]:
    parts = urlsplit(example.written(wire.url))
    query = [
        {"key": key, "value": value, "disabled": key in example.optional}
        for key, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    shown = "&".join(f"{each['key']}={each['value']}" for each in query if not each["disabled"])
    raw = f"{{{{base_url}}}}{parts.path}{'?' if shown else ''}{shown}"
    url = {"raw": raw, "host": ["{{base_url}}"], "path": parts.path.strip("/").split("/")}
    return {**url, "query": query} if query else url


def _description(example: Example) -> str:
    about = example.about
    lines = [f"`{example.call.name}`{': ' if about else '.'}{about}", _REPEATS[example.call.repeat.repeatable]]
    if example.needed:
        lines.append(f"Required: {', '.join(example.needed)}.")
    if example.others:
        lines.append(f"Other fields: {', '.join(example.others)}.")
    return "\n\n".join(lines)


def _pretty(wire: Request, format: Format) -> str:
    text = wire.content.decode("utf-8")
    return json.dumps(json.loads(text), indent=2, ensure_ascii=False) if format == "json" else text


def _variables(items: Iterable[Any], known: Mapping[str, str], credentials: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield the variables that are used, each with a default value."""
    used = set(re.findall(r"\{\{(\w+)\}\}", json.dumps([list(items), known["base_url"]])))
    for name in sorted(used | known.keys() | set(credentials)):
        yield _variable(name, known.get(name, "1" if name.endswith("_id") else ""))


def _variable(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value, "type": "string"}


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
