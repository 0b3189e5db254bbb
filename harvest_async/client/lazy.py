"""Attributes of a client that are created on first use."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Generic, Self, TypeVar, overload

from harvest_async.client.resource import Learned
from harvest_async.exchange import Exchange

__all__ = ["Lazy", "lazy"]

R = TypeVar("R")


class Lazy(Generic[R]):
    """A resource of a client, which is created when the attribute is read for the first time.

    Args:
        make: returns the resource, given the exchange and what the client has learned.
    """

    __slots__ = ("_make", "_name")

    def __init__(self, make: Callable[[Exchange, Learned], R]) -> None:
        self._make = make

    def __set_name__(self, _: type[Any], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, client: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, client: Any, owner: type[Any]) -> R: ...
    def __get__(self, client: Any, owner: type[Any]) -> Self | R:
        if client is None:
            return self
        resource = client.__dict__[self._name] = self._make(client._exchange, client._learned)  # noqa: SLF001 - its part
        return resource


def lazy(module: str, name: str) -> Any:
    """Return a `Lazy` attribute whose class is imported when it is first needed. Annotate the attribute.

    Args:
        module: the module of the class.
        name: the name of the class.
    """

    def make(exchange: Exchange, learned: Learned) -> Any:
        return getattr(import_module(module), name)(exchange, learned)

    return Lazy(make)
