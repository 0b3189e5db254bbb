"""The class that describes a kind of row, and the columns that several kinds share.

Spellings are compared without regard to case, blanks, dashes and underscores. Columns that are known but can't be
imported are listed, so that they are ignored without a notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from harvest_async.importer.sources.words import plain

__all__ = [
    "ACTIVE",
    "DAY_SPELLINGS",
    "NOTES_SPELLINGS",
    "REPORT",
    "STAMPS",
    "WHERE",
    "WHERE_SPELLINGS",
    "WHO",
    "WHO_SPELLINGS",
    "Kind",
    "choices",
]


@frozen(eq=False)
class Kind:
    """A kind of row.

    Attributes:
        name: the name of its file in an export.
        row: its class.
        titles: field -> name of its column in messages, for the fields that identify a record.
        fields: the other fields of a row: field -> type (text, number, flag, integer, date, moment, capacity).
        needed: the required columns; of each tuple one is enough.
        spellings: other names of fields.
        passed: columns that are known and not imported.
        opposites: names of columns that hold the opposite of a field -> the field.
        choices: field -> the values that it can have; values are compared in the way column names are.
    """

    name: str
    row: type
    titles: Mapping[str, str]
    needed: tuple[tuple[str, ...], ...]
    fields: Mapping[str, str] = field(factory=dict)
    spellings: Mapping[str, str] = field(factory=dict)
    passed: frozenset[str] = frozenset()
    opposites: Mapping[str, str] = field(factory=dict)
    choices: Mapping[str, Mapping[str, str]] = field(factory=dict)

    def names(self) -> dict[str, str]:
        """Return the field of each spelling."""
        own = {plain(name): name for name in (*self.titles, *self.fields)}
        return {**own, **{plain(other): name for other, name in self.spellings.items()}}


WHO: Final = {
    "person": "Person",
    "first_name": "First name",
    "last_name": "Last name",
    "email": "Email",
    "user_id": "User id",
}
WHO_SPELLINGS: Final = {
    **dict.fromkeys(("user", "user name", "employee", "name", "member", "team member"), "person"),
    **dict.fromkeys(
        (
            "e mail", "e-mail address", "email address", "user email", "user e mail", "user mail",
            "user email address", "useremail", "employee email", "employee e mail", "member email", "person email",
            "team member email", "staff email", "worker email", "work email", "login email", "mail", "mail address",
            "e mail adresse",
        ),
        "email",
    ),
}  # fmt: skip
WHERE: Final = {
    "client": "Client",
    "project": "Project",
    "project_code": "Project code",
    "client_id": "Client id",
    "project_id": "Project id",
}
WHERE_SPELLINGS: Final = {"customer": "client", "client name": "client", "project name": "project"}
NOTES_SPELLINGS: Final = {
    "note": "notes",
    "description": "notes",
    "comment": "notes",
    "comments": "notes",
    "work description": "notes",
    "memo": "notes",
}
DAY_SPELLINGS: Final = {
    "date": "day",
    "spent at": "day",
    "spent on": "day",
    "spent date": "day",
    "start date": "day",
    **dict.fromkeys(("work date", "worked on", "activity date"), "day"),
}
ACTIVE: Final = {"is active": "archived", "active": "archived"}
STAMPS: Final = frozenset({"id", "created at", "updated at", "cache version", "extra"})
REPORT: Final = frozenset(
    {
        "billable", "billable?", "invoiced", "invoiced?", "approved?", "employee?", "employee id", "department",
        "roles", "role", "billable rate", "billable amount", "hourly rate", "cost rate", "cost amount", "currency",
        "external reference url", "hours rounded",
    }
)  # fmt: skip


def choices(*values: str, **others: str) -> dict[str, str]:
    """Return values by their normal form, with other spellings for some of them."""
    return {plain(value): value for value in values} | {plain(word): value for word, value in others.items()}
