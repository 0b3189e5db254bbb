"""Expenses and receipts of the sandbox."""

from decimal import Decimal

import pytest

from tests.support.sandbox import USER, Caller, clock_of, reason

PNG = b"\x89PNG\r\n\x1a\n\x00--\r\n--x\r\n\xff\r\n"


@pytest.fixture
def meals(studio):
    return studio.call.make("/expense_categories", root="expense_category", name="Meals")


@pytest.fixture
def miles(studio):
    return studio.call.make(
        "/expense_categories", root="expense_category", name="Mileage", unit_name="mile", unit_price="0.585"
    )


def attach(call, number, filename="r.png", media="image/png", content=PNG):
    return call.post(
        f"/expenses/{number}/receipt",
        files={"expense[receipt]": (filename, content, media)},
        headers={"Content-Type": None},
    )


def test_units_times_the_price_are_the_cost(studio, sandbox, miles):
    """Rounded half up to cents; new units make a new cost."""
    number = studio.spend(expense_category_id=miles, total_cost=None, units=13)
    expense = sandbox.world.find("expense", number)
    first = expense["total_cost"]
    studio.call.put(f"/expenses/{number}", {"expense": {"units": "2.5"}})

    assert (Decimal("7.61"), Decimal("1.46")) == (first, expense["total_cost"])


@pytest.mark.parametrize("missing", ["project_id", "expense_category_id", "spent_at"])
def test_an_expense_needs_its_fields(studio, meals, missing):
    """Each that is missing is named."""
    fields = {"project_id": studio.project, "expense_category_id": meals, "spent_at": "2026-01-05", "total_cost": 1}
    response = studio.call.post("/expenses", {"expense": fields | {missing: None}})

    assert (400, f"{missing} is missing.") == (response.status_code, reason(response))


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({"total_cost": None}, "total_cost or units is missing."),
        ({"total_cost": None, "units": 3}, "The category has no unit price, so total_cost is needed."),
        ({"project_id": 9}, "There is no such project."),
        ({"expense_category_id": 9}, "There is no such category."),
        ({"total_cost": "much"}, "total_cost is invalid."),
    ],
)
def test_an_expense_that_does_not_fit_is_refused(studio, meals, fields, hint):
    """The hint says what is wrong."""
    given = {"project_id": studio.project, "expense_category_id": meals, "spent_at": "2026-01-05", "total_cost": 1}
    response = studio.call.post("/expenses", {"expense": given | fields})

    assert (400, hint) == (response.status_code, reason(response))


def test_nobody_spends_where_they_are_not_assigned(studio, sandbox, meals):
    """A project needs the person on it."""
    number = studio.call.make("/projects", root="project", name="P", client_id=studio.client)
    fields = {"project_id": number, "expense_category_id": meals, "spent_at": "2026-01-05", "total_cost": 1}
    response = Caller(sandbox, "user@example.com").post("/expenses", {"expense": fields})

    assert (response.status_code, reason(response)) == (400, "The person is not assigned to the project.")


def test_an_update_sets_what_is_given(studio, sandbox, meals, miles):
    """A null leaves what can't be empty; notes can."""
    number = studio.spend(expense_category_id=meals, notes="x")
    path = f"/expenses/{number}"
    response = studio.call.put(path, {"expense": {"notes": None, "billable": False, "spent_at": None}})
    expense = sandbox.world.find("expense", number)
    kept = [expense[name] for name in ("notes", "billable")], str(expense["spent_at"])
    studio.call.put(path, {"expense": {"expense_category_id": miles, "units": 10}})

    assert (200, path) == (response.status_code, response.headers["location"])
    assert kept == ([None, False], "2026-01-05")
    assert (miles, Decimal("5.85")) == (expense["expense_category_id"], expense["total_cost"])
    assert studio.call.put(path, {"expense": {"project_id": 9}}).status_code == 400


def test_billable_follows_the_project_where_it_is_not_given(studio, sandbox, meals):
    """A given value wins."""
    studio.call.put(f"/projects/{studio.project}", {"project": {"client_id": studio.client, "billable": False}})
    followed, given = studio.spend(expense_category_id=meals), studio.spend(expense_category_id=meals, billable=True)

    assert [sandbox.world.find("expense", number)["billable"] for number in (followed, given)] == [False, True]


def test_the_list_is_that_of_the_week(studio, meals):
    """From Monday to Sunday: of today, or of the day that the path names."""
    days = ("2026-01-04", "2026-01-05", "2026-01-11", "2026-01-12")
    numbers = [studio.spend(expense_category_id=meals, spent_at=day) for day in days]

    def found(path):
        return [each["expense"]["id"] for each in studio.call.get(path).json()]

    assert numbers[1:3] == found("/expenses") == found("/expenses/11/2026")
    assert numbers[3:] == found("/expenses/12/2026")


def test_expenses_are_ones_own(studio, sandbox, meals):
    """Others' are 404, but for an administrator who says whose."""
    user = Caller(sandbox, USER)
    mine = studio.spend(expense_category_id=meals)
    theirs = studio.call.make(
        "/expenses?of_user=2",
        root="expense",
        project_id=studio.project,
        expense_category_id=meals,
        spent_at="2026-01-05",
        total_cost=1,
    )

    assert [
        user.get(path).status_code
        for path in (f"/expenses/{mine}", f"/expenses/{mine}?of_user=1", f"/expenses/{theirs}")
    ] == [404, 404, 200]
    assert [studio.call.get(f"/expenses/{theirs}{query}").status_code for query in ("", "?of_user=2")] == [404, 200]


def test_locked_expenses(studio, sandbox, meals, miles):
    """Only administrators change them, and not everything; they say that they are locked."""
    user = Caller(sandbox, USER)
    number = studio.spend(user, expense_category_id=meals)
    sandbox.lock("expense", number)
    refused = [user.put(f"/expenses/{number}", {"expense": {"notes": "x"}}), user.delete(f"/expenses/{number}")]
    fields = {"notes": "x", "spent_at": "2026-02-02", "expense_category_id": miles}
    studio.call.put(f"/expenses/{number}?of_user=2", {"expense": fields})
    shown = user.get(f"/expenses/{number}").json()["expense"]

    assert [(each.status_code, reason(each)) for each in refused] == [(400, "It is locked.")] * 2
    assert ("x", "2026-01-05", meals) == (shown["notes"], shown["spent_at"], shown["expense_category_id"])
    assert (shown["is_locked"], shown["locked_reason"]) == (True, "Expense Approved and Locked.")
    sandbox.lock("expense", number, closed=False)
    assert user.delete(f"/expenses/{number}").status_code == 200


# Receipts


def test_a_receipt_comes_back_byte_by_byte(studio, meals):
    """With its own type, for every accepted type; the expense says that it has one."""
    number = studio.spend(expense_category_id=meals)
    path = f"/expenses/{number}/receipt"
    before = studio.call.get(f"/expenses/{number}").json()["expense"]
    attached = attach(studio.call, number)
    answers = [studio.call.get(path, headers={"Accept": accept}) for accept in ("application/xml", "image/png", None)]
    after = studio.call.get(f"/expenses/{number}").json()["expense"]

    assert (200, b" ", path) == (attached.status_code, attached.content, attached.headers["location"])
    assert [(answer.headers["content-type"], answer.content) for answer in answers] == [("image/png", PNG)] * 3
    assert (before["has_receipt"], before["receipt_url"]) == (False, "")
    assert (True, f"https://sandbox.harvestapp.com{path}") == (after["has_receipt"], after["receipt_url"])


def test_a_second_receipt_replaces_the_first(studio, sandbox, meals):
    """There is one at most, and it goes with its expense."""
    number = studio.spend(expense_category_id=meals)
    attach(studio.call, number)
    attach(studio.call, number, "r.jpg", "image/jpeg", b"new")
    shown = studio.call.get(f"/expenses/{number}/receipt")
    kept = len(sandbox.world.all("receipt"))
    studio.call.delete(f"/expenses/{number}")

    assert (shown.headers["content-type"], shown.content, kept) == ("image/jpeg", b"new", 1)
    assert sandbox.world.all("receipt") == []


def test_without_a_receipt_it_is_404(studio, meals):
    """So is the receipt of an expense that is not there."""
    number = studio.spend(expense_category_id=meals)

    assert [studio.call.get(f"/expenses/{each}/receipt").status_code for each in (number, 9)] == [404, 404]
    assert attach(studio.call, 9).status_code == 404


def test_the_type_may_come_from_the_files_name(studio, meals):
    """And the last boundary may lack its two dashes, as the documentation's sample does."""
    number = studio.spend(expense_category_id=meals)
    head = b'--b\r\nContent-Disposition: form-data; name="expense[receipt]"; filename="a b.gif"\r\n\r\n'
    response = studio.call.post(
        f"/expenses/{number}/receipt",
        content=head + PNG + b"\r\n--b\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    shown = studio.call.get(f"/expenses/{number}/receipt")

    assert (response.status_code, shown.headers["content-type"], shown.content) == (200, "image/gif", PNG)


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (b"", "multipart/form-data; boundary=b"),
        (b"x", "multipart/form-data"),
        (b'--b\r\nContent-Disposition: form-data; name="expense[receipt]"\r\n\r\nx\r\n--b--', "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; name="other"; filename="a.png"\r\n\r\nx\r\n--b--', "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; name="expense[receipt]"; filename="a.png"\r\n\r\n\r\n--b--', "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; name="expense[receipt]"; filename="a.txt"\r\n\r\nx\r\n--b--', "multipart/form-data; boundary=b"),
        (b'--b\r\nContent-Disposition: form-data; name="expense[receipt]"; filename="a"\r\n\r\nx\r\n--b--', "multipart/form-data; boundary=b"),
        (b'{"expense": {"receipt": "x"}}', "application/json"),
    ],
    ids=["empty", "no boundary", "no filename", "other name", "no content", "text", "no type", "json"],
)  # fmt: skip
def test_what_is_no_image_is_refused(studio, meals, content, media):
    """Each way of not being a form with a file."""
    number = studio.spend(expense_category_id=meals)
    response = studio.call.post(f"/expenses/{number}/receipt", content=content, headers={"Content-Type": media})

    assert response.status_code == 400
    assert reason(response) in {"expense[receipt] is missing.", "The receipt is not an image."}


def test_today_is_the_persons_own(studio, meals):
    """Late on Sunday in New York it is Monday in UTC, and still the week before."""
    number = studio.spend(expense_category_id=meals, spent_at="2026-01-11")
    clock_of(studio.call.sandbox).advance(6.5 * 24 * 3600)  # 2026-01-12 02:30 in UTC

    assert [number] == [each["expense"]["id"] for each in studio.call.get("/expenses").json()]
