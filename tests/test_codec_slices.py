"""Lists that come in chunks: cut anywhere, read whole, in both formats and by both readers of JSON."""

import itertools
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.codec import json as json_codec
from harvest_async.codec import xml as xml_codec
from harvest_async.codec.shape import shape_all
from harvest_async.codec.slices import LARGEST_ELEMENT, MOST_VALUES, SLICE, STEP
from harvest_async.codec.speed import fast_reader
from harvest_async.codec.xml import LONGEST_TOKEN
from harvest_async.errors import DecodeError


@frozen(kw_only=True)
class Note:
    """A record with a field of most kinds."""

    id: int
    notes: str | None = None
    hours: Decimal | None = None
    done: bool | None = None
    made_at: datetime | None = None
    extra: dict[str, object] = field(factory=dict)


FAST = fast_reader(Note, "note")


def of_json(fast=None):
    return json_codec.Elements(lambda trees: shape_all([tree["note"] for tree in trees], Note), fast)


def of_xml():
    return xml_codec.Elements(lambda trees: shape_all(trees, Note))


def read(elements, content, cuts=()):
    """What comes out when the content comes cut at these places."""
    places = [0, *sorted(cut % (len(content) + 1) for cut in cuts), len(content)]
    found = []
    for begin, end in itertools.pairwise(places):
        found += elements.feed(content[begin:end])
    return found + elements.close()


def as_xml(notes, *, root="notes", record="note"):
    """A list as XML has it, each record on lines of its own."""
    parts = []
    for note in notes:
        text = note.notes.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
        hours = f'<hours type="decimal">{note.hours}</hours>'
        parts.append(f'<{record}>\n <id type="integer">{note.id}</id><notes>{text}</notes>{hours}\n</{record}>')
    return f'<?xml version="1.0"?>\n<{root} type="array">\n{chr(10).join(parts)}\n</{root}>'.encode()


def as_json(notes, **how):
    return json.dumps(
        [{"note": {"id": note.id, "notes": note.notes, "hours": float(note.hours)}} for note in notes], **how
    ).encode()


SPEAKABLE = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"], exclude_characters="\x7f\ufffe\uffff"))
TRICKY = st.sampled_from(
    ['},{"note":{', '"}},{"note":{"id":1', "</note><note>", "</note>\n<note>", "]]>", "<!--", "{[", "\\"]
)
NOTES = st.lists(
    st.builds(
        lambda number, text, trick, quarters: Note(id=number, notes=text + trick, hours=Decimal(quarters) / 4),
        st.integers(1, 10**9),
        SPEAKABLE,
        TRICKY | st.just(""),
        st.integers(0, 96),
    ),
    max_size=12,
)
CUTS = st.lists(st.integers(0, 10**6), max_size=8)


@given(NOTES, CUTS, st.sampled_from([{}, {"separators": (",", ":")}, {"indent": 2}, {"ensure_ascii": False}]))
def test_a_list_in_json_is_the_same_wherever_it_is_cut(notes, cuts, how):
    """However the chunks come, and for any notes, the records come out as they are."""
    content = as_json(notes, **how)

    assert notes == read(of_json(), content, cuts)
    assert notes == read(of_json(FAST), content, cuts)


@given(NOTES, CUTS)
def test_a_list_in_xml_is_the_same_wherever_it_is_cut(notes, cuts):
    """However the chunks come, and for any notes, the records come out as they are."""
    assert notes == read(of_xml(), as_xml(notes), cuts)


@pytest.mark.parametrize("record", ["notes", "note"])
def test_the_names_of_root_and_records_do_not_matter_in_xml(record):
    """A list may be called as its records are."""
    notes = [Note(id=number, notes="n", hours=Decimal(1)) for number in (1, 2, 3)]
    content = as_xml(notes, root="notes", record=record)

    assert notes == read(of_xml(), content, range(len(content)))


@pytest.mark.parametrize(
    "content",
    [
        b"<notes><note><id>1</id><notes><![CDATA[</note><note>]]></notes></note><note><id>2</id></note></notes>",
        (
            b"<!-- <notes><note> --><notes><!-- a --><note><id>1</id><notes>&lt;/note>&lt;note></notes></note>"
            b"<note><id>2</id></note></notes>"
        ),
    ],
)
def test_marks_that_are_none_are_read_over(content):
    """A slice that was cut inside a record is read again together with the next."""
    for cut in range(len(content)):
        found = read(of_xml(), content, [cut])

        assert [note.id for note in found] == [1, 2]
        assert found[0].notes == "</note><note>"


@pytest.mark.parametrize("content", [b"<notes/>", b"<notes></notes>", b"<notes type='array'>\n</notes>", b" <notes />"])
def test_an_empty_list_in_xml_has_no_records(content):
    """An empty root is an empty list."""
    assert read(of_xml(), content, [3, 5]) == []


@pytest.mark.parametrize("content", [b"[]", b" [ ] ", b"\xef\xbb\xbf[]"])
def test_an_empty_list_in_json_has_no_records(content):
    """Brackets around nothing are an empty list, with anything around them."""
    assert read(of_json(FAST), content, [1]) == []


def test_a_single_record_is_a_list_of_one():
    """An object where a list was expected is its only record."""
    assert [Note(id=1)] == read(of_json(), b'{"note": {"id": 1}}', [4])


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "1"},
        {"id": 1, "new_field": [1, {"a": None}]},
        {"id": 1, "hours": ""},
        {"id": 1, "hours": "1.50"},
        {"id": 1, "notes": 5},
        {"id": 1, "made_at": "2026-01-05T09:00:00"},
        {"id": 1, "made_at": " 2026-01-05T09:00:00Z\n"},
        {"id": 1, "done": "true"},
    ],
)
def test_the_fast_reader_gives_what_the_slow_one_gives(fields):
    """What msgspec does not read as we do is left to the slow way."""
    content = json.dumps([{"note": {"id": 7, "made_at": "2026-01-05T09:00:00Z"}}, {"note": fields}]).encode()

    assert read(of_json(), content) == read(of_json(FAST), content)
    assert datetime(2026, 1, 5, 9, tzinfo=UTC) == read(of_json(FAST), content)[0].made_at


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html><body>Sign in</body></html>", "not JSON"),
        (b"", "it is empty"),
        (b'[{"note": {"id": 1}}, {"note": {"i', "not JSON"),
        (b'[{"note": {"id": 1}}, {"note": {"id": 2}}', "not JSON"),
        (b'[{"note": {"id": 1}}] and more', "not JSON"),
        (b'[{"note": {"id": 1, "notes": "\xff"}}]', "not UTF-8"),
        (b'[{"note": {"id": NaN}}]', "NaN is not a number"),
        (b'[{"note": {"id": "one"}}]', "expected a whole number"),
        (b'[{"note": {"id": 1}}, {"note": []}, {"note": {"id": 3}}]', "expected an object"),
        (b'[{"note": {"id": 1, "x": ' + b"[" * 100_000, "not JSON"),
    ],
)
@pytest.mark.parametrize("fast", [None, FAST])
def test_a_broken_list_in_json_raises(content, said, fast):
    """What can't be read ends in one error that says what is wrong."""
    for cuts in ([], [len(content) // 2]):
        with pytest.raises(DecodeError, match=said):
            read(of_json(fast), content, cuts)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not XML", "not XML"),
        (b"", "it is empty"),
        (b"<notes><note><id>1</id></note><note>", "not XML"),
        (b"<notes><note><id>1</id></note>", "not XML"),
        (b"<notes><note><id>1</id></note></notes><more/>", "not XML"),
        (b"<notes><note><id>1</id><notes>\xff</notes></note><note/></notes>", "not UTF-8"),
        (b'<!DOCTYPE x [<!ENTITY e "e">]><notes><note><id>&e;</id></note></notes>', "document type"),
        (b"<!-- a -->\n<!doctype x SYSTEM 'http://127.0.0.1/x'><notes/>", "document type"),
        (b"<notes><note><id>one</id></note><note><id>2</id></note></notes>", "expected a whole number"),
        (b"<notes><note>text</note></notes>", "expected an object"),
        (b"<notes><note>" + b"<a>" * 200 + b"</a>" * 200 + b"</note></notes>", "nested deeper"),
    ],
)
def test_a_broken_list_in_xml_raises(content, said):
    """What can't be read ends in one error that says what is wrong."""
    for cuts in ([], [len(content) // 2]):
        with pytest.raises(DecodeError, match=said):
            read(of_xml(), content, cuts)


def test_records_come_out_before_the_list_is_at_its_end():
    """Each slice gives its records, and nothing is held longer than it has to be."""
    notes = [Note(id=number, notes="n" * 100, hours=Decimal(1)) for number in range(1, 2001)]
    for elements, content in ((of_json(), as_json(notes)), (of_json(FAST), as_json(notes)), (of_xml(), as_xml(notes))):
        found = elements.feed(content[:SLICE])

        assert found == notes[: len(found)]
        assert len(found) > 300
        assert len(elements._held) < 500


def test_a_record_of_any_size_is_read():
    """A text of many chunks is put together, and tried again only when it has grown much."""
    note = Note(id=1, notes='},{"note":{' * 50_000, hours=Decimal(1))
    for elements, content in ((of_json(FAST), as_json([note, note])), (of_xml(), as_xml([note, note]))):
        assert [note, note] == read(elements, content, range(0, len(content), 4_096))


def trees_of_xml(content, step):
    """The trees that a list in XML consists of, when it comes in pieces of this size."""
    found, elements = [], xml_codec.Elements(list)
    for place in range(0, len(content), step):
        found += elements.feed(content[place : place + step])
    return found + elements.close()


TREES = st.recursive(
    SPEAKABLE.map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")),
    lambda inner: st.lists(
        st.tuples(st.sampled_from(["a", "a-b", "c_d"]), st.sampled_from(["", ' nil="true"', ' type="x"']), inner),
        max_size=4,
    ).map(lambda parts: "".join(f"<{name}{attributes}>{value}</{name}>" for name, attributes, value in parts)),
    max_leaves=12,
)


@given(TREES, st.integers(1, 300))
def test_a_list_in_xml_has_the_trees_that_the_whole_document_has(record, step):
    """Records come out as they do when the document is read at once."""
    content = f"<list><other>1</other>\n<record><x>1</x>{record}</record></list>".encode()
    _, whole = xml_codec.read(content)

    assert [whole["other"], whole["record"]] == trees_of_xml(content, step)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'[{"note": {"id": 1, "notes": "' + b"a" * (LARGEST_ELEMENT + STEP), "more than 4194304 bytes"),
        (b'[{"note": {"id": 1}}' + b" " * (LARGEST_ELEMENT + STEP), "more than 4194304 bytes"),
        (b'{"note": {"id": 1, "notes": "' + b"a" * (LARGEST_ELEMENT + STEP), "more than 4194304 bytes"),
        (b'[{"note": {"id": [' + b"1," * (2 * MOST_VALUES), "more than 50000 values"),
        (b'{"note": {"id": [' + b"1," * (2 * MOST_VALUES), "more than 50000 values"),
        (b"[" + b'{"a":' * STEP, "nested deeper than 100"),
        (b"[" + b"]" * 2 * SLICE, "more behind its end"),
        (b'[{"note": {"id": 1}}]' + b" " * SLICE + b"[" * SLICE, "more behind its end"),
    ],
)
@pytest.mark.parametrize("fast", [None, FAST])
def test_a_list_in_json_that_exceeds_a_limit_is_refused(content, said, fast):
    """The error names the limit."""
    with pytest.raises(DecodeError, match=said):
        read(of_json(fast), content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<notes><note><notes>" + b"a" * (LARGEST_ELEMENT + 2 * STEP), "more than 4194304 bytes"),
        (b"<notes><note>" + b"<a/>" * 2 * MOST_VALUES, "more than 50000 values"),
        (b"<notes><!--" + b"a" * 2 * LONGEST_TOKEN, "a tag or a comment of more than 262144 bytes"),
        (b"<?a " + b"a" * 2 * LONGEST_TOKEN, "a tag or a comment of more than 262144 bytes"),
        (b'<notes a="' + b"a" * 2 * LONGEST_TOKEN, "a tag or a comment of more than 262144 bytes"),
        (b"<notes>" + b"<a>" * STEP, "nested deeper than 100"),
        (b"<!DOCTYPE a [" + b" " * STEP, "document type"),
    ],
)
def test_a_list_in_xml_that_exceeds_a_limit_is_refused(content, said):
    """The error names the limit."""
    with pytest.raises(DecodeError, match=said):
        read(of_xml(), content)


@pytest.mark.parametrize("step", [1, 7, STEP, SLICE, 10**7])
def test_blanks_are_no_limit(step):
    """Any number of them may be around a list and between its records."""
    size = 200_000 if step < STEP else 5_000_000
    blanks = b" \n" * (size // 2)
    as_lists = [
        (of_json(FAST), b'%b[%b{"note": {"id": 1}},%b{"note": {"id": 2}}]%b' % ((blanks,) * 4)),
        (of_xml(), b"%b<notes>%b<note><id>1</id></note>%b<note><id>2</id></note></notes>%b" % ((blanks,) * 4)),
    ]
    for elements, content in as_lists:
        assert [Note(id=1), Note(id=2)] == read(elements, content, range(0, len(content), step))


def test_records_without_a_root_come_out_before_the_list_is_at_its_end():
    """The ends of records are found, too, where the usual pattern does not fit."""
    elements = json_codec.Elements(list)
    content = b"[" + b",".join(b'{"id": %d, "x": "},{"}' % number for number in range(20_000)) + b"]"
    found = elements.feed(content[: 5 * SLICE])

    assert [each["id"] for each in found] == list(range(len(found)))
    assert len(found) > 10_000
    assert len(elements._held) < STEP
    assert len(found + elements.feed(content[5 * SLICE :]) + elements.close()) == 20_000
