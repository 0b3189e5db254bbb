"""Credentials are taken out of any text: in every form, at every cut, however deep they are quoted."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harvest_async.messages import redact_body
from harvest_async.redaction import REDACTED, is_secret_name, redact_message, redact_text, redact_url

SECRET = "s3cr3tSECRET"


@pytest.mark.parametrize(
    "text",
    [
        'token="a\\"{}"',
        "token='{}",
        'token="{}',
        "x=y=token={}",
        "next=https://a.example/?access_token={}",
        "url=/back?code={}&state=1",
        "%74oken={}",
        "p%41ssword={}",
        "%63ode={}",
        "token=Bearer {}",
        "authorization=basic%20{}",
        "{{'password': '{}'}}",
        "{{\"password\": '{}'}}",
        '{{"token": {{"a": {{"b": 1}}, "value": "{}"}}}}',
        '{{"token": [["a]"], "{}"]}}',
        '{{"token": {{"a": "}}", "b": "{}"}}}}',
        '{{"authorization": Bearer {}}}',
        '{{\\"token\\": [\\"{}\\"]}}',
        '{{\\"token\\": \\"a\\\\\\"{}\\"}}',
        '{{\\"password\\": 123{}}}',
        '{{"token"\n:\n"{}"}}',
        "<TOKEN>{}</token>",
        "<token>\n{}\n</token >",
        "<x:token a='1'>{}",
        "https://me:{}@acme.example.com/x",
        "https://me:{}/zz@acme.example.com/x",
        "https://me:p@{}@acme.example.com/x",
        "https://{}@acme.example.com",
        'see "https://me:{}@acme.example.com"',
        "Basic\n{}9",
        "Bearer  {}9",
        "to\u212aen={}",
        "pa\u017f\u017fword={}",
        "authoriz\u0130ation=1 author\u0131zation={}",
    ],
)
def test_a_credential_is_taken_out_of_a_text(text):
    """In forms, JSON, XML, headers and addresses, quoted by anybody, whole or cut off."""
    shown = redact_text(text.format(SECRET))

    assert SECRET not in shown
    assert REDACTED in shown


@given(st.integers(0, 5), st.sampled_from(["password", "access_token", "api-key"]), st.text(max_size=20))
def test_a_credential_is_found_however_deep_it_is_quoted(depth, name, around):
    """JSON inside a text inside JSON: each level doubles the backslashes."""
    text = json.dumps({"a": around, name: f'x"{SECRET}\\', "b": 1})
    for _ in range(depth):
        text = json.dumps({"said": text})

    assert SECRET not in redact_text(text)


FORMS = [
    "Bearer {}",
    "basic%20{}",
    "https://me:{}@a.example/",
    "token={}",
    '{{"token": "{}"}}',
    "<token>{}</token>",
    "'{}'",
]


@given(st.sampled_from(FORMS[:-1]), st.integers(0, 80), st.text("ab =&\"'<", max_size=20))
@example("Bearer {}", 12, "")
@example("https://me:{}@a.example/", 20, "")
def test_a_cut_leaves_no_half_of_a_credential(form, limit, before):
    """Wherever the limit falls, no three letters of it are shown."""
    text = before + " " + form.format("QWERTZUIOP1")
    for shown in (redact_message(text, limit), redact_body(text.encode(), "", limit)):
        assert "QWE" not in shown


def test_a_limit_cuts_the_text():
    """A message says how many characters it leaves out."""
    assert redact_message("some words", 4) == "some [... 6 more characters]"
    assert redact_message("some words", 10) == "some words"
    assert redact_message("see http://a.example/ now", 12) == "see http://[redacted] [... 13 more characters]"


def test_a_text_of_many_credentials_is_not_shown_to_its_end():
    """After 20,000 names of secrets the rest is removed as a whole: none is left, in any text."""
    shown = redact_text(f"token={SECRET}&" * 30_000 + "end")

    assert SECRET not in shown
    assert shown.endswith(f"token={REDACTED}{REDACTED}")


@pytest.mark.parametrize(
    "text",
    [
        "token " * 100_000 + "end",
        "<token " * 10_000 + "end",
        "a=b&" * 100_000,
        '{"notes": "' + 'a token, said he: \\"no\\"' * 5_000 + '"}',
        "https://a.example:8080/p@th?q=a@b.example",
        "https://a.example/p@th mailto:me@a.example",
        "the user's token isn't: here",
    ],
)
def test_a_text_without_credentials_is_shown_whole(text):
    """Words about them are none."""
    assert redact_text(text) == text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://me:{SECRET}/zz@a.example/x", "https://a.example/x"),
        (f"https://me:{SECRET}\u2100@a.example/x", "https://a.example/x"),
        (f"https://a.example\u2100/x?token={SECRET}", "https://a.example\u2100/x"),
        ("https://a.example:8080/p@th", "https://a.example:8080/p@th"),
    ],
)
def test_an_address_is_shown_without_user_info(url, shown):
    """Also one that is none, and one whose password has a slash."""
    assert redact_url(url) == shown


def test_names_of_secrets():
    """Of headers, parameters and fields."""
    secret = ["Authorization", "X-Api-Key", "apikey", "Set-Cookie", "CODE", "pwd", "user[password]", "to\u212aen"]

    assert all(map(is_secret_name, secret))
    assert not any(map(is_secret_name, ["Accept", "postcode", "passage", "Content-Type"]))
