"""Who and what a row names: addresses as people, Unicode forms, generated addresses, codes of projects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.importer.addresses import make_address
from harvest_async.importer.journal import Journal
from harvest_async.importer.match import key_of
from tests.support.books import Books
from tests.support.importing import load, plan_into, time_row, virtually

ZERO_WIDTH = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u200e", "\ufe0f", "\u034f"]


def planned(books, rows, **how):
    """Plan rows; return the overview."""

    async def do(_):
        with Journal(inline=True) as journal:
            return await plan_into(journal, books, rows, **how)

    return virtually(do)


def reasons(overview):
    return [each.reason for each in overview.rejected]


@pytest.mark.parametrize(
    "person",
    ["ADMIN@example.com", "admin@example.com", " Admin@Example.COM ", "Ada <ADMIN@example.com>", "<admin@example.com>"],
)
def test_an_address_in_the_person_column_is_that_person(person):
    """In any case, alone or in angle brackets behind a name."""
    books = Books(people=["Admin@example.com"])

    load(books, [time_row(person=person, email="")], email_domain="other.org")

    assert [each["email"] for each in books.tables["person"].values()] == ["Admin@example.com"]
    assert len(books.entries()) == 1


@pytest.mark.parametrize("email_domain", [None, "other.org"])
def test_an_unknown_address_in_the_person_column_is_a_new_person(email_domain):
    """With that address, not with one made of it; the same in capitals is the same person."""
    rows = [time_row(1, person="new.one@example.com", email=""), time_row(2, person="NEW.ONE@example.com", email="")]
    books = Books()

    load(books, rows, email_domain=email_domain)

    [person] = books.tables["person"].values()
    assert (person["email"], person["first_name"], person["last_name"]) == ("new.one@example.com", "new.one", "-")


def test_a_row_with_two_addresses_is_rejected():
    """Nobody knows which of them is meant."""
    seen = planned(Books(), [time_row(person="a@example.com", email="b@example.com")])

    assert "two addresses, a@example.com and b@example.com" in reasons(seen)[0]


@pytest.mark.parametrize(
    "other",
    [
        "Cafe\u0301 Zu\u0308rich",
        "Caf\u00e9\u00a0Z\u00fcrich",
        "CAF\u00c9 Z\u00dcRICH",
        "Caf\u00e9\u200b Z\u00fcrich",
        "\ufeffCaf\u00e9  Z\u00fcrich\u200d",
    ],
)
def test_names_that_look_alike_are_one(other):
    """In the file, and between file and account: client, project and task are created once, and rows found again."""
    name = "Caf\u00e9 Z\u00fcrich"
    rows = [
        time_row(row, client=each, project=each, task=each, person=each, email="", notes=str(row))
        for row, each in enumerate((name, other), 1)
    ]
    books = Books()

    load(books, rows[:1], email_domain="example.com")
    load(books, rows[1:], email_domain="example.com")
    again = load(books, rows[::-1], email_domain="example.com")

    assert [len(books.tables[kind]) for kind in ("client", "project", "task", "person")] == [1, 1, 1, 1]
    assert (len(books.entries()), again.created, again.existing) == (2, 0, 2)


@pytest.mark.parametrize(
    "pair",
    [
        ("Gro\u00df", "GROSS"),
        ("\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3"),
        ("\u212b", "\u00c5"),
    ],
)
def test_capitals_are_compared_as_unicode_says(pair):
    """Sharp s, final sigma and the sign of the \u00e5ngstr\u00f6m."""
    assert key_of(pair[0]) == key_of(pair[1])


@given(st.text(), st.integers(0, 20), st.sampled_from(ZERO_WIDTH))
def test_invisible_letters_never_count(text, place, letter):
    """Wherever one is put, the name stays the same; and comparing is decided after one step."""
    assert key_of(text[:place] + letter + text[place:]) == key_of(text)
    assert key_of(key_of(text)) == key_of(text)


def test_different_names_stay_different():
    """Accents, digits and superscripts count."""
    assert len({key_of(each) for each in ("Cafe", "Caf\u00e9", "m2", "m\u00b2", "Caf\u00e8")}) == 5


def test_a_name_of_invisible_letters_is_rejected():
    """Nobody could see what it is."""
    assert "no visible letter" in reasons(planned(Books(), [time_row(client="\u200b")]))[0]


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Zo\u00eb \u0160imi\u0107", "zoe.simic@example.com"),
        ("Jurgen\u0308 Gro\u00df", "jurgen.gross@example.com"),
        ("\u0141ukasz O\u2019Neil-\u00d8stby", "lukasz.oneilostby@example.com"),
        ("Ann - Lee", "ann.lee@example.com"),
        ("\u0130pek \u0131\u015f\u0131k", "ipek.isik@example.com"),
        ("\uff21nn \u00c6rn\u00fe", "ann.aernth@example.com"),
    ],
)
def test_generated_addresses_are_ascii(name, address):
    """Latin letters lose their accents."""
    assert make_address(name, "@example.com") == address


@pytest.mark.parametrize(
    "name", ["\u0418\u0432\u0430\u043d", "\u738b \u5c0f\u660e", "\u05d3\u05d5\u05d3", "\u0661", "-", "!!"]
)
def test_a_name_without_latin_letters_asks_for_an_address(name):
    """Nothing is guessed for another script."""
    seen = planned(Books(), [time_row(person=name, email="")], email_domain="example.com")

    assert "give the e-mail address of" in reasons(seen)[0]


@given(st.text(), st.text(max_size=20))
def test_a_generated_address_is_ascii_or_refused(name, domain):
    """For any name and domain."""
    try:
        address = make_address(name, domain)
    except ValueError:
        return
    local, _, where = address.partition("@")
    assert address.isascii()
    assert local
    assert where
    assert not any(letter.isspace() for letter in address)


def test_two_people_never_share_a_generated_address():
    """The second name is rejected, in any order; its hours are not logged for the first."""
    rows = [time_row(1, person="Zo\u00eb Simic", email=""), time_row(2, person="Zoe Simic", email="")]
    for order in (rows, rows[::-1]):
        seen = planned(Books(), order, email_domain="example.com")
        assert (seen.log, seen.create["people"]) == (1, 1)
        assert "zoe.simic@example.com" in reasons(seen)[0]


def test_a_generated_address_that_somebody_in_the_account_has_is_rejected():
    """Unless the name is theirs."""
    books = Books()
    books.put("person", email="Zoe.Simic@example.com", first_name="Zora", last_name="Simic")

    seen = planned(books, [time_row(person="Zo\u00eb Simic", email="")], email_domain="example.com")

    assert (seen.log, "is that of 'Zora Simic'" in reasons(seen)[0]) == (0, True)


def test_an_address_of_the_file_that_was_generated_for_somebody_else_is_rejected():
    """Also where the row with the address comes first."""
    rows = [
        time_row(1, person="Zo\u00eb Simic", email=""),
        time_row(2, person="Zoe Simic", email="zoe.simic@example.com"),
    ]
    for order in (rows, rows[::-1]):
        assert len(reasons(planned(Books(), order, email_domain="example.com"))) == 1


def test_a_name_of_address_is_in_another_row_is_that_person():
    """No second address is made for them."""
    rows = [time_row(1, person="Ann Lee", email="ann@corp.com"), time_row(2, person="Ann Lee", email="")]

    assert planned(Books(), rows, email_domain="example.com").create["people"] == 1


def account_with(*projects):
    books = Books(people=["one@example.com"])
    client = books.put("client", name="ACME")
    for name, code in projects:
        books.put("project", name=name, code=code, client=client)
    return books


def coded(*codes):
    return [time_row(row, project="Web", project_code=code) for row, code in enumerate(codes, 1)]


def test_several_codes_on_one_project_without_a_code_are_reported():
    """Each of their rows, in any order; a row without a code is the project's."""
    for codes in (("W", "X"), ("X", "W", "w"), ("W", "X", "Y")):
        seen = planned(account_with(("Web", "")), coded(*codes))
        assert (seen.log, len(seen.rejected)) == (0, len(codes))
        assert "without a code" in reasons(seen)[0]
    assert planned(account_with(("Web", "")), coded("W", "X", "")).log == 1


def test_codes_that_the_account_has_are_not_counted():
    """One code that is new is the project without one, as before."""
    seen = planned(account_with(("Web", ""), ("Web", "W")), coded("W", "X", "X"))

    assert (seen.log, seen.create.get("projects", 0)) == (3, 0)


def test_several_codes_of_a_new_project_are_several_projects():
    """A row without a code is rejected then, in any place."""
    seen = planned(account_with(), coded("W", "X"))
    assert (seen.log, seen.create["projects"]) == (2, 2)
    for codes in (("", "W", "X"), ("W", "", "X"), ("W", "X", "")):
        seen = planned(account_with(), coded(*codes))
        assert (seen.log, seen.create["projects"], len(seen.rejected)) == (2, 2, 1)
