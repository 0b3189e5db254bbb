"""The descriptions of records and of their fields, for OpenAPI.

Notes:
- A class is described by its docstring; a field by the docstring's section of attributes, or in the file `fields.toml`
  of the part of the library that has the class. So each API version has its own.
- The files are read only when a schema is built.
"""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from attrs import fields_dict, has

__all__ = ["COMMON", "FILE", "described_fields", "description_of", "descriptions_in"]

FILE: Final = "fields.toml"
COMMON: Final = "common"
"""The table of fields that mean the same in all records of a folder."""

_LIBRARY: Final = __name__.partition(".")[0]
_SECTION: Final = "Attributes:"
_ATTRIBUTE: Final = re.compile(r"^    (\w+(?:, \w+)*): +(.+(?:\n {8,}.+)*)", re.MULTILINE)


def description_of(kind: type[Any]) -> str:
    """Return the description of a class: its docstring without the section of attributes."""
    return (inspect.getdoc(kind) or "").partition(_SECTION)[0].strip()


@cache
def described_fields(kind: type[Any]) -> Mapping[str, str]:
    """Return the descriptions of the fields of a class, by name; those of a subclass come before those of its base."""
    found: dict[str, str] = {}
    classes = [each for each in reversed(kind.__mro__) if has(each)]
    for each in classes:
        found |= descriptions_in(each.__module__).get(COMMON, {})
    for each in classes:
        found |= descriptions_in(each.__module__).get(each.__name__, {}) | _attributes(each)
    return {name: found[name] for name in fields_dict(kind) if name in found}


def descriptions_in(module: str) -> Mapping[str, dict[str, str]]:
    """Return the file of descriptions that a module's classes have, by class and field.

    Args:
        module: the full name. Modules of other packages, such as those of an app with records of its own, have none.
    """
    package, *folder = module.split(".")[:2]
    return _read(f"{package}.{folder[0]}") if package == _LIBRARY and folder else {}


@cache
def _read(folder: str) -> Mapping[str, dict[str, str]]:
    """Return the content of a folder's file."""
    return tomllib.loads((files(folder) / FILE).read_text("utf-8"))


def _attributes(kind: type[Any]) -> dict[str, str]:
    """Return the descriptions in the docstring of a class, by field."""
    _, _, section = (inspect.getdoc(kind) or "").partition(_SECTION)
    return {name: _sentence(text) for names, text in _ATTRIBUTE.findall(section) for name in names.split(", ")}


def _sentence(text: str) -> str:
    """Return a description in one line, with a capital letter."""
    joined = " ".join(text.split())
    return joined[:1].upper() + joined[1:]
