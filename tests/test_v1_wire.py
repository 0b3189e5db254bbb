"""How records are wrapped and spelled on the wire: what documents and accounts do otherwise than one would expect."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from harvest_async import DecodeError
from harvest_async.v1.resources import endpoints as every_endpoint
from harvest_async.v1.resources.account import RATE_LIMIT_STATUS, WHO_AM_I
from harvest_async.v1.resources.assignments import LIST_TASK_ASSIGNMENTS, LIST_USER_ASSIGNMENTS
from harvest_async.v1.resources.clients import GET_CLIENT, LIST_CLIENTS, LIST_CONTACTS
from harvest_async.v1.resources.expenses import LIST_EXPENSE_CATEGORIES
from harvest_async.v1.resources.invoices import LIST_INVOICE_ITEM_CATEGORIES
from harvest_async.v1.resources.payments import LIST_INVOICE_PAYMENTS
from harvest_async.v1.resources.people import GET_PERSON, LIST_PEOPLE, UPDATE_PERSON
from harvest_async.v1.resources.projects import LIST_PROJECTS
from harvest_async.v1.resources.reports import PROJECT_ENTRIES, USER_EXPENSES
from harvest_async.v1.resources.tasks import LIST_TASKS
from tests.contract import ROOTS, endpoints
from tests.support.v1 import TYPES, read, reply, scripted, written
from tests.test_v1_repeats import every_call

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


# Header fields


@pytest.mark.parametrize("format", ["json", "xml"])
@pytest.mark.parametrize("name", sorted(set(endpoints()) - {"receipts.attach"}))
def test_every_request_names_its_format(name, format):
    """In both header fields, GET too; uploads have a type of their own."""
    wire = written(every_call()[name], format)

    assert TYPES[format] == wire.header("accept") == wire.header("content-type")
    assert (wire.header("content-length") is None) is (wire.method in {"GET", "DELETE"})


def test_the_status_and_the_sign_in_have_their_paths():
    """With the slash that the documentation's heading lacks."""
    assert WHO_AM_I().path == "/account/who_am_i"
    assert RATE_LIMIT_STATUS().path == "/account/rate_limit_status"


def test_estimates_are_not_offered():
    """No call exists, although other sections mention them."""
    from harvest_async import HarvestV1

    assert not [name for name in [*every_endpoint(), *dir(HarvestV1)] if "estimate" in name]


# Lists

LISTS = {
    "clients": LIST_CLIENTS(),
    "projects": LIST_PROJECTS(),
    "tasks": LIST_TASKS(),
    "people": LIST_PEOPLE(),
    "expense_categories": LIST_EXPENSE_CATEGORIES(),
    "task_assignments": LIST_TASK_ASSIGNMENTS(30),
    "user_assignments": LIST_USER_ASSIGNMENTS(30),
    "contacts": LIST_CONTACTS(),
    "reports.day_entry": PROJECT_ENTRIES(30),
    "expenses": USER_EXPENSES(9),
    "invoice_payments": LIST_INVOICE_PAYMENTS(7),
    "invoice_item_categories": LIST_INVOICE_ITEM_CATEGORIES(),
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("type", ["", ' type="array"'])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_list_in_xml_needs_no_type(name, type, count):
    """The attribute is left out in places; a list of one stays a list."""
    _, _, single, root = ROOTS[name]
    records = "".join(f'<{single}><id type="integer">{number}</id></{single}>\n' for number in range(1, count + 1))
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}{type}>\n{records}</{root}>'

    assert list(range(1, count + 1)) == [each.id for each in read(LISTS[name], body).items]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_in_json_may_be_one_object(name):
    """A page shows one wrapped object as the sample of a list."""
    root = ROOTS[name][1]

    assert [each.id for each in read(LISTS[name], {root: {"id": 1}}).items] == [1]
    assert [each.id for each in read(LISTS[name], [{root: {"id": 1}}, {root: {"id": 2}}]).items] == [1, 2]
    assert read(LISTS[name], []).items == []


@pytest.mark.parametrize("name", ["clients", "projects", "tasks", "people"])
async def test_a_list_comes_whole(name):
    """No page is asked for, and nobody waits for another; archived records are in it."""
    root, archived = {"clients": ("client", "active"), "projects": ("project", "active")}.get(name, (name[:-1], ""))
    root = {"people": "user", "tasks": "task"}.get(name, root)
    flag = {"people": {"is_active": False}, "tasks": {"deactivated": True}}.get(name, {archived: False})
    harvest, server = scripted(reply([{root: {"id": number, **flag}} for number in range(1, 121)]))
    found = await getattr(harvest, name).list()

    assert (len(found), found[0].active) == (120, False)
    assert [each.url.query for each in server.sent] == [b""]


# XML


@pytest.mark.parametrize("type", ["datetime", "dateTime", "DATETIME", "", "string", "NilClass"])
def test_types_of_elements_are_not_looked_at(type):
    """Fields know their own types: revisions spell them differently, and one says that a number is nothing."""
    body = (
        f'<day-entries><day-entry><id type="{type}">5</id><hours-with-timer type="{type}">1.5</hours-with-timer>'
        f'<created-at type="{type}">2026-03-09T12:30:00Z</created-at></day-entry></day-entries>'
    )
    (entry,) = read(PROJECT_ENTRIES(30), body).items

    assert (5, Decimal("1.5"), datetime(2026, 3, 9, 12, 30, tzinfo=UTC)) == (
        entry.id,
        entry.hours_with_timer,
        entry.created_at,
    )


def test_padded_values_are_trimmed_and_texts_are_not():
    """Samples have line breaks around booleans and days."""
    body = (
        "<user><id>\n9\n</id><is-admin type='boolean'>\n  true\n</is-admin><department> Design </department>"
        "<created-at>\n 2026-03-09T12:30:00Z </created-at></user>"
    )
    person = read(GET_PERSON(9), body)

    assert (person.id, person.is_admin, person.department) == (9, True, " Design ")
    assert person.created_at.minute == 30


def test_ampersands_are_escaped():
    """On writing. A bare one, as the samples have it, is no XML, and refused with its place."""
    wire = written(UPDATE_PERSON(9, fields={"timezone": "Eastern Time (US & Canada)"}), "xml")

    assert b"<timezone>Eastern Time (US &amp; Canada)</timezone>" in wire.content
    with pytest.raises(DecodeError, match=r"the response is not XML \(.*line 1, column \d+\): it begins with '<user>"):
        read(GET_PERSON(9), "<user><id>9</id><timezone>Eastern Time (US & Canada)</timezone></user>")


def test_names_are_written_with_dashes_and_closed():
    """The documentation's sample opens with underscores and closes with dashes."""
    content = written(UPDATE_PERSON(9, fields={"first_name": "A", "is_admin": True}), "xml").content

    assert content.endswith(b"<user><first-name>A</first-name><is-admin>true</is-admin></user>")


@pytest.mark.parametrize(
    "body",
    [
        '<!DOCTYPE user [<!ENTITY a "b">]><user><id>9</id><email>&a;</email></user>',
        '<!DOCTYPE user SYSTEM "file:///etc/passwd"><user><id>9</id></user>',
        '<?xml version="1.0"?><!-- a --><!doctype user [<!ENTITY x SYSTEM "http://127.0.0.1/">]><user><id>9</id></user>',
        "<user><id>9</id><email>&unknown;</email></user>",
    ],
)
def test_xml_brings_no_entities_of_its_own(body):
    """Responses come from the network."""
    with pytest.raises(DecodeError, match=r"document type|undefined entity"):
        read(GET_PERSON(9), body)


# Who is signed in


@pytest.mark.parametrize(
    "body",
    [
        {"company": {"name": "ACME"}, "user": {"id": 9, "email": "one@example.com", "admin": True}},
        "<hash><company><name>ACME</name></company><user><id>9</id><admin type='boolean'>true</admin></user></hash>",
    ],
)
def test_the_signed_in_person_has_names_of_its_own(body):
    """The short sample has few fields; `admin` here is `is_admin` in people."""
    me = read(WHO_AM_I(), body)

    assert (me.company.name, me.user.id, me.user.admin, me.company.modules) == ("ACME", 9, True, None)


# What can't be read


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"client": {"extent": "ACME"}}, "the response is not a Client: required field missing: id"),
        ({"message": "no"}, "the response is not a Client: required field missing: id"),
        ({"client": {"id": "x"}}, "expected a whole number, got 'x' @ $.id"),
        ({"client": {"id": 1, "active": "maybe"}}, "expected true or false, got 'maybe' @ $.active"),
        ({"client": {"id": 1, "name": ["a"]}}, "expected a text"),
        ({"client": 7}, "expected an object, got 7"),
        ([], "expected an object"),
        ("<client><extent>ACME</extent></client>", "required field missing: id"),
        ("<client/>", "required field missing: id"),
    ],
)
def test_what_is_no_record_is_an_error(body, message):
    """With the field's path."""
    with pytest.raises(DecodeError, match=re.escape(message)):
        read(GET_CLIENT(7), body)


def test_a_response_in_the_wrong_format_is_an_error():
    """By its own word."""
    from harvest_async.messages import Response
    from harvest_async.v1.dialect import V1Dialect

    response = Response(200, (("content-type", "text/html; charset=utf-8"),), b"<!DOCTYPE html><p>Sign in")
    with pytest.raises(DecodeError, match="expected application/json, the response is text/html: an HTML page begins"):
        V1Dialect("json").decode(GET_CLIENT(7), response)


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.harvest+json", ""]
)
def test_an_answer_in_the_right_format_is_read(kind):
    """Parameters, case and a vendor's name for it do not matter."""
    from harvest_async.messages import Response
    from harvest_async.v1.dialect import V1Dialect

    content = json.dumps({"client": {"id": 7}}).encode()

    assert V1Dialect("json").decode(GET_CLIENT(7), Response(200, (("content-type", kind),), content)).id == 7
