"""The makers of API v2's endpoints and forms, and the records that are accepted in place of ids."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias, TypedDict, TypeVar

from attrs import frozen

from harvest_async.call import Created, DeleteResult, Page, Repeat
from harvest_async.client.endpoints import IDEMPOTENT, SAFE, UNSAFE, Endpoint, Format
from harvest_async.client.references import References
from harvest_async.client.results import Changed, Made, Many, One, Removed
from harvest_async.client.validation import CheckedBy, day, flag, moment, number, refuse, required_text, several
from harvest_async.errors import InvalidArgument

__all__ = [
    "CURSOR",
    "ENDPOINTS",
    "IDEMPOTENT",
    "IDENTITY",
    "PAGES",
    "REFERENCES",
    "CursorPaging",
    "Day",
    "Ids",
    "Name",
    "Number",
    "Paging",
    "Texts",
    "accepted_as",
    "day_text",
    "id_text",
    "not_in_future",
    "since_text",
    "true_false",
]

T = TypeVar("T")

IDENTITY: Final = {"identity": True}
"""A record's own id: 0 in a record that was not created yet."""

_MOST_RECORDS: Final = 2000
_LARGEST_ID: Final = 2**63 - 1
_CURSOR: Final = re.compile(r"[!-~]{1,2000}")


class NumberReferences(References):
    """References of an API whose ids are numbers."""

    def segment(self, name: str, value: object) -> str:
        """Return an id as text for a path or a query.

        Raises:
            InvalidArgument: the value is not an id.
        """
        return str(self.reference(name, value))

    def reference(self, name: str, value: object) -> int:
        """Return an id as a number for a body.

        Raises:
            InvalidArgument: the value is not an id.
        """
        known = super().reference(name, value)
        if known > _LARGEST_ID:
            refuse(name, f"an id of at most {_LARGEST_ID}", value)
        return known


_KINDS: Final[dict[str, tuple[type[Any], ...]]] = {}

REFERENCES: Final = NumberReferences(
    _KINDS, {"approver": "user", "creator": "user", "teammate_ids": "user", "user_ids": "user"}
)


def accepted_as(*names: str) -> Callable[[type[T]], type[T]]:
    """Return a class decorator: records of the class are accepted in place of these ids (`client`, `project`)."""

    def register(kind: type[T]) -> type[T]:
        for name in names:
            _KINDS[name] = (*_KINDS.get(name, ()), kind)
        return kind

    return register


# Types of fields, with their checks


def _ids(name: str, value: object) -> list[int]:
    if isinstance(value, str):
        refuse(name, "a list of ids", value)
    return [REFERENCES.reference(name, each) for each in several(name, value, "a list of ids")]


def _texts(name: str, value: object) -> list[str]:
    if isinstance(value, str):
        refuse(name, "a list of texts", value)
    return [required_text(name, each) for each in several(name, value, "a list of texts")]


Name: TypeAlias = Annotated[str, CheckedBy(required_text)]
Number: TypeAlias = Annotated[Decimal | int | str, CheckedBy(number)]
Day: TypeAlias = Annotated[date | str, CheckedBy(day)]
Ids: TypeAlias = Annotated[list[int], CheckedBy(_ids)]
Texts: TypeAlias = Annotated[list[str], CheckedBy(_texts)]


# Parameters of queries, with their formats


def since_text(name: str, value: object) -> str:
    """Format an aware datetime in ISO 8601 in UTC, in whole seconds, rounded down."""
    return moment(name, value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_text(name: str, value: object) -> str:
    """Format a day in ISO 8601."""
    return day(name, value).isoformat()


def true_false(name: str, value: object) -> str:
    """Format a flag as `true` or `false`."""
    return "true" if flag(name, value) else "false"


def id_text(name: str, value: object) -> str:
    """Format an id, or the id of a record."""
    return REFERENCES.segment(name, value)


def _in_range(name: str, value: object, last: int) -> str:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= last:
        refuse(name, f"a whole number from 1 to {last}", value)
    return str(value)


def _page(name: str, value: object) -> str:
    return _in_range(name, value, _LARGEST_ID)


def _per_page(name: str, value: object) -> str:
    return _in_range(name, value, _MOST_RECORDS)


def _cursor(name: str, value: object) -> str:
    if not isinstance(value, str) or not _CURSOR.fullmatch(value):
        refuse(name, "the cursor in a link of the same list", value)
    return value


PAGES: Final[Mapping[str, Format]] = {"page": _page, "per_page": _per_page}
"""The parameters of lists that are paged by number."""

CURSOR: Final[Mapping[str, Format]] = {"page": _page, "cursor": _cursor, "per_page": _per_page}
"""The parameters of lists that are paged by cursor."""


class Paging(TypedDict, total=False):
    """Where a list begins, and how many records a page has: 1 to 2000."""

    page: int
    per_page: int


class CursorPaging(Paging, total=False):
    """The same for lists that are paged by cursor, of which one may be stored; it takes precedence over `page`."""

    cursor: str


def not_in_future(name: str, value: object) -> date:
    """Check a day that must not lie in the future anywhere on earth."""
    found = day(name, value)
    latest = datetime.fromtimestamp(datetime.now(UTC).timestamp() + 14 * 3600, UTC).date()
    if found > latest:
        raise InvalidArgument(f"{name}: {found} lies in the future: give a day up to today")
    return found


@frozen
class V2Endpoints:
    """Make the rows of API v2's table. `operation` is the operation's id in the published description of the API."""

    def custom(
        self, name: str, operation: str, method: str, template: str, result: Any, repeat: Repeat, **options: Any
    ) -> Endpoint[Any]:
        """Return any other endpoint. Annotate the variable with the type of the result."""
        return Endpoint(name, method, template, result, repeat, REFERENCES, operation=operation, **options)

    def listing(
        self,
        name: str,
        operation: str,
        template: str,
        model: type[T],
        parameters: Mapping[str, Format],
        *,
        key: str = "",
        **options: Any,
    ) -> Endpoint[Page[T]]:
        """Return an endpoint that lists records below `key`: by default, the last part of the path."""
        many = Many(model, key or template.rpartition("/")[2])
        return self.custom(name, operation, "GET", template, many, SAFE, parameters=parameters, **options)

    def get(self, name: str, operation: str, template: str, model: type[T], **options: Any) -> Endpoint[T]:
        """Return an endpoint that reads one record."""
        return self.custom(name, operation, "GET", template, One(model, ""), SAFE, **options)

    def create(self, name: str, operation: str, template: str, model: type[T], **options: Any) -> Endpoint[Created[T]]:
        """Return an endpoint that creates a record: never repeated, since a repeat would create a second one."""
        made = Made(One(model, ""))
        return self.custom(name, operation, "POST", template, made, UNSAFE, **options)

    def update(
        self, name: str, operation: str, template: str, model: type[T], repeat: Repeat = IDEMPOTENT, **options: Any
    ) -> Endpoint[T | None]:
        """Return an endpoint that changes the given fields of a record, or its state."""
        changed = Changed(One(model, ""))
        return self.custom(name, operation, "PATCH", template, changed, repeat, **options)

    def delete(self, name: str, operation: str, template: str, **options: Any) -> Endpoint[DeleteResult]:
        """Return an endpoint that deletes a record."""
        return self.custom(name, operation, "DELETE", template, Removed(), IDEMPOTENT, **options)


ENDPOINTS: Final = V2Endpoints()
