"""Which lost writes were processed, kind by kind; and which record of the account is the one that was sent."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from harvest_async.errors import Forbidden, NotFound, OutcomeUnknown, Unauthorized
from harvest_async.importer.account_records import AccountRecord, Assignment, RecordedPayment
from harvest_async.importer.match import payment_key
from harvest_async.importer.reconciliation import Reconciliation
from tests.support.lost_steps import (
    ADA,
    CLIENT,
    INVOICE,
    OTHER_CLIENT,
    OTHER_INVOICE,
    PROJECT,
    TASK,
    LostSteps,
    ReadAccount,
)

ACME = {"name": "ACME"}
WEBSITE = {"name": "Website", "code": "WEB"}
BYRON = {"first_name": "Ada", "last_name": "Byron"}


def known(name, **fields):
    """A record of the account."""
    return AccountRecord(1, name, **fields)


@pytest.mark.parametrize(
    ("kind", "record", "sent", "client", "same"),
    [
        ("client", known("acme "), ACME, None, True),
        ("client", known("Other"), ACME, None, False),
        ("client", known("ACME", code="A"), ACME, None, True),
        ("task", known("ACME", client=8), ACME, None, True),
        ("project", known("Website", code="web", client=8), WEBSITE, 8, True),
        ("project", known("Website", code="WEB", client=9), WEBSITE, 8, False),
        ("project", known("Website", code="", client=8), WEBSITE, 8, False),
        ("project", known("Other", code="WEB", client=8), WEBSITE, 8, False),
        ("project", known("Website", client=8), {"name": "Website", "code": None}, 8, True),
        ("project", known("Website", code="none", client=8), {"name": "Website", "code": None}, 8, False),
        ("project", known("Website", client=8), {"name": "Website"}, 8, True),
        ("invoice", known("2026-1", client=8), {"number": "2026-1", "name": "x"}, 8, True),
        ("invoice", known("2026-2", client=8), {"number": "2026-1", "name": "2026-2"}, 8, False),
        ("contact", known("Ada Byron", client=8), BYRON, 8, True),
        ("contact", known("Ada Byron", client=9), BYRON, 8, False),
        ("contact", known("Ada Other", client=8), BYRON, 8, False),
        ("contact", known("Other Byron", client=8), BYRON, 8, False),
        ("contact", known("Ada", client=8), {"first_name": "Ada"}, 8, True),
        ("contact", known("Byron", client=8), {"last_name": "Byron"}, 8, True),
        ("contact", known("Other", client=8, email="Ada@example.com"), {**BYRON, "email": "ada@example.com"}, 8, True),
        (
            "contact",
            known("Ada Byron", client=8, email="b@example.com"),
            {**BYRON, "email": "a@example.com"},
            8,
            False,
        ),
        ("contact", known("Ada Byron", client=8), {**BYRON, "email": None}, 8, True),
    ],
)
def test_a_record_is_the_one_that_was_sent(kind, record, sent, client, same):
    """Compared are client, name and code, an invoice's number, and a contact's e-mail address or else its name."""
    assert Reconciliation._is(object(), kind, record, sent, client) is same


# Kind by kind

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize("error", [Forbidden("no"), NotFound("no"), Unauthorized("no")])
def test_steps_of_an_unreadable_account_stay_unknown(error):
    """Each lost step of the kind gets the words of the server as its reason."""
    steps = LostSteps(ReadAccount(records=error))
    steps.add(20, "client", key="a", fields={"name": "A"})
    steps.add(21, "client", key="b", fields={"name": "B"})
    unknown = ("unknown", "the account can't be read: no")

    assert steps.reconcile("client") == [{20: unknown, 21: unknown}]


def test_steps_stay_lost_while_the_server_does_not_respond():
    """The error ends the reconciliation, and they can be reconciled later."""
    steps = LostSteps(ReadAccount(records=OutcomeUnknown("no response")))
    steps.add(20, "client", fields={"name": "A"})

    with pytest.raises(OutcomeUnknown):
        steps.reconcile("client")


def test_nothing_is_read_where_nothing_is_lost():
    """Steps of other kinds and in other states are left alone."""
    steps = LostSteps(ReadAccount())
    steps.add(20, "client", key="a", fields={"name": "A"}, state="planned")
    steps.add(21, "task", key="b", fields={"name": "B"})

    assert steps.reconcile("client", "person") == [{20: ("planned", None), 21: ("response_lost", None)}] * 2
    assert steps.account.reads == []


def test_the_newest_of_several_equal_records_is_the_one_that_was_sent():
    """A record that is not there was not processed, and is sent again."""
    there = [AccountRecord(number, name) for number, name in ((5, "A"), (6, "A"), (7, "A"), (8, "C"))]
    steps = LostSteps(ReadAccount(records=there))
    steps.add(20, "task", key="a", fields={"name": "a"})
    steps.add(21, "task", key="b", fields={"name": "b"})
    steps.add(22, "task", key="c", fields={"name": "c"})

    assert steps.reconcile("task") == [{20: ("created", 7), 21: ("planned", None), 22: ("created", 8)}]
    assert steps.account.reads == [("records", "task")]


def test_a_project_is_looked_for_at_its_client():
    """One with the same name at another client, or with another code, is another one."""
    there = [
        AccountRecord(5, "Website", client=100 + CLIENT),
        AccountRecord(6, "Website", client=100 + OTHER_CLIENT),
        AccountRecord(7, "Website", client=100 + CLIENT, code="X"),
    ]
    steps = LostSteps(ReadAccount(records=there))
    steps.add(20, "project", client=CLIENT, fields={"name": "Website"})

    assert steps.reconcile("project") == [{20: ("created", 5)}]


def test_people_are_looked_up_by_their_addresses():
    """One look-up for each, whose result decides."""
    found = {"ada@example.com": AccountRecord(7, "Ada")}
    steps = LostSteps(ReadAccount(find_person=found.get))
    steps.add(20, "person", key="a", fields={"email": "bob@example.com"})
    steps.add(21, "person", key="b", fields={"email": "ada@example.com"})

    assert steps.reconcile("person") == [{20: ("planned", None), 21: ("created", 7)}]
    assert steps.account.reads == [("find_person", "bob@example.com"), ("find_person", "ada@example.com")]


@pytest.mark.parametrize(("kind", "other"), [("task_assignment", TASK), ("person_assignment", ADA)])
def test_an_assignment_is_there_if_it_is_active(kind, other):
    """Archived ones and those of others don't count; of several the first one is taken."""
    there = [Assignment(5, 100 + other, active=False), Assignment(6, 1), Assignment(7, 100 + other)]
    steps = LostSteps(ReadAccount(assignments=[*there, Assignment(8, 100 + other)]))
    steps.add(20, kind, project=PROJECT, other=other)

    assert steps.reconcile(kind) == [{20: ("created", 7)}]
    assert steps.account.reads == [("assignments", kind, 100 + PROJECT)]


def test_an_assignment_that_is_archived_is_assigned_again():
    """The lost write would have made it active."""
    steps = LostSteps(ReadAccount(assignments=[Assignment(5, 100 + TASK, active=False), Assignment(6, 1)]))
    steps.add(20, "task_assignment", project=PROJECT, other=TASK)

    assert steps.reconcile("task_assignment") == [{20: ("planned", None)}]


@pytest.mark.parametrize(
    ("state", "other", "project"),
    [
        ("archived_task_assignment", TASK, PROJECT),
        ("archived_project", PROJECT, None),
        ("archived_client", CLIENT, None),
        ("archived_person", ADA, None),
        ("sent_invoice", INVOICE, None),
        ("closed_invoice", INVOICE, None),
    ],
)
def test_a_final_state_is_read_from_its_record(state, other, project):
    """A step whose record has the state is done, another one is sent again; an assignment is read with its project."""
    reached = iter([True, False])
    steps = LostSteps(ReadAccount(has_final_state=lambda *_: next(reached)))
    for number in (20, 21):
        steps.add(number, state, key=str(number), other=other, project=project)

    assert steps.reconcile(state) == [{20: ("created", 100 + other), 21: ("planned", None)}]
    asked = ("has_final_state", state, 100 + other, None if project is None else 100 + project)
    assert steps.account.reads == [asked, asked]


def test_payments_are_counted_invoice_by_invoice():
    """Of two lost payments one is there, and one on another invoice; those with other amounts, times, notes are not."""
    key = payment_key(INVOICE, Decimal(5), NOON, "a")
    payments = {
        100 + INVOICE: [
            RecordedPayment(70, Decimal(6), NOON, "a"),
            RecordedPayment(71, Decimal(5), NOON.replace(hour=13), "a"),
            RecordedPayment(72, Decimal(5), NOON, "b"),
            RecordedPayment(73, Decimal(5), NOON, "a"),
            RecordedPayment(74, Decimal("5.00"), NOON, "a "),
        ],
        100 + OTHER_INVOICE: [RecordedPayment(75, Decimal(5), NOON, "a")],
    }
    steps = LostSteps(ReadAccount(payments=payments.get))
    steps.know(key, 73)
    steps.add(20, "payment", key=key, other=INVOICE)
    steps.add(21, "payment", key=key, other=INVOICE)
    steps.add(22, "payment", key=payment_key(OTHER_INVOICE, Decimal(5), NOON, "a"), other=OTHER_INVOICE)

    assert steps.reconcile("payment") == [{20: ("created", 74), 21: ("planned", None), 22: ("created", 75)}]
    assert steps.account.reads == [("payments", 100 + INVOICE), ("payments", 100 + OTHER_INVOICE)]
