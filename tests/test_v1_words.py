"""Words, currencies and zones: what is known is typed, what is not stays what it is."""

import zoneinfo
from decimal import Decimal

import pytest

from harvest_async import InvalidArgument
from harvest_async.v1 import models
from harvest_async.v1.models import (
    BillBy,
    Client,
    ColorScheme,
    Currency,
    ExpenseCategory,
    InvoiceKind,
    Person,
    Project,
    Task,
    TaskAssignment,
    TimeFormat,
    UserAssignment,
    WeekStartDay,
    iana_name,
    zone_name,
)
from harvest_async.v1.models.zones import _ALIASES, _IANA
from harvest_async.v1.resources.account import WHO_AM_I
from harvest_async.v1.resources.clients import GET_CLIENT
from harvest_async.v1.resources.projects import GET_PROJECT
from tests.contract import fields
from tests.support.v1 import read, reply, scripted, silent
from tests.test_v1_contract import MODELS

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

SETS = {
    "bill_by": models.BillBy,
    "budget_by": models.BudgetBy,
    "clock": models.Clock,
    "color_scheme": models.ColorScheme,
    "expense_summary_type": models.ExpenseSummary,
    "import_expenses": models.ImportChoice,
    "import_hours": models.ImportChoice,
    "kind": models.InvoiceKind,
    "state": models.InvoiceState,
    "time_format": models.TimeFormat,
    "week_start_day": models.WeekStartDay,
}
PLAIN = {"decimal_symbol", "thousands_separator"}


# Words


def known_words():
    return [(part, each) for part, known in fields().items() for each in known.values() if each.words]


@pytest.mark.parametrize(("part", "field"), known_words(), ids=lambda value: getattr(value, "name", value))
def test_every_set_of_words_is_the_contracts(part, field):
    """All of them, and no others; symbols are plain texts."""
    if field.name in PLAIN:
        assert MODELS[part].__annotations__[field.name] == "str | None"
        return

    assert set(field.words) == {str(word) for word in SETS[field.name]}
    assert MODELS[part].__annotations__[field.name] == f"{SETS[field.name].__name__} | str | None"


def project(**fields):
    return read(GET_PROJECT(30), {"project": {"id": 30, **fields}})


@pytest.mark.parametrize("word", ["Tasks", "tasks", " TASKS"])
def test_a_word_is_known_in_any_case(word):
    """It is the enumeration's, and a text as well."""
    assert project(bill_by=word).bill_by is BillBy.TASKS
    assert project(bill_by=word).bill_by == "Tasks"


@pytest.mark.parametrize("word", ["Weather", "", "täsks"])
def test_a_word_that_is_not_known_breaks_nothing(word):
    """It stays a text, in every such field, in both formats."""
    xml = f"<project><id>30</id><bill-by>{word}</bill-by></project>"

    assert word == project(bill_by=word).bill_by == read(GET_PROJECT(30), xml).bill_by
    assert type(project(bill_by=word).bill_by) is str
    assert project(bill_by=None).bill_by is None


def test_words_of_the_account_are_known():
    """As the signed-in person gets them."""
    company = {"week_start_day": "monday", "time_format": "hours_minutes", "color_scheme": "lt_grey", "clock": "48h"}
    company_of_user = read(WHO_AM_I(), {"company": company, "user": {"id": 1}}).company

    assert (
        company_of_user.week_start_day, company_of_user.time_format, company_of_user.color_scheme, company_of_user.clock,
    ) == (WeekStartDay.MONDAY, TimeFormat.HOURS_MINUTES, ColorScheme.LIGHT_GRAY, "48h")  # fmt: skip


def test_symbols_are_not_trimmed():
    """A blank separates thousands in some accounts; in XML, too."""
    for body in (
        {"company": {"thousands_separator": " "}, "user": {"id": 1}},
        "<hash><company><thousands-separator> </thousands-separator></company><user><id>1</id></user></hash>",
    ):
        assert read(WHO_AM_I(), body).company.thousands_separator == " "


async def test_a_word_that_is_not_known_can_be_written():
    """The server may know more of them."""
    harvest, server = scripted(silent(201, location="/projects/30"))
    await harvest.projects.create_id("Site", 7, bill_by="Weather", budget_by="PERSON")

    assert (server.body()["project"]["bill_by"], server.body()["project"]["budget_by"]) == ("Weather", "person")


@pytest.mark.parametrize("word", ["", " ", 7, True])
async def test_what_is_no_word_is_not_sent(word):
    """Blank ones and numbers."""
    harvest, _ = scripted()
    with pytest.raises(InvalidArgument, match="bill_by: give a text"):
        await harvest.projects.create_id("Site", 7, bill_by=word)


def test_a_word_does_not_equal_another():
    """What looks alike in its set is one word; others are none of it."""
    assert InvoiceKind("Free-Form") is InvoiceKind.FREE_FORM
    with pytest.raises(ValueError, match="7 is not a valid InvoiceKind"):
        InvoiceKind(7)


# Currencies


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("United States Dollar - USD", "USD"),
        ("United States Dollars - USD", "USD"),
        ("Euro - EUR", "EUR"),
        ("Beads", None),
        ("Dollar USD-", None),
        ("", None),
    ],
)
def test_a_currency_is_known_by_its_code(name, code):
    """Its name may be another in another account."""
    client = read(GET_CLIENT(7), {"client": {"id": 7, "currency": name}})

    assert (name, code) == (client.currency, client.currency.code)
    assert isinstance(client.currency, Currency)


# Time zones


@pytest.mark.parametrize("name", sorted(_IANA))
def test_a_zone_has_both_names(name):
    """The IANA name exists, and leads back to the same clock."""
    iana = iana_name(name)

    assert zoneinfo.ZoneInfo(iana)
    assert iana == iana_name(zone_name(iana))
    assert name == zone_name(name)


@pytest.mark.parametrize("alias", sorted(_ALIASES))
def test_a_zone_has_other_names_too(alias):
    """Older ones of the same zone."""
    assert zoneinfo.ZoneInfo(alias)
    assert _ALIASES[alias] == iana_name(zone_name(alias))


@pytest.mark.parametrize(
    ("iana", "name"),
    [
        ("America/New_York", "Eastern Time (US & Canada)"),
        ("Europe/Berlin", "Berlin"),
        ("Europe/London", "London"),
        ("Asia/Tokyo", "Tokyo"),
        ("Asia/Kolkata", "Kolkata"),
        ("Etc/UTC", "UTC"),
        ("US/Pacific", "Pacific Time (US & Canada)"),
    ],
)
async def test_a_person_may_be_given_an_iana_zone(iana, name):
    """The account is sent its own name of it, with its ampersand escaped; both are there to read."""
    harvest, server = scripted(silent(201, location="/people/9"), format="xml")
    await harvest.people.create_id("one@example.com", "Person", "One", timezone=iana)

    assert f"<timezone>{name.replace('&', '&amp;')}</timezone>".encode() in server.sent[0].content
    assert Person(timezone=name).timezone_identifier == iana_name(name)


async def test_a_zone_that_is_not_known_is_the_accounts_own():
    """The set may grow. An IANA name that accounts have no name for is refused, since they would refuse it."""
    harvest, server = scripted(silent(), reply({"user": {"id": 9}}))
    await harvest.people.update(9, timezone="Atlantis")

    assert server.body(0) == {"user": {"timezone": "Atlantis"}}
    assert Person(timezone="Atlantis").timezone_identifier is None
    assert Person().timezone_identifier is None

    with pytest.raises(InvalidArgument, match="accounts have no name for the zone 'Europe/Vaduz'"):
        await harvest.people.update(9, timezone="Europe/Vaduz")


async def test_a_zone_does_not_differ_by_its_name():
    """The same zone by its other name is no change."""
    harvest, server = scripted()
    person = Person(id=9, timezone="Berlin")

    assert await harvest.people.update(person, timezone="Europe/Berlin") is person
    assert server.asked == []


# In use or not


@pytest.mark.parametrize(
    ("record", "active"),
    [
        (Client(active=True), True),
        (Project(active=False), False),
        (Person(is_active=True), True),
        (Task(deactivated=True), False),
        (TaskAssignment(deactivated=False), True),
        (UserAssignment(deactivated=True), False),
        (ExpenseCategory(deactivated=False), True),
        (Client(), None),
        (Person(), None),
        (Task(), None),
        (TaskAssignment(), None),
        (UserAssignment(), None),
        (ExpenseCategory(), None),
    ],
)
def test_whether_a_record_is_in_use_has_one_name(record, active):
    """The API spells it in three ways."""
    assert record.active is active


def test_the_help_pages_name_of_a_field_is_read_too():
    """One table spells it otherwise."""
    assert project(cost_budget_includes_expenses=True).cost_budget_include_expenses is True
    assert project(budget="12.50").budget == Decimal("12.5")
