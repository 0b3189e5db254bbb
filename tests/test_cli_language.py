"""The language of the command line: help texts, and numbers with their nouns."""

import re
import runpy
from pathlib import Path

import click
import pytest

from harvest_async.cli.commands import cli
from harvest_async.cli.show import counted

CHECK = runpy.run_path(str(Path(__file__).parents[1] / ".ci" / "check_language.py"))
AVOIDED = re.compile(
    "|".join([*(phrase for phrase, _ in CHECK["PHRASES"]), r"\b(go(es)? on|brought|what)\b"]), re.IGNORECASE
)


def help_of(name):
    """Return the help of a command; of the group for an empty name."""
    command = cli.commands[name] if name else cli
    return command.get_help(click.Context(command, info_name=name or "harvest-async"))


@pytest.mark.parametrize("name", ["", *cli.commands])
def test_help_uses_standard_terms(name):
    """Avoids the phrases that a reader would need a glossary for."""
    assert [found[0] for found in AVOIDED.finditer(help_of(name))] == []


@pytest.mark.parametrize("name", cli.commands)
def test_each_option_has_help(name):
    """Describes every option in a sentence that starts with a capital letter and ends with a full stop."""
    context = click.Context(cli.commands[name], info_name=name)
    options = [each for each in cli.commands[name].params if isinstance(each, click.Option)]
    texts = [(each.name, each.get_help_record(context)[1]) for each in options]

    assert [each for each in texts if not re.match(r"(\[default|[A-Z0-9]).*\.( +\[.*\])?$", each[1], re.DOTALL)] == []


@pytest.mark.parametrize(
    ("count", "nouns", "text"),
    [
        (0, ("row",), "0 rows"),
        (1, ("row",), "1 row"),
        (2, ("row",), "2 rows"),
        (1, ("entry", "entries"), "1 entry"),
        (5, ("entry", "entries"), "5 entries"),
    ],
)
def test_nouns_agree_with_their_numbers(count, nouns, text):
    """Uses the singular for 1 and the plural for any other number."""
    assert counted(count, *nouns) == text
