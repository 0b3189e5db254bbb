"""Parsing of requests: the fields of a body or of the query."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl
from xml.parsers.expat import ExpatError

import xmltodict

from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal

__all__ = ["read_fields"]

_BRACKETS: Final = re.compile(r"([a-z0-9_-]+)\[([a-z0-9_-]+)\]")


def read_fields(
    content: bytes, format: str, root: str, query: Iterable[tuple[str, str]], *, flat: bool = False
) -> Record:
    """Return the fields of a write, from the body or from bracketed parameters such as `client[name]`.

    XML has them below the root. JSON has them below the root, with dashes or underscores, or at the top; with an empty
    root they must be at the top. With `flat` plain parameters, of the query or of a form, are fields, too.
    """
    elsewhere = _parameters(query, flat=flat)
    if format == "form":
        pairs = parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True)
        return elsewhere | _parameters(pairs, flat=flat)
    return elsewhere | (_body(content, format, root) if content.strip() else {})


def _parameters(pairs: Iterable[tuple[str, str]], *, flat: bool) -> Record:
    """Return the fields among parameters: bracketed ones and, with `flat`, plain ones; bracketed ones win."""
    given: Record = {}
    bracketed: Record = {}
    for name, value in pairs:
        if (match := _BRACKETS.fullmatch(name)) is not None:
            bracketed[match[2].replace("-", "_")] = value
        elif flat:
            given[name.replace("-", "_")] = value
    return given | bracketed


def _body(content: bytes, format: str, root: str) -> Record:
    try:
        tree = json.loads(content, parse_float=Decimal) if format == "json" else _read_xml(content, root)
    except (ValueError, ArithmeticError, LookupError, ExpatError, RecursionError):
        raise Refusal(400, "The body can't be read.") from None
    if isinstance(tree, dict) and format == "json":
        tree = next((tree[name] for name in (root, root.replace("_", "-")) if isinstance(tree.get(name), dict)), tree)
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise Refusal(400, "The body must be an object.")
    return {str(name).replace("-", "_"): _flat(value) for name, value in tree.items()}


def _flat(value: Any) -> Any:
    """Return a value, or an empty list in place of a nested one, which no field has."""
    return [] if isinstance(value, dict | list) else value


def _read_xml(content: bytes, root: str) -> Any:
    tree = xmltodict.parse(content, strip_whitespace=False, disable_entities=True)
    ((name, element),) = tree.items()
    if not isinstance(element, dict) or name.replace("-", "_") != root:
        return {}
    return {name: _text(value) for name, value in element.items() if name[0] not in "@#"}


def _text(value: Any) -> Any:
    if isinstance(value, list):  # the last of several elements counts
        return _text(value[-1])
    if isinstance(value, dict):
        return None if value.get("@nil") == "true" else value.get("#text", "")
    return "" if value is None else value
