"""Responses of API v2: lists and their links, records, errors."""

import httpx
import pytest

from harvest_async import CreatedUnread, DecodeError, DeleteResult, Forbidden, NotFound, Unauthorized, Unprocessable
from tests.support.v2 import BASE_URL, page, scripted

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "link",
    [f"{BASE_URL}/clients?cursor=b", "https://api.harvestapp.com/api/v2/clients?cursor=b", "/v2/clients?cursor=b"],
)
async def test_a_list_follows_its_link(link):
    """Both paths of the API are the same place."""
    harvest, sent = scripted(page("clients", {"id": 1}, following=link), page("clients", {"id": 2}, page=None))

    found = await harvest.clients.list(is_active=True)

    assert [each.id for each in found] == [1, 2]
    assert [str(each.url) for each in sent] == [f"{BASE_URL}/clients?is_active=true", f"{BASE_URL}/clients?cursor=b"]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v2/clients?cursor=b",
        "http://api.harvestapp.com/v2/clients?cursor=b",
        f"{BASE_URL}/users?cursor=b",
        "https://api.harvestapp.com/v3/clients?cursor=b",
        "https://user@api.harvestapp.com/v2/clients?cursor=b",
        "https://[/clients",
        7,
    ],
)
async def test_a_link_to_another_place_is_not_followed(link):
    """Another host, scheme, path or no address at all: credentials go nowhere else."""
    harvest, sent = scripted(page("clients", {"id": 1}, following=link))

    with pytest.raises(DecodeError, match="link"):
        await harvest.clients.list()

    assert len(sent) == 1


async def test_links_in_a_circle_end():
    """A cursor that comes again is an error."""
    first, second = (page("clients", {"id": 1}, following=f"{BASE_URL}/clients?cursor={each}") for each in "ab")
    third = page("clients", {"id": 1}, following=f"{BASE_URL}/clients?cursor=a")
    harvest, sent = scripted(first, second, third)

    with pytest.raises(DecodeError, match="already read"):
        await harvest.clients.list()

    assert len(sent) == 3


@pytest.mark.parametrize("query", ["?page=1", "?per_page=2", "?page=1&per_page=2"])
async def test_a_page_that_links_to_itself_is_an_error(query):
    """Also in a list that is paged by number."""
    link = f"{BASE_URL}/time_entries{query}"
    harvest, sent = scripted(*(page("time_entries", {"id": 1}, following=link) for _ in range(2)))

    with pytest.raises(DecodeError, match="already read"):
        await harvest.time_entries.list()

    assert len(sent) == 2


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "has no list 'clients'"),
        ({"client": [{"id": 1}]}, "has no list 'clients'"),
        ({"people": [{"id": 1}], "links": {"next": None}}, "has no list 'clients'.* begins with .*people"),
        ({"data": {"clients": [{"id": 1}]}}, "has no list 'clients'"),
        ([{"id": 1}], "has no list 'clients'"),
        ({"clients": None}, "has no list 'clients'"),
        ({"clients": {"id": 1}}, "has no list 'clients'"),
        ({"clients": [], "links": 7}, "has `links` that are no object"),
        ({"links": [], "clients": []}, "has `links` that are no object"),
    ],
)
async def test_an_envelope_without_its_list_is_an_error(body, message):
    """The key is missing, another plural or singular, deeper, or holds no list; the message names the list."""
    harvest, _ = scripted(httpx.Response(200, json=body))

    with pytest.raises(DecodeError, match=message):
        await harvest.clients.list()


async def test_links_may_come_before_the_list():
    """The order of the fields does not matter."""
    harvest, _ = scripted(httpx.Response(200, json={"links": {"next": None}, "page": 1, "clients": [{"id": 1}]}))

    assert [each.id for each in await harvest.clients.list()] == [1]


async def test_unknown_fields_are_kept_in_nested_records_too():
    """In `extra` of the record that they belong to."""
    record = {"id": 1, "client": {"id": 2, "name": "ACME", "color": "red"}, "size": 3}
    harvest, _ = scripted(page("contacts", record))

    (contact,) = await harvest.contacts.list()

    assert (contact.extra, contact.client.extra) == ({"size": 3}, {"color": "red"})


@pytest.mark.parametrize("number", [2**31, 2**53 + 1, "9007199254740993"])
async def test_large_ids_and_numbers_as_text_are_exact(number):
    """Ids are 64 bits wide."""
    harvest, _ = scripted(httpx.Response(200, json={"id": number, "name": "ACME"}))

    assert (await harvest.clients.get(1)).id == int(number)


async def test_a_page_in_html_is_no_record():
    """The error shows its beginning."""
    harvest, _ = scripted(httpx.Response(200, html="<html>Sign in</html>"))

    with pytest.raises(DecodeError, match="html"):
        await harvest.clients.get(1)


async def test_a_create_returns_the_record_of_the_response():
    """Nothing is read again."""
    harvest, sent = scripted(httpx.Response(201, json={"id": 5, "name": "ACME"}))

    assert (await harvest.clients.create("ACME")).id == 5
    assert len(sent) == 1


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"name": "ACME"}'])
async def test_a_created_record_that_cant_be_read_is_reported(content):
    """The error has the id that `Location` names."""
    headers = {"Location": "https://api.harvestapp.com/api/v2/clients/5"}
    harvest, sent = scripted(httpx.Response(201, content=content, headers=headers))

    with pytest.raises(CreatedUnread) as caught:
        await harvest.clients.create("ACME")

    assert (caught.value.id, len(sent)) == (5, 1)


@pytest.mark.parametrize("response", [httpx.Response(200, json={"id": 5}), httpx.Response(200)])
async def test_a_delete_returns_deleted(response):
    """Whether the response has the record or nothing."""
    harvest, _ = scripted(response)

    assert await harvest.clients.delete(5) is DeleteResult.DELETED


@pytest.mark.parametrize(
    ("response", "kind", "message"),
    [
        (
            httpx.Response(401, json={"error": "invalid_token", "error_description": "It expired"}),
            Unauthorized,
            "It expired",
        ),
        (
            httpx.Response(403, json={"message": "Not authorized!"}, headers={"Hint": "Not authorized!"}),
            Forbidden,
            "Not authorized!",
        ),
        (httpx.Response(404, html="<html>No</html>"), NotFound, "an HTML page"),
        (httpx.Response(404), NotFound, "404"),
        (httpx.Response(422, json={"message": "Name can't be blank"}), Unprocessable, "Name can't be blank"),
    ],
)
async def test_a_refusal_has_the_servers_message(response, kind, message):
    """In each of the forms that the server uses."""
    harvest, _ = scripted(response)

    with pytest.raises(kind, match=message):
        await harvest.clients.get(1)


async def test_a_number_in_a_nested_record_is_checked_as_any_other():
    """NaN is no rate, in a record inside of a record neither."""
    record = {"id": 1, "task_assignments": [{"id": 2, "hourly_rate": "NaN"}]}
    harvest, _ = scripted(page("project_assignments", record))

    with pytest.raises(DecodeError, match="hourly_rate"):
        await harvest.users.my_project_assignments()
