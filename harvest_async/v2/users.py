"""Users: the people of the account, with their rates, teammates and project assignments."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias, TypedDict, Unpack

from attrs import field, frozen

from harvest_async.call import DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.record import Record
from harvest_async.client.resource import Listing
from harvest_async.client.validation import CheckedBy
from harvest_async.v2.nested import UserRef
from harvest_async.v2.references import (
    CURSOR,
    ENDPOINTS,
    IDENTITY,
    REFERENCES,
    CursorPaging,
    Name,
    Number,
    Texts,
    accepted_as,
    since_text,
    true_false,
)
from harvest_async.v2.user_rates import Teammate
from harvest_async.v2.user_records import UserRecords

__all__ = ["User", "UserChanges", "UserField", "UserFields", "UserId", "UsersResource"]


@accepted_as("user")
@frozen(kw_only=True)
class User(Record):
    """A person of the account. `weekly_capacity` is in seconds; rates are in the account's currency.

    `access_roles` says what the person may do; older servers send `is_admin` and the flags after it instead.
    """

    id: int = field(default=0, metadata=IDENTITY)
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    telephone: str | None = None
    timezone: str | None = None
    has_access_to_all_future_projects: bool | None = None
    is_contractor: bool | None = None
    is_active: bool | None = None
    weekly_capacity: int | None = None
    default_hourly_rate: Decimal | None = None
    cost_rate: Decimal | None = None
    roles: list[str] = field(factory=list)
    access_roles: list[str] = field(factory=list)
    avatar_url: str | None = None
    is_admin: bool | None = None
    is_project_manager: bool | None = None
    can_see_rates: bool | None = None
    can_create_projects: bool | None = None
    can_create_invoices: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


UserId: TypeAlias = int | str | User | UserRef | Teammate
"""A user: the id, or a record of the user."""

UserField: TypeAlias = Annotated[UserId, CheckedBy(REFERENCES.reference)]


class _Common(TypedDict, total=False):
    timezone: str
    has_access_to_all_future_projects: bool
    is_contractor: bool
    is_active: bool
    weekly_capacity: int
    roles: Texts
    access_roles: Texts


class UserFields(_Common, total=False):
    """The optional fields of a new user. `weekly_capacity` is in seconds."""

    default_hourly_rate: Number | None
    cost_rate: Number | None


class UserChanges(_Common, total=False):
    """The fields of a change. Rates are changed by `create_billable_rate` and `create_cost_rate`."""

    first_name: Name
    last_name: Name
    email: Name


LIST: Final = ENDPOINTS.listing(
    "users.list", "listUsers", "/users", User, {"is_active": true_false, "updated_since": since_text, **CURSOR}
)
ME: Final = ENDPOINTS.get("users.me", "retrieveTheCurrentlyAuthenticatedUser", "/users/me", User)
CREATE: Final = ENDPOINTS.create("users.create", "createUser", "/users", User)
GET: Final = ENDPOINTS.get("users.get", "retrieveUser", "/users/{user}", User)
UPDATE: Final = ENDPOINTS.update("users.update", "updateUser", "/users/{user}", User)
DELETE: Final = ENDPOINTS.delete("users.delete", "deleteUser", "/users/{user}")

FORM: Final = form(
    "users",
    User,
    UserFields,
    UserChanges,
    {"first_name": Name, "last_name": Name, "email": Name},
    default_hourly_rate="use users.create_billable_rate",
    cost_rate="use users.create_cost_rate",
)


class UsersResource(UserRecords):
    """Users: the people of the account, with their rates, teammates and project assignments.

    https://help.getharvest.com/api-v2/users-api/users/users/
    """

    __slots__ = ()

    def list(
        self, *, is_active: bool | None = None, updated_since: datetime | None = None, **paging: Unpack[CursorPaging]
    ) -> Listing[User]:
        """List users, the newest first.

        Args:
            is_active: list only active users, or only archived ones; None lists both.
            updated_since: list only users that were changed since then; a datetime with a time zone.
            paging: `page` or `cursor`, where the list begins; `per_page`, records on a page.
        """
        return self._list(LIST(is_active=is_active, updated_since=updated_since, **paging))

    async def me(self) -> User:
        """Retrieve the person who is signed in."""
        return await self._send(ME())

    async def get(self, id: UserId) -> User:
        """Retrieve a user.

        Raises:
            NotFound: there is no such user.
        """
        return await self._send(GET(id))

    async def create(self, first_name: str, last_name: str, email: str, **fields: Unpack[UserFields]) -> User:
        """Create a user and return the record, as the response has it. The person is invited by e-mail.

        Args:
            first_name: the first name.
            last_name: the last name.
            email: the e-mail address.
            fields: other fields, see `UserFields`.

        Raises:
            InvalidArgument: a field is missing or invalid; nothing was sent.
            OutcomeUnknown: the response was lost, so the user may or may not have been created.
            CreatedUnread: the user was created, but the response can't be read.
        """
        return await self._create(CREATE(fields=FORM.creation(fields, first_name, last_name, email)))

    async def update(self, id: UserId, changed: User | None = None, /, **fields: Unpack[UserChanges]) -> User:
        """Change a user and return the record. Only what differs is sent; if nothing differs, no request is sent.

        Args:
            id: the user's id, or the user as it was read.
            changed: the user as it is to be.
            fields: the fields to change, instead of `changed`.
        """
        values = FORM.changes(id, changed, fields)
        return await self._updated(id, User, values, UPDATE(id, fields=values), GET(id))

    async def delete(self, id: UserId) -> DeleteResult:
        """Delete a user who has tracked no time and no expenses.

        Raises:
            Unprocessable: there are some; archive the user instead.
        """
        return await self._send(DELETE(id))
