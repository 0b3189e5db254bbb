"""The API versions that this package supports, and the modules that implement them.

Notes:
    This is the only module outside a version's own package that names the package at run time. A version is imported
    when one of its parts is used for the first time; without its package, everything else can still be imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import field, frozen

from harvest_async.errors import InvalidArgument

if TYPE_CHECKING:
    from harvest_async.v1.client import HarvestV1
    from harvest_async.v1.directory import Directory
    from harvest_async.v1.oauth2 import OAuth2
    from harvest_async.v2.client import HarvestV2
    from harvest_async.v2.directory import DirectoryV2

    Client: TypeAlias = HarvestV1 | HarvestV2
    PooledClient: TypeAlias = HarvestV2

__all__ = [
    "DEFAULT",
    "POOLED",
    "PUBLIC",
    "VERSIONS",
    "Directory",
    "DirectoryV2",
    "HarvestV1",
    "HarvestV2",
    "OAuth2",
    "Version",
    "load",
    "version_of",
]

DEFAULT: Final = "v1"
"""The version that is used where neither an option nor the environment names one."""

POOLED: Final = "v2"
"""The version of the clients of a `HarvestPool` that is given none; `PooledClient` is their class."""


@frozen
class Version:
    """One API version.

    Attributes:
        name: its name.
        package: the package that implements it.
        parts: for each part the module and the name in it, as `module:name` below the package.
        account: the argument of its client that names the account.
        account_help: what this argument is.
        shared: the argument that names the account in another version, so that both draw on one budget; empty if none.
        shared_help: what this argument is.
        variables: the environment variables that its client reads, each with its meaning.
        required: those of them that select this version when all are set.
    """

    name: str
    package: str
    parts: Mapping[str, str]
    account: str = "account"
    account_help: str = "The account"
    shared: str = ""
    shared_help: str = ""
    variables: Mapping[str, str] = field(factory=dict)
    required: tuple[str, ...] = ()

    @property
    def account_option(self) -> str:
        """The option of the command line that names the account."""
        return _option(self.account)

    @property
    def account_variable(self) -> str:
        """The environment variable that names the account."""
        return _variable(self.account)

    @property
    def shared_option(self) -> str:
        """The option of the command line for `shared`."""
        return _option(self.shared)

    @property
    def shared_variable(self) -> str:
        """The environment variable for `shared`."""
        return _variable(self.shared)


def _option(argument: str) -> str:
    return f"--{argument.replace('_', '-')}"


def _variable(argument: str) -> str:
    return f"HARVEST_{argument.upper()}"


VERSIONS: Final[dict[str, Version]] = {
    "v1": Version(
        "v1",
        "harvest_async.v1",
        {
            "client": "client:HarvestV1",
            "directory": "directory:Directory",
            "oauth2": "oauth2:OAuth2",
            "import_account": "import_adapter:V1ImportAccount",
            "neutral": "neutral_records:RECORDS",
            "export_account": "export_tables:V1ExportAccount",
            "dialect": "dialect:V1Dialect",
            "service": "service:SERVICE",
            "collection": "postman_examples:COLLECTION",
            "receipt_field": "resources.receipts:PART",
            "setup": "setup:SETUP",
        },
        account="account",
        account_help="Subdomain of the account by API v1: acme for acme.harvestapp.com",
        variables={
            "HARVEST_ACCOUNT": "the subdomain: acme for acme.harvestapp.com",
            "HARVEST_EMAIL, HARVEST_PASSWORD": "or HARVEST_ACCESS_TOKEN",
        },
        required=("HARVEST_ACCOUNT",),
    ),
    "v2": Version(
        "v2",
        "harvest_async.v2",
        {
            "client": "client:HarvestV2",
            "collection": "postman_examples:COLLECTION",
            "dialect": "dialect:V2Dialect",
            "directory": "directory:DirectoryV2",
            "export_account": "export_tables:V2ExportAccount",
            "import_account": "import_adapter:V2ImportAccount",
            "neutral": "neutral_records:RECORDS",
            "service": "service:SERVICE",
            "setup": "setup:SETUP",
            "sign_in": "accounts:sign_in",
        },
        account="account_id",
        account_help="Id of the account by API v2",
        shared="same_as",
        shared_help="Subdomain by which API v1 knows the account, so that calls by both versions share one rate limit",
        variables={
            "HARVEST_ACCOUNT_ID": "the account's number (harvest-async accounts lists yours)",
            "HARVEST_ACCESS_TOKEN": "a personal access token",
            "HARVEST_SAME_AS": "the subdomain by API v1, if the account is used by both versions",
        },
        required=("HARVEST_ACCOUNT_ID", "HARVEST_ACCESS_TOKEN"),
    ),
}
"""The versions by name."""

PUBLIC: Final[Mapping[str, tuple[str, str]]] = {
    "Directory": ("v1", "directory"),
    "DirectoryV2": ("v2", "directory"),
    "HarvestV1": ("v1", "client"),
    "HarvestV2": ("v2", "client"),
    "OAuth2": ("v1", "oauth2"),
}
"""The names that `harvest_async` exports from a version: the version and its part."""


def load(part: str, version: str = DEFAULT) -> Any:
    """Import a part of a version.

    Args:
        part: a key of `Version.parts`.
        version: the version's name.

    Returns:
        The class, function or value.

    Raises:
        InvalidArgument: the version is unknown, has no such part, or its package is missing from this installation.
    """
    if version not in VERSIONS:
        raise InvalidArgument(f"Unknown API version {version!r}. Choose from: {', '.join(VERSIONS)}.")
    found = VERSIONS[version]
    if part not in found.parts:
        raise InvalidArgument(f"API {version} has no {part!r}. Choose from: {', '.join(found.parts)}.")
    module, _, name = found.parts[part].partition(":")
    try:
        return getattr(import_module(f"{found.package}.{module}"), name)
    except ModuleNotFoundError as error:
        if error.name != found.package:
            raise
        raise InvalidArgument(
            f"API {version} is not available: this installation has no package {found.package}. "
            "Install it again: python -m pip install --force-reinstall harvest-async"
        ) from error


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Load a version's public name on first use."""
        return _load_public(name)


def _load_public(name: str) -> Any:
    """Import a name that `harvest_async` exports from a version.

    Raises:
        AttributeError: there is no such name, or the version's package is missing from this installation.
    """
    if name not in PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    version, part = PUBLIC[name]
    try:
        return load(part, version)
    except InvalidArgument as error:
        raise AttributeError(f"harvest_async.{name}: {error}") from error


def version_of(client: object) -> str:
    """Return the name of the version that a client belongs to; subclasses count.

    Raises:
        InvalidArgument: it is no client of any version.
    """
    classes = {f"{each.__module__}:{each.__qualname__}" for each in type(client).__mro__}
    for name, version in VERSIONS.items():
        if f"{version.package}.{version.parts['client']}" in classes:
            return name
    known = ", ".join(version.parts["client"].rpartition(":")[2] for version in VERSIONS.values())
    raise InvalidArgument(
        f"{type(client).__name__} is no client of a known API version. Use one of these classes: {known}."
    )
