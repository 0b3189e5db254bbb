"""What was seen of the real server where the documentation is silent, and how the sandbox follows it."""

import base64
import http.client
import re

import pytest

from harvest_async.sandbox import Sandbox
from harvest_async.sandbox.v1.choices import CHOICES
from tests.contract import fields
from tests.support.sandbox import Caller, new_sandbox, new_studio, reason, tree_of

SPAN = "from=20260101&to=20261231"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_a_projects_creator_is_on_it(studio, sandbox):
    """Time can be logged on it at once."""
    number = studio.call.make("/projects", root="project", name="P", client_id=studio.client)

    assert [link["user_id"] for link in sandbox.world.assignments("user_assignment", number)] == [1]


@pytest.mark.parametrize("where", ["query", "form", "bracketed form"])
def test_a_timesheet_takes_flat_parameters(studio, where):
    """In the query or as a form, for new entries and for changed ones."""
    prefix, suffix = ("request[", "]") if where == "bracketed form" else ("", "")
    pairs = {"project_id": studio.project, "task_id": studio.task, "hours": "1.5", "spent_at": "2026-01-05"}
    text = "&".join(f"{prefix}{name}{suffix}={value}" for name, value in pairs.items())
    call = studio.call
    options = {"content": text.encode(), "headers": FORM}
    added = call.post(f"/daily/add?{text}") if where == "query" else call.post("/daily/add", **options)
    path = f"/daily/update/{added.json()['id']}"
    changed = (
        call.post(f"{path}?hours=2&notes=x")
        if where == "query"
        else call.post(path, content=b"hours=2&notes=x", headers=FORM)
    )

    assert (added.status_code, added.json()["hours"]) == (201, 1.5)
    assert (changed.json()["hours"], changed.json()["notes"]) == (2, "x")


def test_a_new_task_of_a_known_name_is_the_known_one(studio, sandbox):
    """Ignoring its case; no second task is made."""
    project = studio.call.make("/projects", root="project", name="P", client_id=studio.client)
    path = f"/projects/{project}/task_assignments/add_with_create_new_task"
    response = studio.call.post(path, {"task": {"name": "DESIGN"}})

    assert response.status_code == 201
    assert [link["task_id"] for link in sandbox.world.assignments("task_assignment", project)] == [studio.task]
    assert len(sandbox.world.tasks()) == 1


@pytest.mark.parametrize(
    ("since", "found"),
    [
        ("2026-01-05 14:30:00 UTC", 1),
        ("2026-01-05 14:30:01 UTC", 0),
        ("2026-01-05 14:30:00 GMT", 1),
        ("2026-01-05 09:30:00 EST", 1),
        ("2026-01-05 09:31:00 est", 0),
        ("2026-01-05 14:30:00 +0000", 1),
        ("2026-01-05 09:30:01 -0500", 0),
        ("2026-01-05T14:30:00Z", 1),
        ("2026-01-05 UTC", 1),
        ("2026-01-06", 0),
    ],
)
def test_a_zone_may_be_a_word(studio, since, found):
    """With a blank in the place of the T."""
    response = studio.call.get("/clients", params={"updated_since": since})

    assert (response.status_code, len(response.json())) == (200, found)


def test_a_day_lists_projects_by_client_and_name(sandbox):
    """Upper case comes before lower case; tasks are in the order of their names."""
    call = Caller(sandbox)
    for client, projects in (("zeta", ["A"]), ("Beta", ["b", "a", "C"]), ("acme", ["X"])):
        number = call.make("/clients", root="client", name=client)
        for project in projects:
            made = call.make("/projects", root="project", name=project, client_id=number)
    for task in ("write", "Read", "check"):
        number = call.make("/tasks", root="task", name=task)
        call.make(f"/projects/{made}/task_assignments", root="task", id=number)
    listed = call.get("/daily").json()["projects"]

    assert [(each["client"], each["name"]) for each in listed] == [
        ("Beta", "C"), ("Beta", "a"), ("Beta", "b"), ("acme", "X"), ("zeta", "A"),
    ]  # fmt: skip
    assert [task["name"] for task in listed[3]["tasks"]] == ["Read", "check", "write"]


def test_time_of_somebody_who_is_not_on_the_project_is_404(studio):
    """Whether the task is on it or not."""
    number = studio.call.make("/projects", root="project", name="P", client_id=studio.client)
    fields = {"project_id": number, "task_id": studio.task, "hours": 1}

    assert Caller(studio.call.sandbox, "user@example.com").post("/daily/add", fields).status_code == 404
    assert studio.call.post("/daily/add", fields).status_code == 400


def test_a_payment_of_nothing_pays_an_invoice_of_nothing(studio):
    """It is created; an invoice of something takes none."""
    number = studio.invoice()
    paid = {"payment": {"amount": 0, "paid_at": "2026-01-05"}}
    lines = "kind,description,quantity,unit_price,amount,taxed,taxed2,project_id\nService,W,1,5,,false,false,\n"
    other = studio.invoice(csv_line_items=lines)

    assert studio.call.post(f"/invoices/{number}/payments", paid).status_code == 201
    assert studio.call.get(f"/invoices/{number}").json()["invoice"]["state"] == "paid"
    assert studio.call.post(f"/invoices/{other}/payments", paid).status_code == 400


@pytest.mark.parametrize("given", [{}, {"kind": None}, {"kind": ""}])
def test_an_invoice_without_a_kind_is_free_form(studio, given):
    """It gathers nothing."""
    studio.log_time()
    studio.call.make("/invoices", root="invoice", client_id=studio.client, import_hours="all", **given)

    assert studio.call.get(f"/clients/{studio.client}").json()["client"]["last_invoice_kind"] == "free_form"
    assert studio.call.get("/invoices").json()[0]["invoices"]["amount"] == 0


def test_invoices_are_listed_by_day_of_issue(studio):
    """The latest first; of one day, the one that was made last."""
    made = [studio.invoice(issued_at=day) for day in ("2026-01-05", "2026-03-01", "2025-12-31", "2026-03-01")]
    listed = [each["invoices"]["id"] for each in studio.call.get("/invoices").json()]

    assert listed == [made[3], made[1], made[0], made[2]]


def test_tax_and_discount_amounts_are_never_null(studio):
    """In lists and alone, under one name."""
    number = studio.invoice()
    for shown in (
        studio.call.get("/invoices").json()[0]["invoices"],
        studio.call.get(f"/invoices/{number}").json()["invoice"],
    ):
        assert [shown[name] for name in ("tax_amount", "tax2_amount", "discount_amount")] == [0.0] * 3
        assert "tax_amount2" not in shown


def test_the_documentations_name_of_the_second_tax_is_a_switch():
    """In lists alone."""
    studio = new_studio(new_sandbox(quirks=["tax2_amount_spelling"]))
    studio.invoice()

    assert "tax_amount2" in studio.call.get("/invoices").json()[0]["invoices"]


@pytest.mark.parametrize("given", [{"budget": 10, "budget_by": "project"}, {"estimate": 10, "estimate_by": "project"}])
def test_a_projects_estimate_is_its_budget(studio, given):
    """Whichever was written, on create and on update."""
    number = studio.call.make("/projects", root="project", name="P", client_id=studio.client, **given)
    studio.call.put(f"/projects/{studio.project}", {"project": {"client_id": studio.client, **given}})
    names = ("budget", "estimate", "budget_by", "estimate_by")
    for each in (number, studio.project):
        shown = studio.call.get(f"/projects/{each}").json()["project"]
        assert [shown[name] for name in names] == [10, 10, "project", "project"]


def test_an_unset_code_is_an_empty_text(studio):
    """So are notes, also where null is sent."""
    path = f"/projects/{studio.project}"
    before = studio.call.get(path).json()["project"]
    studio.call.put(path, {"project": {"client_id": studio.client, "code": None, "notes": None}})
    after = studio.call.get(path).json()["project"]

    assert [each[name] for each in (before, after) for name in ("code", "notes")] == [""] * 4


@pytest.mark.parametrize(
    ("hours", "text"), [(3, "3.0"), ("54.60", "54.6"), (0, "0.0"), ("0.25", "0.25"), (10**5, "100000.0")]
)
def test_decimals_have_a_point_in_json(studio, hours, text):
    """Whole ones too."""
    studio.log_time(hours=hours)

    assert f'"hours":{text},' in studio.call.get("/daily").text


def test_names_of_headers_are_in_their_usual_case():
    """Over a real socket, where a client may compare the case."""
    sandbox = Sandbox(calls=4)
    names = set()
    with sandbox.serve_in_thread() as address:
        host = address.removeprefix("http://")
        sign = base64.b64encode(b"admin@example.com:sandbox").decode()
        headers = {"Authorization": f"Basic {sign}", "Accept": "application/json"}
        lines = (("POST", "/clients?client[name]=A"), ("POST", "/projects?project[name]=P&project[client_id]=1001"))
        for method, path in (*lines, ("POST", "/clients/1001/toggle"), ("GET", "/clients"), ("GET", "/clients")):
            connection = http.client.HTTPConnection(host, timeout=10)
            connection.request(method, path, headers=headers)
            names |= {name for name, _ in connection.getresponse().getheaders()}
            connection.close()
    sandbox.close()

    assert {"Location", "Retry-After", "Hint", "ETag", "Content-Type", "Content-Length", "Cache-Control"} <= names


RUNNING = {"hours_with_timer", "started_at", "ended_at", "billable", "billable_rate", "cost_rate"}


@pytest.mark.parametrize("path", ["/projects/{project}/entries", "/people/1/entries"])
def test_reports_show_of_stopped_entries_what_applies(studio, path):
    """The timer's fields and the rates are those of running entries; a filter still uses them."""
    studio.log_time()
    studio.log_time(hours="")
    path = path.format(project=studio.project)
    stopped, running = (each["day_entry"] for each in studio.call.get(f"{path}?{SPAN}").json())

    assert not RUNNING & stopped.keys()
    assert running.keys() >= RUNNING - ({"hours_with_timer"} if "people" in path else set())
    assert len(studio.call.get(f"{path}?{SPAN}&billable=yes").json()) == 2


@pytest.mark.parametrize(("quirks", "shown"), [((), True), (["report_times_missing"], False)])
def test_start_and_end_apply_where_time_is_tracked_by_them(quirks, shown):
    """Unless the switch leaves them out."""
    studio = new_studio(new_sandbox(timestamp_timers=True, quirks=quirks))
    studio.log_time(started_at="8:00am", ended_at="9:00am")
    [entry] = studio.call.get(f"/people/1/entries?{SPAN}").json()

    assert ("started_at" in entry["day_entry"], "ended_at" in entry["day_entry"]) == (shown, shown)


def test_projects_carry_counts_and_the_names_of_other_systems(studio):
    """With the numbers of tasks and people that are active on them."""
    shown = studio.call.get(f"/projects/{studio.project}").json()["project"]

    assert shown.keys() >= {"is_fixed_fee", "fee", "cache_version", "basecamp_id", "highrise_deal_id"}
    assert (shown["active_task_assignments_count"], shown["active_user_assignments_count"]) == (1, 2)
    studio.call.delete("/people/2")
    assert studio.call.get(f"/projects/{studio.project}").json()["project"]["active_user_assignments_count"] == 1


def test_keys_of_public_pages_are_set(studio):
    """A statement's is there from the start, an invoice's has 40 hexadecimal digits."""
    number = studio.invoice()

    assert re.fullmatch("[0-9a-f]{32}", studio.call.get(f"/clients/{studio.client}").json()["client"]["statement_key"])
    assert re.fullmatch("[0-9a-f]{40}", studio.call.get(f"/invoices/{number}").json()["invoice"]["client_key"])


@pytest.mark.parametrize("path", ["/clients", "/projects", "/invoices", f"/people/1/entries?{SPAN}"])
@pytest.mark.parametrize("quirks", [[], ["nil_classes"]])
def test_an_empty_list_in_xml_may_be_of_nothing(path, quirks):
    """With the switch; else it has the list's name."""
    tree = tree_of(Caller(new_sandbox(quirks=quirks), format="xml").get(path))

    assert (tree.tag == "nil-classes", tree.get("type"), len(tree)) == (bool(quirks), "array", 0)


def test_moments_in_xml_have_their_type(studio, sandbox):
    """That of the last access, and that of a timer that does not run."""
    studio.log_time()
    call = Caller(sandbox, format="xml")
    access = tree_of(call.get("/account/rate_limit_status")).find("last-access-at")
    timer = tree_of(call.get(f"/people/1/entries?{SPAN}"))[0].find("timer-started-at")

    assert (access.get("type"), access.text) == ("datetime", "2026-01-05T14:30:00+00:00")
    assert timer.attrib == {"type": "datetime", "nil": "true"}


@pytest.mark.parametrize(("ending", "media"), [(".json", "application/json"), (".xml", "application/xml")])
@pytest.mark.parametrize("accept", [None, "text/html", "application/xml", "application/json"])
def test_the_format_may_stand_in_the_path(studio, sandbox, ending, media, accept):
    """It is as good as Accept, and goes before it."""
    paths = [
        "/clients",
        f"/clients/{studio.client}",
        "/account/who_am_i",
        "/account/rate_limit_status",
        "/daily/5/2026",
        "/people/1",
    ]
    answers = [studio.call.get(f"{path}{ending}", headers={"Accept": accept}) for path in paths]

    assert [(each.status_code, each.headers["content-type"].partition(";")[0]) for each in answers] == [
        (200, media)
    ] * len(paths)


def test_a_fresh_account_has_default_tasks_and_categories():
    """A new project gets the tasks; a reset brings them back; without the switch there are none."""
    sandbox = Sandbox(fresh_account=True)
    call = Caller(sandbox)
    client = call.make("/clients", root="client", name="ACME")
    call.make("/projects", root="project", name="P", client_id=client)
    names = [each["name"] for each in sandbox.world.tasks() if each["is_default"]]
    [project] = sandbox.world.projects()

    assert names == ["Admin", "Business Development", "Design", "Marketing", "Programming"]
    assert project["active_task_assignments_count"] == 5
    assert sandbox.world.all("expense_category")
    sandbox.reset()
    assert len(sandbox.world.tasks()) == 5
    assert Sandbox().world.tasks() == []
    sandbox.close()


@pytest.mark.parametrize("credential", ["({})", "{}", " ( {} ", "(({}))"])
def test_parentheses_around_a_credential_are_borne(sandbox, credential):
    """One pair, as the documentation draws it."""
    text = credential.format(base64.b64encode(b"admin@example.com:sandbox").decode())
    response = Caller(sandbox, email=None).get("/clients", headers={"Authorization": f"Basic {text}"})

    assert response.status_code == (200 if credential in {"({})", "{}"} else 401)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/people/1/toggle", None),
        ("GET", "/people/admin@example.com/toggle", None),
        ("PUT", "/people/1", {"user": {"is_admin": False}}),
        ("DELETE", "/people/1", None),
    ],
)
def test_the_last_administrator_stays(sandbox, method, path, body):
    """Nobody could sign in any more; with another administrator it is done."""
    call = Caller(sandbox)
    refused = call(method, path, json=body)
    still = call.get("/clients").status_code
    call.put("/people/2", {"user": {"is_admin": True}})

    assert (refused.status_code, still) == (400, 200)
    assert "last administrator" in reason(refused)
    assert call(method, path, json=body).status_code == 200


def test_few_refusals_have_a_hint(studio, sandbox):
    """Toggles and deletes of assignments; all others say in their body what is wrong."""
    sandbox.reset()
    limited = new_studio(new_sandbox(plan={"projects": 1}))
    limited.log_time()
    call, base = limited.call, f"/projects/{limited.project}"
    [task] = limited.call.sandbox.world.assignments("task_assignment", limited.project)
    person = limited.call.sandbox.world.assignments("user_assignment", limited.project)[0]
    other = call.make("/tasks", root="task", name="Other")
    call.make(f"{base}/task_assignments", root="task", id=other)
    hinting = [
        call.post(f"/clients/{limited.client}/toggle"),
        call.delete(f"{base}/task_assignments/{task['id']}"),
        call.delete(f"{base}/user_assignments/{person['id']}"),
    ]
    call.put(f"{base}/toggle")
    call.make("/projects", root="project", name="P", client_id=limited.client)
    hinting.append(call.put(f"{base}/toggle"))
    silent = [
        call.post("/clients", {"client": {}}),
        call.post("/projects", {"project": {"name": "Q", "client_id": limited.client}}),
        call.delete(base),
        call.delete(f"/clients/{limited.client}"),
        call.post("/daily/add", {}),
        call.get("/invoices?status=x"),
    ]

    assert [(each.status_code, bool(each.headers.get("hint"))) for each in hinting] == [
        (400, True),
        (200, True),
        (200, True),
        (400, True),
    ]
    assert [(each.status_code, "hint" in each.headers, bool(each.json()["message"])) for each in silent] == [
        (400, False, True)
    ] * 6


# Words


def test_every_set_of_words_is_the_contracts():
    """Every field that the contract gives words for and a write may set is checked; an invoice's state is ignored."""
    named = {"projects": "project", "invoices": "invoice"}
    known = {
        (named[part], field.name): set(field.words)
        for part, found in fields().items()
        for field in found.values()
        if field.words and not field.read_only
    }

    assert known == {key: set(words) for key, words in CHOICES.items() if key[1] != "estimate_by"}


@pytest.mark.parametrize(("kind", "name"), sorted(CHOICES))
def test_a_word_of_no_set_is_refused(studio, kind, name):
    """On create, and on update where it can be changed; each of its words is taken; blank is as if not sent."""
    base = {"client_id": studio.client, **({"name": "P"} if kind == "project" else {})}
    words = CHOICES[kind, name]
    dates = {
        "period_start": "2026-01-01",
        "period_end": "2026-12-31",
        "expense_period_start": "2026-01-01",
        "expense_period_end": "2026-12-31",
    }
    extra = dates if kind == "invoice" else {}
    taken = [studio.call.post(f"/{kind}s", {kind: base | extra | {name: word}}) for word in (*words, "", None)]
    refused = [
        studio.call.post(f"/{kind}s", {kind: base | {name: word}})
        for word in ("Hours", "nonsense", 5, [], f"{words[0]}x")
    ]
    if kind == "project":
        path = f"/projects/{studio.project}"
        taken += [studio.call.put(path, {kind: base | {name: word}}) for word in words]
        refused += [studio.call.put(path, {kind: base | {name: "Hours"}})]

    assert {each.status_code for each in taken} <= {200, 201}
    assert {(each.status_code, reason(each)) for each in refused} == {(400, f"{name} is invalid.")}


def test_a_written_state_is_ignored(studio):
    """It is changed by messages and payments alone."""
    number = studio.invoice(state="nonsense")

    assert studio.call.put(f"/invoices/{number}", {"invoice": {"state": "paid"}}).status_code == 200
    assert studio.call.get(f"/invoices/{number}").json()["invoice"]["state"] == "draft"


def test_bill_by_is_compared_without_regard_to_case(studio):
    """The documentation spells it in two ways."""
    number = studio.call.make("/projects", root="project", name="P", client_id=studio.client, bill_by="PEOPLE")

    assert studio.call.get(f"/projects/{number}").status_code == 200
