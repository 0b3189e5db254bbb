"""Write calls in Postman's collection format 2.1: folders of requests, with variables for account, credentials and ids.

Credentials are never written, only the names of their variables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, Protocol
from urllib.parse import parse_qsl, urlsplit

from harvest_async.call import Call, Upload
from harvest_async.messages import Request
from harvest_async.versions import DEFAULT, load

__all__ = ["make_collection"]

_SCHEMA: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_ABOUT: Final = """Every call of the Harvest API {version}, in JSON and in XML.

Set the variables of the collection first: `account`, `email` and `password`, and `app`, the name of your app. To sign
in with a token, choose Bearer Token as the collection's authorization and give it `{{access_token}}`. `format` is
`json` or `xml` where a request has no body; `base_url` may lead to a sandbox. Ids are variables, too.

Harvest blocks an account that makes more than 100 calls in 15 seconds; each call made meanwhile prolongs the block.
"""
_REPEATS: Final = {
    True: "Can be sent again after a lost response.",
    False: "Check the account before you send it again.",
}
_PLACEHOLDER: Final = "http://base-url"
_LEFT_OUT: Final = frozenset({"content-length"})


Format = Literal["json", "xml"]


class Example(Protocol):
    """One use of an endpoint with all its parameters, from the API version."""

    @property
    def call(self) -> Call[Any]:
        """Return the call."""
        ...

    @property
    def optional(self) -> frozenset[str]:
        """Return the names of the optional query parameters."""
        ...

    @property
    def needed(self) -> tuple[str, ...]:
        """Return the names of the required fields."""
        ...

    @property
    def others(self) -> tuple[str, ...]:
        """Return the names of fields for other uses of the endpoint."""
        ...

    @property
    def about(self) -> str:
        """Return the description."""
        ...

    def written(self, text: str) -> str:
        """Return a text with variables in place of ids."""
        ...


def make_collection(base_url: str = "https://{{account}}.harvestapp.com", account: str = "") -> dict[str, Any]:
    """Create a collection of every call.

    Args:
        base_url: the address of the account; may use the variable `account`.
        account: the value of the variable `account`.

    Returns:
        The collection as a tree that `json` can write; equal arguments give equal trees.
    """
    folders: dict[str, list[dict[str, Any]]] = {}
    for example in sorted(_examples(), key=lambda example: (example.written(example.call.path), example.call.method)):
        folders.setdefault(example.call.name.partition(".")[0], []).extend(_items(example))
    items = [{"name": _title(name), "item": folders[name]} for name in sorted(folders)]
    return {
        "info": {
            "name": f"Harvest API {DEFAULT}",
            "description": _ABOUT.replace("{version}", DEFAULT),
            "schema": _SCHEMA,
        },
        "item": items,
        "auth": {
            "type": "basic",
            "basic": [_variable("username", "{{email}}"), _variable("password", "{{password}}")],
        },
        "variable": list(_variables(items, base_url, account)),
    }


def _examples() -> Iterable[Example]:
    """Return an example of each endpoint."""
    found: Iterable[Example] = load("examples")()
    return found


def _items(example: Example) -> Iterator[dict[str, Any]]:
    """Yield a request, or one for each format if it has a body."""
    name = _title(example.call.name.partition(".")[2])
    if example.call.body is None or isinstance(example.call.body, Upload):
        yield _item(name, example, "json")
    else:
        yield _item(f"{name} (JSON)", example, "json")
        yield _item(f"{name} (XML)", example, "xml")


def _item(name: str, example: Example, format: Format) -> dict[str, Any]:
    wire: Request = load("dialect")(format).encode(example.call, _PLACEHOLDER, (("User-Agent", "{{app}}"),))
    request: dict[str, Any] = {
        "method": wire.method,
        "header": list(_headers(wire, example.call)),
        "url": _url(wire, example),
        "description": _description(example),
    }
    if isinstance(example.call.body, Upload):
        request["body"] = {
            "mode": "formdata",
            "formdata": [{"key": load("receipt_field"), "type": "file", "src": None}],
        }
    elif wire.content:
        raw = example.written(_pretty(wire, format))
        request["body"] = {"mode": "raw", "raw": raw, "options": {"raw": {"language": format}}}
    return {"name": name, "request": request, "response": []}


def _headers(wire: Request, call: Call[Any]) -> Iterator[dict[str, str]]:
    """Yield the headers that Postman does not set by itself; without a body the format is a variable."""
    for key, value in wire.headers:
        if key.lower() in _LEFT_OUT or (key == "Content-Type" and isinstance(call.body, Upload)):
            continue
        yield {"key": key, "value": value.replace("json", "{{format}}") if call.body is None else value}


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


def _variables(items: Iterable[Any], base_url: str, account: str) -> Iterator[dict[str, str]]:
    """Yield the variables that are used, each with a default value."""
    known = {"account": account, "app": "Postman (you@example.com)", "base_url": base_url, "format": "json"}
    used = set(re.findall(r"\{\{(\w+)\}\}", json.dumps([list(items), base_url])))
    for name in sorted(used | known.keys() | {"access_token", "email", "password"}):
        yield _variable(name, known.get(name, "1" if name.endswith("_id") else ""))


def _variable(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value, "type": "string"}


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
