"""The quirks that the documentation's samples do not agree on, each switched on by its name."""

import pytest

from harvest_async.sandbox.quirks import QUIRKS
from tests.contract import quirks
from tests.support.sandbox import Caller, new_sandbox, new_studio, reason, tree_of

SPAN = "from=20260101&to=20261231"
NOT_OF_THE_CONTRACTS_LIST = {  # not in the documentation's list
    "location_form",
    "nil_classes",
    "references_dropped",
    "references_truncated",
    "report_times_missing",
}


def studio_with(*names, **options):
    return new_studio(new_sandbox(quirks=names, **options))


def xml(studio):
    return Caller(studio.call.sandbox, format="xml")


def xml_add(studio):
    body = (
        f"<request><project_id>{studio.project}</project_id><task_id>{studio.task}</task_id><hours>1</hours></request>"
    )
    return xml(studio).post("/daily/add", content=body.encode())


def test_the_names_are_the_contracts():
    """The quirks have the names of the reference."""
    assert set(QUIRKS) - NOT_OF_THE_CONTRACTS_LIST <= set(quirks())


def test_a_quirk_that_is_none_is_refused():
    """The sandbox names those that there are."""
    with pytest.raises(ValueError, match=r"Unknown quirk: nothing\. Choose from: add_reply_root, "):
        new_sandbox(quirks=["nothing"])


def test_add_reply_root():
    """Only the response to a new entry has it."""
    studio = studio_with("add_reply_root")
    added = tree_of(xml_add(studio))

    assert (added.tag, added[0].tag) == ("add", "day_entry")
    assert tree_of(xml(studio).get("/daily/show/70001")).tag == "timer"


def test_add_reply_short():
    """The rest is returned by show."""
    studio = studio_with("add_reply_short")
    entry = studio.log_time()

    assert {"id", "client", "project", "task", "hours", "hours_without_timer", "notes"} == set(entry)
    assert "spent_at" in studio.call.get(f"/daily/show/{entry['id']}").json()
    assert tree_of(xml_add(studio)).find("day_entry/project_id") is None


def test_flat_json_timer():
    """JSON is nested as XML is; what a stopped timer held stays beside."""
    studio = studio_with("flat_json_timer")
    studio.log_time(hours="")

    assert {"day_entry", "hours_for_previously_running_timer"} == set(studio.log_time(hours=""))


def test_bare_ampersand():
    """The document is not well-formed, as the sample is not."""
    studio = studio_with("bare_ampersand")

    assert "(US & Canada)" in xml(studio).get("/people/1").text
    assert "(US &amp; Canada)" in xml(studio_with()).get("/people/1").text


def test_body_or_no_body():
    """Creates and updates respond with the record."""
    studio = studio_with("body_or_no_body")
    created = studio.call.post("/clients", {"client": {"name": "New"}})
    updated = xml(studio).put(created.headers["location"], content=b"<client><name>Newer</name></client>")

    assert created.json()["client"]["name"] == "New"
    assert (tree_of(updated).tag, tree_of(updated).findtext("name")) == ("client", "Newer")


def test_csv_decimal_comma():
    """Numbers in lines have a comma, in quotes; the company says so; they are read, too."""
    studio = studio_with("csv_decimal_comma")
    head = "kind,description,quantity,unit_price,amount,taxed,taxed2,project_id"
    number = studio.invoice(csv_line_items=f'{head}\nService,Work,"1,5","10,20",,false,false,\n')
    invoice = studio.call.get(f"/invoices/{number}").json()["invoice"]
    company = studio.call.get("/account/who_am_i").json()["company"]

    assert f'{head}\nService,Work,"1,5","10,20","15,30",false,false,\n' == invoice["csv_line_items"]
    assert (invoice["amount"], company["decimal_symbol"], company["thousands_separator"]) == (15.3, ",", ".")


def test_currency_names():
    """The same currency under another name."""
    studio = studio_with("currency_names")

    assert studio.call.get(f"/clients/{studio.client}").json()["client"]["currency"] == "United States Dollars - USD"


def test_datetime_case():
    """The type attribute of moments, in time tracking, too."""
    studio = studio_with("datetime_case")
    studio.log_time()

    assert tree_of(xml(studio).get(f"/clients/{studio.client}")).find("created-at").get("type") == "dateTime"
    assert tree_of(xml(studio).get("/daily")).find("day_entries/day_entry/created_at").get("type") == "dateTime"


def test_duplicate_elements():
    """The last one is the true one."""
    moments = tree_of(xml(studio_with("duplicate_elements")).get("/people/1")).findall("created-at")

    assert [moment.text for moment in moments] == ["2001-01-01T00:00:00Z", "2026-01-05T14:30:00Z"]


def test_expense_location():
    """The id of the new expense is not returned."""
    studio = studio_with("expense_location")
    category = studio.call.make("/expense_categories", root="expense_category", name="Meals")
    fields = {"project_id": studio.project, "expense_category_id": category, "spent_at": "2026-01-05", "total_cost": 1}
    response = studio.call.post("/expenses", {"expense": fields})

    assert (response.status_code, response.headers["location"]) == (201, "/expenses")


def test_free_form_spelling():
    """A client's last kind of invoice."""
    studio = studio_with("free_form_spelling")
    studio.invoice()

    assert studio.call.get(f"/clients/{studio.client}").json()["client"]["last_invoice_kind"] == "free-form"


@pytest.mark.parametrize(("names", "expected"), [((), None), (("invoice_id_zero",), 0)])
def test_invoice_id_zero(names, expected):
    """Both mean not invoiced."""
    studio = studio_with(*names)
    category = studio.call.make("/expense_categories", root="expense_category", name="Meals")
    number = studio.spend(expense_category_id=category)

    assert expected == studio.call.get(f"/expenses/{number}").json()["expense"]["invoice_id"]
    assert studio.call.sandbox.world.find("expense", number)["invoice_id"] is None


def test_list_sample_is_single():
    """One is alone; two are a list."""
    studio = studio_with("list_sample_is_single")

    assert list(studio.call.get("/clients").json()) == ["client"]
    assert tree_of(xml(studio).get("/clients")).tag == "client"
    assert len(studio.call.get("/people").json()) == 2


def test_location_form():
    """The same path below the address that was asked."""
    response = studio_with("location_form").call.post("/clients", {"client": {"name": "New"}})

    assert response.headers["location"] == "http://127.0.0.1/clients/1002"


def test_message_list_root():
    """The older name of the list."""
    studio = studio_with("message_list_root")
    path = f"/invoices/{studio.invoice()}/messages"
    studio.call.make(path, root="message", recipients="a@example.com")
    tree = tree_of(xml(studio).get(path))

    assert (tree.tag, tree[0].tag) == ("invoice-messages", "invoice-message")


def test_minus_zero_zone():
    """It is still UTC."""
    studio = studio_with("minus_zero_zone")
    studio.log_time()

    assert (
        tree_of(xml(studio).get("/daily")).findtext("day_entries/day_entry/created_at")
        == "Mon, 05 Jan 2026 14:30:00 -0000"
    )


def test_missing_ids_in_samples():
    """Expenses and their categories have none; others do."""
    studio = studio_with("missing_ids_in_samples")
    category = studio.call.make("/expense_categories", root="expense_category", name="Meals")
    number = studio.spend(expense_category_id=category)

    assert "id" not in studio.call.get(f"/expenses/{number}").json()["expense"]
    assert "id" not in studio.call.get("/expense_categories").json()[0]["expense_category"]
    assert "id" in studio.call.get("/clients").json()[0]["client"]


@pytest.mark.parametrize("path", ["/clients", "/daily", f"/people/1/entries?{SPAN}"])
def test_missing_type_array(path):
    """No list says that it is one."""
    studio = studio_with("missing_type_array")
    studio.log_time()

    assert "array" not in xml(studio).get(path).text


def test_nil_with_text():
    """It is still nil, also in lists."""
    studio = studio_with("nil_with_text")
    number = studio.invoice()
    single = tree_of(xml(studio).get(f"/invoices/{number}")).find("tax2-amount")
    listed = tree_of(xml(studio).get("/invoices")).find("invoice/tax2-amount")

    assert [(each.get("nil"), each.text) for each in (single, listed)] == [("true", "0")] * 2


def test_padded_values():
    """Typed text has blanks around it; strings have not."""
    tree = tree_of(xml(studio_with("padded_values")).get("/people/1"))

    assert (tree.findtext("is-admin").strip(), tree.findtext("created-at").strip()) == ("true", "2026-01-05T14:30:00Z")
    assert all(tree.findtext(name).startswith("\n ") for name in ("is-admin", "created-at"))
    assert tree.findtext("first-name") == "Ada"


def test_read_only_back():
    """A field that is the server's is refused; without the switch it is passed over."""
    fields = {"project": {"client_id": 1001, "hint_latest_record_at": None, "name": "New"}}
    strict, plain = studio_with("read_only_back"), studio_with()
    refused = strict.call.put(f"/projects/{strict.project}", fields)
    [link] = strict.call.sandbox.world.assignments("task_assignment", strict.project)
    path = f"/projects/{strict.project}/task_assignments/{link['id']}"

    assert (refused.status_code, reason(refused)) == (400, "hint_latest_record_at can't be set.")
    assert strict.call.put(path, {"task_assignment": {"task_id": 5}}).status_code == 400
    assert plain.call.put(f"/projects/{plain.project}", fields).status_code == 200


def test_task_delete_status():
    """A task with hours is not archived but refused."""
    studio = studio_with("task_delete_status")
    studio.log_time()
    response = studio.call.delete(f"/tasks/{studio.task}")

    assert (response.status_code, reason(response)) == (400, "The task has hours.")


def test_throttle_status_503():
    """The throttle has the status that newer servers have, and its header and body."""
    sandbox = new_sandbox(quirks=["throttle_status_503"], calls=1)
    Caller(sandbox).get("/clients")
    response = Caller(sandbox).get("/clients")

    assert (response.status_code, response.headers["retry-after"], response.json()["retry_after"]) == (429, "15", 15)


def test_user_assignment_location():
    """The record has another id from then on, and the old one is deleted."""
    studio = studio_with("user_assignment_location")
    base = f"/projects/{studio.project}/user_assignments"
    [old, _] = studio.call.sandbox.world.assignments("user_assignment", studio.project)
    response = studio.call.put(f"{base}/{old['id']}", {"user_assignment": {"hourly_rate": 9}})
    shown = studio.call.get(response.headers["location"]).json()["user_assignment"]

    assert old["id"] != shown["id"]
    assert (shown["user_id"], shown["hourly_rate"]) == (1, 9)
    assert studio.call.get(f"{base}/{old['id']}").status_code == 404


def test_weekday_mismatch():
    """The day is right and its name is not."""
    assert tree_of(xml(studio_with("weekday_mismatch")).get("/daily")).findtext("for_day") == "Tue, 05 Jan 2026"


def test_who_am_i_names():
    """Every field but id and e-mail may be missing; the longer response has them all."""
    short = studio_with("who_am_i_names").call.get("/account/who_am_i").json()
    whole = studio_with().call.get("/account/who_am_i").json()

    assert set(short["user"]) == {"id", "email", "admin", "first_name", "last_name", "timezone"}
    assert set(short["company"]) < set(whole["company"])
