"""Amounts of expenses: cents, and what an account does with the rest."""

from datetime import date
from decimal import Decimal

import pytest

from harvest_async.importer.sources import CategoryRow, ExpenseRow
from harvest_async.importer.sources.cells import Bad
from harvest_async.importer.sources.numbers import read_money
from tests.support.books import Books
from tests.support.importing import load
from tests.support.tables import opened, problems_of, table

HEADER = ("Date", "Client", "Project", "Category", "Amount", "Email")
OWN = {
    "line": 2, "row": 1, "day": date(2026, 11, 2), "client": "A", "project": "B", "category": "Km",
    "email": "one@example.com",
}  # fmt: skip


def spent(*amounts):
    return table(HEADER, *(("2026-11-02", "ACME", "Web", "Travel", amount, "ann@example.com") for amount in amounts))


@pytest.mark.parametrize(
    ("amounts", "options"), [(("12.345",), {"decimal": "."}), (("12,3456", "1,5"), {}), (("0.005",), {})]
)
def test_an_amount_that_the_account_rounds_is_announced(amounts, options):
    """Shows the first amount with more than two decimals, and what the account makes of it."""
    found, _ = opened(spent(*amounts), **options)
    (notice,) = found.notices

    assert notice.column == "Amount"
    assert "two decimals" in notice.text


@pytest.mark.parametrize("amounts", [("1.234,50", "1.234"), ("12.50", "12.500"), ("1,234.50",)])
def test_an_amount_in_cents_is_not_announced(amounts):
    """Thousands and zeros are no further decimals."""
    assert opened(spent(*amounts))[0].notices == ()


@pytest.mark.parametrize(
    ("amounts", "count"), [(("19 EUR", "$19"), 1), (("19 EUR", "\u20ac 19", "19"), 0), (("$1", "1 USD"), 0)]
)
def test_amounts_in_several_currencies_are_announced(amounts, count):
    """An expense has the currency of its client, and not that of the cell."""
    found, _ = opened(spent(*amounts))

    assert count == sum("different currencies" in notice.text for notice in found.notices)


@pytest.mark.parametrize("amount", ["19 EUR", "\u20ac 19"])
def test_the_currency_of_amounts_is_announced(amount):
    """Names a currency that is not read, although all amounts have it."""
    (notice,) = opened(spent(amount, "20", amount))[0].notices

    assert (notice.column, f"the currency of {amount!r} is not read" in notice.text) == ("Amount", True)


@pytest.mark.parametrize(
    ("header", "row", "column"),
    [
        (("name", "default_hourly_rate"), ("Design", "60 \u20ac"), "default_hourly_rate"),
        (("first_name", "email", "cost_rate"), ("Ann", "ann@example.com", "CHF 60"), "cost_rate"),
        (("name", "unit_name", "unit_price"), ("Km", "km", "0.7 EUR"), "unit_price"),
    ],
)
def test_the_currency_of_rates_is_announced(header, row, column):
    """Names a currency that is not read, in each kind of file with amounts."""
    (notice,) = opened(table(header, row))[0].notices

    assert (notice.column, "is not read" in notice.text) == (column, True)


@pytest.mark.parametrize(
    ("currencies", "reason"),
    [
        (("Euro - EUR", "EUR", ""), "the currency of 'Euro - EUR' is not read"),
        (
            ("Euro - EUR", "US Dollar - USD", "Pound - GBP"),
            "'Euro - EUR' and 'US Dollar - USD' on line 3 have different currencies",
        ),
    ],
)
def test_a_column_of_currencies_is_announced(currencies, reason):
    """Says that the amounts of an expense report are in the currency of the client."""
    rows = (("2026-11-02", "ACME", "Web", "Travel", "9", "ann@example.com", each) for each in currencies)
    (notice,) = opened(table((*HEADER, "Currency"), *rows))[0].notices

    assert (notice.column, reason in notice.text) == ("Currency", True)


def test_an_amount_that_no_money_reaches_is_a_problem():
    """A number of an account that was typed as the amount is reported with its row and column."""
    (problem,) = problems_of(spent("1111111111111111111111111111111111111111"))

    assert (problem.row, problem.column) == (1, "Amount")
    assert "larger than any amount" in problem.reason


def test_the_largest_amount_is_read():
    """Below a million millions."""
    assert read_money("999,999,999,999.99", None) == Decimal("999999999999.99")
    assert isinstance(read_money("1,000,000,000,000.00", None), Bad)


@pytest.mark.parametrize(("text", "stored"), [("12.345", "12.35"), ("0.005", "0.01"), ("-2.345", "-2.35")])
def test_an_amount_with_three_decimals_is_found_again(text, stored):
    """Half a cent is rounded up, so that the row of 12.345 is the expense of 12.35 and is not logged twice."""
    books = Books()
    load(books, [ExpenseRow(total_cost=Decimal(stored), **OWN)])

    assert load(books, [ExpenseRow(total_cost=Decimal(text), **OWN)]).existing == 1


@pytest.mark.parametrize(("units", "cost"), [("0.5", "0.17"), ("1.5", "0.50"), ("2.5", "0.83")])
def test_an_expense_in_units_is_found_again_by_its_rounded_cost(units, cost):
    """Of 0.5 units at 0.33 the account has 0.17, and not 0.16."""
    books = Books()
    category = CategoryRow(line=2, row=1, name="Km", fields={"unit_price": Decimal("0.33")})
    load(books, [category, ExpenseRow(total_cost=Decimal(cost), **OWN)])

    assert load(books, [ExpenseRow(units=Decimal(units), **OWN)]).existing == 1
