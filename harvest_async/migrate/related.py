"""What records have of other records: names, codes, ids. It is taken from related records that the caller has.

`RELATED` lists for each kind of records the values that another record has, in neutral paths (see `client.neutral`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from attrs import frozen

from harvest_async.client.neutral import Neutral

__all__ = ["RELATED", "Related", "Source", "sources_of"]


@frozen
class Source:
    """Where a value is found.

    Attributes:
        kind: the kind of the related record.
        key: its paths that have the values of the given paths of the record; the only record of its kind if empty.
        path: its path that has the value.
    """

    kind: str
    key: Mapping[str, str]
    path: str


def _of(name: str, kind: str, *paths: str) -> dict[str, Source]:
    """Return the sources of a small record that is found by its id."""
    return {f"{name}.{path}": Source(kind, {"id": f"{name}.id"}, path) for path in paths}


def _link(kind: str, *key: str) -> dict[str, Source]:
    """Return the sources of an assignment that is found by its project and another id."""
    paths = ("id", "is_active", "budget", "hourly_rate", "created_at", "updated_at", *_OF_LINK[kind])
    return {f"{kind}.{path}": Source(kind, {each: each for each in key}, path) for path in paths}


_OF_LINK: Final = {"user_assignment": ("is_project_manager", "use_default_rates"), "task_assignment": ("billable",)}
_CLIENT_ID: Final = {"client.id": Source("project", {"id": "project.id"}, "client.id")}
_CLIENT: Final = _of("client", "client", "name", "currency")
_PROJECT: Final = _of("project", "project", "name", "code")
_TASK: Final = _of("task", "task", "name")
_USER: Final = _of("user", "user", "name")
_INVOICE: Final = _of("invoice", "invoice", "number")
_INVOICE_ID: Final = {"invoice.id": Source("invoice", {}, "id")}
_WORK: Final = {
    **_CLIENT_ID,
    **_CLIENT,
    **_PROJECT,
    **_USER,
    **_INVOICE,
    **_link("user_assignment", "project.id", "user.id"),
}

RELATED: Final[Mapping[str, Mapping[str, Source]]] = {
    "contact": _of("client", "client", "name"),
    "project": _CLIENT,
    "task_assignment": {**_PROJECT, **_TASK},
    "user_assignment": {**_PROJECT, **_USER},
    "time_entry": {**_WORK, **_TASK, **_link("task_assignment", "project.id", "task.id")},
    "expense": {**_WORK, **_of("expense_category", "expense_category", "name", "unit_price", "unit_name")},
    "invoice": {**_of("client", "client", "name"), **_of("creator", "user", "name")},
    "line_items": _PROJECT,
    "invoice_message": _INVOICE_ID,
    "invoice_payment": _INVOICE_ID,
    "company": {"wants_timestamp_timers": Source("user", {}, "wants_timestamp_timers")},
}
"""The values that are taken from related records, by kind and path; those of `line_items` are in each line."""


class Related:
    """Records in their neutral form, found by their values.

    Args:
        records: the records, each given with its kind.
    """

    def __init__(self, records: Iterable[tuple[str, Neutral]] = ()) -> None:
        self._records: dict[str, list[Neutral]] = {}
        self._found: dict[tuple[str, tuple[str, ...]], dict[tuple[Any, ...], Neutral]] = {}
        for kind, values in records:
            self._records.setdefault(kind, []).append({"name": _full_name(values), **values})

    def filled(self, kind: str, values: Neutral) -> Neutral:
        """Return a record's values together with those that related records have; its own take precedence.

        A path that a related record has a form for, but no value, is None in the result.
        """
        found = dict(values)
        for path, source in RELATED.get(kind, {}).items():
            if found.get(path) is None:
                found.update((path, each[source.path]) for each in self._having(source, found))
        if isinstance(found.get("line_items"), tuple):
            found["line_items"] = tuple(self.filled("line_items", line) for line in found["line_items"])
        return found

    def _having(self, source: Source, values: Neutral) -> list[Neutral]:
        """Return the record that has a value; no record if none has, or it isn't clear which."""
        if source.key:
            wanted = tuple(values.get(path) for path in source.key.values())
            found = [] if None in wanted else [self._index(source).get(wanted, {})]
        else:
            found = self._records.get(source.kind, [])
        having = [each for each in found if source.path in each]
        return having if len(having) == 1 else []

    def _index(self, source: Source) -> dict[tuple[Any, ...], Neutral]:
        """Return the records of a source's kind by the values of its key."""
        name = source.kind, tuple(source.key)
        if name not in self._found:
            own = self._records.get(source.kind, [])
            self._found[name] = {tuple(each.get(path) for path in source.key): each for each in own}
        return self._found[name]


def _full_name(values: Neutral) -> str | None:
    return " ".join(filter(None, (values.get("first_name"), values.get("last_name")))) or None


@cache
def sources_of(kind: str) -> Mapping[str, Source]:
    """Return the sources of a kind by path, those of lines included."""
    lines = {f"line_items.{path}": source for path, source in RELATED["line_items"].items()}
    return {**RELATED.get(kind, {}), **(lines if kind == "invoice" else {})}
