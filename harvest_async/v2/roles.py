"""Roles: labels of users, such as `Designer`; they give no rights."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from datetime import datetime
from typing import Any, Final, TypeAlias, TypedDict, Unpack

from attrs import field, frozen

from harvest_async.call import DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.record import Record
from harvest_async.client.resource import Listing, Resource
from harvest_async.v2.references import CURSOR, ENDPOINTS, IDENTITY, CursorPaging, Ids, Name, accepted_as

__all__ = ["Role", "RoleChanges", "RoleFields", "RoleId", "RolesResource"]


@accepted_as("role")
@frozen(kw_only=True)
class Role(Record):
    """A role and the ids of the users that have it."""

    id: int = field(default=0, metadata=IDENTITY)
    name: str | None = None
    user_ids: list[int] = field(factory=list)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


RoleId: TypeAlias = int | str | Role
"""A role: its id, or the record."""


class RoleFields(TypedDict, total=False):
    """The optional fields of a new role. `user_ids` takes ids or users."""

    user_ids: Ids


class RoleChanges(RoleFields, total=False):
    """The fields of a change."""

    name: Name


LIST: Final = ENDPOINTS.listing("roles.list", "listRoles", "/roles", Role, CURSOR)
CREATE: Final = ENDPOINTS.create("roles.create", "createRole", "/roles", Role)
GET: Final = ENDPOINTS.get("roles.get", "retrieveRole", "/roles/{role}", Role)
UPDATE: Final = ENDPOINTS.update("roles.update", "updateRole", "/roles/{role}", Role)
DELETE: Final = ENDPOINTS.delete("roles.delete", "deleteRole", "/roles/{role}")

FORM: Final = form("roles", Role, RoleFields, RoleChanges, {"name": Name})


class RolesResource(Resource):
    """Roles: labels of users, such as `Designer`; they give no rights.

    https://help.getharvest.com/api-v2/roles-api/roles/roles/
    """

    __slots__ = ()

    def list(self, **paging: Unpack[CursorPaging]) -> Listing[Role]:
        """List roles, the newest first.

        Args:
            paging: `page` or `cursor`, where the list begins; `per_page`, records on a page.
        """
        return self._list(LIST(**paging))

    async def get(self, id: RoleId) -> Role:
        """Retrieve a role.

        Raises:
            NotFound: there is no such role.
        """
        return await self._send(GET(id))

    async def create(self, name: str | Role, **fields: Unpack[RoleFields]) -> Role:
        """Create a role and return it, as the response has it.

        Args:
            name: the role's name, or a draft: `Role(name="Designer")`.
            fields: `user_ids`, the users that have it.

        Raises:
            InvalidArgument: a field is missing or invalid; nothing was sent.
            OutcomeUnknown: the response was lost, so the role may or may not have been created.
            CreatedUnread: the role was created, but the response can't be read.
        """
        return await self._create(CREATE(fields=FORM.creation(fields, name)))

    async def update(self, id: RoleId, changed: Role | None = None, /, **fields: Unpack[RoleChanges]) -> Role:
        """Change a role and return it. Only what differs is sent; `user_ids` replaces all users.

        Args:
            id: the role's id, or the role as it was read.
            changed: the role as it is to be.
            fields: the fields to change, instead of `changed`.
        """
        values = FORM.changes(id, changed, fields)
        return await self._updated(id, Role, values, UPDATE(id, fields=values), GET(id))

    async def delete(self, id: RoleId) -> DeleteResult:
        """Delete a role; its users keep their rights."""
        return await self._send(DELETE(id))
