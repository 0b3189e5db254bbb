"""The table of API versions: what it loads, and what happens without a version's package."""

import subprocess
import sys

import pytest

import harvest_async
from harvest_async import BearerAuth, HarvestV1, InvalidArgument, versions


def test_unknown_versions_and_parts_list_the_choices():
    """Names the versions and the parts that exist."""
    with pytest.raises(InvalidArgument, match=r"Unknown API version 'v9'. Choose from: v1"):
        versions.load("client", "v9")
    with pytest.raises(InvalidArgument, match=r"API v1 has no 'colours'. Choose from: client, "):
        versions.load("colours")


def test_every_part_exists():
    """Loads each part of each version."""
    assert [versions.load(part, each.name) for each in versions.VERSIONS.values() for part in each.parts]


def test_a_missing_dependency_of_a_version_is_not_hidden(monkeypatch):
    """Raises the error of a module that a version itself fails to import."""
    broken = versions.Version("v9", "harvest_async.v1", {"client": "no_such_module:Client"})
    monkeypatch.setitem(versions.VERSIONS, "v9", broken)

    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        versions.load("client", "v9")


def test_a_client_belongs_to_its_version():
    """Finds the version of a client and of a subclass, and refuses other objects."""

    class Own(HarvestV1):
        pass

    client = Own("acme", auth=harvest_async.BearerAuth("t"), app="tests")

    assert versions.version_of(client) == "v1"
    with pytest.raises(InvalidArgument, match="str is no client of a known API version"):
        versions.version_of("acme")


def test_the_client_class_loads_neither_models_nor_codecs():
    """Loads the models and codecs of a version with the first client, not with its class."""
    code = (
        "import sys; from harvest_async import HarvestV1, BearerAuth;"
        "late = ('harvest_async.v1.models', 'harvest_async.v1.dialect', 'cattrs');"
        "print([each in sys.modules for each in late]);"
        "harvest = HarvestV1('acme', auth=BearerAuth('t'), app='me (me@example.com)');"
        "print('clients' in dir(harvest), 'clients' in vars(harvest), harvest.clients is harvest.clients)"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)

    assert ran.stdout.splitlines() == ["[False, False, False]", "True False True"], ran.stderr


def test_a_client_has_no_other_attributes():
    """Raises AttributeError for a name that is no resource."""
    client = HarvestV1("acme", auth=BearerAuth("t"), app="me (me@example.com)")

    with pytest.raises(AttributeError, match="'HarvestV1' object has no attribute 'colours'"):
        _ = client.colours
