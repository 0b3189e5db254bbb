"""What belongs to one user: rates, teammates and project assignments."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final, Unpack

from harvest_async.client.references import Id
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.results import One
from harvest_async.v2.references import CURSOR, ENDPOINTS, IDEMPOTENT, PAGES, CursorPaging, Paging, since_text
from harvest_async.v2.user_rates import (
    BILLABLE_FORM,
    COST_FORM,
    TEAMMATES_FORM,
    BillableRate,
    CostRate,
    ProjectAssignment,
    RateFields,
    Teammate,
    TeammateList,
)

__all__ = ["UserRecords"]

LIST_BILLABLE: Final = ENDPOINTS.listing(
    "users.billable_rates", "listBillableRatesForSpecificUser", "/users/{user}/billable_rates", BillableRate, CURSOR
)
GET_BILLABLE: Final = ENDPOINTS.get(
    "users.billable_rate", "retrieveBillableRate", "/users/{user}/billable_rates/{billable_rate}", BillableRate
)
CREATE_BILLABLE: Final = ENDPOINTS.create(
    "users.create_billable_rate", "createBillableRate", "/users/{user}/billable_rates", BillableRate
)
LIST_COST: Final = ENDPOINTS.listing(
    "users.cost_rates", "listCostRatesForSpecificUser", "/users/{user}/cost_rates", CostRate, CURSOR
)
GET_COST: Final = ENDPOINTS.get("users.cost_rate", "retrieveCostRate", "/users/{user}/cost_rates/{cost_rate}", CostRate)
CREATE_COST: Final = ENDPOINTS.create("users.create_cost_rate", "createCostRate", "/users/{user}/cost_rates", CostRate)
LIST_TEAMMATES: Final = ENDPOINTS.listing(
    "users.teammates", "listAssignedTeammatesForSpecificUser", "/users/{user}/teammates", Teammate, CURSOR
)
UPDATE_TEAMMATES: Final = ENDPOINTS.custom(
    "users.update_teammates",
    "updateUserAssignedTeammates",
    "PATCH",
    "/users/{user}/teammates",
    One(TeammateList, ""),
    IDEMPOTENT,
)
LIST_ASSIGNMENTS: Final = ENDPOINTS.listing(
    "users.project_assignments",
    "listActiveProjectAssignments",
    "/users/{user}/project_assignments",
    ProjectAssignment,
    {"updated_since": since_text, **CURSOR},
)
LIST_MY_ASSIGNMENTS: Final = ENDPOINTS.listing(
    "users.my_project_assignments",
    "listActiveProjectAssignmentsForTheCurrentlyAuthenticatedUser",
    "/users/me/project_assignments",
    ProjectAssignment,
    PAGES,
)


class UserRecords(Resource):
    """Rates, teammates and project assignments of one user."""

    __slots__ = ()

    def billable_rates(self, user: Id, **paging: Unpack[CursorPaging]) -> Listing[BillableRate]:
        """List the billable rates of a user.

        https://help.getharvest.com/api-v2/users-api/users/billable-rates/

        Args:
            user: the user.
            paging: `page` or `cursor`, where the list begins; `per_page`, records on a page.
        """
        return self._list(LIST_BILLABLE(user, **paging))

    async def billable_rate(self, user: Id, id: Id) -> BillableRate:
        """Retrieve a billable rate of a user."""
        return await self._send(GET_BILLABLE(user, id))

    async def create_billable_rate(
        self, user: Id, amount: Decimal | int | str, **fields: Unpack[RateFields]
    ) -> BillableRate:
        """Set the billable rate of a user and return it.

        Args:
            user: the user.
            amount: the amount of one hour.
            fields: `start_date`, the first day, not in the future; without it the rate replaces all others.

        Raises:
            InvalidArgument: a field is missing or invalid; nothing was sent.
            OutcomeUnknown: the response was lost, so the rate may or may not have been created.
            CreatedUnread: the rate was created, but the response can't be read.
        """
        return await self._create(CREATE_BILLABLE(user, fields=BILLABLE_FORM.creation(fields, amount)))

    def cost_rates(self, user: Id, **paging: Unpack[CursorPaging]) -> Listing[CostRate]:
        """List the cost rates of a user.

        https://help.getharvest.com/api-v2/users-api/users/cost-rates/

        Args:
            user: the user.
            paging: `page` or `cursor`, where the list begins; `per_page`, records on a page.
        """
        return self._list(LIST_COST(user, **paging))

    async def cost_rate(self, user: Id, id: Id) -> CostRate:
        """Retrieve a cost rate of a user."""
        return await self._send(GET_COST(user, id))

    async def create_cost_rate(self, user: Id, amount: Decimal | int | str, **fields: Unpack[RateFields]) -> CostRate:
        """Set the cost rate of a user and return it.

        Args:
            user: the user.
            amount: the amount of one hour.
            fields: `start_date`, the first day, not in the future; without it the rate replaces all others.

        Raises:
            InvalidArgument: a field is missing or invalid; nothing was sent.
            OutcomeUnknown: the response was lost, so the rate may or may not have been created.
            CreatedUnread: the rate was created, but the response can't be read.
        """
        return await self._create(CREATE_COST(user, fields=COST_FORM.creation(fields, amount)))

    def teammates(self, user: Id, **paging: Unpack[CursorPaging]) -> Listing[Teammate]:
        """List the teammates that are assigned to a manager.

        https://help.getharvest.com/api-v2/users-api/users/teammates/

        Args:
            user: the manager.
            paging: `page` or `cursor`, where the list begins; `per_page`, records on a page.
        """
        return self._list(LIST_TEAMMATES(user, **paging))

    async def update_teammates(self, user: Id, teammate_ids: Iterable[Id]) -> tuple[Teammate, ...]:
        """Replace the teammates of a manager and return them.

        Args:
            user: the manager.
            teammate_ids: all teammates, as ids or users; none removes all.
        """
        values = TEAMMATES_FORM.changes(None, None, {"teammate_ids": teammate_ids})
        return tuple((await self._send(UPDATE_TEAMMATES(user, fields=values))).teammates)

    def project_assignments(
        self, user: Id, *, updated_since: datetime | None = None, **paging: Unpack[CursorPaging]
    ) -> Listing[ProjectAssignment]:
        """List the active projects that a user is on.

        https://help.getharvest.com/api-v2/users-api/users/project-assignments/

        Args:
            user: the user.
            updated_since: list only assignments that were changed since then; a datetime with a time zone.
            paging: `page` or `cursor`, where the list begins; `per_page`, records on a page.
        """
        return self._list(LIST_ASSIGNMENTS(user, updated_since=updated_since, **paging))

    def my_project_assignments(self, **paging: Unpack[Paging]) -> Listing[ProjectAssignment]:
        """List the active projects that the person who is signed in is on.

        Args:
            paging: `page`, where the list begins; `per_page`, records on a page.
        """
        return self._list(LIST_MY_ASSIGNMENTS(**paging))
