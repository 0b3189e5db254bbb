"""Calls: values that can't break out of their places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async import Call, InvalidArgument
from harvest_async.call import Repeat, path


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        (7, "7"),
        ("me@example.com", "me%40example.com"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("..%2f", "..%252f"),
        ("ü", "%C3%BC"),
    ],
)
def test_a_value_is_one_segment(value, segment):
    """Characters with a meaning in an address are escaped."""
    assert path("/people/{}/x", value) == f"/people/{segment}/x"


@pytest.mark.parametrize("value", ["", ".", "..", True, None, 7.0, b"7", "\ud800"])
def test_what_is_no_id_is_refused(value):
    """Before anything is sent."""
    with pytest.raises(InvalidArgument, match="can't be part of a path"):
        path("/people/{}", value)


@given(st.text(min_size=1).filter(lambda text: text not in {".", ".."}))
def test_a_path_has_as_many_segments_as_its_template(text):
    """And no query, fragment, blank or line break."""
    try:
        filled = path("/people/{}/x", text)
    except InvalidArgument:
        assert any("\ud800" <= letter <= "\udfff" for letter in text)
        return

    assert filled.count("/") == 3
    assert not set(filled) & set("?# \r\n\\@")


@pytest.mark.parametrize("method", ["", "GET /evil HTTP/1.1\r\nX:", "GÉT", "GET "])
def test_a_method_is_a_word(method):
    """It is in the first line of the request."""
    with pytest.raises(InvalidArgument, match="method"):
        Call("x.y", method, "/x", None, Repeat.SAFE)


@pytest.mark.parametrize(
    "where", ["", "x", "//evil.example/x", "/x y", "/x\r\nX: 1", "/x?y=1", "/x#y", "/ü", "https://x/"]
)
def test_a_path_stays_on_its_host(where):
    """It is put behind the account's address as it is."""
    with pytest.raises(InvalidArgument, match="path"):
        Call("x.y", "GET", where, None, Repeat.SAFE)


def test_a_call_shows_what_it_asks():
    """Name, method and path; bodies may be private."""
    assert repr(Call("clients.get", "GET", "/clients/7", None, Repeat.SAFE)) == "<Call clients.get: GET /clients/7>"
    assert [repeat.repeatable for repeat in Repeat] == [True, True, False]
