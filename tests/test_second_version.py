"""The core with a second API version: envelopes, pages by link, records without a root."""

import asyncio
import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async import BasicAuth, DecodeError, Throttle
from harvest_async.codec.envelope import Envelope
from harvest_async.codec.slices import LARGEST_ELEMENT
from harvest_async.codec.speed import fast_reader
from harvest_async.exchange import ExchangeSettings, open_exchange
from tests.support.second_version import BASE_URL, SecondDialect, Tag, get_tag, list_tags

pytestmark = pytest.mark.virtual_time


def exchange_of(respond, sent):
    """An exchange whose server responds with what `respond` returns for a request."""

    def handle(request):
        sent.append(str(request.url))
        response = respond(request)
        return response if isinstance(response, httpx.Response) else httpx.Response(200, json=response)

    return open_exchange(
        ExchangeSettings(
            account="1",
            auth=BasicAuth("me@example.com", "secret"),
            app="tests",
            dialect=SecondDialect(),
            base_url=BASE_URL,
            status_call=None,
            throttle=Throttle(clock=asyncio.get_running_loop().clock),
            transport=httpx.MockTransport(handle),
        )
    )


def page(*numbers, link=None):
    """A page of tags."""
    return {"links": {"next": link}, "tags": [{"id": each} for each in numbers], "total_entries": 3}


@pytest.mark.anyio
async def test_the_next_page_comes_from_the_link():
    """Follows `links.next` to the last page and yields each record once."""
    sent, pages = [], [page(1, 2, link=f"{BASE_URL}/tags?cursor=a%2Fb&per_page=2"), page(2, 3)]
    exchange = exchange_of(lambda _: pages.pop(0), sent)

    assert [tag.id async for some in exchange.slices(list_tags(per_page="2")) for tag in some] == [1, 2, 3]
    assert sent == [f"{BASE_URL}/tags?per_page=2", f"{BASE_URL}/tags?cursor=a/b&per_page=2"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v2/tags?cursor=a",
        "http://api.example.com/v2/tags?cursor=a",
        "https://api.example.com:8443/v2/tags?cursor=a",
        "https://me@api.example.com/v2/tags?cursor=a",
        "//evil.example/v2/tags?cursor=a",
        "https://api.example.com/v2/users?cursor=a",
        "https://api.example.com/tags?cursor=a",
        "https://[bad/v2/tags",
    ],
)
async def test_a_link_that_leads_elsewhere_is_refused(link):
    """Raises DecodeError without a request to another origin or another path."""
    sent = []
    exchange = exchange_of(lambda _: page(1, link=link), sent)
    with pytest.raises(DecodeError, match="next page") as caught:
        _ = [tag async for some in exchange.slices(list_tags()) for tag in some]

    assert len(sent) == 1
    assert caught.value.request is not None


@pytest.mark.anyio
async def test_a_link_to_the_same_page_is_refused():
    """Raises DecodeError instead of reading the same page without end."""
    sent = []
    exchange = exchange_of(lambda _: page(1, link=f"{BASE_URL}/tags?cursor=a"), sent)
    with pytest.raises(DecodeError, match="already read"):
        _ = [tag async for some in exchange.slices(list_tags()) for tag in some]

    assert len(sent) == 2


@pytest.mark.anyio
async def test_a_record_without_a_root_is_read():
    """Sends and decodes a call of the second version like any other."""
    exchange = exchange_of(lambda _: {"id": 7, "name": "Sales"}, [])

    assert await exchange.send(get_tag(7)) == Tag(id=7, name="Sales")


def tags_of(content, size, fast=None):
    """The ids in a body, fed in chunks of a size, and the fields beside the list."""
    reader = Envelope("tags", lambda trees: [tree["id"] for tree in trees], fast)
    found = []
    for place in range(0, len(content), size):
        found += reader.feed(content[place : place + size])
    return found + reader.close(), reader.fields


TEXTS = st.text(st.sampled_from('tags[]{},:"\\ é'), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS | st.just("tags"), inner, max_size=2),
    max_leaves=6,
)
FIELDS = st.dictionaries(TEXTS.filter(lambda name: name != "tags"), VALUES, max_size=3)


@given(
    before=FIELDS,
    after=FIELDS,
    records=st.lists(VALUES, max_size=4),
    size=st.sampled_from([1, 2, 7, 10_000]),
    indent=st.sampled_from([None, 1]),
)
def test_an_envelope_is_read_like_the_whole_body(before, after, records, size, indent):
    """Returns the records and the other fields that a parser of the whole body finds, for any chunks."""
    after = {name: value for name, value in after.items() if name not in before}
    tree = {**before, "tags": [{"id": each} for each in records], **after}
    content = json.dumps(tree, indent=indent, ensure_ascii=size == 2).encode()

    assert tags_of(content, size) == (records, {**before, **after})


@pytest.mark.parametrize("size", [1, 10_000])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"tags": null}',
        b'{"tags": {"id": 1}}',
        b'{"tags": "[]"}',
        b'{"other": {"tags": [{"id": 1}]}}',
        b'{"tags": [{"id": 1}',
        b'{"tags": [{"id": 1}]',
        b'{"tags": [{"id": 1}]} and more',
        b'{"tags": [{"id": 1}], "tags": [{"id": 2}]}',
        b'{"tags": [{"id": 1}], "links": {',
        b'{"tags" [{"id": 1}]}',
        b'{"\\uZZZZ": 1}',
        b'{"a": ' * 200,
    ],
)
def test_a_body_without_the_list_is_refused(content, size):
    """Raises DecodeError if the list is missing, incomplete or there twice."""
    with pytest.raises(DecodeError):
        tags_of(content, size)


def test_a_byte_order_mark_is_skipped():
    """Reads an envelope that begins with a byte order mark."""
    assert tags_of(b'\xef\xbb\xbf{"tags": [{"id": 1}]}', 1) == ([1], {})


@pytest.mark.parametrize("content", [b'{"a": "%s', b'{"tags": [], "a": "%s'])
def test_fields_beside_the_list_have_a_limit(content):
    """Raises DecodeError instead of keeping fields of any size in memory."""
    with pytest.raises(DecodeError, match="more than"):
        tags_of(content % (b"x" * (LARGEST_ELEMENT + 100_000)), 65_536)


def test_records_without_a_root_have_a_fast_reader():
    """Reads a slice of records that are the elements of the list themselves."""
    assert fast_reader(Tag, None)(b'[{"id": 1, "name": "a"}]') == [Tag(id=1, name="a")]


def _read(body, step):
    """Return the ids of a body that comes in chunks of `step` bytes, and how often the fast reader was used."""
    slices = []

    def fast(whole):
        slices.append(len(whole))
        return [tree["id"] for tree in json.loads(whole)]

    reader = Envelope("tags", lambda trees: [tree["id"] for tree in trees], fast)
    found = [each for place in range(0, len(body), step) for each in reader.feed(body[place : place + step])]
    return [*found, *reader.close()], len(slices), reader.fields


@pytest.mark.parametrize("step", [1_000, 16_384, 1_000_000])
@pytest.mark.parametrize(
    "extra",
    [
        {"owner": {"id": 5, "name": "Ann"}},
        {"lines": [{"id": 6}, {"id": 7}, {"id": 8}]},
        {"name": '},{"id":', "owner": {}},
        {"},{": 1, ":": 2},
    ],
)
def test_a_long_list_below_a_key_is_read_in_slices(extra, step):
    """Reads every record once, in slices, for any record and any text behind the list."""
    records = [{"id": number, **extra, "notes": "x" * 200} for number in range(1_500)]
    body = json.dumps({"tags": records, "also": [{"a": 1}, {"b": 2}], "page": 1}).encode()
    found, slices, fields = _read(body, step)

    assert found == list(range(1_500))
    assert slices > 3
    assert fields == {"also": [{"a": 1}, {"b": 2}], "page": 1}
