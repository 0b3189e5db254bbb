"""The account's records and the rules for changing them, as the handlers of every API version use them."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from harvest_async.sandbox.estimates import Estimates
from harvest_async.sandbox.expenses import Expenses
from harvest_async.sandbox.grants import Grants
from harvest_async.sandbox.invoices import Invoices
from harvest_async.sandbox.payments import Payments
from harvest_async.sandbox.rate_history import RateHistory
from harvest_async.sandbox.rate_limiter import RateLimitStatus
from harvest_async.sandbox.rules import Rules
from harvest_async.sandbox.settings import Settings
from harvest_async.sandbox.staff import Staff
from harvest_async.sandbox.timesheet import Timesheet
from harvest_async.sandbox.world import World

__all__ = ["Services"]


@frozen
class Services:
    """What the handlers work with.

    Attributes:
        world: the records.
        modules: the modules that are on.
        status: returns the rate limiter's numbers.
    """

    world: World
    modules: frozenset[str]
    status: Callable[[], RateLimitStatus]
    grants: Grants
    rules: Rules
    staff: Staff
    timesheet: Timesheet
    expenses: Expenses
    invoices: Invoices
    payments: Payments
    rates: RateHistory
    estimates: Estimates

    @classmethod
    def over(cls, world: World, settings: Settings, status: Callable[[], RateLimitStatus], number: int = 1) -> Services:
        """Create all services over one world, that of the account with the id `number`."""
        staff, invoices = Staff(world), Invoices(world)
        return cls(
            world,
            settings.modules,
            status,
            Grants(world, number, settings.accounts),
            Rules(world, staff, settings.plan),
            staff,
            Timesheet(world),
            Expenses(world),
            invoices,
            Payments(world, invoices),
            RateHistory(world),
            Estimates(world),
        )
