"""The client for an account by API v2."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final, Self

from harvest_async.address import check_address
from harvest_async.auth import BasicAuth, BearerAuth, QueryTokenAuth
from harvest_async.client.base_client import BaseClient
from harvest_async.client.environment import read_environment
from harvest_async.client.lazy import lazy
from harvest_async.errors import InvalidArgument
from harvest_async.exchange import ExchangeSettings
from harvest_async.secret import hide_user
from harvest_async.throttle.registry import DEFAULT_REGISTRY, Identity
from harvest_async.throttle.throttle import Throttle
from harvest_async.v2.service import BUDGETS, SERVICE, api_address, id_address, same_account

if TYPE_CHECKING:
    import ssl

    import httpx

    from harvest_async.cache import HttpCache
    from harvest_async.observer import Observer
    from harvest_async.v2.accounts import Account
    from harvest_async.v2.clients import ClientsResource
    from harvest_async.v2.company import CompanyResource
    from harvest_async.v2.contacts import ContactsResource
    from harvest_async.v2.estimate_item_categories import EstimateItemCategoriesResource
    from harvest_async.v2.estimate_messages import EstimateMessagesResource
    from harvest_async.v2.estimates import EstimatesResource
    from harvest_async.v2.expense_categories import ExpenseCategoriesResource
    from harvest_async.v2.expenses import ExpensesResource
    from harvest_async.v2.invoice_item_categories import InvoiceItemCategoriesResource
    from harvest_async.v2.invoice_messages import InvoiceMessagesResource
    from harvest_async.v2.invoice_payments import InvoicePaymentsResource
    from harvest_async.v2.invoices import InvoicesResource
    from harvest_async.v2.projects import ProjectsResource
    from harvest_async.v2.reports import ReportsResource
    from harvest_async.v2.roles import RolesResource
    from harvest_async.v2.task_assignments import TaskAssignmentsResource
    from harvest_async.v2.tasks import TasksResource
    from harvest_async.v2.time_entries import TimeEntriesResource
    from harvest_async.v2.user_assignments import UserAssignmentsResource
    from harvest_async.v2.users import UsersResource

__all__ = ["HarvestV2", "check_auth"]

_CONTACT: Final = re.compile(r"[^\s@]+@[^\s@]+|https?://\S+|\bwww\.\S+")
_HERE: Final = "harvest_async.v2"


class HarvestV2(BaseClient):
    """A Harvest account by API v2.

    The resources are `company`, `clients`, `contacts`, `projects`, `task_assignments`, `user_assignments`, `tasks`,
    `users`, `roles`, `time_entries`, `expenses`, `expense_categories`, `invoices`, `invoice_item_categories`,
    `invoice_messages`, `invoice_payments`, `estimates`, `estimate_item_categories`, `estimate_messages`, `reports`.

    Args:
        account_id: the account's number.
        auth: `BearerAuth` with a personal access token, or `OAuth2`.
        app: name of the application with an e-mail address or a link: `Importer (ops@example.com)`; sent as
            `User-Agent`.
        base_url: the address of the API, if it is not at harvestapp.com: a sandbox, for example. Without a path, `/v2`
            is added. Plain http for loopback only.
        id_url: the address of the server for sign-ins; None for the usual one, or the server of `base_url`.
        throttle: the account's throttle; None uses the process's own one for the account.
        same_as: the subdomain by which API v1 knows the account. Both versions draw on one budget, so the clients of
            both then share a throttle.
        timeout: seconds that one attempt may take up to the response's headers.
        transport: the transport that sends requests; None creates one.
        ssl_context: a TLS context; None shares one with the process's other clients.
        proxy: the address of a proxy; None reads the environment.
        cache: an `HttpCache` for responses; None caches nothing.
        telemetry: observes the calls, for example `telemetry.Telemetry()`; None observes nothing.

    Raises:
        InvalidArgument: an argument can't be used.
    """

    clients: ClientsResource = lazy(f"{_HERE}.clients", "ClientsResource")
    company: CompanyResource = lazy(f"{_HERE}.company", "CompanyResource")
    contacts: ContactsResource = lazy(f"{_HERE}.contacts", "ContactsResource")
    projects: ProjectsResource = lazy(f"{_HERE}.projects", "ProjectsResource")
    roles: RolesResource = lazy(f"{_HERE}.roles", "RolesResource")
    task_assignments: TaskAssignmentsResource = lazy(f"{_HERE}.task_assignments", "TaskAssignmentsResource")
    tasks: TasksResource = lazy(f"{_HERE}.tasks", "TasksResource")
    user_assignments: UserAssignmentsResource = lazy(f"{_HERE}.user_assignments", "UserAssignmentsResource")
    estimate_item_categories: EstimateItemCategoriesResource = lazy(
        f"{_HERE}.estimate_item_categories", "EstimateItemCategoriesResource"
    )
    estimate_messages: EstimateMessagesResource = lazy(f"{_HERE}.estimate_messages", "EstimateMessagesResource")
    estimates: EstimatesResource = lazy(f"{_HERE}.estimates", "EstimatesResource")
    expense_categories: ExpenseCategoriesResource = lazy(f"{_HERE}.expense_categories", "ExpenseCategoriesResource")
    expenses: ExpensesResource = lazy(f"{_HERE}.expenses", "ExpensesResource")
    invoice_item_categories: InvoiceItemCategoriesResource = lazy(
        f"{_HERE}.invoice_item_categories", "InvoiceItemCategoriesResource"
    )
    invoice_messages: InvoiceMessagesResource = lazy(f"{_HERE}.invoice_messages", "InvoiceMessagesResource")
    invoice_payments: InvoicePaymentsResource = lazy(f"{_HERE}.invoice_payments", "InvoicePaymentsResource")
    invoices: InvoicesResource = lazy(f"{_HERE}.invoices", "InvoicesResource")
    reports: ReportsResource = lazy(f"{_HERE}.reports", "ReportsResource")
    time_entries: TimeEntriesResource = lazy(f"{_HERE}.time_entries", "TimeEntriesResource")
    users: UsersResource = lazy(f"{_HERE}.users", "UsersResource")

    def __init__(
        self,
        account_id: int | str,
        *,
        auth: httpx.Auth,
        app: str,
        base_url: str | None = None,
        id_url: str | None = None,
        throttle: Throttle | None = None,
        same_as: str | None = None,
        timeout: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
        ssl_context: ssl.SSLContext | None = None,
        proxy: str | None = None,
        cache: HttpCache | None = None,
        telemetry: Observer | None = None,
    ) -> None:
        from harvest_async.v2 import accounts  # noqa: PLC0415 - models and codecs load when needed
        from harvest_async.v2.account_rules import ACCOUNT_RULES  # noqa: PLC0415
        from harvest_async.v2.dialect import V2Dialect  # noqa: PLC0415

        number = str(accounts.account_number(account_id))
        address = check_address(api_address(hide_user(base_url or "")))
        check_auth(auth)
        if not _CONTACT.search(app):
            raise InvalidArgument(
                f"app: add an e-mail address or a link, like 'Importer (ops@example.com)', to {app[:100]!r}: "
                "the server wants to be able to reach you"
            )
        self._id_url = hide_user(id_url or "") or id_address(address)
        if same_as is not None:
            _share(address, number, same_as, throttle)
        settings = ExchangeSettings(
            account=number,
            auth=auth,
            app=app,
            dialect=V2Dialect(address),
            base_url=address,
            status_call=None,
            service=SERVICE,
            throttle=throttle,
            budgets=BUDGETS,
            timeout=timeout,
            transport=transport,
            ssl_context=ssl_context,
            proxy=proxy,
            cache=cache,
            telemetry=telemetry,
            headers=(("Harvest-Account-Id", number),),
        )
        super().__init__(number, settings, ACCOUNT_RULES)
        self._settings = settings

    @property
    def account_id(self) -> int:
        """The account's number."""
        return int(self._name)

    @property
    def id_url(self) -> str:
        """The address of the server for sign-ins."""
        return self._id_url

    @classmethod
    def from_env(cls, **options: Any) -> Self:
        """Create a client from environment variables.

        `HARVEST_ACCOUNT_ID`, `HARVEST_ACCESS_TOKEN`, `HARVEST_APP`, and `HARVEST_BASE_URL` if the account is elsewhere.
        Without a `throttle`, `HARVEST_SAME_AS` is the subdomain by which API v1 knows the account (see `same_as`).
        `options` are passed to the constructor and take precedence.

        Raises:
            InvalidArgument: variables are missing; the message names all of them.
        """
        wanted = {"HARVEST_ACCOUNT_ID": "account_id", "HARVEST_ACCESS_TOKEN": "auth", "HARVEST_APP": "app"}
        given = read_environment([name for name, option in wanted.items() if not options.get(option)])
        for name, value in given.items():
            options[wanted[name]] = BearerAuth(value.strip()) if name == "HARVEST_ACCESS_TOKEN" else str(value)
        options["base_url"] = hide_user(options.get("base_url") or os.environ.get("HARVEST_BASE_URL") or "") or None
        if options.get("throttle") is None and (same_as := os.environ.get("HARVEST_SAME_AS", "").strip()):
            options.setdefault("same_as", same_as)
        return cls(options.pop("account_id"), **options)

    @classmethod
    async def connect(cls, *, account_id: int | str | None = None, **options: Any) -> Self:
        """Create a client of the account that a token reaches. One call to the server for sign-ins.

        Args:
            account_id: the account's number; None for the only one.
            options: the constructor's other arguments.

        Raises:
            InvalidArgument: the token reaches no such account, or several and none was named; the message lists them.
        """
        from harvest_async.v2 import accounts  # noqa: PLC0415 - as in the constructor

        number = None if account_id is None else accounts.account_number(account_id)
        found = await accounts.list_accounts(**{key: options[key] for key in accounts.ARGUMENTS if key in options})
        return cls(accounts.account_in(found, number), **options)

    async def accounts(self) -> list[Account]:
        """List the accounts that the token reaches, those of Forecast too. One call to the server for sign-ins."""
        from harvest_async.v2 import accounts  # noqa: PLC0415 - as in the constructor

        return await accounts.read_accounts(self._settings, self._id_url)

    async def check_account(self) -> None:
        """Check that the token reaches this account, and that it is an account of Harvest.

        Raises:
            InvalidArgument: it does not; the message lists the accounts that it reaches.
        """
        from harvest_async.v2 import accounts  # noqa: PLC0415 - as in the constructor

        accounts.account_in(await self.accounts(), self.account_id)

    def _copy(self) -> Self:
        other = super()._copy()
        other._id_url, other._settings = self._id_url, self._settings  # noqa: SLF001 - a client of the same class
        return other


def check_auth(auth: object) -> None:
    """Check the kind of credentials.

    Raises:
        InvalidArgument: API v2 does not accept this kind.
    """
    if isinstance(auth, BasicAuth):
        raise InvalidArgument("auth: API v2 accepts no e-mail and password: give BearerAuth(token) or OAuth2(...)")
    if isinstance(auth, QueryTokenAuth):
        raise InvalidArgument("auth: a token in the address would be logged: give BearerAuth(token) instead")


def _share(address: str, number: str, same_as: str, throttle: Throttle | None) -> None:
    """Let the account and its subdomain in API v1 share one throttle."""
    if throttle is not None:
        raise InvalidArgument("same_as: give either same_as or a throttle: a throttle is shared by giving it to both")
    own = Identity(SERVICE.owner_of(address), number)
    DEFAULT_REGISTRY.alias(own, same_account(own, same_as))
