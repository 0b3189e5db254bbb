"""The company: the settings of the account."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from typing import Any, Final, TypedDict, Unpack

from attrs import field, frozen

from harvest_async.client.drafts import form
from harvest_async.client.record import Record
from harvest_async.client.resource import Resource
from harvest_async.v2.references import ENDPOINTS

__all__ = ["Company", "CompanyChanges", "CompanyResource"]


@frozen(kw_only=True)
class Company(Record):
    """The settings of the account. `weekly_capacity` is in seconds."""

    base_uri: str | None = None
    full_domain: str | None = None
    name: str | None = None
    is_active: bool | None = None
    week_start_day: str | None = None
    wants_timestamp_timers: bool | None = None
    time_format: str | None = None
    date_format: str | None = None
    plan_type: str | None = None
    clock: str | None = None
    currency: str | None = None
    currency_code_display: str | None = None
    currency_symbol_display: str | None = None
    decimal_symbol: str | None = None
    thousands_separator: str | None = None
    color_scheme: str | None = None
    weekly_capacity: int | None = None
    expense_feature: bool | None = None
    invoice_feature: bool | None = None
    estimate_feature: bool | None = None
    approval_feature: bool | None = None
    team_feature: bool | None = None
    saml_sign_in_required: bool | None = None
    day_entry_notes_required: bool | None = None
    extra: dict[str, Any] = field(factory=dict)


class CompanyChanges(TypedDict, total=False):
    """The fields of a change. `weekly_capacity` is in seconds."""

    wants_timestamp_timers: bool
    weekly_capacity: int


GET: Final = ENDPOINTS.get("company.get", "retrieveCompany", "/company", Company)
UPDATE: Final = ENDPOINTS.update("company.update", "updateCompany", "/company", Company)

FORM: Final = form("company", Company, CompanyChanges, CompanyChanges, {})


class CompanyResource(Resource):
    """The company: the settings of the account.

    https://help.getharvest.com/api-v2/company-api/company/company/
    """

    __slots__ = ()

    async def get(self) -> Company:
        """Retrieve the company of the person who is signed in."""
        company = await self._send(GET())
        self._learned.note(company)
        return company

    async def update(self, before: Company | None = None, /, **fields: Unpack[CompanyChanges]) -> Company:
        """Change the company and return it. Only administrators may do so.

        Args:
            before: the company as it was read; only the fields that differ from it are sent.
            fields: `wants_timestamp_timers`, `weekly_capacity` in seconds.
        """
        values = FORM.changes(before, None, fields)
        company = await self._updated(before, Company, values, UPDATE(fields=values), GET())
        self._learned.note(company)
        return company
