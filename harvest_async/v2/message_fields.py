"""Recipients of messages, and checks of the states of records."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, TypeAlias, TypedDict

from harvest_async.client.validation import CheckedBy, several
from harvest_async.errors import InvalidArgument
from harvest_async.v2.entry_refs import MessageRecipient

__all__ = ["Recipients", "check_state", "check_unlocked"]

_KEYS: Final = frozenset({"email", "name"})


class RecipientFields(TypedDict, total=False):
    """A recipient of a message: `email` is needed."""

    name: str | None
    email: str


def _recipient(name: str, given: Any) -> dict[str, str]:
    if isinstance(given, str):
        given = {"email": given}
    elif isinstance(given, MessageRecipient):
        given = {"name": given.name, "email": given.email}
    if not isinstance(given, Mapping) or not given.keys() <= _KEYS:
        raise InvalidArgument(f"{name}: give an e-mail address, or a dict of name and email, not {given!r:.40}")
    email = given.get("email")
    if not isinstance(email, str) or "@" not in email or not email.isprintable():
        raise InvalidArgument(f"{name}: give an e-mail address, not {email!r:.40}")
    return {key: text for key, text in given.items() if text is not None}


def _recipients(name: str, value: object) -> list[dict[str, str]]:
    given = [value] if isinstance(value, str) else several(name, value, "a list of recipients")
    return [_recipient(f"{name}[{at}]", each) for at, each in enumerate(given)]


Recipients: TypeAlias = Annotated[Iterable[str | MessageRecipient | RecipientFields] | str, CheckedBy(_recipients)]
"""Recipients: e-mail addresses, `MessageRecipient` records, or dicts of `name` and `email`."""


def check_state(what: str, record: object, allowed: tuple[str, ...]) -> None:
    """Refuse a change of state that the known state of a record forbids; an id has no known state.

    Raises:
        InvalidArgument: the record is in another state.
    """
    state = getattr(record, "state", None)
    if state is not None and state not in allowed:
        kind = type(record).__name__.lower()
        raise InvalidArgument(f"{what}: this {kind} is {state}: it has to be {' or '.join(allowed)}")


def check_unlocked(what: str, record: object) -> None:
    """Refuse a record that is known to be locked.

    Raises:
        InvalidArgument: the record is locked.
    """
    if getattr(record, "is_locked", None):
        reason = getattr(record, "locked_reason", None) or getattr(record, "approval_status", None) or "no reason given"
        raise InvalidArgument(f"{what}: this record is locked ({reason}): unlock it first")
