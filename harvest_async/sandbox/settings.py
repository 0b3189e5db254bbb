"""The sandbox's settings, checked when they are created."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import field, frozen

from harvest_async.clock import Clock, SystemClock, span
from harvest_async.sandbox.quirks import read_quirks

__all__ = ["MODULES", "Settings"]

MODULES: Final = ("expenses", "invoices", "estimates", "approval")
_MOST: Final = 1_000_000_000
_MOST_ACCOUNTS: Final = 100_000
_ROUNDINGS: Final = (0, 1, 5, 6, 10, 15, 30, 60)


def _read_modules(names: Iterable[str]) -> frozenset[str]:
    given = frozenset(names)
    if unknown := given.difference(MODULES):
        msg = f"Unknown module: {', '.join(sorted(unknown))}. Choose from: {', '.join(MODULES)}."
        raise ValueError(msg)
    return given


def _read_calls(calls: Any) -> int:
    if not isinstance(calls, int) or isinstance(calls, bool) or not 1 <= calls <= _MOST:
        msg = f"calls: must be a whole number from 1 to {_MOST}, not {calls!r}"
        raise ValueError(msg)
    return calls


def _read_span(seconds: float | None) -> int | None:
    if seconds is not None and not 0 < seconds <= _MOST:
        msg = f"period and lockout: must be above 0 and at most {_MOST} seconds, not {seconds!r}"
        raise ValueError(msg)
    return None if seconds is None else span(seconds)


def _read_report_period(seconds: float) -> int:
    return _read_span(seconds) or 0


def _read_accounts(count: Any) -> int:
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= _MOST_ACCOUNTS:
        msg = f"accounts: must be a whole number from 1 to {_MOST_ACCOUNTS:,}, not {count!r}"
        raise ValueError(msg)
    return count


def _read_rounding(minutes: int) -> int:
    if minutes not in _ROUNDINGS:
        msg = f"rounding: must be one of {', '.join(map(str, _ROUNDINGS))} minutes, not {minutes!r}"
        raise ValueError(msg)
    return minutes


def _read_plan(plan: Mapping[str, int] | None) -> dict[str, int]:
    given = dict(plan or {})
    if unknown := given.keys() - {"people", "projects"}:
        msg = f"plan: unknown limit {', '.join(sorted(unknown))}. Choose from: people, projects."
        raise ValueError(msg)
    return given


@frozen
class Settings:
    """The arguments of `Sandbox`; `period`, `lockout` and `report_period` are in nanoseconds."""

    calls: int = field(default=100, converter=_read_calls)
    period: int | None = field(default=15, converter=_read_span)
    lockout: int | None = field(default=None, converter=_read_span)
    prolong: bool = True
    db: str | os.PathLike[str] | None = None
    clock: Clock = field(factory=SystemClock)
    timestamp_timers: bool = False
    status_counts: bool = True
    validators: bool = True
    modules: frozenset[str] = field(default=frozenset({"expenses", "invoices", "estimates"}), converter=_read_modules)
    quirks: frozenset[str] = field(default=frozenset(), converter=read_quirks)
    plan: dict[str, int] = field(factory=dict, converter=_read_plan)
    fresh_account: bool = False
    report_calls: int = field(default=100, converter=_read_calls)
    report_period: int = field(default=900, converter=_read_report_period)
    rounding: int = field(default=0, converter=_read_rounding)
    accounts: int = field(default=1, converter=_read_accounts)
