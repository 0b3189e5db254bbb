"""Requests and responses as values: what they show, and what they never show."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harvest_async.messages import (
    REDACTED,
    Request,
    Response,
    redact_body,
    redact_headers,
    redact_message,
    redact_text,
    redact_url,
)

SECRET = "s3cr3tSECRET"
NAMES = ["access_token", "refresh_token", "client_secret", "password", "api_key", "assertion", "Auth-Token", "cookie"]


@pytest.mark.parametrize(
    "url",
    [
        f"https://acme.example.com/clients?access_token={SECRET}&page=2",
        f"https://acme.example.com/clients?page=2&access_token={SECRET}",
        f"https://acme.example.com/clients?user%5Bpassword%5D={SECRET}",
        f"https://acme.example.com/clients?access%5Ftoken={SECRET}",
        f"https://acme.example.com/clients;token={SECRET}?x=1;password={SECRET}",
        f"https://me:{SECRET}@acme.example.com/clients",
        f"https://app.example.com/back?code={SECRET}&state=1",
        f"https://app.example.com/back#access_token={SECRET}&token_type=bearer",
        f"//me:{SECRET}@acme.example.com",
        f"http://[broken?access_token={SECRET}",
        f"http://me:{SECRET}@[broken",
    ],
)
def test_an_address_is_shown_without_its_secrets(url):
    """Anywhere in the address, and even where it can't be one."""
    assert SECRET not in redact_url(url)


def test_an_address_without_secrets_is_shown_as_it_is():
    """Nothing else is taken out."""
    url = "https://acme.example.com/projects/7?updated_since=2026-01-05+09%3A00&client=5#top"

    assert redact_url(url) == url


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "body",
    [
        '{{"{name}": "{secret}", "id": 7}}',
        '{{"user": {{"{name}" : "{secret}"}}}}',
        '{{"{name}": "a\\"{secret}", "id": 7}}',
        '{{"{name}": ["{secret}"]}}',
        '{{"{name}": {{"value": "{secret}"}}}}',
        '{{"id": 7, "{name}": "{secret}',
        '{{"message": "no route for /clients?{name}={secret}"}}',
        '{{"log": "{{\\"{name}\\": \\"{secret}\\"}}"}}',
        '<user><{name} type="string">{secret}</{name}><id>7</id></user>',
        "<user><{name}><![CDATA[{secret}]]></{name}></user>",
        "<user><{name}>{secret}",
        '<user {name}="{secret}">7</user>',
        "{name}={secret}&id=7",
        "id=7&user%5B{name}%5D={secret}",
    ],
)
def test_a_body_is_shown_without_its_secrets(body, name):
    """In any format, whole or cut off, nested or quoted by somebody else."""
    text = body.format(name=name, secret=SECRET)
    shown = redact_body(text.encode())

    assert SECRET not in shown
    assert REDACTED in shown


def test_a_number_may_be_a_secret():
    """JSON does not need quotes around it."""
    assert redact_body(b'{"password": 123456, "id": 7}') == '{"password": "[redacted]", "id": 7}'


def test_a_body_without_secrets_is_shown_as_it_is():
    """A project's code is an ordinary field, and words about tokens are none."""
    body = '{"project": {"code": "P-1", "notes": "Basic research, bearer of the token: Ada\\nsecond line", "id": 7}}'

    assert redact_body(body.encode()) == body


def test_a_form_has_a_code_that_is_a_credential():
    """OAuth's code is as good as a password until it was used."""
    shown = redact_body(f"grant_type=authorization_code&code={SECRET}".encode(), "application/x-www-form-urlencoded")

    assert shown == "grant_type=authorization_code&code=[redacted]"


@pytest.mark.parametrize("words", ["Basic bWU6c2VjcmV0", "bearer ab12cd34ef", "Bearer AbCdEfGh", "Bearer%20ab12cd34"])
def test_a_header_that_somebody_quotes_is_taken_out(words):
    """A server that echoes how a request was signed does not make us show it."""
    assert (
        redact_text(f"you sent {words}, sorry")
        == f"you sent {words[: len(words.split('%')[0].split()[0])]} [redacted], sorry"
    )


def test_what_is_no_text_is_counted():
    """Pictures and uploads are not shown."""
    assert redact_body(b"\x89PNG\x00\x01", "image/png") == "[6 bytes of image/png]"
    assert redact_body(b"a\x00b") == "[3 bytes of binary data]"
    assert redact_body(b"--x", "multipart/form-data; boundary=x") == "[3 bytes of multipart/form-data; boundary=x]"


def test_a_long_body_is_cut():
    """What is left out is counted."""
    assert redact_body(b"x" * 100, "", 10) == "xxxxxxxxxx [... 90 more bytes]"
    assert redact_body(b"x" * 10, "", 10) == "xxxxxxxxxx"


def test_headers_are_shown_without_credentials():
    """The scheme stays, so that one sees how it was signed."""
    headers = (
        ("Authorization", f"Basic {SECRET}"),
        ("Proxy-Authorization", SECRET),
        ("Set-Cookie", f"id={SECRET}"),
        ("X-CSRF-Token", SECRET),
        ("Location", f"https://me:{SECRET}@x.example/?code={SECRET}"),
        ("Link", f"<https://x.example/?access_token={SECRET}>; rel=next"),
        ("Accept", "application/json"),
    )

    assert redact_headers(headers) == (
        ("Authorization", "Basic [redacted]"),
        ("Proxy-Authorization", "[redacted]"),
        ("Set-Cookie", "[redacted]"),
        ("X-CSRF-Token", "[redacted]"),
        ("Location", "https://x.example/?code=[redacted]"),
        ("Link", "<https://x.example/?access_token=[redacted]>; rel=next"),
        ("Accept", "application/json"),
    )


def test_no_character_plays_with_the_terminal():
    """Control characters and those that turn the direction of writing are written out."""
    assert redact_text("a\x1b[2Jb\u202ec\rd\ne\tf ü 😀") == "a\\x1b[2Jb\\u202ec\\rd\ne\tf ü 😀"
    assert redact_headers((("X", "a\x9bb"),)) == (("X", "a\\x9bb"),)


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
@example("http://[")
@example("\ud800")
def test_showing_never_fails(text):
    """Any response of a server can be shown."""
    shown = redact_url(text) + redact_text(text) + redact_body(text.encode("utf-8", "replace"))
    shown += "".join(map("".join, redact_headers(((text, text), ("Location", text), ("Cookie", text)))))

    assert all(letter in "\n\t" or letter.isprintable() or letter > "\xa0" for letter in shown)


@given(st.sampled_from(NAMES), st.text(string.ascii_letters + string.digits + "+/=", min_size=12))
def test_a_secret_under_its_name_is_never_shown(name, secret):
    """For any content."""
    texts = [f'{{"{name}": "{secret}"}}', f"<{name}>{secret}</{name}>", f"https://x.example/?{name}={secret}"]

    assert not any(secret in redact_body(text.encode()) for text in texts)


def test_values_show_themselves_without_secrets():
    """A repr in a traceback or a log gives nothing away."""
    wire = Request("POST", f"https://x.example/?access_token={SECRET}", (("Authorization", SECRET),), SECRET.encode())
    response = Response(200, (("Set-Cookie", SECRET),), SECRET.encode())

    assert repr(wire) == "<Request POST https://x.example/?access_token=[redacted], 12 bytes>"
    assert repr(response) == "<Response 200, 12 bytes>"


def test_a_header_is_found_whatever_its_case():
    """Names of headers have none."""
    response = Response(200, (("Content-Type", "Application/JSON; charset=utf-8"),))

    assert (response.header("content-TYPE"), response.header("x")) == ("Application/JSON; charset=utf-8", None)
    assert (response.content_type, Response(200).content_type) == ("application/json", "")
    assert Request("GET", "/", (("A", "1"),)).header("a") == "1"


@pytest.mark.parametrize(
    "text",
    [
        f'{{"log": "{{\\"password\\": \\"a\\\\\\"{SECRET}\\"}}"}}',
        f'{{"password": [["a"], "{SECRET}"]}}',
        f'{{"password": {{"a": {{"b": 1}}, "c": "{SECRET}"}}}}',
        f'password="{SECRET}',
        f'q="a&password={SECRET}',
        f"password='{SECRET} {SECRET}",
        f"https://me:{SECRET}@acme.example.com/clients failed",
        f"proxy http://me:{SECRET}/x@proxy.example.com failed",
        f"Bearer\t{SECRET}",
        f"basic%20{SECRET}%20bearer%20{SECRET}",
        f"<PassWord x='1'>{SECRET}</password >",
    ],
)
def test_a_text_is_shown_without_the_secrets_that_it_quotes(text):
    """Redacts nested, escaped, unclosed and oddly written values."""
    assert SECRET not in redact_text(text)


@pytest.mark.parametrize("size", range(1, 60))
def test_a_message_is_cut_without_showing_half_a_secret(size):
    """Redacts what a cut leaves of a value, wherever the message is cut."""
    for text in (f'{{"password": "{SECRET}"}}', f"Bearer {SECRET}", f"<token>{SECRET}</token>", f"token={SECRET}&a=1"):
        assert "cr3t" not in redact_message(text, size)
