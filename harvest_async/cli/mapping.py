"""What helps to map the columns of a file: the list of fields, and a mapping file to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from harvest_async.cli.common import print_json
from harvest_async.cli.show import out
from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources import FORMATS, Options, fields_of, mapping_for

__all__ = ["show_fields", "write_mapping"]


def show_fields(format_: str, *, as_json: bool) -> None:
    """Show the fields of each format's rows with their types.

    Args:
        format_: the format; `auto` shows those of every plain format.
        as_json: whether it is shown as JSON.
    """
    names = [name for name, each in FORMATS.items() if not each.signs] if format_ == "auto" else [format_]
    if as_json:
        print_json({"fields": {name: list(map(_document, fields_of(FORMATS[name].kind))) for name in names}})
        return
    for name in names:
        table = Table("field", "type", "needed", "also recognised", title=f"--format {name}", title_justify="left")
        for field in fields_of(FORMATS[name].kind):
            others = [spelling for spelling in field.spellings if spelling != field.name.replace("_", " ")]
            cells = (field.name, field.type, " or ".join(field.needed), ", ".join(others))
            table.add_row(*map(escape, cells))
        out.print(table)


def _document(field: Any) -> dict[str, Any]:
    needed, spellings = list(field.needed), list(field.spellings)
    return {"name": field.name, "type": field.type, "needed": needed, "spellings": spellings}


def write_mapping(files: tuple[Path, ...], options: Options, target: Path, *, as_json: bool) -> None:
    """Write a mapping file for a file, and say so.

    Raises:
        InvalidArgument: there is not exactly one file, it is no table, or the mapping file exists already.
        OSError: the mapping file can't be written.
    """
    if len(files) != 1 or str(files[0]) == "-" or files[0].is_dir():
        raise InvalidArgument("--write-mapping needs one FILE")
    text = mapping_for(files[0], options)
    try:
        with target.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise InvalidArgument(f"{target} exists already: delete it, or write to another file") from error
    if as_json:
        print_json({"mapping": str(target)})
    else:
        out.print(f"Wrote {target}: edit it, then run harvest-async import {files[0]} --mapping {target}", markup=False)
