"""Responses that no server should send: a reader returns a record or raises `DecodeError`, in both formats."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_async.call import Call, Repeat
from harvest_async.client.results import Entry, Made, Many, One
from harvest_async.codec import json
from harvest_async.codec.shape import shape_all
from harvest_async.codec.speed import fast_reader
from harvest_async.codec.text import read_datetime
from harvest_async.errors import DecodeError, InvalidArgument
from harvest_async.messages import Response
from harvest_async.v1.dialect import V1Dialect
from harvest_async.v1.models import DayEntry

VALUES = [
    "1e99999999999999999999", "-1e99999999999999999999", "1e-99999999999999999999", "1e999999999", "0e999999999",
    "9" * 5_000, "0." + "9" * 5_000, "NaN", "Infinity", "-Infinity", "[" * 50_000, '{"a":' * 50_000,
    '"' + "9" * 5_000 + '"', '"1e99999999999999999999"', '"NaN"', '"sNaN"', '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"',
    '"Mon, 01 Jan 99999999999999999999 00:00:00 GMT"', '"Mon, 05 Jan 2026 00:00:00 +99999999999999999999"',
    '"0000-00-00"', '"10000-01-01"', '"9999-12-31T23:59:59-23:59"', '"99:99"', '"\u0663"', "true", "[]", "{}", '""',
]  # fmt: skip
FIELDS = ["id", "hours", "spent_at", "created_at", "started_at", "notes", "user_id", "something_new"]
RESULTS = [One(DayEntry, "day_entry"), Many(DayEntry, "day_entry"), Entry(), Made(One(DayEntry, "day_entry"))]


def call_of(result):
    """A call with a result."""
    return Call("x.y", "GET", "/x", result, Repeat.SAFE)


def read_all(dialect, content, kind, **headers):
    """Read a response by every kind of result, and in slices."""
    given_ = {"content-type": kind, **headers}
    response = Response(200, tuple(given_.items()), content)
    raised = [error_of(lambda result=result: dialect.decode(call_of(result), response)) for result in RESULTS]
    raised.append(error_of(lambda: in_halves(dialect, response)))
    assert set(map(type, raised)) <= {type(None), DecodeError}


def error_of(read):
    """Return what a function raises; None if it returns."""
    try:
        read()
    except Exception as error:  # noqa: BLE001 - the class is what is tested
        return error
    return None


def in_halves(dialect, response):
    """Read a list of which half arrives at a time."""
    half = len(response.content) // 2
    reader = dialect.list_reader(call_of(RESULTS[1]), response)
    return reader.feed(response.content[:half]) + reader.feed(response.content[half:]) + reader.close()


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: value[:24])
def test_json_is_read_or_refused(value, field):
    """Any value in any field."""
    record = f'{{"day_entry":{{"id":1,"{field}":{value}}}}}'.encode()

    read_all(V1Dialect("json"), record, "application/json")
    read_all(V1Dialect("json"), b"[" + record + b"," + record + b"]", "application/json", location="/daily/" + value)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "value", [*VALUES, "&#xD800;", "<a>" * 2_000, "&x;", "<![CDATA["], ids=lambda value: value[:24]
)
def test_xml_is_read_or_refused(value, field):
    """The same in XML."""
    text = value.strip('"')
    record = f"<day_entry><id>1</id><{field}>{text}</{field}></day_entry>".encode("utf-8", "surrogateescape")

    read_all(V1Dialect("xml"), record, "application/xml")
    read_all(V1Dialect("xml"), b"<day_entries>" + record + record + b"</day_entries>", "application/xml")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["json", "xml"]), st.text(max_size=20))
def test_any_bytes_are_read_or_refused(content, format, location):
    """Bytes that are no record, and a `Location` that is no address."""
    read_all(V1Dialect(format), content, f"application/{format}", location=location)


@pytest.mark.parametrize("value", ['"NaN"', '"Infinity"', "1e500", "1.25", "1e2", '"1.25"', "1e99999999999999999999"])
def test_both_ways_to_read_a_list_agree_on_numbers(value):
    """The fast reader leaves everything that the slow one refuses to it."""
    whole = b'[{"day_entry":{"id":1,"hours":%s}}]' % value.encode()

    def slow():
        return shape_all([each["day_entry"] for each in json.read(whole)], DayEntry)

    try:
        fast = fast_reader(DayEntry, "day_entry")(whole)
    except ValueError:
        return
    assert fast == slow()


@pytest.mark.parametrize("value", ['"0E+999999"', "0E+150", "0." + "9" * 1_001, '"sNaN"', "-0E-200"])
def test_the_fast_reader_refuses_an_unusual_number_beside_an_equal_one(value):
    """It looks at equal numbers once, but at each zero: their exponents may differ."""
    records = ",".join(f'{{"day_entry":{{"id":1,"hours":{hours}}}}}' for hours in (0, 1, value))
    with pytest.raises(ValueError, match=r"."):
        fast_reader(DayEntry, "day_entry")(f"[{records}]".encode())


def test_half_of_a_surrogate_pair_is_read_as_the_replacement_character():
    """No file and no database takes it; whole pairs stay what they are."""
    assert json.read(rb'{"a":"x\ud800y","b":["\ud83d\ude00"],"\udc00":1}') == {
        "a": "x\ufffdy",
        "b": ["\U0001f600"],
        "\ufffd": 1,
    }


@pytest.mark.parametrize("number", ["1e1000", "1e-5000", "0." + "1" * 1_001])
def test_a_number_that_can_not_be_written_out_is_refused(number):
    """A few bytes would fill the memory."""
    with pytest.raises(DecodeError, match="too large or too long"):
        json.read(number.encode())


def test_numbers_of_a_thousand_digits_are_read_exactly():
    """Nothing is rounded."""
    number = "0." + "1" * 999

    assert json.read(number.encode()) == Decimal(number)


@pytest.mark.parametrize("zone", ["+99999999999999999999", "-99999999999999999999"])
def test_a_moment_with_a_zone_that_is_none(zone):
    """It is no moment, and says so."""
    with pytest.raises(ValueError, match="expected a datetime"):
        read_datetime(f"Mon, 05 Jan 2026 00:00:00 {zone}")


@pytest.mark.parametrize("location", ["/clients/" + "9" * 19, "/clients/" + "7" * 5_000, "/clients/\u0663", "x"])
def test_a_location_with_a_number_that_is_no_id(location):
    """The record was created, and its id is not known."""
    response = Response(201, (("location", location),))

    made = V1Dialect("json").decode(call_of(Made(One(DayEntry, "day_entry"))), response)

    assert made.id in {None, 3}
    assert made.location == location


def test_what_is_nested_too_deeply_can_not_be_sent():
    """It is refused as the caller's, before anything is sent."""
    tree = []
    for _ in range(100_000):
        tree = [tree]
    with pytest.raises(InvalidArgument, match="can't be sent as JSON"):
        json.write({"notes": tree}, None)
