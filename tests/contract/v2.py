"""The published list of API v2's operations as data: what the client is checked against."""

from functools import cache
from pathlib import Path

from attrs import frozen

HERE = Path(__file__).parent


@frozen
class Operation:
    """One operation: required parameters and fields are in `required`."""

    name: str
    method: str
    path: str
    query: tuple[str, ...]
    body: tuple[str, ...]
    required: frozenset[str]
    record: str


@cache
def operations():
    """Return all operations by their id."""
    return {each.name: each for each in map(_operation, _lines()) if each is not None}


@cache
def records():
    """Return the fields of each record by its name, those beyond the published list included."""
    found = {}
    for line in _lines():
        name, sign, *fields = line.split(" ")
        if sign in {"=", "+"}:
            found[name] = (*found.get(name, ()), *fields)
    return found


def published():
    """Return the fields of each record that the published list has."""
    return _records("=")


def amendments():
    """Return the fields of each record beyond the published list, which recorded responses have."""
    return _records("+")


def _records(wanted):
    lines = (line.split(" ") for line in _lines())
    return {name: tuple(fields) for name, sign, *fields in lines if sign == wanted}


def _operation(line):
    name, method, path, *rest = line.split(" ")
    if not path.startswith("/"):
        return None
    given = dict(each.split("=") for each in rest)
    query, body = ([name for name in given[key].split(",") if name] for key in ("query", "body"))
    required = frozenset(name.rstrip("*") for name in (*query, *body) if name.endswith("*"))
    plain = (tuple(name.rstrip("*") for name in names) for names in (query, body))
    return Operation(name, method, path, *plain, required, given["record"])


def _lines():
    lines = (HERE / "v2.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]
