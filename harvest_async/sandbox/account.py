"""A sandbox's account: world, judge, faults, store and the log of requests, put together.

Rules of this room: no web framework. All of it may be asked from any thread; a lock keeps requests apart. What is
stored is on the wall clock's scale, which is a fixed distance from the sandbox's own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from attrs import evolve

from harvest_async.clock import SECOND, span
from harvest_async.sandbox.faults import Fault, Faults, make_fault
from harvest_async.sandbox.log import Log, Request, most_in_window
from harvest_async.sandbox.oauth import AUTHORIZE, TOKEN, AuthorizationServer
from harvest_async.sandbox.rate_limiter import Judge
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.router import Desk, Query, Reply
from harvest_async.sandbox.settings import Settings
from harvest_async.sandbox.sign_in import challenge, person_of
from harvest_async.sandbox.store import Store
from harvest_async.sandbox.v1.serializers import Writer
from harvest_async.sandbox.world import World

__all__ = ["STATUS_PATH", "Account", "format_of", "split_format"]

STATUS_PATH: Final = "/account/rate_limit_status"
_LOCKABLE: Final = ("entry", "expense")
_WRITES: Final = frozenset({"POST", "PUT"})
_TAKES_FORMS: Final = ("/daily/add", "/daily/update")
_ANY_ACCEPT: Final = "/receipt"
_APPROVES: Final = "admin@example.com"


class Account:
    """What is behind the sandbox's address."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = settings.clock
        self.names: set[str] = set()  # the hosts that it was told to listen on
        self.world = World(timestamps=settings.timestamp_timers, quirks=settings.quirks)
        self.faults = Faults()
        self.judge = _judge(settings)
        self.log = Log()
        self._writer = Writer(settings.quirks)
        self._server = AuthorizationServer(self.world)
        self._desk = Desk(self.world, settings.modules, settings.plan)
        self._lock = threading.RLock()
        self._offset = round(self.clock.today().timestamp() * SECOND) - self.clock.now()
        self._store = Store(settings.db)
        self.world.keep = self._store.keep
        self._load()

    def _load(self) -> None:
        tables = self._store.tables()
        if not any(tables.values()):
            self.world.seed(self.clock.today(), fresh=self.settings.fresh_account)
            return
        self.world.restore(tables)
        arrivals, shut_until = self._store.throttle(self.clock.now() + self._offset - self.judge.period)
        self.judge.restore([arrival - self._offset for arrival in arrivals], shut_until - self._offset)

    # Serving

    def active_faults(self, method: str, path: str) -> dict[str, Fault]:
        """What goes wrong with a call."""
        with self._lock:
            return self.faults.of(method, path)

    def admit(self, call: tuple[str, str, str], headers: Iterable[tuple[str, str]]) -> tuple[int, bool]:
        """A call, as method, path and query, arrives: count, judge and log it.

        Gives its place in the log, and whether the throttle refuses it.
        """
        with self._lock:
            now = self.clock.now()
            counted = self.settings.status_counts or split_format(call[1])[0] != STATUS_PATH
            accepted = self._arrive(now) if counted else not self.judge.is_shut(now)
            self.log.add(now, call, headers, counted=counted, refused=not accepted)
            return len(self.log) - 1, not accepted

    def answered(self, place: int, status: int) -> None:
        """Note what a logged call was answered."""
        with self._lock:
            self.log.answered(place, status)

    def serve(self, call: tuple[str, str, str], headers: dict[str, str], content: bytes) -> Reply:
        """Carry a call out."""
        method, (path, named), query = call[0], split_format(call[1]), call[2]
        if named is not None:
            headers = headers | {"accept": f"application/{named}"}
        with self._lock:
            now, pairs = self.clock.today(), tuple(parse_qsl(query, keep_blank_values=True))
            authorization, media = headers.get("authorization", ""), headers.get("content-type", "")
            person = person_of(self.world, self._server, authorization, pairs, now)
            if (method, path) == ("POST", TOKEN):
                return self._server.token(media, authorization, content, now)
            if (method, path) == ("GET", AUTHORIZE):
                return self._server.authorize(pairs, _APPROVES if person is None else person["email"], now)
            if person is None:
                return Reply(401, headers=(("www-authenticate", challenge(authorization)),))
            return self._serve(Query(method, path, pairs, content, media, "json", "json", person, now), headers)

    def _serve(self, asked: Query, headers: dict[str, str]) -> Reply:
        """Carry out what a signed-in person asks for, if it says how to read and to answer it."""
        wanted, sent = format_of(headers.get("accept", "")), format_of(asked.media)
        if wanted is None and not (asked.method == "GET" and asked.path.endswith(_ANY_ACCEPT)):
            return Reply(406)
        if sent is None and _is_form(asked.media) and asked.path.startswith(_TAKES_FORMS):
            sent = "form"
        if asked.method in _WRITES and asked.content.strip() and sent is None and not _is_form_of_parts(asked.media):
            return Reply(415)
        shape = wanted or "json"
        if (asked.method, asked.path) == ("GET", STATUS_PATH):
            return Reply(content=self._writer.bare(self.status(), shape))
        return self._desk.serve(evolve(asked, format=shape, sent=sent or shape))

    def refusal(self, format: str) -> tuple[int, int, bytes]:
        """How a refused call is answered: the status, the seconds it shall wait, and the body that says so."""
        with self._lock:
            wait = max(1, self.judge.wait(self.clock.now()))
            status = 429 if "throttle_status_503" in self.settings.quirks else 503
            return status, wait, self._writer.throttled(wait, format)

    def shut(self, seconds: float) -> None:
        """Begin a lockout of this length now."""
        with self._lock:
            self.judge.shut(self.clock.now(), span(seconds))
            self._store.shut(self.judge.shut_until + self._offset)

    def status(self) -> Record:
        """The throttle's own numbers (contract: rate_limit_status_fields)."""
        with self._lock:
            judge, now = self.judge, self.clock.now()
            count = judge.count(now)
            return {
                "lockout_seconds": judge.lockout // SECOND,
                "last_access_at": None if judge.last is None else self._wall(judge.last),
                "max_calls": judge.calls,
                "count": count,
                "timeframe_limit": judge.period // SECOND,
                "requests_available": max(0, judge.calls - count),
            }

    # Looking on, and meddling

    def requests(self) -> list[Request]:
        """All requests since the last reset."""
        with self._lock:
            return self.log.all()

    def max_in_window(self) -> int:
        """The most requests that arrived in any half-open period, from the list of requests."""
        return most_in_window([request.arrival for request in self.requests() if request.counted], self.judge.period)

    def spend(self, calls: int) -> None:
        """Another program makes calls now."""
        with self._lock:
            for _ in range(calls):
                self._arrive(self.clock.now())

    def set_limits(self, calls: int | None = None, period: float | None = None) -> None:
        """Tune the throttle's numbers (contract: throttle.limits_may_change).

        Raises:
            ValueError: they are no numbers to allow anything by.
        """
        checked = Settings(
            calls=self.judge.calls if calls is None else calls,
            period=self.judge.period / SECOND if period is None else period,
        )
        with self._lock:
            self.judge.calls = checked.calls
            if period is not None and checked.period is not None:
                self.judge.period = checked.period
                if self.settings.lockout is None:
                    self.judge.lockout = checked.period

    def fault(self, **description: Any) -> None:
        """Let something go wrong (see `faults.KINDS`)."""
        fault = make_fault(description)
        with self._lock:
            self.faults.add(fault)

    def lock_records(self, kind: str, ids: Iterable[int], *, closed: bool = True) -> None:
        """Approve time entries or expenses, or take it back."""
        if kind not in _LOCKABLE:
            msg = f"kind: give entry or expense, not {kind!r}"
            raise ValueError(msg)
        with self._lock:
            for record in [self.world.tables[kind][number] for number in ids]:
                fields: Record = {"is_closed": closed}
                if kind == "expense":
                    fields |= {"is_locked": closed, "locked_reason": "Expense Approved and Locked." if closed else None}
                self.world.change(kind, record, fields, self.clock.today())

    def revoke_tokens(self, *, refresh: bool) -> None:
        """Take back all tokens that were given out."""
        with self._lock:
            self._server.revoke(refresh=refresh)

    def reset(self) -> None:
        """Begin anew: records, throttle, faults and log; the throttle's numbers stay."""
        with self._lock:
            judge = self.judge
            self.judge = Judge(judge.calls, judge.period, judge.lockout, prolong=judge.prolong)
            self.log.clear()
            self.faults.clear()
            self._store.clear()
            self.world.restore({kind: {} for kind in self.world.tables})
            self.world.seed(self.clock.today(), fresh=self.settings.fresh_account)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._store.close()

    # Inside

    def _arrive(self, now: int) -> bool:
        accepted = self.judge.arrive(now)
        self._store.arrived(now + self._offset, now + self._offset - self.judge.period)
        self._store.shut(self.judge.shut_until + self._offset)
        return accepted

    def _wall(self, moment: int) -> str:
        wall = datetime.fromtimestamp((moment + self._offset) // SECOND, UTC)
        return wall.strftime("%Y-%m-%dT%H:%M:%S+00:00")  # contract: rate_limit_datetime


def _judge(settings: Settings) -> Judge:
    period = settings.period or 0
    return Judge(settings.calls, period, settings.lockout or period, prolong=settings.prolong)


def format_of(header: str) -> str | None:
    """The first of the two formats that a header names; None where it names neither (contract: headers)."""
    for part in header.lower().split(","):
        media = part.partition(";")[0].strip()
        if media in {"application/json", "text/json"}:
            return "json"
        if media in {"application/xml", "text/xml"}:
            return "xml"
    return None


def split_format(path: str) -> tuple[str, str | None]:
    """A path without the format at its end, `/clients.json`, and that format; None where it names none."""
    for name in ("json", "xml"):
        if path.lower().endswith(f".{name}"):
            return path[: -len(name) - 1], name
    return path, None


def _is_form(media: str) -> bool:
    return media.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"


def _is_form_of_parts(media: str) -> bool:
    return media.lower().startswith("multipart/form-data")
