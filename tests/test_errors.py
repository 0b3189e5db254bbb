"""Errors: who was wrong, what was sent, what to do next."""

import copy
import pickle
import shlex

import pytest
from attrs import evolve

from harvest_async import errors
from harvest_async.errors import (
    BadRequest,
    CreatedUnread,
    FieldsIgnored,
    Forbidden,
    HarvestError,
    InvalidArgument,
    NotFound,
    ServerError,
    Throttled,
    Unauthorized,
    Unprocessable,
    WouldWait,
    response_error,
)
from harvest_async.messages import Request, Response

WIRE = Request(
    "POST",
    "https://acme.example.com/people?access_token=hush",
    (("Accept", "application/json"), ("Authorization", "Basic hush"), ("Content-Length", "35")),
    b'{"user": {"password": "hush", "a": 1}}',
)


def kinds(kind=HarvestError):
    """The tree of failures; errors of optional modules are in it once those are loaded."""
    below = (each for each in kind.__subclasses__() if each.__module__ == HarvestError.__module__)
    return [kind, *(kind for each in below for kind in kinds(each))]


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (400, BadRequest, "rule"),
        (401, Unauthorized, "sign-in"),
        (403, Forbidden, "role"),
        (404, NotFound, "role may not see it"),
        (406, BadRequest, "Accept"),
        (415, BadRequest, "Content-Type"),
        (418, BadRequest, "refused"),
        (422, Unprocessable, "validation"),
        (302, ServerError, "never followed"),
        (102, ServerError, "never followed"),
        (500, ServerError, "server failed"),
        (599, ServerError, "server failed"),
    ],
)
def test_a_status_has_its_error(status, kind, words):
    """The class says who was wrong, the message what was asked and what to do."""
    error = response_error(Response(status), WIRE)

    assert type(error) is kind
    assert f"POST https://acme.example.com/people?access_token=[redacted] returned {status}" in str(error)
    assert words in str(error)
    assert (error.status, error.hint, error.request) == (status, None, WIRE)


def test_the_server_s_own_words_are_shown_without_secrets():
    """What it quotes of the request may hold a credential."""
    error = response_error(Response(400, (("Hint", "no such plan"),)), WIRE, 'bad: {"password": "hush"}\x1b[2J')

    assert str(error).endswith('The server says: bad: {"password": "[redacted]"}\\x1b[2J')
    assert error.hint == "no such plan"


@pytest.mark.parametrize("location", ["https://elsewhere.example/?code=hush", "http://[", "//me:hush@x", ""])
def test_a_redirect_is_named_without_secrets(location):
    """Even one to an address that can't be one."""
    error = response_error(Response(302, (("Location", location),)), WIRE)

    assert "a redirect" in str(error)
    assert "hush" not in str(error) + error.report()


def test_a_report_has_the_whole_exchange():
    """Request line, headers and body, response and headers: the details that support asks for."""
    response = Response(422, (("Content-Type", "application/json"), ("Set-Cookie", "hush")), b'{"message": "no"}')
    error = response_error(response, WIRE, "no")

    assert error.report().splitlines()[2:] == [
        "> POST https://acme.example.com/people?access_token=[redacted]",
        "> Accept: application/json",
        "> Authorization: Basic [redacted]",
        "> Content-Length: 35",
        ">",
        '> {"user": {"password": "[redacted]", "a": 1}}',
        "",
        "< 422",
        "< Content-Type: application/json",
        "< Set-Cookie: [redacted]",
        "<",
        '< {"message": "no"}',
    ]
    assert HarvestError("x").report() == "HarvestError: x"


def test_a_report_of_a_large_answer_is_short():
    """Its beginning is enough."""
    error = response_error(Response(500, (), b"x\n" * 100_000), WIRE)

    assert len(error.report()) < 10_000
    assert error.report().endswith("[... 195904 more bytes]")


def test_a_command_to_try_by_hand():
    """One that a shell and curl understand, with places for the credentials."""
    words = shlex.split(response_error(Response(500), WIRE).as_curl())

    assert words == [
        "curl",
        "--globoff",
        "-X",
        "POST",
        "https://acme.example.com/people?access_token=[redacted]",
        "-H",
        "Accept: application/json",
        "-H",
        "Authorization: Basic [redacted]",
        "--data-raw",
        '{"user": {"password": "[redacted]", "a": 1}}',
    ]


def test_a_command_for_a_write_without_a_body():
    """Its length of 0 is sent, too; a read has no body at all."""
    write = Request("POST", "https://x.example/toggle", (("Content-Length", "0"),))

    assert shlex.split(response_error(Response(500), write).as_curl())[-2:] == ["--data-raw", ""]
    assert "--data-raw" not in response_error(Response(500), Request("GET", "https://x.example/")).as_curl()


def test_an_error_without_a_request_has_no_command():
    """There is nothing to try."""
    with pytest.raises(ValueError, match="no request"):
        InvalidArgument("x").as_curl()


def through_pickle(error):
    return pickle.loads(pickle.dumps(error))  # noqa: S301 - our own


def made(kind):
    extra = {
        WouldWait: {"wait": 2.0},
        Throttled: {"retry_after": 3.0},
        CreatedUnread: {"id": 7, "location": "/x/7"},
        FieldsIgnored: {"record": None, "names": ["spent_at"]},
    }
    error = kind("what happened", **extra.get(kind, {}))
    error.request = WIRE
    return error


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, through_pickle])
def test_errors_travel(kind, again):
    """Copies and pickles an error with all it knows but the credentials of its request."""
    error = made(kind)
    other = again(error)

    expected = {**error.__dict__, "request": WIRE.redacted()}
    assert (type(other), str(other), other.__dict__) == (kind, "what happened", expected)
    assert other.report() == error.report()


def test_a_pickled_error_holds_no_credential():
    """Neither in its request nor in its response, and not behind a second pickling either."""
    answer = Response(401, (("Set-Cookie", "hush"),), b'{"refresh_token": "hush", "error": "invalid_grant"}')
    error = response_error(answer, evolve(WIRE, content=b"client_secret=hush&refresh_token=hush&client_id=me"))

    assert b"hush" not in pickle.dumps(error)
    assert b"hush" not in pickle.dumps(through_pickle(error))
    assert b"client_id=me" in pickle.dumps(error)
    assert b"invalid_grant" in pickle.dumps(error)


def test_a_report_shows_all_of_a_large_request():
    """As far as it was sent: only responses are cut."""
    error = response_error(Response(500), evolve(WIRE, content=b"x" * 100_000 + b"end"))

    assert "xend" in error.report()
    assert "xend" in error.as_curl()


def test_every_error_is_in_the_face_of_its_room():
    """And in the tree that is drawn in its first lines."""
    names = {kind.__name__ for kind in kinds() if kind.__module__ == errors.__name__}

    assert names | {"response_error"} == set(errors.__all__)
    assert all(name in errors.__doc__ for name in names)


def test_no_error_shows_a_secret():
    """Neither as text nor as repr, in any part."""
    assert not any(
        "hush" in f"{made(kind)} {made(kind)!r} {made(kind).report()} {made(kind).as_curl()}" for kind in kinds()
    )
