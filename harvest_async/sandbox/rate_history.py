"""Billable and cost rates of people over time.

A person's rate without a start has always been in force; others are in force from their start until the next one. The
fields `default_hourly_rate` and `cost_rate` of a person have the rate of today.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Final

from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.world import World

__all__ = ["RateHistory"]

_CURRENT: Final = {"billable_rate": "default_hourly_rate", "cost_rate": "cost_rate"}


class RateHistory:
    """Read and add rates; their kind is `billable_rate` or `cost_rate`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def rates(self, kind: str, person: Record, now: datetime) -> list[Record]:
        """Return a person's rates, the earliest first; a rate that was set on the person itself replaces them."""
        rates = self._ordered(kind, person)
        current = person[_CURRENT[kind]]
        in_force = self._in_force(rates, now.date())
        if current is not None and (in_force is None or in_force["amount"] != current):
            self._replace(kind, person, {"amount": current, "start_date": None}, now)
            rates = self._ordered(kind, person)
        return rates

    def add(self, kind: str, person: Record, values: Record, now: datetime) -> Record:
        """Add a rate; one without a start replaces all others, and one with the start of another replaces that."""
        start = values.get("start_date")
        if start is not None and start > now.date():
            raise Refusal(400, "Start date can't be in the future")
        rates = self.rates(kind, person, now)
        if start is None:
            rate = self._replace(kind, person, values, now)
        else:
            for same in (each for each in rates if each["start_date"] == start):
                self._world.drop(kind, same)
            rate = self._world.add(kind, {**values, "user_id": person["id"]}, now)
        self._set_current(kind, person, now)
        return rate

    def end_of(self, kind: str, rate: Record) -> date | None:
        """Return the last day on which a rate is in force; None if it still is."""
        later = (each["start_date"] for each in self._world.having(kind, user_id=rate["user_id"]))
        starts = [start for start in later if start is not None and (rate["start_date"] or date.min) < start]
        return min(starts).fromordinal(min(starts).toordinal() - 1) if starts else None

    def amount_on(self, kind: str, person: Record, day: date) -> Decimal | None:
        """Return the amount of the rate that is in force on a day; None if there is none."""
        rates = self._ordered(kind, person)
        rate = self._in_force(rates, day)
        if rate is None:
            current: Decimal | None = None if rates else person[_CURRENT[kind]]
            return current
        return Decimal(rate["amount"])

    # Internals

    def _ordered(self, kind: str, person: Record) -> list[Record]:
        return sorted(self._world.having(kind, user_id=person["id"]), key=_start)

    def _in_force(self, rates: list[Record], day: date) -> Record | None:
        return next((rate for rate in reversed(rates) if _start(rate) <= day), None)

    def _replace(self, kind: str, person: Record, values: Record, now: datetime) -> Record:
        for rate in self._world.having(kind, user_id=person["id"]):
            self._world.drop(kind, rate)
        return self._world.add(kind, {**values, "user_id": person["id"]}, now)

    def _set_current(self, kind: str, person: Record, now: datetime) -> None:
        rate = self._in_force(self._ordered(kind, person), now.date())
        before, amount = person[_CURRENT[kind]], None if rate is None else rate["amount"]
        self._world.change("user", person, {_CURRENT[kind]: amount}, now)
        for link in self._world.having("user_assignment", user_id=person["id"]) if kind == "billable_rate" else ():
            if link["use_default_rates"] and link["hourly_rate"] == before:
                self._world.change("user_assignment", link, {"hourly_rate": amount}, now)


def _start(rate: Record) -> date:
    start: date | None = rate["start_date"]
    return start or date.min
