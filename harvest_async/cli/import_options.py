"""The options of `harvest-async import`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from harvest_async.importer.rules import Rules
from harvest_async.importer.sources import FORMATS, ROUNDINGS

__all__ = ["FILE", "reading_options", "running_options"]

FILE: Final = click.Path(dir_okay=False, path_type=Path)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for reading a file."""
    for option in reversed((
        click.option("--format", "format_", type=click.Choice(["auto", *FORMATS]), default="auto", show_default=True,
                     help="Format of the file."),
        click.option("--map", "pairs", multiple=True, metavar="COLUMN=FIELD",
                     help="Read COLUMN as FIELD (see --fields); COLUMN= leaves it out. Repeatable."),
        click.option("--mapping", type=FILE, help="A TOML file with the options for reading the file."),
        click.option("--write-mapping", type=FILE, metavar="TOML",
                     help="Write a mapping file for FILE, to edit and pass to --mapping; import nothing."),
        click.option("--fields", is_flag=True, help="List the fields for --map with their types; import nothing."),
        click.option("--client", help="Client for rows without one."),
        click.option("--project", help="Project for rows without one."),
        click.option("--task", help="Task for rows without one."),
        click.option("--person", help="Person (e-mail or name) for rows without one."),
        click.option("--category", help="Category for expenses without one."),
        click.option("--email-domain", help="Domain for people without an e-mail address: first.last@DOMAIN."),
        click.option("--encoding", help="File encoding (auto-detected)."),
        click.option("--delimiter", help="Field delimiter (auto-detected)."),
        click.option("--date-order", type=click.Choice(["dmy", "mdy", "ymd"]),
                     help="Order of day, month and year in dates such as 01/02/2026 (auto-detected)."),
        click.option("--decimal", type=click.Choice([".", ","]), help="Decimal mark (auto-detected)."),
        click.option("--sheet", help="Sheet of a workbook (XLSX, ODS, XLS)."),
        click.option("--max-rows", type=click.IntRange(1), help="Maximum rows in a sheet (default: 1,048,576)."),
        click.option("--max-cells", type=click.IntRange(1), help="Maximum cells in a sheet (default: 4,000,000)."),
        click.option("--max-unpacked", type=click.IntRange(1), metavar="MIB",
                     help="Maximum unpacked size of a workbook in MiB (default: 512)."),
        click.option("--round", "rounding", type=click.Choice(list(ROUNDINGS)), default="half-up", show_default=True,
                     help="How to round hours to two decimals."),
        click.option("--round-to", type=int, metavar="MINUTES", help="Round hours to a multiple of MINUTES first."),
        click.option("--midnight", type=click.Choice(["keep", "split"]), default="keep", show_default=True,
                     help="How to handle entries that cross midnight."),
        click.option("--file-zone", help="Time zone of the file (IANA); requires --zone."),
        click.option("--zone", help="Time zone to convert to (IANA)."),
        click.option("--people-by-email", is_flag=True, help="Identify people by e-mail address only."),
        click.option("--long-days", is_flag=True, help="Allow more than 24 hours per person and day."),
    )):  # fmt: skip
        command = option(command)
    return command


def running_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for running an import."""
    rules = Rules()
    for option in reversed((
        click.option("--journal", type=FILE, help="Path of the journal of this run."),
        click.option("--resume", is_flag=True, help="Resume a run that ended early."),
        click.option("--reference/--no-reference", default=True, show_default=True,
                     help="Give each time entry a reference, by which the run recognises its own (API v2)."),
        click.option("--link", metavar="URL", help="Address that Harvest shows at each of these entries (API v2)."),
        click.option("--rejects", type=click.Path(path_type=Path),
                     help="Write rejected rows to this path, to correct and import again."),
        click.option("--picture", type=FILE, help="Write a chart of the calls in the window (SVG)."),
        click.option("--max-failures", type=click.IntRange(1), help="Stop after this number of rejected rows."),
        click.option("--max-delay", type=click.FloatRange(0), default=rules.max_delay, show_default=True,
                     help="Seconds after which a call whose response was lost can no longer take effect."),
        click.option("--give-up", type=click.FloatRange(0), default=rules.give_up, show_default=True,
                     help="Seconds without a response from the server after which the run stops."),
        click.option("--yes", is_flag=True,
                     help="Create missing people without asking; each gets an e-mail and takes a seat."),
        click.option("--ask", is_flag=True,
                     help="Ask before creating people on loopback too, where nobody gets an e-mail."),
    )):  # fmt: skip
        command = option(command)
    return command
