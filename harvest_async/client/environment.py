"""The settings of a client in environment variables."""

from __future__ import annotations

import os
from collections.abc import Iterable

from harvest_async.errors import InvalidArgument
from harvest_async.secret import SecretText

__all__ = ["read_environment"]


def read_environment(names: Iterable[str], instead: str = "") -> dict[str, str]:
    """Return the values of environment variables.

    Args:
        names: the variables, all of which must be set.
        instead: what else may be set, as a part of the error's sentence.

    Raises:
        InvalidArgument: variables are missing or blank; the message names all of them.
    """
    given: dict[str, str] = {name: SecretText(os.environ.get(name, "")) for name in names}
    missing = [name for name, value in given.items() if not value.strip()]
    if not missing:
        return given
    if len(missing) == 1:
        raise InvalidArgument(
            f"the environment variable {missing[0]} is missing or blank: set it{instead}, or give the argument"
        )
    listed = f"{', '.join(missing[:-1])} and {missing[-1]}"
    raise InvalidArgument(f"the environment variables {listed} are missing or blank: set them{instead}")
