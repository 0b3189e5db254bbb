"""What is fuzzed: each target has valid inputs, and a function that may raise nothing but the documented errors."""

import asyncio
import io
import json
from contextlib import suppress
from datetime import UTC, date, datetime

import httpx
from attrs import frozen

from harvest_async import BearerAuth, DecodeError, HarvestError, HarvestV1, HarvestV2, InvalidArgument, Throttle
from harvest_async.address import check_address
from harvest_async.call import follow_link
from harvest_async.codec.fast import fast_reader
from harvest_async.codec.text import read_date, read_datetime, read_time
from harvest_async.importer.sources import Options, open_source
from harvest_async.messages import Response, redact_body, redact_message, redact_url
from harvest_async.throttle.server_status import is_refusal, read_retry_after, read_status
from harvest_async.v1.dialect import V1Dialect
from harvest_async.v1.models import DayEntry
from harvest_async.v2.dialect import V2Dialect

__all__ = ["TARGETS", "Target"]

TODAY = datetime(2026, 11, 26, tzinfo=UTC)
HERE = "https://api.harvestapp.com/v2"

ENTRY = {
    "id": 7, "spent_date": "2026-05-04", "hours": 1.5, "notes": "Ärger", "user": {"id": 1, "name": "Ada"},
    "client": {"id": 2, "name": "ACME"}, "project": {"id": 3, "name": "Website"}, "task": {"id": 4, "name": "Design"},
    "is_locked": False, "approval_status": "unsubmitted", "started_time": "9:00am", "billable_rate": "100.0",
    "created_at": "2026-05-04T10:00:00Z", "external_reference": {"id": "x", "group_id": "y", "permalink": None},
    "invoice": None, "something_new": [1, {"a": None}],
}  # fmt: skip
INVOICE = {
    "id": 9, "amount": 120.5, "state": "open", "issue_date": "2026-05-04", "client": {"id": 2, "name": "ACME"},
    "line_items": [{"id": 1, "kind": "Service", "quantity": 1, "unit_price": 120.5, "amount": 120.5}],
}  # fmt: skip
DAY = {
    "day_entry": {"id": 7, "spent_at": "2026-05-04", "hours": 1.5, "notes": "Ä", "created_at": "2026-05-04T10:00:00Z"}
}
XML = (
    b'<?xml version="1.0" encoding="UTF-8"?><day-entries type="array"><day-entry><id type="integer">7</id>'
    b"<spent-at type='date'>2026-05-04</spent-at><hours>1.5</hours><notes>a &amp; b</notes><timer-started-at nil='true'/>"
    b"</day-entry></day-entries>"
)
TOGGL = (
    b"User,Email,Client,Project,Task,Description,Billable,Start date,Start time,End date,End time,Duration,Tags\n"
    b'Ada,ada@example.com,ACME,Website,Design,"First, draft",Yes,2026-11-02,09:00:00,2026-11-02,11:30:00,02:30:00,\n'
)
GERMAN = "Datum;Stunden;Projekt;Kunde;Aufgabe;E-Mail\n02.11.2026;1,5;Website;ACME;Design;ada@example.com\n".encode(
    "cp1252"
)


@frozen
class Target:
    """Something that reads bytes.

    Attributes:
        seeds: valid inputs.
        read: reads an input; raises nothing that is not documented.
        nanoseconds: how long it may take for a byte, beside a tenth of a second.
    """

    seeds: list[bytes]
    read: object
    nanoseconds: int = 20_000


def call_of(make, client):
    """Return the call that a method sends."""
    calls = []

    async def note(call):
        calls.append(call)

    async def run():
        transport = httpx.MockTransport(lambda _: httpx.Response(500))
        given = {
            "auth": BearerAuth("token"),
            "app": "a (a@example.com)",
            "throttle": Throttle(),
            "transport": transport,
        }
        async with client(7 if client is HarvestV2 else "acme", **given) as harvest:
            with suppress(HarvestError):
                await make(harvest.options(before_send=note, attempts=1))

    asyncio.run(run())
    return calls[-1]


def decoder(dialect, call, kind):
    """Return a function that reads a response by a dialect: at once, and in slices."""

    def read(content):
        response = Response(200, (("content-type", kind),), content)
        with suppress(DecodeError):
            dialect.decode(call, response)
        with suppress(DecodeError):
            reader, half = dialect.list_reader(call, response), len(content) // 2
            for part in (content[:half], content[half:]):
                reader.feed(part)
            reader.close()
        dialect.explain(Response(422, (("content-type", kind),), content))

    return read


def fast(content):
    """Read by msgspec, where it is installed."""
    reader = fast_reader(DayEntry, "day_entry")
    if reader is not None:
        with suppress(Exception):  # the caller reads what it refuses once more, by the ordinary decoder
            reader(content)


def headers(content):
    """Read the header fields and the bodies that the throttle looks at."""
    text = content.decode("latin-1")
    first, _, second = text.partition("\n")
    assert 0 < read_retry_after(first, second or None, TODAY) <= 3_600 * 10**9
    is_refusal(503, first, content)
    read_status(content)


def texts(content):
    """Read days and times."""
    text = content.decode("utf-8", "replace")
    for read in (read_date, read_datetime, read_time):
        with suppress(ValueError, DecodeError):
            read(text)


def addresses(content):
    """Read addresses: the one of a server, and those in responses."""
    text = content.decode("utf-8", "replace")
    with suppress(InvalidArgument):
        check_address(text)
    with suppress(DecodeError):
        follow_link(V2_ENTRIES, text, HERE)


def redacted(content):
    """Redact what errors show; a secret is never shown."""
    text = content.decode("utf-8", "replace")
    redact_url(text)
    redact_message(text)
    redact_body(content)


def files(content):
    """Read a file to import."""
    for options in (Options(), Options(encoding="cp1252", delimiter=";")):
        with suppress(InvalidArgument), open_source(io.BytesIO(content), options) as source:
            list(source)


def dumped(key, *records):
    """Return the body of a list of API v2."""
    body = {key: list(records), "per_page": 2000, "total_entries": 1, "links": {"next": f"{HERE}/{key}?cursor=b"}}
    return json.dumps(body).encode()


V2_ENTRIES = call_of(lambda harvest: harvest.time_entries.list(), HarvestV2)
V2_INVOICES = call_of(lambda harvest: harvest.invoices.list(), HarvestV2)
V1_DAYS = call_of(lambda harvest: harvest.reports.project_entries(1, date(2026, 1, 1), date(2026, 1, 2)), HarvestV1)

TARGETS = {
    "v2-entries": Target([dumped("time_entries", ENTRY, ENTRY)], decoder(V2Dialect(HERE), V2_ENTRIES, "application/json")),
    "v2-invoices": Target([dumped("invoices", INVOICE)], decoder(V2Dialect(HERE), V2_INVOICES, "application/json")),
    "v1-json": Target([json.dumps([DAY, DAY]).encode()], decoder(V1Dialect("json"), V1_DAYS, "application/json")),
    "v1-xml": Target([XML], decoder(V1Dialect("xml"), V1_DAYS, "application/xml")),
    "fast-json": Target([json.dumps([DAY, DAY]).encode()], fast),
    "headers": Target(
        [
            b"15", b"Thu, 26 Nov 2026 10:00:00 GMT\nThu, 26 Nov 2026 09:59:00 GMT",
            b'{"max_calls": 100, "timeframe_limit": 15, "count": 3, "lockout_seconds": 0}', b"<p>throttled</p>",
        ],
        headers,
    ),
    "texts": Target([b"2026-05-04", b"2026-05-04T10:00:00.5+02:00", b"Mon, 05 Jan 2026 09:00:00 GMT", b"9:30pm"], texts),
    "addresses": Target([f"{HERE}/time_entries?cursor=b".encode(), b"http://127.0.0.1:8765", b"https://[::1]/v2"], addresses),
    "redaction": Target([b"https://me:pw@acme.harvestapp.com/x?access_token=t", b'{"password": "x", "a": [1]}'], redacted),
    "files": Target(
        [TOGGL, GERMAN, json.dumps({**ENTRY, "hours": 1.5}).encode() + b"\n", b"[" + json.dumps(ENTRY).encode() + b"]"],
        files,
        nanoseconds=200_000,
    ),
}  # fmt: skip
