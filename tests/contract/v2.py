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
    for part in (published(), amendments()):
        for name, fields in part.items():
            known = found.setdefault(name, {})
            for plain, inner in map(split, fields):
                known[plain] = (*known.get(plain, ()), *inner)
    return {name: tuple(map(_joined, known.items())) for name, known in found.items()}


def split(field):
    """Return the name of a field, and those of the nested record in it: `client{id,name}`."""
    name, _, inner = field.partition("{")
    return name, tuple(inner.rstrip("}").split(",")) if inner else ()


def published():
    """Return the fields of each record that the published list has."""
    return _records("=")


def amendments():
    """Return the fields of each record beyond the published list, which recorded responses have."""
    return _records("+")


def body_amendments():
    """Return the fields of nested records in bodies beyond the published list: (operation, field) -> names."""
    rows = (line.split(" ") for line in _lines() if line.split(" ")[1] == "body+")
    return {(name, split(field)[0]): split(field)[1] for name, _, *fields in rows for field in fields}


def _joined(field):
    name, inner = field
    return f"{name}{{{','.join(inner)}}}" if inner else name


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
