"""Which record of the account is the one that was sent, when the response to its creation was lost."""

import pytest

from harvest_async.importer.account_records import AccountRecord
from harvest_async.importer.reconciliation import Reconciliation

CLIENT = {"name": "ACME"}
PROJECT = {"name": "Website", "code": "WEB"}
PERSON = {"first_name": "Ada", "last_name": "Byron"}


def known(name, **fields):
    """A record of the account."""
    return AccountRecord(1, name, **fields)


@pytest.mark.parametrize(
    ("kind", "record", "sent", "client", "same"),
    [
        ("client", known("acme "), CLIENT, None, True),
        ("client", known("Other"), CLIENT, None, False),
        ("client", known("ACME", code="A"), CLIENT, None, True),
        ("task", known("ACME", client=8), CLIENT, None, True),
        ("project", known("Website", code="web", client=8), PROJECT, 8, True),
        ("project", known("Website", code="WEB", client=9), PROJECT, 8, False),
        ("project", known("Website", code="", client=8), PROJECT, 8, False),
        ("project", known("Other", code="WEB", client=8), PROJECT, 8, False),
        ("project", known("Website", client=8), {"name": "Website", "code": None}, 8, True),
        ("project", known("Website", code="none", client=8), {"name": "Website", "code": None}, 8, False),
        ("project", known("Website", client=8), {"name": "Website"}, 8, True),
        ("invoice", known("2026-1", client=8), {"number": "2026-1", "name": "x"}, 8, True),
        ("invoice", known("2026-2", client=8), {"number": "2026-1", "name": "2026-2"}, 8, False),
        ("contact", known("Ada Byron", client=8), PERSON, 8, True),
        ("contact", known("Ada Byron", client=9), PERSON, 8, False),
        ("contact", known("Ada Other", client=8), PERSON, 8, False),
        ("contact", known("Other Byron", client=8), PERSON, 8, False),
        ("contact", known("Ada", client=8), {"first_name": "Ada"}, 8, True),
        ("contact", known("Byron", client=8), {"last_name": "Byron"}, 8, True),
        ("contact", known("Other", client=8, email="Ada@example.com"), {**PERSON, "email": "ada@example.com"}, 8, True),
        (
            "contact",
            known("Ada Byron", client=8, email="b@example.com"),
            {**PERSON, "email": "a@example.com"},
            8,
            False,
        ),
        ("contact", known("Ada Byron", client=8), {**PERSON, "email": None}, 8, True),
    ],
)
def test_a_record_is_the_one_that_was_sent(kind, record, sent, client, same):
    """Compared are client, name and code, an invoice's number, and a contact's e-mail address or else its name."""
    assert Reconciliation._is(object(), kind, record, sent, client) is same
