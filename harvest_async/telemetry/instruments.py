"""The metrics: the instruments of a meter provider, and the gauges that show the throttles."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib.metadata import version
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from opentelemetry import context, metrics

from harvest_async.errors import HarvestError

if TYPE_CHECKING:
    from harvest_async.throttle.snapshot import Snapshot
    from harvest_async.throttle.throttle import Throttle

__all__ = ["NAME", "Attributes", "Instruments", "instruments_of"]

logger = logging.getLogger("harvest_async")

Attributes = dict[str, str | int]

NAME: Final = "harvest_async"
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""The bounds of the conventions for `http.client.request.duration`, in seconds."""
_WAITS: Final = (0, 0.01, 0.1, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300, 600, 900)
_TOGETHER: Final = 32
"""How many durations are recorded together, unless a reader collects earlier."""


class Instruments:
    """The instruments of one meter provider, into which calls record.

    Attributes:
        durations: what the histograms have not got yet.
    """

    def __init__(self, meter: metrics.Meter) -> None:
        self.durations = _Durations()
        self._throttles: WeakKeyDictionary[Throttle, str] = WeakKeyDictionary()  # with the names of their accounts
        self._lock = Lock()
        for name, unit, text, observe in _GAUGES:
            meter.create_observable_gauge(name, [self._callback(observe)], unit, text)
        self.duration = meter.create_histogram(
            "http.client.request.duration",
            "s",
            "Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self.wait = meter.create_histogram(
            "harvest_async.gate.wait.duration",
            "s",
            "Waits at the gate, of the calls that had to wait.",
            explicit_bucket_boundaries_advisory=_WAITS,
        )
        self.refused = meter.create_counter(
            "harvest_async.calls.refused", "{request}", "Requests the throttle refused."
        )
        self.unknown = meter.create_counter("harvest_async.calls.unknown", "{call}", "Calls with an unknown outcome.")
        self.reads = meter.create_counter("harvest_async.cache.reads", "{call}", "Reads through the cache by result.")

    def show(self, throttle: Throttle, account: str) -> None:
        """Show a throttle in the gauges, under the name of its account. Meanwhile any thread may read them."""
        with self._lock:
            self._throttles[throttle] = account

    def _callback(self, observe: _Observe) -> Any:
        """Return the function by which a meter reads one gauge for all budgets of all accounts.

        A meter reads all gauges before it collects the values of its histograms.
        """

        def read(_: metrics.CallbackOptions) -> Iterator[metrics.Observation]:
            self.durations.record()
            with self._lock:
                shown = tuple(self._throttles.items())
            for throttle, account in shown:
                for budget in throttle.budgets:
                    try:
                        state = throttle.snapshot(budget)
                    except HarvestError as error:  # a ledger that can't be read has no state
                        logger.debug("%s: no metrics of the budget %s: %s", account, budget, error)
                        continue
                    labels: Attributes = {"harvest.account": account, "harvest.budget": budget}
                    for value, attributes in observe(state):
                        yield metrics.Observation(value, labels | attributes)

        return read


_GLOBAL: Final = metrics.NoOpMeterProvider()
"""The key of the global meter provider, whether it has been set yet or not."""
_known: Final[WeakKeyDictionary[metrics.MeterProvider, Instruments]] = WeakKeyDictionary()
_lock: Final = Lock()


def instruments_of(given: metrics.MeterProvider | None) -> Instruments:
    """Return the instruments of a meter provider; None is the global one.

    A provider registers a gauge of one name once: another one of the same name would never be read.
    """
    provider = metrics.get_meter_provider() if given is None else given
    key = _GLOBAL if provider is metrics.get_meter_provider() else provider
    with _lock:
        if key not in _known:
            _known[key] = Instruments(provider.get_meter(NAME, version("harvest-async")))
        return _known[key]


class _Durations:
    """Durations that are recorded together: before a reader collects, and whenever there are `_TOGETHER` of them.

    The SDK takes twice as long to record one between two requests as right after another one, when the processor still
    has its code and data. Any thread may collect.
    """

    def __init__(self) -> None:
        self._kept: deque[tuple[metrics.Histogram, float, Attributes, context.Context]] = deque()

    def add(self, histogram: metrics.Histogram, seconds: float, attributes: Attributes, of: context.Context) -> None:
        """Record a duration soon, in the context of the span that it belongs to."""
        self._kept.append((histogram, seconds, attributes, of))
        if len(self._kept) >= _TOGETHER:
            self.record()

    def record(self) -> None:
        """Record all durations now."""
        with suppress(IndexError):  # none is left
            while True:
                histogram, seconds, attributes, of = self._kept.popleft()
                histogram.record(seconds, attributes, of)


def _leases(state: Snapshot) -> Iterable[tuple[int, Attributes]]:
    yield state.sent, {"harvest.state": "sent"}
    yield state.foreign, {"harvest.state": "foreign"}
    yield state.free, {"harvest.state": "free"}


def _limit(state: Snapshot) -> Iterable[tuple[int, Attributes]]:
    yield state.calls, {}


def _queued(state: Snapshot) -> Iterable[tuple[int, Attributes]]:
    yield state.queued_interactive, {"harvest.lane": "interactive"}
    yield state.queued_bulk, {"harvest.lane": "bulk"}


def _closed(state: Snapshot) -> Iterable[tuple[int, Attributes]]:
    yield int(state.closed is not None), {}


_Observe = Callable[["Snapshot"], Iterable[tuple[int, Attributes]]]

_GAUGES: Final[tuple[tuple[str, str, str, _Observe], ...]] = (
    # name, unit, description, values of a snapshot
    ("harvest_async.window.leases", "{lease}", "Leases of the window by state.", _leases),
    ("harvest_async.window.limit", "{lease}", "Calls that the budget allows in a period.", _limit),
    ("harvest_async.gate.queued", "{call}", "Calls that wait at the gate by lane.", _queued),
    ("harvest_async.gate.closed", "1", "Whether the gate is closed.", _closed),
)
