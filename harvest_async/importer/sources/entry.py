"""Time spans of entries: splitting them at midnight, and converting them between time zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import frozen

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.options import Options

__all__ = ["Span", "Zones", "hours_of", "instants", "lengths", "seconds_of", "split", "time_after"]

_SECONDS: Final = 3600


@frozen
class Span:
    """The day, hours, start and end of an entry; the times of day are None if the file has none."""

    day: date
    hours: Fraction
    started: time | None = None
    ended: time | None = None


@lru_cache(1 << 16)
def seconds_of(hours: Fraction) -> int:
    """Return hours as seconds."""
    return round(hours * _SECONDS)


@lru_cache(1 << 16)
def hours_of(seconds: int) -> Fraction:
    """Return seconds as hours."""
    return Fraction(seconds, _SECONDS)


def time_after(begin: datetime, hours: Fraction) -> datetime:
    """Return the time a number of hours later, to the second."""
    return begin + timedelta(seconds=seconds_of(hours))


def split(span: Span, zone: ZoneInfo | None = None) -> list[Span]:
    """Return an entry cut at each midnight of a zone, or of clocks that are never changed."""
    if span.started is None:
        return [span]
    begin = datetime.combine(span.day, span.started)
    left = span.hours
    parts: list[Span] = []
    while left > 0:
        midnight = datetime.combine(begin.date() + timedelta(days=1), time())
        room = hours_of(int(_elapsed(begin, midnight, zone).total_seconds()))
        if not parts and left <= room:
            return [span]
        took = min(left, room)
        end = midnight if took == room else time_after(begin, took)
        last = left == took and span.ended is not None
        parts.append(Span(begin.date(), took, begin.time(), span.ended if last else end.time()))
        begin, left = midnight, left - took
    return parts or [span]


def _elapsed(begin: datetime, end: datetime, zone: ZoneInfo | None) -> timedelta:
    """Return the time between two times on the clocks of a zone."""
    if zone is None:
        return end - begin
    return end.replace(tzinfo=zone).astimezone(UTC) - begin.replace(tzinfo=zone).astimezone(UTC)


def lengths(begin: datetime, end: datetime, zone: ZoneInfo | None) -> set[Fraction]:
    """Return the possible hours between two local times of a zone; empty if the end is before the start.

    There are two if the clocks were turned back and one of the times occurred twice.

    Raises:
        ValueError: one of the times was skipped when the clocks were turned forward.
    """
    if zone is None:
        found = [end - begin]
    else:
        found = [late - early for early in instants(begin, zone) for late in instants(end, zone)]
    return {hours_of(round(each.total_seconds())) for each in found if each >= timedelta()}


def instants(moment: datetime, zone: ZoneInfo) -> set[datetime]:
    """Return the moments in UTC at which the clocks of a zone show a time: two where they were turned back.

    Raises:
        ValueError: the time was left out when the clocks were turned forward.
    """
    both = {moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    found = {each for each in both if each.astimezone(zone).replace(tzinfo=None, fold=0) == moment}
    if not found:
        msg = f"{moment:%H:%M} on {moment.date()} does not exist in {zone.key}: the clocks were turned forward"
        raise ValueError(msg)
    return found


class Zones:
    """Converts entries from the file's zone to the person's."""

    def __init__(self, options: Options) -> None:
        if not options.file_zone or not (options.zone or options.zones):
            raise InvalidArgument("converting times requires two zones: give both --file-zone and --zone")
        self.file = _zone(options.file_zone)
        self._zone = _zone(options.zone or options.file_zone)
        self._zones = {who.strip().lower(): _zone(name) for who, name in options.zones.items()}

    def of(self, who: str) -> ZoneInfo:
        """Return a person's zone."""
        return self._zones.get(who.lower(), self._zone)

    def _start(self, span: Span, begin: datetime) -> datetime:
        """Return the start in UTC; of two that the clocks showed, the one from which the entry reaches its end."""
        found = sorted(instants(begin, self.file))
        fitting = (each for each in found if time_after(each, span.hours).astimezone(self.file).time() == span.ended)
        return next(fitting, found[0])

    def moved(self, span: Span, who: str) -> Span:
        """Convert an entry to the person's zone; an entry without a start is returned unchanged."""
        if span.started is None:
            return span
        zone = self.of(who)
        # through UTC: arithmetic inside a zone ignores the change to and from summer time
        start = self._start(span, datetime.combine(span.day, span.started))
        end = time_after(start, span.hours).astimezone(zone)
        begin = start.astimezone(zone)
        return Span(begin.date(), span.hours, begin.time(), end.time())


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidArgument(f"{name!r} is no time zone that is known here: write Europe/Berlin") from error
