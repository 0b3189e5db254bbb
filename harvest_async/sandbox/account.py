"""A sandbox's account: world, judge, faults, store and the log of requests, put together.

Rules of this room: no web framework. All of it may be asked from any thread; a lock keeps requests apart.
"""

from __future__ import annotations

import base64
import binascii
import os
import threading
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from attrs import frozen

from harvest_async.clock import SECOND, Clock, SystemClock, span
from harvest_async.sandbox import answer
from harvest_async.sandbox.desk import Asked, Desk, Reply
from harvest_async.sandbox.faults import Faults, make_fault
from harvest_async.sandbox.judge import Judge
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.store import Store
from harvest_async.sandbox.world import World

__all__ = ["STATUS_PATH", "Account", "Request"]

STATUS_PATH: Final = "/account/rate_limit_status"
_SECRETS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})


@frozen
class Request:
    """A request as it arrived.

    Attributes:
        arrival: nanoseconds on the sandbox's clock.
        method, path, query: what was asked for; a token in the query is taken out.
        headers: credentials taken out.
        counted: whether the throttle counted it.
        refused: whether the throttle refused it.
        status: what was answered; 0 while it was not, or where the connection was broken.
    """

    arrival: int
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    counted: bool
    refused: bool
    status: int = 0


class Account:
    """What is behind the sandbox's address."""

    def __init__(
        self,
        calls: int,
        period: float,
        *,
        lockout: float | None,
        prolong: bool,
        db: str | os.PathLike[str] | None,
        clock: Clock | None,
        timestamp_timers: bool,
        status_counts: bool,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.world = World(timestamps=timestamp_timers)
        self.faults = Faults()
        self.judge = Judge(calls, span(period), span(period if lockout is None else lockout), prolong=prolong)
        self._status_counts = status_counts
        self._own_lockout = lockout is not None
        self._desk = Desk(self.world)
        self._lock = threading.RLock()
        self._log: list[Request] = []
        self._store = Store(db)
        self.world.keep = self._store.keep
        self._load()

    def _load(self) -> None:
        tables = self._store.tables()
        if any(tables.values()):
            self.world.restore(tables)
            offset = self._offset()
            self.judge.restore(self._store.throttle(self._wall() - self.judge.period), offset)
        else:
            self.world.seed(self.clock.today())

    # Serving

    def admit(self, method: str, path: str, query: str, headers: Iterable[tuple[str, str]]) -> int:
        """A call arrives: count, judge and log it. Gives its place in the log."""
        with self._lock:
            now = self.clock.now()
            counted = self._status_counts or path != STATUS_PATH
            accepted = self.judge.arrive(now) if counted else not self.judge.wait(now)
            if counted:
                stored = self.judge.dump(self._offset())
                self._store.arrived(now + self._offset(), stored["shut"])
            shown = tuple((name, "[redacted]" if name in _SECRETS else value) for name, value in headers)
            self._log.append(Request(now, method, path, _shown_query(query), shown, counted, not accepted))
            return len(self._log) - 1

    def refused(self, place: int) -> bool:
        """Whether the throttle refused a logged call."""
        return self._log[place].refused

    def answered(self, place: int, status: int) -> None:
        """Note what a logged call was answered."""
        with self._lock:
            if place < len(self._log):
                logged = self._log[place]
                self._log[place] = Request(
                    logged.arrival, logged.method, logged.path, logged.query, logged.headers,
                    logged.counted, logged.refused, status,
                )  # fmt: skip

    def serve(self, method: str, path: str, query: str, headers: dict[str, str], content: bytes) -> Reply:
        """Carry a call out."""
        with self._lock:
            pairs = tuple(parse_qsl(query, keep_blank_values=True))
            asked_for = format_of(headers.get("accept", ""))
            if asked_for is None:
                return Reply(406)
            person = self._person(headers.get("authorization", ""), pairs)
            if person is None:
                return Reply(401)
            if content.strip() and format_of(headers.get("content-type", "")) is None:
                return Reply(415)
            if path == STATUS_PATH and method == "GET":
                return Reply(content=answer.write_bare(self.status(), asked_for))
            sent = format_of(headers.get("content-type", "")) or asked_for
            asked = Asked(method, path, pairs, content, asked_for, sent, person, self.clock.today())
            return self._desk.serve(asked)

    def refusal(self, format: str) -> tuple[int, bytes]:
        """How long a refused call shall wait, in seconds, and the body that says so."""
        with self._lock:
            wait = max(1, self.judge.wait(self.clock.now()))
            return wait, answer.write_throttled(wait, format)

    def shut(self, seconds: float) -> None:
        """Begin a lockout of this length now."""
        with self._lock:
            lockout, self.judge.lockout = self.judge.lockout, span(seconds)
            self.judge.shut(self.clock.now())
            self.judge.lockout = lockout

    def status(self) -> Record:
        """The throttle's own numbers (contract: rate_limit_status_fields)."""
        judge, now = self.judge, self.clock.now()
        last = self.clock.today().strftime("%Y-%m-%dT%H:%M:%S+00:00") if judge.last is not None else None
        return {
            "lockout_seconds": judge.lockout // SECOND,
            "last_access_at": last,
            "max_calls": judge.calls,
            "count": judge.count(now),
            "timeframe_limit": judge.period // SECOND,
        }

    # Looking on, and meddling

    def requests(self) -> list[Request]:
        """All requests since the last reset."""
        with self._lock:
            return list(self._log)

    def max_in_window(self) -> int:
        """The most requests that arrived in any half-open period, from the list of requests."""
        return most_in_window([request.arrival for request in self.requests() if request.counted], self.judge.period)

    def spend(self, calls: int) -> None:
        """Another program makes calls now."""
        with self._lock:
            for _ in range(calls):
                self.judge.arrive(self.clock.now())

    def set_limits(self, calls: int | None = None, period: float | None = None) -> None:
        """Tune the throttle's numbers (contract: throttle.limits_may_change)."""
        with self._lock:
            self.judge.calls = calls or self.judge.calls
            if period is not None:
                self.judge.period = span(period)
                if not self._own_lockout:
                    self.judge.lockout = self.judge.period

    def fault(self, **description: Any) -> None:
        """Let something go wrong (see `faults.KINDS`)."""
        with self._lock:
            self.faults.add(make_fault(description))

    def reset(self) -> None:
        """Begin anew: records, throttle, faults and log."""
        with self._lock:
            judge, self._log = self.judge, []
            self.judge = Judge(judge.calls, judge.period, judge.lockout, prolong=judge.prolong)
            self.faults.clear()
            self._store.clear()
            self.world.restore({kind: {} for kind in self.world.tables})
            self.world.seed(self.clock.today())

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._store.close()

    # Inside

    def _person(self, authorization: str, query: Sequence[tuple[str, str]]) -> Record | None:
        scheme, _, credential = authorization.partition(" ")
        email: str | None = None
        if scheme.lower() == "basic":
            email = self._signed_in(credential)
        else:
            token = credential if scheme.lower() == "bearer" else dict(query).get("access_token", "")
            email = self.world.tokens.get(token)
        if email is None:
            return None
        return next((each for each in self.world.people() if each["email"] == email and each["is_active"]), None)

    def _signed_in(self, credential: str) -> str | None:
        try:
            email, _, password = base64.b64decode(credential, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return email if self.world.passwords.get(email) == password else None

    def _offset(self) -> int:
        return self._wall() - self.clock.now()

    def _wall(self) -> int:
        return round(self.clock.today().timestamp() * SECOND)


def format_of(header: str) -> str | None:
    """The first of the two formats that a header names; None where it names neither (contract: headers)."""
    for part in header.lower().split(","):
        media = part.partition(";")[0].strip()
        if media in {"application/json", "text/json"}:
            return "json"
        if media in {"application/xml", "text/xml"}:
            return "xml"
    return None


def most_in_window(arrivals: Iterable[int], period: int) -> int:
    """The most arrivals in any half-open stretch of one period."""
    ordered = sorted(arrivals)
    start = most = 0
    for end, arrival in enumerate(ordered):
        while ordered[start] <= arrival - period:
            start += 1
        most = max(most, end - start + 1)
    return most


def _shown_query(query: str) -> str:
    return "&".join(
        "access_token=[redacted]" if pair.startswith("access_token=") else pair for pair in query.split("&")
    )
