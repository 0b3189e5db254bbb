"""The client for an account by API v1."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, Self

from harvest_async.auth import BasicAuth, BearerAuth
from harvest_async.client.base_client import BaseClient
from harvest_async.client.environment import read_environment
from harvest_async.client.lazy import lazy
from harvest_async.errors import InvalidArgument
from harvest_async.exchange import ExchangeSettings
from harvest_async.secret import SecretText, hide_user
from harvest_async.throttle.throttle import Throttle
from harvest_async.v1.service import SERVICE, home_of

if TYPE_CHECKING:
    import ssl

    import httpx

    from harvest_async.cache import HttpCache
    from harvest_async.observer import Observer
    from harvest_async.v1 import resources
    from harvest_async.v1.dialect import Format

__all__ = ["HarvestV1"]

_HERE: Final = "harvest_async.v1.resources"


class HarvestV1(BaseClient):
    """A Harvest account by API v1.

    The resources are `account`, `time`, `clients`, `contacts`, `projects`, `tasks`, `people`, `task_assignments`,
    `user_assignments`, `expense_categories`, `expenses`, `receipts`, `invoices`, `invoice_item_categories`,
    `invoice_messages`, `invoice_payments`, `reports`.

    Args:
        account: the account's subdomain: `acme` of acme.harvestapp.com.
        auth: `BasicAuth`, `BearerAuth` or `QueryTokenAuth`.
        app: who is calling, with a way to be reached: `Importer (ops@example.com)`; sent as `User-Agent`.
        format: the wire format, `"json"` or `"xml"`; records are the same.
        base_url: where the account is, if not at harvestapp.com: a sandbox, for example. Plain http for loopback only.
        throttle: the account's budget; None finds the process's own one for the account.
        timeout: seconds from sending one attempt to the headers of its response.
        transport: what really sends; None makes one.
        ssl_context: a TLS context of your own; None shares one with the process's other clients.
        proxy: a proxy's address; None goes by the environment.
        cache: an `HttpCache` in which responses are stored; None stores none.
        telemetry: observes the calls, for example `telemetry.Telemetry()`; None observes nothing.

    Raises:
        InvalidArgument: an argument can't be used.
    """

    account: resources.Account = lazy(f"{_HERE}.account", "Account")
    time: resources.TimeTracking = lazy(f"{_HERE}.time", "TimeTracking")
    clients: resources.Clients = lazy(f"{_HERE}.clients", "Clients")
    contacts: resources.Contacts = lazy(f"{_HERE}.clients", "Contacts")
    projects: resources.Projects = lazy(f"{_HERE}.projects", "Projects")
    tasks: resources.Tasks = lazy(f"{_HERE}.tasks", "Tasks")
    people: resources.People = lazy(f"{_HERE}.people", "People")
    task_assignments: resources.TaskAssignments = lazy(f"{_HERE}.assignments", "TaskAssignments")
    user_assignments: resources.UserAssignments = lazy(f"{_HERE}.assignments", "UserAssignments")
    expense_categories: resources.ExpenseCategories = lazy(f"{_HERE}.expenses", "ExpenseCategories")
    expenses: resources.Expenses = lazy(f"{_HERE}.expenses", "Expenses")
    receipts: resources.Receipts = lazy(f"{_HERE}.receipts", "Receipts")
    invoices: resources.Invoices = lazy(f"{_HERE}.invoices", "Invoices")
    invoice_item_categories: resources.InvoiceItemCategories = lazy(f"{_HERE}.invoices", "InvoiceItemCategories")
    invoice_messages: resources.InvoiceMessages = lazy(f"{_HERE}.messages", "InvoiceMessages")
    invoice_payments: resources.InvoicePayments = lazy(f"{_HERE}.payments", "InvoicePayments")
    reports: resources.Reports = lazy(f"{_HERE}.reports", "Reports")

    def __init__(
        self,
        account: str,
        *,
        auth: httpx.Auth,
        app: str,
        format: Format = "json",
        base_url: str | None = None,
        throttle: Throttle | None = None,
        timeout: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
        ssl_context: ssl.SSLContext | None = None,
        proxy: str | None = None,
        cache: HttpCache | None = None,
        telemetry: Observer | None = None,
    ) -> None:
        from harvest_async.v1.account_rules import ACCOUNT_RULES  # noqa: PLC0415 - models and codecs load when needed
        from harvest_async.v1.dialect import V1Dialect  # noqa: PLC0415
        from harvest_async.v1.resources.account import RATE_LIMIT_STATUS  # noqa: PLC0415

        base_url = hide_user(base_url or "")
        if format not in {"json", "xml"}:
            raise InvalidArgument(f'format={format!r}: give "json" or "xml"')
        settings = ExchangeSettings(
            account=account,
            auth=auth,
            app=app,
            dialect=V1Dialect(format),
            base_url=base_url or home_of(account),
            service=SERVICE,
            status_call=RATE_LIMIT_STATUS(),
            status_dialect=V1Dialect("json"),
            throttle=throttle,
            timeout=timeout,
            transport=transport,
            ssl_context=ssl_context,
            proxy=proxy,
            cache=cache,
            telemetry=telemetry,
        )
        super().__init__(account, settings, ACCOUNT_RULES)

    @classmethod
    def from_env(cls, **options: Any) -> Self:
        """Make one from the environment.

        `HARVEST_ACCOUNT`, `HARVEST_APP`, and `HARVEST_ACCESS_TOKEN` or `HARVEST_EMAIL` and `HARVEST_PASSWORD`; and
        `HARVEST_BASE_URL` where the account is elsewhere. `options` go to the constructor and come first.

        Raises:
            InvalidArgument: variables are missing; the message names all of them.
        """
        token = SecretText(os.environ.get("HARVEST_ACCESS_TOKEN", "").strip())
        signs = "auth" in options or token
        wanted = {
            "HARVEST_ACCOUNT": not options.get("account"),
            "HARVEST_EMAIL": not signs,
            "HARVEST_PASSWORD": not signs,
            "HARVEST_APP": not options.get("app"),
        }
        given = read_environment(
            [name for name, is_wanted in wanted.items() if is_wanted],
            "" if signs else ", or HARVEST_ACCESS_TOKEN instead of e-mail and password",
        )
        if "auth" not in options:
            basic = ("HARVEST_EMAIL", "HARVEST_PASSWORD")
            options["auth"] = BearerAuth(token) if token else BasicAuth(*(given[name] for name in basic))
        account = options.pop("account", None) or str(given["HARVEST_ACCOUNT"])
        options["app"] = options.get("app") or str(given["HARVEST_APP"])
        options["base_url"] = hide_user(options.get("base_url") or os.environ.get("HARVEST_BASE_URL") or "") or None
        return cls(account, **options)
