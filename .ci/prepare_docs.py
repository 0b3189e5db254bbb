"""Prepare the pages of the documentation site in build/pages: those of docs/, and those that are made from the code.

Made are the reference of the Python API (from `__all__` of the public modules), the reference of the command line (from
`--help`), and the home page, the changelog and others (from the files of the repository). The navigation is
written into build/zensical.toml.
"""

from __future__ import annotations

import importlib
import inspect
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "build" / "pages"

WHOLE = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "tests/mutation/README.md": "mutation.md",
}
"""Files of the repository that are pages, and their names there."""

REFERENCE = {
    # page -> title, and the public modules whose names it has
    "imports": ("Imports", ["harvest_async.imports"]),
    "exports": ("Exports", ["harvest_async.exports"]),
    "migrate": ("Moving records between API versions", ["harvest_async.migrate"]),
    "fleet": ("Fleets", ["harvest_async.fleet", "harvest_async.run_lock"]),
    "fastapi": ("FastAPI", ["harvest_async.fastapi"]),
    "ledger-state": (
        "The state that ledgers store",
        ["harvest_async.throttle.state", "harvest_async.throttle.account_values"],
    ),
    "telemetry": ("Telemetry", ["harvest_async.telemetry"]),
    "testing": ("Testing", ["harvest_async.testing"]),
}

VERSIONS = {"v1": ("v1.models", "v1.resources"), "v2": ("v2",)}
"""Where the records and resources of an API version are."""

INTERNAL = {"__init__", "account_rules", "client", "dialect", "directory", "postman_examples", "service", "setup"}
"""Their modules that users don't see, or that are shown with the package."""

NAVIGATION = {
    "Guide": [
        "first-steps", "python", "async-service", "bulk-import", "export", "command-line", "fastapi", "ledgers",
        "many-accounts", "fleet", "telemetry", "testing", "api-v2", "moving-to-v2", "errors", "extending",
    ],
    "Background": [
        "throttle", "glossary", "architecture", "security", "contributing", "mutation", "releasing", "changelog",
    ],
}  # fmt: skip
"""The pages by section, in order; the reference follows."""

_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
_LINK = re.compile(r"(\]\()(?!https?:|#)([^)#\s]+)")


def main() -> None:
    """Write all pages."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(ROOT / "docs", PAGES)
    for copied in PAGES.glob("*.md"):
        copied.write_text(rewritten(copied.read_text("utf-8"), ROOT / "docs"), "utf-8")
    for name, page in WHOLE.items():
        (PAGES / page).write_text(rewritten((ROOT / name).read_text("utf-8"), (ROOT / name).parent), "utf-8")
    for made, text in reference():
        path = PAGES / "reference" / f"{made}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    settings = (ROOT / "zensical.toml").read_text("utf-8")
    (ROOT / "build" / "zensical.toml").write_text(settings.replace("nav = []", f"nav = {navigation()}"), "utf-8")


def navigation() -> str:
    """Return the navigation as TOML; a page that is missing in it is an error."""
    sections = [(title, [PAGES / f"{page}.md" for page in pages]) for title, pages in NAVIGATION.items()]
    sections.append(("Reference", sorted((PAGES / "reference").glob("*.md"))))
    sections += [(f"API {each} by module", sorted((PAGES / "reference" / each).glob("*.md"))) for each in VERSIONS]
    listed = {path for _, pages in sections for path in pages} | {PAGES / "index.md"}
    if missing := sorted(str(path) for path in listed ^ set(PAGES.rglob("*.md"))):
        sys.exit(f"these pages are missing in the navigation, or are not there: {', '.join(missing)}")
    lines = [f'{{ "{title}" = [{", ".join(map(_entry, pages))}] }}' for title, pages in sections]
    return f'[{{ "Overview" = "index.md" }}, {", ".join(lines)}]'


def _entry(path: Path) -> str:
    found = _TITLE.search(path.read_text("utf-8"))
    title = found[1].replace('"', "'") if found else path.stem
    return f'{{ "{title}" = "{path.relative_to(PAGES).as_posix()}" }}'


def rewritten(text: str, folder: Path) -> str:
    """Return a page's text with the links to files of the repository as links inside the site."""

    def target(found: re.Match[str]) -> str:
        path = (folder / found[2]).resolve()
        if path.is_relative_to(ROOT / "docs"):
            return found[1] + path.relative_to(ROOT / "docs").as_posix()
        name = path.relative_to(ROOT).as_posix()
        if name in WHOLE:
            return found[1] + WHOLE[name]
        shutil.copy(path, PAGES / path.name)
        return found[1] + path.name

    return _LINK.sub(target, text)


def reference() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each page of the reference."""
    yield "package", page_of("harvest_async", names_of("harvest_async"))
    for page, (title, modules) in REFERENCE.items():
        yield page, page_of(title, [name for module in modules for name in names_of(module)])
    for version, packages in VERSIONS.items():
        for module in (module for package in packages for module in modules_of(package)):
            names = [name for name in names_of(module) if is_class_of(module, name)]
            if names:
                yield f"{version}/{'-'.join(module.split('.')[2:])}", page_of(module, names)
    yield "command-line", "# Commands\n\n" + "\n".join(commands())


def page_of(title: str, names: list[str]) -> str:
    """Return a page with the documentation of names."""
    return "\n\n".join([f"# {title}", *(f"::: {name}" for name in dict.fromkeys(names))]) + "\n"


def names_of(module: str) -> list[str]:
    """Return the full names of what a module exports, as they are where they are defined."""
    loaded = importlib.import_module(module)
    return [full_name(module, name, getattr(loaded, name)) for name in getattr(loaded, "__all__", ())]


def full_name(module: str, name: str, value: Any) -> str:
    """Return the name of a value in the module that defines it."""
    if isinstance(value, type) or inspect.isroutine(value):
        return f"{value.__module__}.{name}"
    assigned = re.compile(rf"^ *{name}\b.* = ", re.MULTILINE)  # a constant or an alias has no module
    for found in (module, *sorted(each for each in _loaded() if each.startswith("harvest_async"))):
        source = Path(str(_loaded()[found].__file__)).read_text("utf-8")
        if assigned.search(source) and getattr(_loaded()[found], name, None) is value:
            return f"{found}.{name}"
    return f"{module}.{name}"


def modules_of(package: str) -> list[str]:
    """Return the modules of a package whose classes users see: records and resources."""
    folder = ROOT / "harvest_async" / package.replace(".", "/")
    names = sorted(path.stem for path in folder.glob("*.py"))
    shown = [name for name in names if name not in INTERNAL and not name.startswith(("import_", "export_", "neutral_"))]
    return [f"harvest_async.{package}.{name}" for name in shown]


def is_class_of(module: str, name: str) -> bool:
    """Return whether a name is that of a class which the module defines."""
    return name.rpartition(".")[0] == module and isinstance(getattr(sys.modules[module], name.rpartition(".")[2]), type)


def commands() -> Iterator[str]:
    """Yield the documentation of each command of the command line."""
    from harvest_async.cli.commands import cli  # noqa: PLC0415 - the extra `cli` may be missing

    yield from _command("harvest-async", cli, None)


def _command(path: str, command: click.Command, parent: click.Context | None) -> Iterator[str]:
    context = click.Context(command, parent, info_name=path.rpartition(" ")[2], terminal_width=100)
    yield f"## {path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                yield from _command(f"{path} {name}", found, context)


def _loaded() -> dict[str, Any]:
    return {name: module for name, module in sys.modules.items() if getattr(module, "__file__", None)}


if __name__ == "__main__":
    main()
