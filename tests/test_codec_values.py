"""Single values on the wire: days, moments, times, numbers, flags and texts, and what is none of them."""

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from harvest_async import DecodeError, InvalidArgument
from harvest_async.codec import json as json_codec
from harvest_async.codec import xml as xml_codec
from harvest_async.codec.shape import shape
from harvest_async.codec.text import beginning, iso, of_day, read_date, read_datetime, read_time

# Days, moments, times


@given(st.dates())
def test_a_day_is_read_as_it_is_written(day):
    """In ISO's form."""
    assert day == read_date(iso(day))


@given(st.datetimes(timezones=st.timezones()))
def test_a_moment_is_read_as_it_is_written(moment):
    """In UTC, to the second; moments that UTC can't name are rare."""
    try:
        whole = moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        return

    assert whole == read_datetime(iso(moment))


@given(st.times())
def test_a_time_of_day_is_read_as_it_is_written(moment):
    """To the minute."""
    assert moment.replace(second=0, microsecond=0) == read_time(of_day(moment))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("8:00am", time(8)), ("12:00am", time(0)), ("12:30pm", time(12, 30)), ("11:59PM", time(23, 59)),
        ("8:00 a.m.", time(8)), ("16:45", time(16, 45)), ("00:00", time(0)), (" 4:45pm\n", time(16, 45)), ("8:00:30", time(8, 0, 30)),
    ],
)  # fmt: skip
def test_times_of_day_come_in_several_forms(text, moment):
    """Halves of the day, or 24 hours."""
    assert moment == read_time(text)


@pytest.mark.parametrize("text", ["", "8", "8am", "25:00", "13:00pm", "0:30am", "8:60", "noon", "8:00amx"])
def test_an_invalid_time_of_day_raises(text):
    """It is quoted."""
    with pytest.raises(ValueError, match=r"expected a time of day like 8:00am, got|must be in|is out of range"):
        read_time(text)


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13-01", "Mon, 09 Abc 2026", "Xyz 09, 2026", "tomorrow", "09/03/2026"]
)
def test_an_invalid_day_raises(text):
    """It is quoted."""
    with pytest.raises(ValueError, match=r"expected a date|is not a month|must be in|out of range"):
        read_date(text)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-03-09T25:00:00Z", "Mon, 99 Mar 2026 09:30:00 +0000", "12345678901234567890"]
)
def test_an_invalid_datetime_raises(text):
    """It is quoted."""
    with pytest.raises(ValueError, match=r"expected a datetime like"):
        read_datetime(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-09T09:30:00", datetime(2026, 3, 9, 9, 30, tzinfo=UTC)),
        ("2026-03-09T09:30:00+02:00", datetime(2026, 3, 9, 9, 30, tzinfo=timezone(timedelta(hours=2)))),
        ("\n 2026-03-09T09:30:00.5Z \n", datetime(2026, 3, 9, 9, 30, 0, 500_000, tzinfo=UTC)),
        ("2026-03-09 09:30:00 +0000", datetime(2026, 3, 9, 9, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_without_a_zone_is_in_utc(text, moment):
    """Others keep theirs."""
    assert moment == read_datetime(text)


def test_a_body_is_shown_by_its_beginning():
    """As far as it is worth a glance."""
    assert beginning(b" ") == "it is empty"
    assert beginning(b"x" * 500) == f"it begins with {'x' * 120!r}"
    assert beginning(b"\n<html>").startswith("an HTML page begins with")
    assert beginning(b"\xff\x00").startswith("it begins with")


# Records


@frozen(kw_only=True)
class Everything:
    """A field of each kind."""

    id: int
    size: int | None = None
    cost: Decimal | None = None
    on: bool | None = None
    name: str | None = None
    day: date | None = None
    at: datetime | None = None
    names: list[str] = field(factory=list)
    extra: dict[str, object] = field(factory=dict)


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("size", "7", 7), ("size", " 7\n", 7), ("size", Decimal("7.0"), 7), ("size", "-7", -7), ("size", "", None), ("size", " ", None),
        ("cost", 7, Decimal(7)), ("cost", "7.50", Decimal("7.5")), ("cost", " 1e2 ", Decimal(100)), ("cost", "", None),
        ("on", "TRUE", True), ("on", " false\n", False), ("on", "1", True), ("on", 0, False), ("on", "", None),
        ("name", "", ""), ("name", " x ", " x "), ("name", 7, "7"), ("name", Decimal("7.50"), "7.50"),
        ("day", " 2026-03-09 ", date(2026, 3, 9)), ("day", "", None),
        ("names", None, []), ("names", "", []), ("names", "a", ["a"]), ("names", ["a", "b"], ["a", "b"]), ("names", {"name": ["a"]}, ["a"]), ("names", {}, []),
    ],
)  # fmt: skip
def test_reading_is_generous(name, value, read):
    """Numbers as texts, padded ones, blank ones, lists below an element."""
    assert read == getattr(shape({"id": 1, name: value}, Everything), name)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("id", "x", "expected a whole number, got 'x' @ $.id"),
        ("id", 7.5, "expected a whole number, got 7.5"),
        ("id", True, "expected a whole number, got True"),
        ("id", Decimal("1E+999999999"), "expected a whole number"),
        ("id", None, "expected a whole number, got None"),
        ("size", [], "expected a whole number, got []"),
        ("cost", "1,5", "expected a decimal number, got '1,5'"),
        ("cost", "NaN", "expected a decimal number, got 'NaN'"),
        ("cost", True, "expected a decimal number, got True"),
        ("on", "yes", "expected true or false, got 'yes'"),
        ("on", 2, "expected true or false, got 2"),
        ("name", True, "expected a text, got True"),
        ("name", {}, "expected a text, got {}"),
        ("day", 20260309, "expected a date, got 20260309"),
        ("day", "x" * 100, "expected a date like 2026-01-31"),
        ("at", 7, "expected a datetime, got 7"),
        ("name", ["x" * 100], "..."),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_type_raises(name, value, said):
    """With its path, and as much of it as is worth a glance."""
    with pytest.raises(DecodeError, match="the response is not a Everything: ") as caught:
        shape({"id": 1, name: value}, Everything)

    assert said in str(caught.value)


def test_what_is_not_known_is_kept():
    """As it came."""
    assert shape({"id": 1, "colour": {"a": [1]}}, Everything).extra == {"colour": {"a": [1]}}


# Whole bodies


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"the response is not JSON \(Expecting value, line 1, column 1\): it is empty"),
        (b'{"a": ', "the response is not JSON"),
        (b"\xff", r"the response is not UTF-8 \(byte 0\)"),
        (b'{"a": NaN}', r"the response is not JSON \(NaN is not a number\)"),
        (b"[" * 100_000, "the response is not JSON"),
        (b"<!DOCTYPE html><html>", "an HTML page begins"),
    ],
)
def test_invalid_json_raises(content, said):
    """With its place and its beginning."""
    with pytest.raises(DecodeError, match=said):
        json_codec.read(content)


def test_json_numbers_with_a_point_are_exact():
    """A mark at the beginning of the text is no part of it."""
    assert json_codec.read(b'\xef\xbb\xbf{"a": 0.1}') == {"a": Decimal("0.1")}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the response is not XML"),
        (b"<a><b></a>", "the response is not XML .*mismatched tag"),
        (b"<a>", "the response is not XML"),
        (b"<a>\xff</a>", "the response is not UTF-8"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "has a document type, which is refused"),
        (b"<a>" * 150 + b"</a>" * 150, "nested deeper than 100 elements"),
        (b"<html><body>Sign in</html>", "an HTML page begins"),
    ],
)
def test_invalid_xml_raises(content, said):
    """With its place and its beginning."""
    with pytest.raises(DecodeError, match=said):
        xml_codec.read(content)


def test_a_root_without_anything_is_an_empty_text():
    """With its name, underscores for dashes."""
    assert xml_codec.read(b"<my-root/>") == ("my_root", "")
    assert xml_codec.read(b'<my-root nil="TRUE">text</my-root>') == ("my_root", None)
    assert xml_codec.read(b"<my-root><a/><!-- no --><b><![CDATA[<&>]]></b></my-root>") == (
        "my_root",
        {"a": "", "b": "<&>"},
    )


@given(
    st.dictionaries(
        st.sampled_from("abc"),
        st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=3),
    )
)
def test_a_body_of_plain_values_can_be_written(fields):
    """In both formats; a number in JSON is the same if it is a text."""
    back = json.loads(json_codec.write(fields, "r"), parse_float=Decimal)["r"]

    assert fields == {name: Decimal(value) if isinstance(value, str) else value for name, value in back.items()}
    assert xml_codec.read(xml_codec.write(fields, "r", underscores=True))[0] == "r"


@pytest.mark.parametrize(
    "value", [Decimal("0.10000000000000000001"), Decimal("9195088533725.147"), Decimal("123456789012345678.9")]
)
def test_a_number_that_json_would_round_goes_as_a_text(value):
    """Nothing is lost."""
    assert json.loads(json_codec.write({"a": value}, None)) == {"a": str(value)}


def test_a_body_that_can_not_be_written_raises():
    """Before anything is sent."""
    with pytest.raises(
        InvalidArgument, match=r"this can't be sent as JSON: .* is not a text, number, date, datetime, time or None"
    ):
        json_codec.write({"a": object()}, None)


def test_half_of_a_surrogate_pair_is_not_sent_as_json():
    """What no encoding can carry is refused before it leaves; whole characters beyond the first plane are sent."""
    with pytest.raises(InvalidArgument, match="surrogate"):
        json_codec.write({"notes": "half \ud83d"}, None)

    assert json.loads(json_codec.write({"notes": "whole \U0001f600"}, None)) == {"notes": "whole \U0001f600"}
