"""Column mappings: `--map column=field`, and mapping files.

A mapping file is TOML with the names of `Options`:

    format = "time"
    date_order = "dmy"
    decimal = ","
    midnight = "split"

    [columns]
    Datum = "day"
    "Wer" = "person"
    Stunden = "hours"
    Kostenstelle = ""          # ignored

    [fill]
    client = "ACME"

    [zones]
    "one@example.com" = "Asia/Tokyo"
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

from attrs import evolve, fields

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.options import DateOrder, Fill, Options

__all__ = ["mapped", "read_mapping"]

_TABLES: Final = ("columns", "fill", "zones")
_WORDS: Final = {
    "date_order": get_args(DateOrder),
    "decimal": (".", ","),
    "midnight": ("keep", "split"),
}
_NUMBERS: Final = ("max_rows", "max_cells", "max_unpacked")
_FLAGS: Final = ("people_by_email", "long_days")


def mapped(pairs: Iterable[str]) -> dict[str, str]:
    """Return the columns that `--map COLUMN=FIELD` names, in the given order.

    Raises:
        InvalidArgument: a mapping has no equals sign, or no column.
    """
    columns: dict[str, str] = {}
    for pair in pairs:
        column, equals, target = pair.rpartition("=")
        if not equals or not column.strip():
            raise InvalidArgument(f"--map {pair}: write COLUMN=FIELD, with nothing behind = to pass a column over")
        columns[column.strip()] = target.strip()
    return columns


def read_mapping(text: str, options: Options) -> Options:
    """Return options updated by those of a mapping file.

    Args:
        text: the file's content.
        options: the values of the options that the file does not set.

    Raises:
        InvalidArgument: the text is not TOML, or sets an unknown option.
    """
    try:
        given = {name.replace("-", "_"): value for name, value in tomllib.loads(text).items()}
    except tomllib.TOMLDecodeError as error:
        raise InvalidArgument(f"the mapping is no TOML: {error}") from error
    known = {field.name for field in fields(Options)}
    if unknown := sorted(given.keys() - known):
        raise InvalidArgument(f"the mapping says {', '.join(unknown)}; it may say {', '.join(sorted(known))}")
    values = {name: _checked(name, value) for name, value in given.items()}
    if "fill" in values:
        values["fill"] = _fill(options.fill, values["fill"])
    return evolve(options, **values)


def _checked(name: str, value: Any) -> Any:
    if name in _TABLES:
        fits = isinstance(value, Mapping) and all(isinstance(each, str) for each in value.values())
        wanted = "a table of texts"
    elif name in _FLAGS:
        fits, wanted = isinstance(value, bool), "true or false"
    elif name == "round_to":
        fits, wanted = isinstance(value, int) and not isinstance(value, bool), "a number of minutes"
    elif name in _NUMBERS:
        fits, wanted = isinstance(value, int) and not isinstance(value, bool) and value > 0, "a number above 0"
    elif name in _WORDS:
        fits, wanted = value in _WORDS[name], " or ".join(map(repr, _WORDS[name]))
    else:
        fits, wanted = isinstance(value, str), "a text"
    if not fits:
        raise InvalidArgument(f"the mapping says {name} = {value!r}; it has to be {wanted}")
    return value


def _fill(fill: Fill, given: Mapping[str, str]) -> Fill:
    known = [field.name for field in fields(Fill)]
    if unknown := sorted(given.keys() - set(known)):
        raise InvalidArgument(f"the mapping fills {', '.join(unknown)}; it may fill {', '.join(known)}")
    return evolve(fill, **given)
