"""The files by which the package is released and deployed: workflows, containers and the example of a fleet."""

import re
from pathlib import Path

import pytest
import yaml

from harvest_async.address import check_address

ROOT = Path(__file__).parents[1]
WORKFLOWS = {path.name: yaml.safe_load(path.read_text("utf-8")) for path in (ROOT / ".github/workflows").glob("*.yml")}
CONTAINERS = ("Containerfile", "examples/fleet/Containerfile")
SERVICES = yaml.safe_load((ROOT / "examples" / "fleet" / "compose.yaml").read_text("utf-8"))["services"]

needs_workflows = pytest.mark.skipif(not WORKFLOWS, reason="a source distribution has no workflows")


def jobs():
    """Each job of the workflows, as (file, name, job)."""
    return [(file, name, job) for file, workflow in WORKFLOWS.items() for name, job in workflow["jobs"].items()]


@needs_workflows
def test_each_action_is_pinned_by_its_commit():
    """A tag can be moved to other code, a commit can't."""
    used = [(file, step["uses"]) for file, _, job in jobs() for step in job["steps"] if "uses" in step]

    assert len(used) > 5
    assert [each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each[1])] == []


@needs_workflows
def test_only_the_job_that_publishes_may_sign():
    """Every workflow may read alone; one job gets the identity for trusted publishing, and it stores no token."""
    allowed = {(file, name): job["permissions"] for file, name, job in jobs() if "permissions" in job}

    assert [file for file, each in WORKFLOWS.items() if each["permissions"] != {"contents": "read"}] == []
    assert allowed == {("release.yml", "publish"): {"id-token": "write", "attestations": "write"}}
    assert [
        path.name for path in (ROOT / ".github/workflows").glob("*.yml") if "secrets." in path.read_text("utf-8")
    ] == []


@needs_workflows
def test_each_job_ends_in_time():
    """A job that hangs is ended after a time of its own, not after hours."""
    assert [(file, name) for file, name, job in jobs() if "timeout-minutes" not in job] == []


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_runs_as_a_user_without_rights(name):
    """The last user is a number other than 0, by which an orchestrator can check it."""
    users = re.findall(r"^USER (.+)$", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE)

    assert users
    assert int(users[-1]) > 0


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_copies_named_files_alone(name):
    """What else lies in the folder, such as `.git` or a file with credentials, gets into no layer."""
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE)

    assert copied
    assert [each for line in copied for each in line.split() if not (ROOT / each).exists() or each == "."] == []


def test_the_workers_of_the_example_reach_the_sandbox():
    """The address is one that clients accept: plain HTTP is for loopback, so the workers share the sandbox's network."""
    workers = [each for name, each in SERVICES.items() if name.startswith("worker")]

    assert len(workers) == 2
    for each in workers:
        assert check_address(each["environment"]["HARVEST_BASE_URL"])
        assert each["network_mode"] == "service:sandbox"
