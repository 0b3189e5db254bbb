"""The base class of the records of all API versions: their form as dicts, as JSON and in Pydantic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from harvest_async.client.json_form import Decimals, as_draft, exact_floats, json_tree, plain_tree
from harvest_async.codec.json import read
from harvest_async.codec.shape import shape
from harvest_async.errors import DecodeError, InvalidArgument

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema, SchemaSerializer

__all__ = ["Record"]


class _Serializer:
    """The attribute by which Pydantic writes a record where a type like `dict[str, Any]` names no class."""

    def __get__(self, record: Any, kind: Any) -> SchemaSerializer:
        from harvest_async.client.pydantic_schema import serializer_of  # noqa: PLC0415 - optional dependency

        return serializer_of(kind)


class Record:
    """A record of Harvest. Its class is a type that FastAPI and Pydantic know, for requests and responses.

    Pydantic is imported only when it asks for a record's schema.
    """

    __slots__ = ()

    __pydantic_serializer__ = _Serializer()

    def to_dict(self) -> dict[str, Any]:
        """Return all fields by name: decimals, dates and aware times as they are, nested records as dicts.

        Fields that the library doesn't know are among them.
        """
        return plain_tree(self)

    def to_json(self, *, decimals: Decimals | None = None) -> str:
        """Return the record as JSON, in the form that the API's documentation shows.

        Args:
            decimals: "number" (`1.5`) or "string" (`"1.50"`) for hours and amounts; None for the process's own (see
                `decimals_as`).

        Raises:
            InvalidArgument: JSON has no form for a value, or there is no such form of decimals.
        """
        return json.dumps(json_tree(self, decimals), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Create a record from `to_dict`, from parsed JSON, or from a dict of your own.

        Values may be as in records or as in JSON. Unknown fields are kept in `extra`. Without an id, it is a draft.

        Raises:
            InvalidArgument: a value is of the wrong type; the message has its field.
        """
        if not isinstance(values, Mapping):
            raise InvalidArgument(f"{cls.__name__}.from_dict: give a dict, not {values!r:.40}")
        try:
            return shape(as_draft(cls, exact_floats(values)), cls)
        except DecodeError as error:
            reason = str(error).removeprefix("the response is not a ")
            raise InvalidArgument(f"{cls.__name__}.from_dict: this is not a {reason}") from error
        except ValueError as error:
            raise InvalidArgument(f"{cls.__name__}.from_dict: {error}") from error

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Create a record from JSON (see `from_dict`).

        Raises:
            InvalidArgument: it is not JSON, or a value is of the wrong type; the message has its field.
        """
        try:
            tree = read(text.encode() if isinstance(text, str) else text)
        except (DecodeError, UnicodeError) as error:
            raise InvalidArgument(f"{cls.__name__}.from_json: {error}".replace("the response", "this", 1)) from error
        return cls.from_dict(tree)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from harvest_async.client.pydantic_schema import core_schema_of  # noqa: PLC0415 - optional dependency

        return core_schema_of(source, handler)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        from harvest_async.client.pydantic_schema import json_schema_of  # noqa: PLC0415 - optional dependency

        return json_schema_of(cls, schema, handler)
