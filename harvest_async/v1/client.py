"""The client for an account by API v1."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable, Mapping
from contextlib import AbstractContextManager
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypedDict, TypeVar, Unpack
from urllib.parse import quote

from harvest_async.address import home_of
from harvest_async.auth import BasicAuth, BearerAuth
from harvest_async.errors import InvalidArgument
from harvest_async.exchange import (
    BeforeSend,
    Exchange,
    ExchangeSettings,
    OnUnknown,
    RawResponse,
    Watcher,
    open_exchange,
    with_raw_response,
)
from harvest_async.outcomes import Outcome
from harvest_async.secret import SecretText, hide_user
from harvest_async.throttle.queue import Lane
from harvest_async.throttle.throttle import Throttle

if TYPE_CHECKING:
    import ssl

    import httpx

    from harvest_async.cache import HttpCache
    from harvest_async.client.batch import AnyCall
    from harvest_async.client.resource import Learned
    from harvest_async.v1 import resources
    from harvest_async.v1.dialect import Format

__all__ = ["HarvestV1", "OptionFields"]

T = TypeVar("T")


_RESOURCES: Final = {
    "account": ("account", "Account"),
    "time": ("time", "TimeTracking"),
    "clients": ("clients", "Clients"),
    "contacts": ("clients", "Contacts"),
    "projects": ("projects", "Projects"),
    "tasks": ("tasks", "Tasks"),
    "people": ("people", "People"),
    "task_assignments": ("assignments", "TaskAssignments"),
    "user_assignments": ("assignments", "UserAssignments"),
    "expense_categories": ("expenses", "ExpenseCategories"),
    "expenses": ("expenses", "Expenses"),
    "receipts": ("receipts", "Receipts"),
    "invoices": ("invoices", "Invoices"),
    "invoice_item_categories": ("invoices", "InvoiceItemCategories"),
    "invoice_messages": ("messages", "InvoiceMessages"),
    "invoice_payments": ("invoices", "InvoicePayments"),
    "reports": ("reports", "Reports"),
}
"""The resources by attribute: the module and the class in it, imported on first use."""


class OptionFields(TypedDict, total=False):
    """What `HarvestV1.options` takes."""

    timeout: float | None
    headers: Mapping[str, str | None] | None
    attempts: int | None
    retry_budget: int | None
    max_wait: float | None
    lane: Literal["interactive", "bulk"] | None
    on_unknown: OnUnknown | None
    before_send: BeforeSend | None


class HarvestV1:
    """A Harvest account by API v1.

    Args:
        account: the account's subdomain: `acme` of acme.harvestapp.com.
        auth: `BasicAuth`, `BearerAuth` or `QueryTokenAuth`.
        app: who is calling, with a way to be reached: `Importer (ops@example.com)`; sent as `User-Agent`.
        format: the wire format, `"json"` or `"xml"`; records are the same.
        base_url: where the account is, if not at harvestapp.com: a sandbox, for example. Plain http for loopback only.
        throttle: the account's budget; None finds the process's own one for the account.
        timeout: seconds that one attempt may take up to the answer's headers.
        transport: what really sends; None makes one.
        ssl_context: a TLS context of your own; None shares one with the process's other clients.
        proxy: a proxy's address; None goes by the environment.
        cache: where answers are kept, an `HttpCache`; None keeps none.

    Raises:
        InvalidArgument: an argument can't be used.

    Attributes:
        account, time, clients, contacts, projects, tasks, people, task_assignments, user_assignments,
        expense_categories, expenses, receipts, invoices, invoice_item_categories, invoice_messages, invoice_payments,
        reports: the resources.
    """

    if TYPE_CHECKING:
        account: resources.Account
        time: resources.TimeTracking
        clients: resources.Clients
        contacts: resources.Contacts
        projects: resources.Projects
        tasks: resources.Tasks
        people: resources.People
        task_assignments: resources.TaskAssignments
        user_assignments: resources.UserAssignments
        expense_categories: resources.ExpenseCategories
        expenses: resources.Expenses
        receipts: resources.Receipts
        invoices: resources.Invoices
        invoice_item_categories: resources.InvoiceItemCategories
        invoice_messages: resources.InvoiceMessages
        invoice_payments: resources.InvoicePayments
        reports: resources.Reports
    else:

        def __getattr__(self, name: str) -> Any:
            """Create a resource on first use."""
            return self._resource(name)

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
    ) -> None:
        from harvest_async.client.resource import Learned  # noqa: PLC0415 - models and codecs load with the first client
        from harvest_async.v1.account_rules import ACCOUNT_RULES  # noqa: PLC0415
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
            status_call=RATE_LIMIT_STATUS(),
            status_dialect=V1Dialect("json"),
            throttle=throttle,
            timeout=timeout,
            transport=transport,
            ssl_context=ssl_context,
            proxy=proxy,
            cache=cache,
        )
        self._name = account
        self._auth = auth
        self._use(open_exchange(settings), Learned(ACCOUNT_RULES))

    @property
    def name(self) -> str:
        """The account's subdomain."""
        return self._name

    @property
    def address(self) -> str:
        """Where the account is."""
        return self._exchange.base_url

    @property
    def auth(self) -> httpx.Auth:
        """What signs."""
        return self._auth

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
        given = _needed([name for name, is_wanted in wanted.items() if is_wanted])
        if "auth" not in options:
            basic = ("HARVEST_EMAIL", "HARVEST_PASSWORD")
            options["auth"] = BearerAuth(token) if token else BasicAuth(*(given[name] for name in basic))
        account = options.pop("account", None) or str(given["HARVEST_ACCOUNT"])
        options["app"] = options.get("app") or str(given["HARVEST_APP"])
        options["base_url"] = hide_user(options.get("base_url") or os.environ.get("HARVEST_BASE_URL") or "") or None
        return cls(account, **options)

    def _use(self, exchange: Exchange, learned: Learned) -> None:
        self._exchange, self._learned = exchange, learned

    def _resource(self, name: str) -> Any:
        """Import a resource, create it and keep it as an attribute.

        Raises:
            AttributeError: there is no such resource.
        """
        if name not in _RESOURCES:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        module, kind = _RESOURCES[name]
        made = getattr(import_module(f"harvest_async.v1.resources.{module}"), kind)(self._exchange, self._learned)
        return self.__dict__.setdefault(name, made)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_RESOURCES})

    @property
    def throttle(self) -> Throttle:
        """The account's budget: `throttle.snapshot()` tells how it stands."""
        return self._exchange.throttle

    def bulk(self) -> AbstractContextManager[None]:
        """Put the calls made inside, by this task and those it starts, into the bulk lane."""
        return self._exchange.bulk()

    def options(self, **options: Unpack[OptionFields]) -> Self:
        """The same client with other options; connections and throttle are shared, and closing one closes both.

        What is not given stays as it is. What one of them has learned about the account, the other knows, too.

            await harvest.options(timeout=5, attempts=1).clients.get(7)

        Args:
            options: `timeout`, seconds from sending one attempt to the headers of its response, and as many again for
                the body: above 0, at most a day; waiting at the gate is not part of it. None takes the client's.
                `headers`, header fields to send beside the client's own, with calls to the account only: they are added
                to those set before, and a value of None takes one out. Calls with header fields of their own are not
                answered from the cache.
                `attempts`, how often a call is sent at most, from 1 (no retry) to 100; None for 5. Requests that the
                throttle refused, and the one repeat with a renewed token, don't count.
                `retry_budget`, retries that the calls of this client and those made from it may use up together, so
                that an outage does not become a storm; ten successful calls earn one back. None shares the client's 20.
                `max_wait`, seconds that a call may wait at the gate: one that would wait longer raises `WouldWait`
                at once, None waits for as long as it takes. `lane`, the line in which calls stand: "interactive",
                "bulk", or None for "bulk" inside `bulk()` alone. `on_unknown`, which is given each call that was
                cancelled after it was sent. `before_send`, which is awaited with each call once it may leave, before it
                does; what it raises sends nothing.

        Raises:
            InvalidArgument: a number is out of its range, there is no such lane, or a header field can't be set here
                (`Authorization`, `User-Agent`, `Host` and others that belong to the client or the connection).
        """
        changes: dict[str, Any] = {**options}
        if changes.get("lane") is not None:
            changes["lane"] = _lane_of(changes["lane"])
        other = object.__new__(type(self))
        other._name, other._auth = self._name, self._auth
        other._use(self._exchange.with_options(**changes), self._learned)
        return other

    async def with_raw_response(self, call: Awaitable[T]) -> RawResponse[T]:
        """Await a call, and return its record together with status, header fields and body of the response.

            raw = await harvest.with_raw_response(harvest.clients.get(7))
            print(raw.status, raw.headers["x-request-id"], raw.content, raw.record.name)

        A failed call raises as always; the error's `response` has the response. The bodies are kept in memory.

        Args:
            call: the call, not awaited yet: `harvest.clients.get(7)`, or a list. Any client's calls will do.

        Raises:
            InvalidArgument: it can't be awaited, or it is a task that runs already.
            HarvestError: as the call.
        """
        return await with_raw_response(call)

    def bulk_map(
        self,
        calls: Iterable[AnyCall] | AsyncIterable[AnyCall],
        *,
        ordered: bool = True,
        side_by_side: int = 16,
        max_failures: int | None = None,
    ) -> AsyncIterator[Outcome]:
        """Make many calls in the bulk lane, and give what became of each (see `outcomes`).

            makes = (lambda name=name: harvest.clients.create_id(name) for name in names)
            async for outcome in harvest.bulk_map(makes): ...

        Args:
            calls: `Call` values, or functions that make a call when they are called, which are read as they are needed;
                what a function gives counts as created if it is a `Created`, else as updated.
            ordered: whether outcomes come in the order of the calls, else as they come.
            side_by_side: how many calls are on their way or in line at a time.
            max_failures: after so many failures the rest is not sent; None goes on.

        Raises:
            InvalidArgument: a number is out of its range.
        """
        from harvest_async.client.batch import bulk_map  # noqa: PLC0415 - not every program needs it

        return bulk_map(self._exchange, calls, ordered=ordered, side_by_side=side_by_side, max_failures=max_failures)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        fields: Mapping[str, Any] | None = None,
        repeatable: bool = False,
    ) -> Any:
        """Send anything through the same way.

        Args:
            method: the HTTP method.
            path: the path from the account's address on, escaped.
            query: parameters.
            fields: a body; `{"client": {"name": "ACME"}}` has a root.
            repeatable: whether it may be sent again after its answer was lost.

        Returns:
            The answer as a tree; None where it has no body. Numbers are text where the format is XML.
        """
        from harvest_async.v1.raw import raw_call  # noqa: PLC0415 - not every program needs it

        if not path.startswith("/") or path.startswith("//") or any(not letter.isprintable() for letter in path):
            raise InvalidArgument(f"path: give one like /clients, not {path!r}")
        where = quote(path, safe="/%:@!$&'()*+,;=-._~")
        parameters = tuple((name, str(value)) for name, value in (query or {}).items())
        return await self._exchange.send(raw_call(method.upper(), where, parameters, fields, repeatable=repeatable))

    def watch(self, watcher: Watcher) -> None:
        """Tell somebody of each call that may have changed something, as long as they live: a `Directory`."""
        self._exchange.watch(watcher)

    async def sign_in(self, redirect: str, *, state: str) -> None:
        """Finish a sign-in by `OAuth2`, which has to be the client's `auth`: one call, through the account's gate.

        Args:
            redirect: the whole address to which the person's browser came back.
            state: what was kept with the person's session.

        Raises:
            InvalidArgument: the redirect does not belong to this sign-in, or the client signs in another way.
            Unauthorized: the person or the server said no, or the code is spent.
            HarvestError: the tokens were not to be had, or could not be stored.
        """
        sign_in = getattr(self._auth, "sign_in", None)
        if sign_in is None:
            raise InvalidArgument("sign_in: this client was not made with auth=OAuth2(...)")
        await sign_in(redirect, state=state, send=self._exchange.send_form)
        self._learned.forget()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._exchange.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<HarvestV1 {getattr(self, '_name', '')}>"


def _needed(names: list[str]) -> dict[str, str]:
    """Return environment variables; all that are missing are named at once."""
    given: dict[str, str] = {name: SecretText(os.environ.get(name, "")) for name in names}
    missing = [name for name, value in given.items() if not value.strip()]
    if not missing:
        return given
    token = ", or HARVEST_ACCESS_TOKEN instead of e-mail and password" if "HARVEST_EMAIL" in missing else ""
    if len(missing) == 1:
        raise InvalidArgument(
            f"the environment variable {missing[0]} is missing or blank: set it{token}, or give the argument"
        )
    listed = f"{', '.join(missing[:-1])} and {missing[-1]}"
    raise InvalidArgument(f"the environment variables {listed} are missing or blank: set them{token}")


def _lane_of(name: str) -> Lane:
    try:
        return Lane(name)
    except ValueError:
        raise InvalidArgument(f'lane={name!r}: give "interactive", "bulk" or None') from None
