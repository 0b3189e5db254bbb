"""Choose the API version of a command: by its options first, then by the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen

from harvest_async.errors import InvalidArgument
from harvest_async.versions import DEFAULT, VERSIONS, Version

__all__ = ["Choice", "choose_version"]


@frozen
class Choice:
    """The API version of a command.

    Attributes:
        version: the version.
        account: the account that an option or the environment names; empty if none does.
        shared: the account's name in another version, with which it shares its budget; empty if none is given.
        reason: why it was chosen, if the environment has the settings of several versions or the choice is not the
            default; empty otherwise.
    """

    version: Version
    account: str
    reason: str = ""
    shared: str = ""


def choose_version(options: Mapping[str, Any]) -> Choice:
    """Return the API version that the options select, or else the one whose variables are set.

    Args:
        options: the values of `--api` and of the options that name an account, by parameter name. An option of one
            version alone, such as `--same-as`, selects it, too.

    Raises:
        InvalidArgument: the options contradict each other.
    """
    choice = _chosen(options)
    version = choice.version
    if not version.shared:
        return choice
    return evolve(choice, shared=str(options.get(version.shared) or "").strip() or _value(version.shared_variable))


def _chosen(options: Mapping[str, Any]) -> Choice:
    named = {each.name: str(options[each.account]) for each in VERSIONS.values() if options.get(each.account)}
    sharing = next((each for each in VERSIONS.values() if each.shared and options.get(each.shared)), None)
    api = options.get("api")
    wrong = [VERSIONS[name] for name in named if api not in {None, name}]
    if wrong:
        raise InvalidArgument(f"{wrong[0].account_option} names an account of API {wrong[0].name}, not of API {api}")
    if len(named) > 1:
        listed = " or ".join(each.account_option for each in VERSIONS.values() if each.name in named)
        raise InvalidArgument(f"each of these options names an account: give {listed}, not both")
    name = api or next(iter(named), None) or (sharing.name if sharing else None)
    if sharing is not None and name != sharing.name:
        raise InvalidArgument(f"{sharing.shared_option} is for API {sharing.name}, and this command uses API {name}")
    if name is not None:
        return Choice(VERSIONS[name], named.get(name) or _value(VERSIONS[name].account_variable))
    version = _by_environment()
    account = _value(version.account_variable)
    if version.name == DEFAULT:
        return Choice(version, account)
    others = ", ".join(f"--api {each}" for each in VERSIONS if each != version.name)
    variables = " and ".join(version.required)
    return Choice(version, account, f"API {version.name}, since {variables} are set ({others} for the other)")


def _by_environment() -> Version:
    """Return the newest version whose variables are all set, or else one whose account is."""
    versions = list(VERSIONS.values())
    for version in reversed(versions):
        if all(_value(name) for name in version.required):
            return version
    return next((each for each in versions if _value(each.account_variable)), VERSIONS[DEFAULT])


def _value(name: str) -> str:
    return os.environ.get(name, "").strip()
