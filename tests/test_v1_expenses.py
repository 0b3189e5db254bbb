"""Expenses and receipts: one cost or the other, images and nothing else."""

import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from attrs import evolve

from harvest_async import (
    BasicAuth,
    CreatedUnread,
    DecodeError,
    FieldsIgnored,
    HarvestV1,
    InvalidArgument,
    NotFound,
    NotSent,
    ServerError,
    Throttle,
)
from harvest_async.sandbox import Sandbox
from harvest_async.testing import in_process
from harvest_async.v1.models import Expense, ExpenseCategory
from harvest_async.v1.resources.expenses import GET_EXPENSE
from tests.contract.cases import PIXEL
from tests.support.v1 import read, reply, scripted, silent

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

DAY = date(2026, 3, 9)
EXPENSE = {
    "id": 5,
    "project_id": 30,
    "expense_category_id": 60,
    "spent_at": "2026-03-09",
    "total_cost": 12.5,
    "notes": "Train",
}
IMAGE = {"content-type": "image/png"}


def expense(**fields):
    return {"expense": {**EXPENSE, **fields}}


# Expenses


@pytest.mark.parametrize("cost", [{"total_cost": "9.99"}, {"units": 3}])
async def test_an_expense_has_a_cost_or_units(cost):
    """Days are ISO days; with units the server knows the price."""
    harvest, server = scripted(silent(201, location="/expenses/5"), reply(expense()))
    await harvest.expenses.create(30, 60, "2026-03-09", notes="Lunch", **cost)
    name, value = next(iter(cost.items()))

    assert {key: sent for key, sent in server.body(0)["expense"].items() if key != name} == {
        "project_id": 30,
        "expense_category_id": 60,
        "spent_at": "2026-03-09",
        "notes": "Lunch",
    }
    assert float(value) == server.body(0)["expense"][name]


@pytest.mark.parametrize("cost", [{}, {"total_cost": 1, "units": 1}])
async def test_both_costs_or_none_are_refused(cost):
    """Before anything is sent."""
    harvest, server = scripted()
    with pytest.raises(InvalidArgument, match="give total_cost, or units of the category's price: one of the two"):
        await harvest.expenses.create(30, 60, DAY, **cost)

    assert server.asked == []


@pytest.mark.parametrize("location", ["/expenses", None])
async def test_an_expense_without_a_number_is_an_error_and_not_created_again(location):
    """The documented `Location` has none."""
    headers = {} if location is None else {"location": location}
    harvest, server = scripted(silent(201, **headers))
    with pytest.raises(CreatedUnread) as caught:
        await harvest.expenses.create(30, 60, DAY, total_cost=1)

    assert server.asked == [("POST", "/expenses")]
    assert (None, location) == (caught.value.id, caught.value.location)


@pytest.mark.parametrize("number", [0, None, "0", ""])
def test_an_invoice_without_a_number_is_none(number):
    """0 and null both mean that it was not invoiced."""
    assert read(GET_EXPENSE(5), expense(invoice_id=number)).invoice_id is None
    assert read(GET_EXPENSE(5), expense(invoice_id=7)).invoice_id == 7


@pytest.mark.parametrize("number", [3, 3.0, "3", " 3.0 "])
def test_units_and_costs_are_decimals(number):
    """In any form."""
    read_back = read(GET_EXPENSE(5), expense(units=number, total_cost=number))

    assert (Decimal(3), Decimal(3)) == (read_back.units, read_back.total_cost)


@pytest.mark.parametrize("sample", [{"notes": "Train"}, {"id": None, "notes": "Train"}])
def test_a_sample_without_an_id_is_read(sample):
    """As some of the documentation's samples are."""
    expense = read(GET_EXPENSE(5), {"expense": sample})

    assert (expense.id, expense.notes) == (None, "Train")


@pytest.mark.parametrize("sample", [{}, {"message": "no"}, {"id": None}, {"error": {"notes": "x"}}])
def test_what_has_nothing_of_a_record_is_none(sample):
    """An object that knows no field is not what was asked for."""
    with pytest.raises(DecodeError, match="required field missing: id"):
        read(GET_EXPENSE(5), {"expense": sample})


async def test_a_category_has_no_field_that_nobody_may_write():
    """Whether it is archived is not known to be writable; what the contract lists is all that is sent."""
    harvest, server = scripted(silent(), reply({"expense_category": {"id": 60, "name": "Trips", "deactivated": True}}))
    old = ExpenseCategory(id=60, name="Travel", deactivated=False, cache_version=1)
    new = await harvest.expense_categories.update(old, evolve(old, name="Trips", deactivated=True, cache_version=2))

    assert server.body(0) == {"expense_category": {"name": "Trips"}}
    assert new.active is False


async def test_fields_of_the_receipt_are_not_sent_back():
    """They are changed by `receipts.attach`."""
    harvest, server = scripted(silent(), reply(expense(notes="x")))
    old = read(GET_EXPENSE(5), expense(has_receipt=True, receipt_url="/x", user_id=1, is_closed=False))
    await harvest.expenses.update(old, evolve(old, notes="x", is_closed=True))

    assert server.body(0) == {"expense": {"notes": "x"}}

    with pytest.raises(InvalidArgument, match=r"has_receipt can't be set here: use receipts\.attach"):
        await harvest.expenses.update(old, evolve(old, has_receipt=False))


async def test_a_locked_expense_tells_what_was_not_taken():
    """The server leaves three fields of it as they are, without a word."""
    harvest, _ = scripted(silent(), reply(expense(notes="x", is_locked=True)))
    with pytest.raises(FieldsIgnored, match="left project_id as they were") as caught:
        await harvest.expenses.update(5, notes="x", project_id=31)

    assert caught.value.record.notes == "x"


async def test_the_person_of_an_expense_is_in_the_query():
    """In every call of the section, the read after a create too."""
    harvest, server = scripted(
        silent(201, location="/expenses/5"), reply(expense()), silent(), reply(expense()), silent()
    )
    await harvest.expenses.create(
        Expense(project_id=30, expense_category_id=60, spent_at=DAY, units=Decimal(1)), of_user=9
    )
    await harvest.expenses.update(5, notes="x", of_user=9)
    await harvest.expenses.delete(5, of_user=9)

    assert [each.url.query.decode() for each in server.sent] == ["of_user=9"] * 5


# Receipts: attaching


async def stream_of(*pieces):
    for piece in pieces:
        yield piece


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "train ticket.png"
    path.write_bytes(PIXEL)
    return path


class Upload:
    """A file as a web framework gives it: `read` is awaited, and gives less than it is asked for."""

    def __init__(self, content):
        self.file = io.BytesIO(content)

    async def read(self, size=-1):
        return self.file.read(min(size, 10))


SOURCES = {
    "upload": lambda _: Upload(PIXEL),
    "bytes": lambda _: PIXEL,
    "bytearray": lambda _: bytearray(PIXEL),
    "path": lambda path: path,
    "file": lambda path: path.open("rb"),
    "buffer": lambda _: io.BytesIO(PIXEL),
    "stream": lambda _: stream_of(PIXEL[:7], PIXEL[7:]),
}


@pytest.mark.parametrize("kind", SOURCES)
async def test_an_image_comes_from_anywhere(kind, image):
    """Bytes, a path, a file, a stream; it is on the account byte for byte."""
    sandbox = Sandbox()
    async with HarvestV1(
        "sandbox",
        auth=BasicAuth("admin@example.com", "sandbox"),
        app="tests",
        base_url="http://127.0.0.1",
        transport=in_process(sandbox),
        throttle=Throttle(),
    ) as harvest:
        from tests.contract.cases import Ground

        made = await Ground(harvest).expense()
        source = SOURCES[kind](image)
        await harvest.receipts.attach(made, source)
        picture = await harvest.receipts.get(made)
        whole = await harvest.expenses.get(made)
    if kind == "file":
        source.close()
    sandbox.close()

    assert (picture.content, picture.content_type) == (PIXEL, "image/png")
    assert whole.has_receipt is True


async def test_an_upload_is_a_form_with_one_part(image):
    """Its name is the contract's, its file's name the path's; `Accept` stays, and the last boundary is whole."""
    harvest, server = scripted(silent(200, location="/expenses/5/receipt"), format="xml")
    await harvest.receipts.attach(5, image)
    sent = server.sent[0]
    kind, _, boundary = sent.headers["content-type"].partition("; boundary=")

    assert (kind, sent.headers["accept"]) == ("multipart/form-data", "application/xml")
    assert sent.content.startswith(b"--%s\r\n" % boundary.encode())
    assert sent.content.endswith(b"\r\n--%s--\r\n" % boundary.encode())
    assert (
        b'name="expense[receipt]"; filename="train ticket.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG'
        in sent.content
    )
    assert sent.headers["content-length"] == str(len(sent.content))


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (PIXEL, "receipt.png"),
        (b"\xff\xd8\xff\xe0rest", "receipt.jpg"),
        (b"GIF89arest", "receipt.gif"),
        (b"RIFF\x00\x00\x00\x00WEBPrest", "receipt.webp"),
        (b"II*\x00rest", "receipt.tiff"),
        (b"MM\x00*rest", "receipt.tiff"),
        (b"BMrest", "receipt.bmp"),
    ],
)
async def test_the_first_bytes_say_what_an_image_is(content, name):
    """And how its file is called where nobody says it."""
    harvest, server = scripted(silent())
    await harvest.receipts.attach(5, content)

    assert f'filename="{name}"'.encode() in server.sent[0].content


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "no image of a known kind .* it is empty"),
        (b"%PDF-1.7 and so on", "no image of a known kind .* begins with '%PDF"),
        (b"<!DOCTYPE html><html>", "an HTML page begins"),
        (b"RIFF\x00\x00\x00\x00WAVE", "no image"),
        (PIXEL + b"x" * 200, "more than 200 bytes"),
        (io.BytesIO(PIXEL + b"x" * 200), "more than 200 bytes"),
        (Path("no such file.png"), "No such file"),
        (Path(), "directory"),
        (io.StringIO("text"), "gives str: open it for bytes"),
        ("receipt.png", "give bytes, a path or a stream of bytes, not a str"),
        (7, "not a int"),
    ],
)
async def test_what_is_no_image_or_too_large_is_not_sent(source, message):
    """Each has its own clear error."""
    harvest, server = scripted()
    with pytest.raises(InvalidArgument, match=f"image: .*{message}"):
        await harvest.receipts.attach(5, source, largest=200)

    assert server.asked == []


async def test_an_endless_stream_is_not_read_to_its_end():
    """Only as far as it may be long."""
    read_pieces = []

    async def endless():
        while True:
            read_pieces.append(PIXEL)
            yield PIXEL

    harvest, _ = scripted()
    with pytest.raises(InvalidArgument, match="more than 500 bytes"):
        await harvest.receipts.attach(5, endless(), largest=500)

    assert len(read_pieces) == 500 // len(PIXEL) + 1


@pytest.mark.parametrize("name", ["", " ", "a/b.png", "a\\b.png", "a\r\nb.png"])
async def test_the_name_of_a_file_is_a_name(name):
    """No folders, no line breaks; quotes and other letters are escaped by the library that writes the form."""
    harvest, server = scripted(silent())
    with pytest.raises(InvalidArgument, match="image: give the name of a file"):
        await harvest.receipts.attach(5, PIXEL, filename=name)
    await harvest.receipts.attach(5, PIXEL, filename='Beleg "März".png')

    assert 'filename="Beleg %22März%22.png"'.encode() in server.sent[0].content


# Receipts: fetching


async def test_an_image_comes_whatever_accept_says():
    """Its bytes and its type are given."""
    harvest, _ = scripted(httpx.Response(200, content=PIXEL, headers=IMAGE))
    picture = await harvest.receipts.get(5)

    assert (picture.content, picture.content_type) == (PIXEL, "image/png")


async def test_a_large_image_comes_in_chunks():
    """As a whole it is never in memory."""
    large = PIXEL + bytes(3 * 1024 * 1024)
    harvest, _ = scripted(httpx.Response(200, content=large, headers=IMAGE))
    async with harvest.receipts.stream(5) as picture:
        sizes = [len(chunk) async for chunk in picture]
        again = b"".join([chunk async for chunk in picture])

    assert picture.size == len(large) == sum(sizes)
    assert max(sizes) == 64 * 1024
    assert again == large


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (httpx.Response(200, content=PIXEL * 30, headers=IMAGE), "larger than 1000 bytes"),
        (
            httpx.Response(200, html="<!DOCTYPE html><p>Sign in"),
            "expected an image, the response is text/html: an HTML page",
        ),
        (httpx.Response(200), "expected an image, the response is of no type: it is empty"),
    ],
)
async def test_what_is_no_image_or_too_large_is_not_given(response, message):
    """A sign-in page is the usual cause."""
    harvest, _ = scripted(response)
    with pytest.raises(DecodeError, match=message):
        await harvest.receipts.get(5, largest=1000)


async def test_an_expense_without_a_receipt_is_an_error():
    """As any record that is not there; the account is asked whether the module is on."""
    harvest, _ = scripted(silent(404), reply({"company": {"modules": {"expenses": False}}, "user": {"id": 1}}))
    with pytest.raises(NotFound, match="the account's module 'expenses' is switched off"):
        await harvest.receipts.get(5)


STORE = "https://files.example.net/receipts/5.png?signature=xyz"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_file_store_is_asked_without_credentials(status):
    """Where the account keeps its images is another host's business, and draws on none of its budget."""
    harvest, server = scripted(silent(status, location=STORE), httpx.Response(200, content=PIXEL, headers=IMAGE))
    picture = await harvest.receipts.get(5)
    asked = server.sent[1]

    assert picture.content == PIXEL
    assert str(asked.url) == STORE
    assert "authorization" in server.sent[0].headers
    assert not {"authorization", "cookie"} & set(asked.headers)
    assert harvest.throttle.snapshot().sent == 2  # the status and the receipt's own call


@pytest.mark.parametrize(
    ("responses", "kind", "message"),
    [
        ([silent(302, location="http://files.example.net/5.png")], InvalidArgument, "in the clear: use https"),
        ([silent(302, location="file:///etc/passwd")], InvalidArgument, "give a whole address"),
        ([silent(302)], ServerError, "a redirect"),
        ([silent(302, location=STORE), silent(302, location="https://[")], InvalidArgument, "to what is no address"),
        (
            [silent(302, location=STORE), *[silent(302, location="/again")] * 3],
            ServerError,
            "GET https://files.example.net/again returned 302: the file store redirects without end",
        ),
        (
            [silent(302, location=STORE), silent(403)],
            ServerError,
            "returned 403: the file store does not give the file",
        ),
        (
            [silent(302, location=STORE), httpx.ConnectError("no way")],
            NotSent,
            "can't be fetched from the file store: ConnectError",
        ),
        ([silent(302, location=STORE), httpx.ReadError("closed")], ServerError, r"files.example.net/receipts/5.png"),
        (
            [silent(302, location=STORE), httpx.Response(200, content=PIXEL * 30, headers=IMAGE)],
            DecodeError,
            "larger than 1000 bytes",
        ),
    ],
)
async def test_a_file_store_may_fail(responses, kind, message):
    """Each failure is raised, and none for ever."""
    harvest, server = scripted(*responses)
    with pytest.raises(kind, match=message) as caught:
        await harvest.receipts.get(5, largest=1000)

    assert len(server.sent) <= 4
    assert "signature" not in str(caught.value) + caught.value.report()
