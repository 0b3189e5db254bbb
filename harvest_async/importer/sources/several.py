"""Several files as one input: their names, and checks across them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, TypeAlias

from attrs import evolve

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.columns import plain
from harvest_async.importer.sources.options import Found, Options
from harvest_async.importer.sources.origin import Origin

__all__ = ["Where", "check_together", "of_columns", "origins_of"]

Where: TypeAlias = str | os.PathLike[str] | BinaryIO
"""A file: its path, or a stream of its bytes."""


def origins_of(wheres: Sequence[Where]) -> list[Origin]:
    """Return the files with distinct names: the last part of the path, or the whole path if two are equal.

    Raises:
        InvalidArgument: one is a folder, or is given twice.
    """
    folders = [str(where) for where in wheres if isinstance(where, str | os.PathLike) and Path(where).is_dir()]
    if folders:
        raise InvalidArgument(f"{folders[0]} is a folder: import it alone, or name the files in it")
    seen: set[Path] = set()
    for path in (Path(where).resolve() for where in wheres if isinstance(where, str | os.PathLike)):
        if path in seen:
            raise InvalidArgument(f"{path.name} is given twice: leave one out")
        seen.add(path)
    origins = [Origin(where) for where in wheres]
    names = [origin.name.casefold() for origin in origins]
    for number, origin in enumerate(origins, 1):
        if names.count(origin.name.casefold()) > 1:
            origin.name = str(origin.path) if origin.path is not None else f"{origin.name} {number}"
    return origins


def of_columns(options: Options, header: Iterable[str]) -> Options:
    """Return the options for one of several files, without mappings of columns that it does not have."""
    there = set(map(plain, header))
    return evolve(options, columns={name: field for name, field in options.columns.items() if plain(name) in there})


def check_together(files: Sequence[tuple[Found, Sequence[str]]], options: Options) -> None:
    """Check files with the names of their columns.

    Raises:
        InvalidArgument: two have the same content, which would log every hour twice, or a mapped column is in none.
    """
    seen: dict[str, str] = {}
    for found, _ in files:
        name = seen.setdefault(found.sha256, found.file)
        if name != found.file:
            raise InvalidArgument(f"{name} and {found.file} have the same content: leave one out")
    there = {plain(title) for _, titles in files for title in titles}
    for column, target in options.columns.items():
        if plain(column) not in there:
            raise InvalidArgument(f"--map {column}={target}: none of the files has such a column")
