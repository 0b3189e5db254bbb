"""Ask for consent to the people whom an import would create, and reject their rows without it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from harvest_async.importer.journal import Journal
from harvest_async.importer.planned_row import NewPerson

__all__ = ["Consent", "confirm_people"]

Consent = Callable[[tuple[NewPerson, ...]], Awaitable[bool]]
"""Takes the people who would be created, and returns whether they may be."""

_NEW: Final = """
    select id, json_extract(content, '$.fields.email'), json_extract(content, '$.fields.first_name'),
    json_extract(content, '$.fields.last_name') from step
    where kind = 'person' and action = 'create' and (source is not null or id in (
        select person from step where state = 'planned' and person is not null
        union select other from step where kind = 'person_assignment' and source is not null)) order by id
"""
_ROWS_OF: Final = "(person = ? or id = ? or (kind = 'person_assignment' and other = ?)) and source is not null"
_REJECT: Final = (
    "insert into problem (line, row, column_name, reason, content, file) select line, row, 'Person', ?, '', file "  # noqa: S608 - constants only
    f"from source where id in (select source from step where {_ROWS_OF})"
)
_DELETE: Final = f"delete from step where {_ROWS_OF} or id = ?"  # noqa: S608 - constants only


async def confirm_people(journal: Journal, consent: Consent | None) -> None:
    """Ask whether the plan's new people may be created; reject the rows that need them if not."""
    people = await journal.work(_new_people, journal)
    if not people or (consent is not None and await consent(tuple(people.values()))):
        return
    await journal.work(journal.together, lambda: _reject_rows(journal, people))


def _new_people(journal: Journal) -> dict[int, NewPerson]:
    """Return the new people whom rows need or describe, by step number."""
    return {number: NewPerson(*names) for number, *names in journal.rows(_NEW)}


def _reject_rows(journal: Journal, people: dict[int, NewPerson]) -> None:
    for number, person in people.items():
        reason = (
            f"{person.email} is not in the account; creating a person sends an e-mail and takes a seat: "
            "allow it with --yes"
        )
        journal.write(_REJECT, (reason, number, number, number))
        journal.write(_DELETE, (number, number, number, number))
