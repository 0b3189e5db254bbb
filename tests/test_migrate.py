"""The conversion of records between the API versions, field by field, what it refuses, and what it takes from others."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from harvest_async import DecodeError, InvalidArgument, migrate
from harvest_async.v1 import models as v1
from harvest_async.v1.models import LineItem, write_lines
from harvest_async.v2.clients import Client
from harvest_async.v2.company import Company
from harvest_async.v2.entry_refs import InvoiceRef, MessageRecipient, Related
from harvest_async.v2.expenses import Expense, Receipt
from harvest_async.v2.invoice_messages import InvoiceMessage
from harvest_async.v2.invoice_payments import InvoicePayment, PaymentGateway
from harvest_async.v2.invoice_records import Invoice, InvoiceLineItem, InvoiceState
from harvest_async.v2.nested import ClientRef, ProjectRef, TaskRef, UserRef
from harvest_async.v2.projects import Project
from harvest_async.v2.task_assignments import TaskAssignment
from harvest_async.v2.time_entry_records import ExternalReference, TimeEntry
from harvest_async.v2.user_assignments import UserAssignment
from harvest_async.v2.users import User

CLIENT = v1.Client(id=1, name="ACME", currency=v1.Currency("Euro - EUR"))
PROJECT = v1.Project(id=2, client_id=1, name="Website", code="W1")
TASK = v1.Task(id=3, name="Design")
PERSON = v1.Person(id=4, first_name="Jane", last_name="Doe")
LINK = v1.UserAssignment(id=5, project_id=2, user_id=4, deactivated=False, hourly_rate=Decimal(80))
RELATED = [CLIENT, PROJECT, TASK, PERSON, LINK]


def paths(converted):
    """Return the paths of what is lost, with whether it is important."""
    return {each.path: each.is_important for each in converted.lost}


# From v1 to v2


def test_a_time_entry_gets_what_related_records_have():
    """Nests the client, project, task, user and assignment of a time entry; the client is found by the project."""
    entry = v1.DayEntry(
        id=9,
        project_id=2,
        task_id=3,
        user_id=4,
        spent_at=date(2026, 11, 2),
        hours=Decimal("1.5"),
        started_at=time(9, 30),
        ended_at=time(11),
    )

    converted = migrate.to_v2(entry, related=RELATED)

    assert converted.record == TimeEntry(
        id=9,
        spent_date=date(2026, 11, 2),
        user=UserRef(id=4, name="Jane Doe"),
        client=ClientRef(id=1, name="ACME", currency="EUR"),
        project=ProjectRef(id=2, name="Website", code="W1"),
        task=TaskRef(id=3, name="Design"),
        user_assignment=UserAssignment(id=5, is_active=True, hourly_rate=Decimal(80)),
        hours=Decimal("1.5"),
        started_time=time(9, 30),
        ended_time=time(11),
        is_running=False,
    )
    assert converted.lost == ()
    assert {"user_assignment.use_default_rates", "task_assignment.id", "external_reference.id", "rounded_hours"} <= set(
        converted.missing
    )
    assert not {"client.id", "client.name", "project.code", "user.name"} & set(converted.missing)


def test_what_no_related_record_has_is_missing():
    """Lists the names of the nested records if no related records are given, and keeps their ids."""
    converted = migrate.to_v2(v1.TaskAssignment(id=6, project_id=2, task_id=3, deactivated=True))

    assert converted.record == TaskAssignment(id=6, project=ProjectRef(id=2), task=TaskRef(id=3), is_active=False)
    assert converted.missing == ("project.name", "project.code", "task.name")


def test_related_records_may_be_of_either_version():
    """Takes names from records of v2, too, and from an index that is made once."""
    index = migrate.relate([Client(id=1, name="ACME", currency="EUR")])

    assert migrate.to_v2(PROJECT, related=index).record.client == ClientRef(id=1, name="ACME", currency="EUR")


def test_a_running_timer_runs():
    """Says that a timer runs if v1 has the time at which it was started, whose absence means that none runs."""
    started = datetime(2026, 11, 2, 9, tzinfo=UTC)

    assert migrate.to_v2(v1.DayEntry(id=9, timer_started_at=started)).record.is_running is True
    assert migrate.to_v2(v1.ReportEntry(id=9)).record.is_running is False


@pytest.mark.parametrize(
    ("name", "code"),
    [("Euro - EUR", "EUR"), ("United States Dollars - USD", "USD"), ("Test - XTS", "XTS"), ("Doubloons", "Doubloons")],
)
def test_a_currency_is_its_code(name, code):
    """Takes the code from the account's name of a currency; a name without a code is kept."""
    converted = migrate.to_v2(v1.Client(id=1, currency=v1.Currency(name)))

    assert converted.record.currency == code
    assert converted.lost == ()


@pytest.mark.parametrize(
    ("details", "address", "moved", "lost"),
    [
        ("Main Street", None, "Main Street", {}),
        ("", "Main Street", "Main Street", {"address": False}),
        ("Main Street", "Main Street", "Main Street", {"address": False}),
        ("Phone: 1", "Main Street", "Phone: 1", {"address": True}),
        ("", None, None, {}),
    ],
)
def test_details_of_a_client_are_its_address(details, address, moved, lost):
    """Has one text where v1 may have two: the details, or the address if there are none."""
    converted = migrate.to_v2(v1.Client(id=1, details=details, address=address), lossy=True)

    assert converted.record.address == moved
    assert paths(converted) == lost
    assert migrate.to_v1(converted.record).record.details == moved


@pytest.mark.parametrize(
    ("is_admin", "is_project_manager", "roles"),
    [
        (True, False, ["administrator"]),
        (True, None, ["administrator"]),
        (False, True, ["manager"]),
        (False, False, ["member"]),
        (None, True, []),
        (None, None, []),
    ],
)
def test_flags_of_a_person_are_access_roles(is_admin, is_project_manager, roles):
    """Derives the access role from the flags, if they are known."""
    person = v1.Person(id=4, is_admin=is_admin, is_project_manager=is_project_manager)

    assert migrate.to_v2(person).record.access_roles == roles


def test_the_signed_in_person_is_a_user():
    """Converts the person of `who_am_i`, whose flags have other names, into a user."""
    rights = v1.ProjectManagerRights(is_project_manager=True, can_see_rates=True)
    me = v1.Me(id=4, admin=False, timezone="Berlin", timezone_identifier="Europe/Berlin", project_manager=rights)

    converted = migrate.to_v2(me)

    assert converted.record == User(
        id=4,
        timezone="Berlin",
        is_admin=False,
        is_project_manager=True,
        can_see_rates=True,
        access_roles=["manager"],
    )
    assert converted.lost == ()


@pytest.mark.parametrize(
    ("words", "due", "term"),
    [
        ("NET 30", None, "net 30"),
        ("due upon receipt", None, "upon receipt"),
        (None, date(2026, 12, 1), "custom"),
        (None, None, None),
        ("at the end of the month", None, "at the end of the month"),
    ],
)
def test_terms_of_payment(words, due, term):
    """Writes the term of payment as v2 has it: custom for a day without a term."""
    converted = migrate.to_v2(v1.Invoice(id=7, due_at_human_format=words, due_at=due))

    assert (converted.record.payment_term, converted.record.due_date) == (term, due)
    assert converted.lost == ()


def test_the_table_of_lines_becomes_line_items():
    """Reads the lines of an invoice, and names their projects."""
    lines = [LineItem(kind="Service", description="a, b", quantity=Decimal(2), unit_price=Decimal(5), project_id=2)]
    invoice = v1.Invoice(id=7, client_id=1, csv_line_items=write_lines(lines), currency=v1.Currency("Euro - EUR"))

    converted = migrate.to_v2(invoice, related=RELATED)

    assert converted.record.line_items == [
        InvoiceLineItem(
            kind="Service",
            description="a, b",
            quantity=Decimal(2),
            unit_price=Decimal(5),
            taxed=False,
            taxed2=False,
            project=ProjectRef(id=2, name="Website", code="W1"),
        )
    ]
    assert converted.record.client == ClientRef(id=1, name="ACME")
    assert "line_items.id" in converted.missing
    assert "line_items.project.code" not in converted.missing


def test_a_table_of_lines_that_cannot_be_read_is_an_error():
    """Names the invoice whose lines can't be read."""
    with pytest.raises(DecodeError, match=r"invoice 7: line items: .*it lacks description, kind"):
        migrate.to_v2(v1.Invoice(id=7, csv_line_items="nonsense"))


def test_columns_of_other_programs_are_lost():
    """Lists the table of lines as lost if it has columns that v2 has no form for."""
    invoice = v1.Invoice(id=7, csv_line_items="kind,description,colour\nService,Work,red\n")

    assert paths(migrate.to_v2(invoice, lossy=True)) == {"csv_line_items": True}


def test_a_partly_paid_invoice_is_open():
    """Has no state for partly paid in v2, where the due amount says it."""
    invoice = v1.Invoice(id=7, state=v1.InvoiceState.PARTIAL, amount=Decimal(9), due_amount=Decimal(4))

    converted = migrate.to_v2(invoice)

    assert converted.record.state is InvoiceState.OPEN
    assert converted.lost == ()
    assert migrate.to_v1(converted.record).record.state is v1.InvoiceState.PARTIAL


def test_recipients_of_a_message_are_split():
    """Splits the list of recipients; an address without a name is its own name."""
    message = v1.InvoiceMessage(id=8, full_recipient_list='"Doe, Jane" <jane@example.com>, max@example.com')

    assert migrate.to_v2(message).record.recipients == [
        MessageRecipient(name="Doe, Jane", email="jane@example.com"),
        MessageRecipient(name="max@example.com", email="max@example.com"),
    ]


def test_an_expense_without_receipt():
    """Gives an expense a receipt without values, as the server does."""
    expense = v1.Expense(id=6, has_receipt=False, receipt_url="", invoice_id=7)

    converted = migrate.to_v2(expense, related=[v1.Invoice(id=7, number="2026-1")])

    assert converted.record == Expense(id=6, receipt=Receipt(), invoice=InvoiceRef(id=7, number="2026-1"))
    assert converted.lost == ()


def test_modules_of_the_company_are_features():
    """Converts the switched-on modules, and takes the kind of timers from the signed-in person."""
    company = v1.Company(name="ACME", active=True, modules=v1.Modules(expenses=True, approval=False))

    converted = migrate.to_v2(company, related=[v1.Me(id=4, timestamp_timers=True)])

    assert converted.record == Company(
        name="ACME", is_active=True, expense_feature=True, approval_feature=False, wants_timestamp_timers=True
    )
    assert "date_format" in converted.missing


# From v2 to v1


def test_a_time_entry_of_v2():
    """Has names in place of the nested records, and loses only what v1 never shows in a timesheet."""
    entry = TimeEntry(
        id=9,
        client=ClientRef(id=1, name="ACME"),
        project=ProjectRef(id=2, name="Website"),
        task=TaskRef(id=3, name="Design"),
        user=UserRef(id=4, name="Jane Doe"),
        hours=Decimal(1),
        is_running=False,
        is_locked=True,
    )

    converted = migrate.to_v1(entry)

    assert converted.record == v1.DayEntry(
        id=9,
        client="ACME",
        project_id=2,
        project="Website",
        task_id=3,
        task="Design",
        user_id=4,
        hours=Decimal(1),
    )
    assert paths(converted) == {"client.id": False, "user.name": False, "is_locked": False}


def test_a_time_entry_as_reports_have_it():
    """Makes the record of a report, where that is chosen."""
    entry = TimeEntry(id=9, project=ProjectRef(id=2), is_billed=True, billable_rate=Decimal(80))

    converted = migrate.to_v1(entry, into=v1.ReportEntry)

    assert converted.record == v1.ReportEntry(id=9, project_id=2, is_billed=True, billable_rate=Decimal(80))


def test_a_class_of_another_kind_is_refused():
    """Lists the classes that a kind has."""
    with pytest.raises(InvalidArgument, match=r"into: a time_entry is no Task. Choose from: DayEntry, ReportEntry"):
        migrate.to_v1(TimeEntry(id=9), into=v1.Task)


@pytest.mark.parametrize(
    ("roles", "is_admin", "is_project_manager", "lost"),
    [
        (["administrator"], True, None, {}),
        (["manager"], False, True, {}),
        (["member"], False, False, {}),
        (["manager", "project_creator"], False, True, {"access_roles": True}),
        ([], None, None, {}),
    ],
)
def test_access_roles_are_flags(roles, is_admin, is_project_manager, lost):
    """Sets the flags by the access roles; further rights of managers are lost."""
    converted = migrate.to_v1(User(id=4, access_roles=roles), lossy=True)

    assert (converted.record.is_admin, converted.record.is_project_manager) == (is_admin, is_project_manager)
    assert paths(converted) == lost


def test_an_invoice_of_v2():
    """Writes the lines as a table, and the term, currency and ids as v1 has them."""
    line = InvoiceLineItem(id=5, kind="Service", unit_price=Decimal(5), taxed=True, project=ProjectRef(id=2, name="W"))
    invoice = Invoice(
        id=7,
        client=ClientRef(id=1, name="ACME"),
        estimate=Related(id=3),
        line_items=[line],
        payment_term="net 15",
        currency="EUR",
        payment_options=["ach"],
    )

    converted = migrate.to_v1(invoice, lossy=["payment_options"])

    assert converted.record == v1.Invoice(
        id=7,
        client_id=1,
        client_name="ACME",
        estimate_id=3,
        csv_line_items=write_lines([LineItem(kind="Service", unit_price=Decimal(5), taxed=True, project_id=2)]),
        due_at_human_format="NET 15",
        currency=v1.Currency("Euro - EUR"),
    )
    assert paths(converted) == {
        "line_items[0].id": False,
        "line_items[0].project.name": False,
        "payment_options": True,
    }


def test_an_invoice_id_comes_from_the_related_invoice():
    """Gives messages and payments the id of their invoice, which v2 has in the address only."""
    message, payment = InvoiceMessage(id=8), InvoicePayment(id=9, payment_gateway=PaymentGateway())

    assert migrate.to_v1(message, related=[Invoice(id=7)]).record == v1.InvoiceMessage(id=8, invoice_id=7)
    assert migrate.to_v1(payment, related=[Invoice(id=7)]).record == v1.InvoicePayment(id=9, invoice_id=7)
    assert migrate.to_v1(payment, related=[Invoice(id=7), Invoice(id=8)]).missing == ("invoice_id",)


@pytest.mark.parametrize("name", ["Jane Doe", "Doe, Jane", 'The "J"', "Ünal", "a\\b", " x ", None])
def test_names_of_recipients_survive(name):
    """Writes names with special characters so that they are read back."""
    message = InvoiceMessage(id=8, recipients=[MessageRecipient(name=name, email="j@example.com")])

    converted = migrate.to_v1(message)

    assert converted.lost == ()
    assert migrate.to_v2(converted.record).record.recipients[0].name == (name or "j@example.com")


# What is refused


def test_a_lossy_conversion_is_refused():
    """Lists the important values that would be lost, and how to accept that."""
    client = v1.Client(id=1, default_invoice_timeframe="this month", highrise_id=5, cache_version=3)

    with pytest.raises(
        InvalidArgument,
        match=r"Client 1: API v2 can't store highrise_id \(5\), default_invoice_timeframe \('this month'\): give",
    ):
        migrate.to_v2(client)


def test_losses_are_accepted_by_name():
    """Accepts the named losses only; a name covers the values in it."""
    entry = TimeEntry(id=9, external_reference=ExternalReference(id="1", group_id="2", service="example.com"))

    with pytest.raises(InvalidArgument, match=r"external_reference.group_id \('2'\): give"):
        migrate.to_v1(entry, lossy=["external_reference.id"])
    assert paths(migrate.to_v1(entry, lossy="external_reference")) == {
        "external_reference.id": True,
        "external_reference.group_id": True,
        "external_reference.service": False,
    }


def test_values_that_the_server_computes_are_never_refused():
    """Lists computed values, and those that repeat another field, without refusing the conversion."""
    project = v1.Project(id=2, budget=Decimal(9), estimate=Decimal(9), cache_version=4)

    assert paths(migrate.to_v2(project)) == {"estimate": False, "cache_version": False}
    with pytest.raises(InvalidArgument, match=r"estimate \(8\)"):
        migrate.to_v2(v1.Project(id=2, budget=Decimal(9), estimate=Decimal(8)))


def test_defaults_of_the_other_version_are_not_important():
    """Refuses a monthly budget, which v1 does not have, but not that there is none."""
    assert paths(migrate.to_v1(Project(id=2, budget_is_monthly=False))) == {"budget_is_monthly": False}
    with pytest.raises(InvalidArgument, match="budget_is_monthly"):
        migrate.to_v1(Project(id=2, budget_is_monthly=True))


def test_long_values_are_cut_in_the_message():
    """Shows the beginning of a long value only."""
    with pytest.raises(InvalidArgument, match=r"department \('x{39}\.\.\.\)"):
        migrate.to_v2(v1.Person(id=4, department="x" * 1000))


@pytest.mark.parametrize("convert", [migrate.to_v1, migrate.to_v2])
def test_other_objects_are_refused(convert):
    """Names the classes of records that can be converted."""
    with pytest.raises(
        InvalidArgument, match=r"builtins.str is no record of API v[12]. Choose from: Client, Company, Contact, "
    ):
        convert("ACME")


def test_a_related_object_that_is_no_record_is_refused():
    """Refuses related objects that no version knows."""
    with pytest.raises(InvalidArgument, match="str is no record of an API version"):
        migrate.to_v2(PROJECT, related=["ACME"])


def test_a_record_of_the_target_version_is_refused():
    """Refuses a record that is of v2 already, and names its class."""
    with pytest.raises(InvalidArgument, match=r"harvest_async.v2.clients.Client is no record of API v1"):
        migrate.to_v2(Client(id=1))


def test_a_record_of_an_own_class_is_converted():
    """Converts records of subclasses."""

    class Own(v1.Task):
        pass

    assert migrate.to_v2(Own(id=3, name="Design")).record.name == "Design"


def test_records_without_ids_stay_so():
    """Keeps the missing id of a record that the server sent without one."""
    assert migrate.to_v2(v1.Expense(id=None)).record.id is None
    assert migrate.to_v2(v1.Client(name="ACME")).record.id == 0
