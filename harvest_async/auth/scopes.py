"""The scope of a sign-in: the products and accounts for which its tokens can be used."""

from __future__ import annotations

from attrs import frozen

from harvest_async.auth.tokens import Tokens

__all__ = ["Scope", "read_scope"]

_LONGEST_ID = 18


@frozen
class Scope:
    """The accounts that tokens can be used for.

    Attributes:
        accounts: product and account id of each account, in the server's order: `("harvest", 123)`.
        products: the products all of whose accounts are included; `"all"` means all products.
    """

    accounts: tuple[tuple[str, int], ...] = ()
    products: frozenset[str] = frozenset()

    def includes(self, product: str, account: int) -> bool:
        """Return whether the tokens can be used for an account."""
        return not self.products.isdisjoint({product, "all"}) or (product, account) in self.accounts


def read_scope(tokens: Tokens | str) -> Scope:
    """Return the scope of tokens, or of a text like `harvest:123 forecast:4 all`.

    Parts that are not understood are left out.
    """
    text = tokens if isinstance(tokens, str) else tokens.scope
    accounts: dict[tuple[str, int], None] = {}
    products = set()
    for part in text.split():
        product, colon, name = part.partition(":")
        if part == "all" or (product and name == "all"):
            products.add(product)
        elif product and colon and name.isascii() and name.isdigit() and len(name) <= _LONGEST_ID:
            accounts[product, int(name)] = None
    return Scope(tuple(accounts), frozenset(products))
