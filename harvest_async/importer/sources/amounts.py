"""Detector of amounts that an account stores in another way than a file has them."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from attrs import define, field

from harvest_async.importer.match import in_cents
from harvest_async.importer.sources.cells import Bad, tidy
from harvest_async.importer.sources.evidence import Place
from harvest_async.importer.sources.kinds import Notice
from harvest_async.importer.sources.numbers import parts_of, read_money, split_number

__all__ = ["CentDetector"]

_SEVERAL: Final = 2
_CODES: Final = {
    "\u20ac": "EUR",
    "EURO": "EUR",
    "EUROS": "EUR",
    "\u00a3": "GBP",
    "SFR": "CHF",
    "SFR.": "CHF",
    "US$": "$",
    "USD": "$",
}
"""Currencies that have several names."""

_OF_CLIENT: Final = "Harvest has amounts in the currency of the client or the account"


@define
class CentDetector:
    """Finds amounts with more than two decimals, and the currencies of amounts, which are not read.

    Attributes:
        finer: the first amount with more than two decimals for each decimal mark.
        currencies: the first amount of each currency.
    """

    finer: dict[str, tuple[str, str]] = field(factory=dict)
    currencies: dict[str, Place] = field(factory=dict)

    def look(self, line: int, column: str, text: str) -> None:
        """Observe the cost of an expense."""
        self.look_rate(line, column, text)
        mark = "," if "," in text and split_number(text) != "." else "."
        if mark not in self.finer and _is_finer(read_money(text, mark)):
            self.finer[mark] = column, text.strip()

    def look_rate(self, line: int, column: str, text: str) -> None:
        """Observe a rate or another amount, for its currency alone."""
        parts = parts_of(tidy(text))
        if parts and parts.currency:
            self._note(parts.currency, (line, column, text.strip()))

    def look_currency(self, line: int, column: str, text: str) -> None:
        """Observe one cell of a column of currencies: EUR, or Euro - EUR as reports have it."""
        if name := tidy(text).rpartition(" - ")[2]:
            self._note(name, (line, column, text.strip()))

    def _note(self, currency: str, place: Place) -> None:
        name = currency.upper()
        if len(self.currencies) < _SEVERAL:
            self.currencies.setdefault(_CODES.get(name, name), place)

    def settle(self, mark: str | None) -> Notice | None:
        """Return a notice that the account rounds an amount, if there is one in the decimal mark of the file."""
        for own, (column, text) in self.finer.items():
            amount = read_money(text, mark)
            if mark in (None, own) and isinstance(amount, Decimal):
                return Notice(column, f"{text!r} has more than two decimals: Harvest rounds it, to {in_cents(amount)}")
        return None

    def currency(self) -> Notice | None:
        """Return a notice that the currencies are not read, if there are any."""
        places = list(self.currencies.values())
        if not places:
            return None
        (_, column, one), *others = places
        if not others:
            return Notice(column, f"the currency of {one!r} is not read: {_OF_CLIENT}")
        line, _, other = others[0]
        which = f"{one!r} and {other!r} on line {line}"
        return Notice(column, f"{which} have different currencies, which are not read: {_OF_CLIENT}")


def _is_finer(amount: Decimal | Bad) -> bool:
    return isinstance(amount, Decimal) and amount != in_cents(amount)
