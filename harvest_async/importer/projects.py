"""Find the project of a row within its client, by code if the file has one, else by name; or plan a new one."""

from __future__ import annotations

from collections.abc import Iterable

from harvest_async.importer.account_records import AccountRecord
from harvest_async.importer.match import key_of
from harvest_async.importer.planned_row import PlannedRecord, Rejected
from harvest_async.importer.record_index import RecordIndex, key_within

__all__ = ["ProjectFinder"]


class ProjectFinder:
    """Find projects by client, name and code."""

    def __init__(self, index: RecordIndex) -> None:
        self._index = index
        self._new: dict[tuple[int, str], list[PlannedRecord]] = {}
        self._codes: dict[tuple[str, str], set[str]] = {}

    def add_codes(self, projects: Iterable[tuple[str, str, str]]) -> None:
        """Add all projects of the file that have a code, as (client, name, code); call this before the first row."""
        for client, name, code in projects:
            self._codes.setdefault((key_of(client), key_of(name)), set()).add(key_of(code))

    def find(self, client: PlannedRecord, client_name: str, name: str, code: str, *, described: bool) -> PlannedRecord:
        """Return the project of a row, or plan it.

        Raises:
            Rejected: the name or the code matches several projects, or only an archived one.
        """
        codes = self._codes.get((key_of(client_name), key_of(name)), set())
        if client.record is not None:
            known = self._find_existing(client.record, name, code, codes, described=described)
            if known is not None:
                key = key_within(client, f"={known.id}")
                return self._index.use_existing("project", known, key, client=client.number)
        if not code and len(codes) > 1:
            raise _ambiguous(name)
        return self._find_new(client, name, code) or self._plan(client, name, code)

    def _plan(self, client: PlannedRecord, name: str, code: str) -> PlannedRecord:
        key = key_within(client, f"{key_of(name)}/{key_of(code)}")
        fields = {"name": name, **({"code": code} if code else {})}
        planned = PlannedRecord(0, "project", key, name, "create", fields=fields, client=client.number)
        self._new.setdefault((client.number, key_of(name)), []).append(planned)
        return self._index.add(planned)

    def _find_new(self, client: PlannedRecord, name: str, code: str) -> PlannedRecord | None:
        """Return the project that an earlier row planned: the one with this code, or the only one of its name."""
        namesakes = self._new.get((client.number, key_of(name)), [])
        same = [each for each in namesakes if key_of(each.fields.get("code") or "") == key_of(code)]
        without_code = [each for each in namesakes if not each.fields.get("code")]
        if same or (code and not without_code):
            return same[0] if same else None
        if code:
            without_code[0].fields["code"] = code
            return without_code[0]
        if len(namesakes) > 1:
            raise _ambiguous(name)
        return namesakes[0] if namesakes else None

    def _find_existing(
        self, client: int, name: str, code: str, codes: set[str], *, described: bool
    ) -> AccountRecord | None:
        by_name = self._index.existing("project", f"{client}/{key_of(name)}")
        if not code:
            return self._index.pick("project", name, by_name, described=described)
        by_code = self._index.existing("project", f"{client}/#{key_of(code)}")
        both = [each for each in by_code if key_of(each.name) == key_of(name)]
        without_code = [each for each in by_name if not each.code]
        new = sorted(each for each in codes if not self._index.existing("project", f"{client}/#{each}"))
        if without_code and not by_code and len(new) > 1:
            raise Rejected(
                "Project Code", f"{name!r} is in the account without a code, and the file has several "
                f"({', '.join(new)}): give the project its code in the account first",
            )  # fmt: skip
        found = both or by_code or without_code
        return self._index.pick("project", f"{name} [{code}]", found, described=described)


def _ambiguous(name: str) -> Rejected:
    return Rejected("Project", f"{name!r} has several codes in the file: give the code in this row, too")
