"""A short form of the fuzzing: `nox -s fuzz` runs the long one."""

import pytest

from tests.fuzz.__main__ import FOUND, fault_of, run_part
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_changed_inputs_are_read_or_refused(name):
    """Three hundred changed inputs of each kind: nothing is raised that is not documented, and none takes long."""
    faults, _, _ = run_part(name, seed=1, count=300)

    assert faults == []


def test_what_was_found_stays_repaired():
    """Each input that a longer run has found is read or refused."""
    found = {path: fault_of(TARGETS[path.name.rpartition("-")[0]], path.read_bytes()) for path in FOUND.glob("[a-z]*")}

    assert {path.name: fault for path, fault in found.items() if fault is not None} == {}


@pytest.mark.parametrize("name", TARGETS)
def test_the_valid_inputs_are_valid(name):
    """The inputs that are changed are read as they are, or the changes would reach nothing."""
    assert [fault_of(TARGETS[name], seed) for seed in TARGETS[name].seeds] == [None] * len(TARGETS[name].seeds)
