"""Whatever is sent to the sandbox is answered, never with a fault of its own."""

import json
from copy import deepcopy
from urllib.parse import urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvest_async.sandbox.account import Account
from harvest_async.sandbox.desk import DESKS
from harvest_async.sandbox.records import FIELDS
from harvest_async.sandbox.settings import Settings
from tests.support.sandbox import new_sandbox, new_studio

SIGNED = {"authorization": "Bearer sandbox-token"}
STATUSES = {200, 201, 400, 404, 406, 415}

sandbox = new_sandbox()
studio = new_studio(sandbox)
category = studio.call.make("/expense_categories", root="expense_category", name="Meals")
expense = studio.spend(expense_category_id=category)
invoice = studio.invoice()
entry = studio.book()["id"]
TABLES = deepcopy(sandbox.world.tables)
IDS = [1, 2, 9, studio.client, studio.project, studio.task, category, expense, invoice, entry]

words = st.one_of(
    st.sampled_from(
        ["", " ", "all", "yes", "no", "true", "NET 30", "2026-01-05", "20260101", "8:00am", "free_form", "task"]
    ),
    st.sampled_from(
        ["1e11", "1e400", "-0", "٣", "9" * 30, "a@example.com", "kind,description\n", "\x00", "\ud800", "(US & Canada)"]
    ),
    st.text(max_size=10),
)
values = st.one_of(
    words, st.none(), st.booleans(), st.sampled_from(IDS), st.floats(), st.integers(), st.lists(words, max_size=2)
)
names = st.sampled_from(
    [
        *{name for fields in FIELDS.values() for name in fields},
        "kind",
        "id",
        "recipients",
        "import_hours",
        "projects_to_invoice",
        "of_user",
    ]
)
roots = st.sampled_from([*FIELDS, "", "invoice_item_category", "request"])
routes = st.sampled_from(
    [(method, route.path) for _, table in DESKS for route in table for method in route.methods.split()]
)
queries = st.dictionaries(
    st.sampled_from(
        [
            "from",
            "to",
            "of_user",
            "user_id",
            "project_id",
            "client",
            "page",
            "status",
            "updated_since",
            "is_closed",
            "client[name]",
        ]
    ),
    words,
    max_size=3,
)


def filled(data, path):
    """A path with ids in its places."""
    parts = [str(data.draw(st.sampled_from(IDS))) if part.startswith("{") else part for part in path.split("/")]
    return "/".join(parts)


def query_of(given):
    return urlencode({name: value.encode("utf-8", "replace") for name, value in given.items()})


def xml_of(root, fields):
    inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items())
    return f"<{root or 'request'}>{inner}</{root or 'request'}>".encode("utf-8", "replace")


calls = st.lists(
    st.tuples(routes, roots, st.dictionaries(names, values, max_size=6), queries, st.booleans()), min_size=1, max_size=4
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), calls=calls)
def test_every_call_is_answered(data, calls):
    """Any fields, in either format, on any routes: done, or refused by a rule. 401 is for who archived themselves."""
    sandbox.world.restore(deepcopy(TABLES))
    for (method, path), root, fields, query, xml in calls:
        media = "application/xml" if xml else "application/json"
        body = xml_of(root, fields) if xml else json.dumps({root: fields} if root else fields).encode()
        line = method, filled(data, path), query_of(query)
        reply = sandbox._account.serve(line, SIGNED | {"accept": media, "content-type": media}, body)

        assert reply.status in STATUSES | {401}


@settings(max_examples=200, deadline=None)
@given(
    body=st.binary(max_size=200),
    media=st.sampled_from(["application/json", "application/xml", "multipart/form-data; boundary=b", "x"]),
)
def test_any_bytes_are_answered(body, media):
    """What can't be read is refused."""
    account = Account(Settings(calls=10_000))
    answers = [
        account.serve(("POST", path, ""), SIGNED | {"accept": "application/json", "content-type": media}, body)
        for path in ("/clients", "/daily/add", "/expenses/1/receipt", "/oauth2/token")
    ]
    account.close()

    assert {answer.status for answer in answers} <= STATUSES
