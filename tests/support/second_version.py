"""A small second API version: an envelope with a plural key, and the next page as a link."""

from attrs import frozen

from harvest_async.call import Call, Created, Page, Repeat, follow_link
from harvest_async.codec import json
from harvest_async.codec.envelope import Envelope
from harvest_async.codec.shape import shape, shape_all
from harvest_async.messages import Request

BASE_URL = "https://api.example.com/v2"


@frozen(kw_only=True)
class Tag:
    """A record of this version."""

    id: int
    name: str | None = None


@frozen
class Tags:
    """A list below the key `tags`."""


class LinkedReader:
    """Reads one page of a list (see `call.ListReader`)."""

    is_paged = True

    def __init__(self, call):
        self._call = call
        self._envelope = Envelope("tags", lambda trees: shape_all(trees, Tag))
        self.feed, self.close = self._envelope.feed, self._envelope.close

    @property
    def next_call(self):
        """The call for the next page, from `links.next`."""
        link = (self._envelope.fields.get("links") or {}).get("next")
        return None if link is None else follow_link(self._call, link, BASE_URL)


class SecondDialect:
    """Encodes calls and decodes responses (see `call.Dialect`)."""

    def encode(self, call, base_url, headers):
        """Turn a call into a request."""
        query = "&".join(f"{name}={value}" for name, value in call.query)
        content = b"" if call.body is None else json.write(call.body.fields, None)
        own = (("Accept", "application/json"), ("Content-Type", "application/json"), *headers)
        return Request(call.method, f"{base_url}{call.path}{'?' if query else ''}{query}", own, content)

    def decode(self, call, response):
        """Read a record, which has no root."""
        record = shape(json.read(response.content), Tag)
        return Created(record.id, None, record) if call.repeat is Repeat.UNSAFE else record

    def list_reader(self, call, _):
        """Return the reader of a page."""
        return LinkedReader(call)

    def done_before(self, call, response):
        """Return whether a repeat shows that the first attempt succeeded."""
        return call.method == "DELETE" and response.status == 404

    def explain(self, response):
        """Return the server's message."""
        return str(json.read(response.content).get("message", ""))


def list_tags(**query):
    """The call for a list of tags."""
    return Call[Page[Tag]]("tags.list", "GET", "/tags", Tags(), Repeat.SAFE, tuple(query.items()))


def get_tag(number):
    """The call for one tag."""
    return Call[Tag]("tags.get", "GET", f"/tags/{number}", Tag, Repeat.SAFE)
