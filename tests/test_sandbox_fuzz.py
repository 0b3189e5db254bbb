"""Anything that is sent to the sandbox gets a response that is not an internal error."""

import asyncio
import json
from copy import deepcopy
from urllib.parse import quote, unquote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvest_async.sandbox.account import Account
from harvest_async.sandbox.records import FIELDS
from harvest_async.sandbox.settings import Settings
from harvest_async.sandbox.v1.router import SECTIONS
from tests.support.sandbox import new_sandbox, new_studio

SIGNED = {"authorization": "Bearer sandbox-v1-token"}
STATUSES = {200, 201, 400, 404, 406, 415}

sandbox = new_sandbox()
studio = new_studio(sandbox)
category = studio.call.make("/expense_categories", root="expense_category", name="Meals")
expense = studio.spend(expense_category_id=category)
invoice = studio.invoice()
entry = studio.log_time()["id"]
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
    [(method, route.path) for _, table in SECTIONS for route in table for method in route.methods.split()]
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

    assert {response.status for response in answers} <= STATUSES


# Over the whole application


HUGE = "9" * 5_000
NUMBERS = [HUGE, "0" * 5_000 + "1", "-" + HUGE, "\u0663", "\u00b2", "1e400", "1e-999999999", "1e99999999999999999999"]
MOMENTS = [
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "0999-01-01",
    "Mon, 05 Jan 99999999999 00:00:00 GMT",
]
TEXTS = ["\x00", "\ud800", "\uffff", "http://[", "Basic \xe9", "a\r\nX: y", *NUMBERS, *MOMENTS]


def nested(opening, closing, depth=100_000):
    return opening * depth + closing * depth


DEEP = [
    nested("[", "]"), nested('{"a":', "}"), '{"kind":' * 100_000, "[" * 990 + "]" * 990, '{"kind":' + nested("[", "]", 900) + "}",
    '{"client": {"name": ' + nested("[", "]", 900) + "}}", nested("<a>", "</a>"), "<client>" + nested("<name>", "</name>") + "</client>",
]  # fmt: skip
BODIES = [
    *(text.encode() for text in DEEP),
    *(f'{{"client": {{"name": "x", "highrise_id": {n}}}, "id": {n}, "calls": {n}, "period": {n}, "ids": [{n}]}}'.encode("utf-8", "surrogatepass") for n in NUMBERS),
    b"\xff\xfe\x00", b"\xef\xbb\xbf{}", "{}".encode("utf-16"), "{}".encode("utf-32"), b"\x00", b"NaN", b"Infinity", b'{"calls": 1e999}',
    b'<?xml version="1.0" encoding="utf-7"?><client/>', b'<?xml version="1.0" encoding="no-such"?><client/>', b"<client>\xff</client>",
    b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"<client><name>&#0;</name></client>", b"&".join([b"a[b]=1"] * 50_000), b"=" * 100_000,
]  # fmt: skip
MEDIA = [
    "application/json", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=",
    'multipart/form-data; boundary="', "multipart/form-data; boundary=\xff", "", "text/plain; charset=no-such",
]  # fmt: skip
PAGES = [
    f"/_sandbox/{name}" for name in ("requests", "throttle", "limits", "lock", "revoke", "reset", "faults", "none")
]


def ask(app, method, target, body=b"", media="application/json", authorization="Bearer sandbox-v1-token"):
    """The status of a request over ASGI; an exception is the application's own fault."""
    returned = []

    async def send(message):
        returned.append(message)

    async def receive():
        return {"type": "http.request", "body": body}

    raw, _, query = target.partition("?")
    headers = {"host": "127.0.0.1", "accept": "application/json", "content-type": media, "authorization": authorization}
    pairs = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(raw),
        "raw_path": raw.encode(),
        "query_string": query.encode(),
    }
    asyncio.run(
        app({**scope, "headers": pairs, "server": ("127.0.0.1", 80), "scheme": "http", "root_path": ""}, receive, send)
    )
    assert all(mark not in value for _, value in returned[0]["headers"] for mark in (b"\r", b"\n", b"\0"))
    return returned[0]["status"]


FINE = STATUSES | {201, 302, 304, 401, 403, 405}


@pytest.fixture(scope="module")
def account():
    made = new_sandbox(calls=1_000_000_000)
    yield made
    made.close()


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_any_text_in_paths_and_queries_is_answered(account, text):
    """In the place of each id, as each parameter, and as the sign-in."""
    sent = quote(text, safe="", errors="surrogatepass")[:20_000]
    statuses = set()
    for method, path in {
        (method, route.path) for _, table in SECTIONS for route in table for method in route.methods.split()
    }:
        target = "/".join(sent if part.startswith("{") else part for part in path.split("/"))
        statuses |= {
            ask(account.app, method, target),
            ask(account.app, method, path.replace("{", "1").replace("}", "")),
        }
    for name in (
        "of_user",
        "from",
        "to",
        "client",
        "user_id",
        "page",
        "status",
        "updated_since",
        "access_token",
        "a[b]",
        "client[name]",
        "payment[paid_at]",
    ):
        for method, path in (
            ("GET", "/clients"),
            ("GET", "/daily"),
            ("GET", "/invoices"),
            ("GET", "/projects/1/entries"),
            ("POST", "/clients"),
        ):
            statuses.add(
                ask(
                    account.app,
                    method,
                    f"{path}?{name}={sent}&to=20260101",
                    authorization="" if name == "access_token" else "Bearer sandbox-v1-token",
                )
            )
    for path in (f"/oauth2/authorize?client_id=sandbox-client&redirect_uri={sent}&state={sent}", f"/_sandbox/{sent}"):
        statuses |= {ask(account.app, "GET", path), ask(account.app, "POST", path)}
    statuses.add(ask(account.app, "GET", "/clients", authorization=text))

    assert statuses <= FINE


@pytest.mark.parametrize("media", MEDIA, ids=ascii)
@pytest.mark.parametrize("body", BODIES, ids=lambda body: ascii(body[:30]))
def test_any_body_is_answered_everywhere(account, body, media):
    """By the pages, by the API, and by the authorization server."""
    paths = [
        *PAGES,
        "/clients",
        "/daily/add",
        "/projects/1/task_assignments",
        "/invoices",
        "/expenses/1/receipt",
        "/oauth2/token",
    ]
    statuses = {
        ask(account.app, method, path, body, media) for path in paths for method in ("POST", "PUT", "GET", "DELETE")
    }
    account.clear_faults()

    assert statuses <= FINE
    assert ask(account.app, "GET", "/_sandbox/throttle") == 200


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(TEXTS) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["path", "method", "a b", ""]), inner, max_size=2)
    ),
    max_leaves=4,
)
names_of_pages = st.sampled_from(
    [
        "kind",
        "match",
        "times",
        "after",
        "seconds",
        "status",
        "headers",
        "body",
        "location",
        "retry_after",
        "commit",
        "calls",
        "period",
        "ids",
        "closed",
        "refresh",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    path=st.sampled_from(PAGES),
    fields=st.dictionaries(names_of_pages, json_values, max_size=4),
    kind=st.sampled_from(["raw", "redirect", "throttle", "html_error", "latency_in", "entry", "expense", None]),
)
def test_any_object_is_answered_by_the_pages(account, path, fields, kind):
    """An accepted fault is harmless: the next call gets the response that the fault describes."""
    account.reset()
    status = ask(account.app, "POST", path, json.dumps(fields | ({"kind": kind} if kind else {})).encode())
    if "seconds" not in fields:
        ask(account.app, "GET", "/clients")
    account.clear_faults()

    assert status in FINE
    assert ask(account.app, "GET", "/_sandbox/throttle") == 200


@pytest.mark.parametrize("value", [*TEXTS, 5, 1.5, True, [], {"a": 1}], ids=ascii)
def test_any_value_of_any_field_is_answered(value):
    """Alone, with all that a create needs besides; what was stored is shown in both formats."""
    sandbox = new_sandbox()
    studio = new_studio(sandbox)
    category = studio.call.make("/expense_categories", root="expense_category", name="Meals", unit_price=1)
    number = studio.invoice()
    needed = {
        "client": ("/clients", {"name": "N"}),
        "contact": ("/contacts", {"client_id": studio.client, "first_name": "A", "last_name": "B"}),
        "project": ("/projects", {"client_id": studio.client, "name": "P"}),
        "task": ("/tasks", {"name": "T"}),
        "user": ("/people", {"email": "n@example.com", "first_name": "A", "last_name": "B"}),
        "expense_category": ("/expense_categories", {"name": "N"}),
        "expense": ("/expenses", {"project_id": studio.project, "expense_category_id": category, "spent_at": "2026-01-05", "units": 2}),
        "invoice": ("/invoices", {"client_id": studio.client, "kind": "free_form"}),
        "payment": (f"/invoices/{number}/payments", {"amount": 1, "paid_at": "2026-01-05"}),
        "message": (f"/invoices/{number}/messages", {"recipients": "a@example.com"}),
    }  # fmt: skip
    extra = {
        "invoice": ["kind", "import_hours", "projects_to_invoice", "expense_summary_type", "period_start"],
        "message": ["recipients"],
    }
    statuses = set()
    for kind, (path, fields) in needed.items():
        for name in [*FIELDS[kind], *extra.get(kind, [])]:
            body = json.dumps({kind: fields | {name: value}}).encode()
            statuses.add(ask(sandbox.app, "POST", path, body))
        for media in ("application/json", "application/xml"):
            shown = sandbox._account.serve(("GET", path, ""), SIGNED | {"accept": media}, b"")
            statuses.add(shown.status)
            assert len(shown.content) < 200_000
    sandbox.close()

    assert statuses <= FINE


@pytest.mark.parametrize(
    "head",
    [
        'Content-Disposition: form-data; name="expense[receipt]"; filename="http://[x.png"',
        "Content-Disposition: form-data; name=expense[receipt]; filename=r.png",
        "Content-Disposition: form-data; name=\"expense[receipt]\"; filename*=utf-8''r.png",
        "Content-Disposition: form-data; name*" + HUGE + '=x; filename="r.png"',
        'Content-Disposition: form-data; name="expense[receipt]"; filename="r.png"\r\nContent-Type: image/a\nX: y',
        'Content-Disposition: form-data; name="expense[receipt]"; filename="r.png"\r\nContent-Type: image/\x00',
        'Content-Disposition: form-data; name="expense[receipt]"; filename="\x00.png"',
        "; name=" * 20_000,
        ":" * 20_000,
    ],
    ids=lambda head: head[:80],
)
def test_any_head_of_a_part_is_answered(head):
    """A receipt that was taken can be fetched."""
    body = f"--b\r\n{head}\r\n\r\nimage\r\n--b--\r\n".encode()
    sandbox = new_sandbox()
    sandbox.world.add("expense", {"user_id": 1}, sandbox._account.clock.today())
    [number] = sandbox.world.tables["expense"]
    path = f"/expenses/{number}/receipt"
    taken = ask(sandbox.app, "POST", path, body, "multipart/form-data; boundary=b")
    shown = ask(sandbox.app, "GET", path)
    sandbox.close()

    assert (taken, shown) in {(200, 200), (400, 404)}
