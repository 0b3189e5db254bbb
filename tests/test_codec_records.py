"""Records on the wire: both formats say the same, and reading is the inverse of writing."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harvest_async import InvalidArgument
from harvest_async.call import Body, Call, Repeat
from harvest_async.client.results import Bare, Entry, Many, One
from harvest_async.messages import Response
from harvest_async.v1.dialect import V1Dialect
from harvest_async.v1.roots import Root
from tests.contract import ROOTS, fields
from tests.support.v1 import TYPES
from tests.test_v1_contract import MODELS

NESTED = {
    "account.company",
    "account.user",
    "account.who_am_i",
    "time_tracking.daily",
    "time_tracking.trackable_project",
}
FLAT = sorted(set(fields()) - NESTED)

# What XML can't carry at all; `test_what_xml_can_not_carry_is_refused` has it.
SPEAKABLE = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff") | st.sampled_from(
    "\t\n\r"
)
TEXTS = st.text(SPEAKABLE, max_size=60)
TRICKY = [
    "",
    " ",
    "\n\t ",
    " both ends ",
    "line\r\nline\rline\n",
    "&amp; &lt;b&gt; <b> ]]> 'single' \"double\" &#13; &quot;",
    "👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301",
    "עברית العربية \u202eabc\u202c",
    "\u2028\u2029\u0085\u00a0",
    "null",
    "true",
    "0012",
    "ünïcode " * 8192,
]
assert len(TRICKY[-1].encode()) > 64 * 1024

VALUES = {
    "integer": st.integers(1, 2**53),
    "decimal": st.decimals(-(10**9), 10**9, places=4, allow_nan=False),
    "boolean": st.booleans(),
    "date": st.dates(date(1900, 1, 1), date(2199, 12, 31)),
    "datetime": st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC)).map(
        lambda moment: moment.replace(microsecond=0)
    ),
    "time_of_day": st.builds(time, st.integers(0, 23), st.integers(0, 59)),
    "string": TEXTS,
    "csv": TEXTS,
}


def values_of(field):
    """Values that a field may have."""
    values = st.sampled_from([*field.words, "a new word"]) if field.words else VALUES[field.type]
    return st.none() | values if field.nullable else values


def records(part):
    """Fields of a record: its id, and any of the others."""
    known = fields()[part]
    some = {name: values_of(field) for name, field in known.items()}
    needed = {name: some.pop(name) for name in ("id",) if name in some}
    return st.fixed_dictionaries(needed, optional=some)


def call_of(part, values):
    """A call that carries a record and reads one."""
    underscores = part.startswith("time_tracking")
    root = None if underscores or part.startswith("account") else ROOTS[part][0]
    xml_root = "request" if underscores else (ROOTS[part][2] if part in ROOTS else "hash")
    result = Entry() if part.endswith(("timer", "day_entry")) and underscores else None
    result = result or (Bare(MODELS[part]) if root is None else One(MODELS[part], root))
    body = Body(values, Root(root, xml_root, underscores=underscores))
    return Call("test", "POST", "/", result, Repeat.SAFE, body=body)


def there_and_back(part, values, format):
    """A record that was written and read again."""
    dialect, call = V1Dialect(format), call_of(part, values)
    content = dialect.encode(call, "https://acme.example.com", ()).content
    return dialect.decode(call, Response(200, (("content-type", TYPES[format]),), content))


@pytest.mark.parametrize("part", FLAT)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(data=st.data())
def test_reading_is_the_inverse_of_writing(part, data):
    """In JSON and in XML, for any values; so the two formats give equal records."""
    values = data.draw(records(part))
    expected = MODELS[part](**values)

    assert expected == there_and_back(part, values, "json")
    assert expected == there_and_back(part, values, "xml")


@pytest.mark.parametrize("text", TRICKY, ids=range(len(TRICKY)))
@pytest.mark.parametrize("format", ["json", "xml"])
@pytest.mark.parametrize("part", ["time_tracking.day_entry", "invoices", "clients"])
def test_texts_come_back_as_they_went(part, format, text):
    """White space, entities, emoji, right-to-left, and notes of 64 KiB."""
    name = {"clients": "details"}.get(part, "notes")

    assert text == getattr(there_and_back(part, {"id": 1, name: text}, format), name)


@given(st.lists(TEXTS, max_size=5), st.sampled_from(["json", "xml"]))
@example([], "xml")
@example([" "], "xml")
@example(["\n"], "json")
def test_lists_come_back_as_they_went(texts, format):
    """Of no record, of one, of several; an XML list of one is a list without `type="array"`."""
    call = Call("test", "GET", "/", Many(MODELS["clients"], "client"), Repeat.SAFE)
    bodies = [
        V1Dialect(format).encode(call_of("clients", {"id": 1, "name": text}), "https://x.example", ()) for text in texts
    ]
    parts = [wire.content.partition(b"?>")[2] if format == "xml" else wire.content for wire in bodies]
    whole = b"<clients>%s</clients>" % b"".join(parts) if format == "xml" else b"[%s]" % b",".join(parts)
    page = V1Dialect(format).decode(call, Response(200, (("content-type", TYPES[format]),), whole))

    assert texts == [client.name for client in page.items]


@pytest.mark.parametrize("letter", ["\x00", "\x0b", "\x1f", "\ufffe", "\uffff", "\ud800"])
def test_what_xml_can_not_carry_is_refused(letter):
    """The field and the character are named, and the other format."""
    with pytest.raises(InvalidArgument, match=r"notes: character .* can't be sent as XML: leave it out, or use JSON"):
        there_and_back("invoices", {"id": 1, "notes": f"a{letter}b"}, "xml")


@pytest.mark.parametrize("format", ["json", "xml"])
@pytest.mark.parametrize(
    "value", [Decimal("0.1"), Decimal("1E+3"), Decimal("-0.00"), Decimal("12345678901234567890.12")]
)
def test_decimals_stay_exact(format, value):
    """However large or small, and with any exponent."""
    assert value == there_and_back("invoices", {"id": 1, "amount": value}, format).amount
