"""Find a program's setup by the name that the command line is given: `module:function`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from typing import cast

from harvest_async.errors import InvalidArgument
from harvest_async.fleet.setup import Setup

__all__ = ["open_setup"]


@asynccontextmanager
async def open_setup(app: str) -> AsyncIterator[Setup]:
    """Open the setup of a program.

    Args:
        app: `module:function`; the function takes nothing and returns an asynchronous context manager with the setup.
            Modules of the working directory are found, too.

    Raises:
        InvalidArgument: there is no such module or function, or it returns something else.
    """
    async with _function(app)() as setup:
        if not isinstance(setup, Setup):
            raise InvalidArgument(f"{app}: it gave {type(setup).__name__}, not a harvest_async.fleet.Setup")
        yield setup


def _function(app: str) -> Callable[[], AbstractAsyncContextManager[object]]:
    module, _, name = app.partition(":")
    if not module or not name:
        raise InvalidArgument(f"{app!r} does not name a setup: use MODULE:FUNCTION, for example fleet_setup:setup")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found = getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0] and error.name != module:
            raise
        raise InvalidArgument(f"{app}: there is no module {module!r} in the working directory or the path") from error
    except AttributeError as error:
        raise InvalidArgument(f"{app}: the module has no {name!r}") from error
    if not callable(found):
        raise InvalidArgument(f"{app}: {name!r} is not a function")
    return cast("Callable[[], AbstractAsyncContextManager[object]]", found)
