"""A short form of the fuzzing: `nox -s fuzz` runs the long one."""

import pytest

from tests.fuzz.__main__ import FOUND, fault_of, run_part
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_changed_inputs_are_read_or_refused(name):
    """Three hundred changed inputs of each kind: nothing is raised that is not documented, and none takes long."""
    faults, _, _ = run_part(name, seed=1, count=300)

    assert faults == []


@pytest.mark.parametrize("path", sorted(FOUND.glob("[a-z]*")), ids=lambda path: path.name)
def test_what_was_found_stays_repaired(path):
    """Each input that a longer run has found is read or refused."""
    name = path.name.rpartition("-")[0]

    assert fault_of(TARGETS[name], path.read_bytes()) is None


@pytest.mark.parametrize("name", TARGETS)
def test_the_valid_inputs_are_valid(name):
    """The inputs that are changed are read as they are, or the changes would reach nothing."""
    assert [fault_of(TARGETS[name], seed) for seed in TARGETS[name].seeds] == [None] * len(TARGETS[name].seeds)
