"""Store the progress of an export, so that the next one reads only the changes.

Invariants:
    The state is written atomically, and only after its data are on the disk. Times are the server's: the latest
    `updated_at` read for each parent, but none after the beginning of the export: a record that changes while its list
    is read may have been read before.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from attrs import define, field

from harvest_async.codec.text import iso
from harvest_async.errors import InvalidArgument
from harvest_async.exporter.disk import durable, place, scratch

__all__ = ["State", "load"]

NAME: Final = "export.state.json"
_VERSION: Final = 1
_OVERLAP: Final = timedelta(minutes=1)


@define
class State:
    """The state of one folder.

    Attributes:
        account: the account.
        format: the format of the files.
        days: the first and the last day of time entries and expenses; empty for all.
        sections: for each kind of record and each of its parents, the latest change that was read; without an
            entry if it was never read, or has no known change.
    """

    account: str
    format: str
    days: str = ""
    sections: dict[str, dict[str, str]] = field(factory=dict)

    def since(self, section: str, part: str = "") -> datetime | None:
        """Return the time since which the changes of a parent are read; None reads all of them.

        The last minute is read twice, because the API compares times without seconds.
        """
        stored = self.sections.get(section, {}).get(part)
        return None if stored is None else datetime.fromisoformat(stored) - _OVERLAP

    def saw(self, section: str, changes: dict[str, datetime]) -> None:
        """Record the latest change read for each parent."""
        known = self.sections.setdefault(section, {})
        for part, moment in changes.items():
            if part not in known or datetime.fromisoformat(known[part]) < moment:
                known[part] = iso(moment)

    def save(self, folder: Path) -> None:
        """Write the state atomically."""
        path = folder / NAME
        content: dict[str, Any] = {
            "version": _VERSION,
            "account": self.account,
            "format": self.format,
            "days": self.days,
            "sections": self.sections,
        }
        new = scratch(path)
        file = new.open("w", encoding="utf-8")
        json.dump(content, file, indent=1)
        durable(file)
        place(new, path)


def load(folder: Path, account: str, format: str, days: str, *, full: bool) -> State:
    """Load the state of a folder; an empty one if everything is to be read.

    Raises:
        InvalidArgument: the folder holds a different export.
    """
    path = folder / NAME
    fresh = State(account, format, days)
    if not path.is_file():
        return fresh
    try:
        stored = json.loads(path.read_text("utf-8"))
        version = stored["version"]
        sections = {str(name): {part: _moment(text) for part, text in parts.items()}
                    for name, parts in stored["sections"].items()}  # fmt: skip
        state = State(str(stored["account"]), str(stored["format"]), str(stored["days"]), sections)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidArgument(f"{path}: the state can't be read ({error}): export to another folder") from error
    if version != _VERSION:
        raise InvalidArgument(f"{path}: the state is of version {version}: export to another folder")
    if state.account != account:
        raise InvalidArgument(f"{path}: the folder holds an export of {state.account}, not of {account}")
    if state.format != format:
        raise InvalidArgument(f"{path}: the folder holds {state.format}, not {format}: export to another folder")
    if full:
        return fresh
    if state.days != days:
        was = state.days or "all days"
        raise InvalidArgument(f"{path}: the folder holds {was}: use the same days, or --full to start over")
    return state


def _moment(text: str) -> str:
    """Check a stored time, and return it."""
    if datetime.fromisoformat(text).tzinfo is None:
        msg = f"{text!r} has no zone"
        raise ValueError(msg)
    return text
