"""How far an export has come, so that the next one reads only what changed since.

Rules of this room: the state is written only after the data that it speaks of are durable, and in one piece. Moments
are the server's own: the latest `updated_at` of what was read, part by part, so that no clock of ours has a say.
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
        account: which account it is of.
        format: the format of its files.
        days: the first and the last day of time and expenses; empty where all.
        sections: for each kind of record, and for each part of it (a person, a project), the latest change that was
            read; a part that is not there was never read, or had no change that is known.
    """

    account: str
    format: str
    days: str = ""
    sections: dict[str, dict[str, str]] = field(factory=dict)

    def since(self, section: str, part: str = "") -> datetime | None:
        """From when on changes of a part are read; None reads all of it.

        A minute is read twice (contract: updated_since.precision).
        """
        told = self.sections.get(section, {}).get(part)
        return None if told is None else datetime.fromisoformat(told) - _OVERLAP

    def saw(self, section: str, changes: dict[str, datetime]) -> None:
        """Note the latest change of each part that was read."""
        known = self.sections.setdefault(section, {})
        for part, moment in changes.items():
            if part not in known or datetime.fromisoformat(known[part]) < moment:
                known[part] = iso(moment)

    def save(self, folder: Path) -> None:
        """Write it, durably and in one piece."""
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
    """The state of a folder; an empty one where everything is to be read.

    Raises:
        InvalidArgument: the folder holds an export of something else.
    """
    path = folder / NAME
    fresh = State(account, format, days)
    if not path.is_file():
        return fresh
    try:
        told = json.loads(path.read_text("utf-8"))
        version = told["version"]
        sections = {str(name): {part: _moment(text) for part, text in parts.items()}
                    for name, parts in told["sections"].items()}  # fmt: skip
        state = State(str(told["account"]), str(told["format"]), str(told["days"]), sections)
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
        raise InvalidArgument(f"{path}: the folder holds {was}: give the same again, or --full to begin anew")
    return state


def _moment(text: str) -> str:
    """Return a moment as it is stored; raise what `load` reports where it is none."""
    if datetime.fromisoformat(text).tzinfo is None:
        msg = f"{text!r} has no zone"
        raise ValueError(msg)
    return text
