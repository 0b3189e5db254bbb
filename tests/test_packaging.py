"""What is packed: the wheel that people install, and the source distribution that others build from."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from importlib import metadata
from pathlib import Path

import pytest

import harvest_async

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RELEASE = f"harvest_async-{PROJECT['version']}"
PACKAGE = {
    path.relative_to(ROOT).as_posix()
    for path in Path(harvest_async.__file__).parent.rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with both, built as a release would be."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return folder


@pytest.fixture
def wheel(built):
    """The wheel's path."""
    (path,) = built.glob("*.whl")
    return path


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    """Every file of the package is in it: modules, the sample, the marker for type checkers; and no test."""
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    assert names == PACKAGE
    assert {"harvest_async/py.typed", "harvest_async/cli/sample.csv"} <= names


def test_the_wheel_says_what_it_is(wheel):
    """Name, Python, licence, command and pytest plugin are in its metadata, each extra with what it brings."""
    archive = zipfile.ZipFile(wheel)
    info = f"{RELEASE}.dist-info"
    metadata = message_from_bytes(archive.read(f"{info}/METADATA"))
    entries = archive.read(f"{info}/entry_points.txt").decode()

    assert (metadata["Name"], metadata["Requires-Python"], metadata["License-Expression"]) == (
        "harvest-async",
        ">=3.11",
        "MIT",
    )
    assert set(metadata.get_all("Provides-Extra")) == set(PROJECT["optional-dependencies"])
    assert "harvest-async = harvest_async.cli:main" in entries
    assert "harvest_async = harvest_async.testing" in entries
    assert f"{info}/licenses/LICENSE" in archive.namelist()


def test_the_wheel_works_where_there_is_no_checkout(wheel, tmp_path):
    """What was packed imports, and finds the sample that it ships."""
    code = (
        "import harvest_async; from importlib.resources import files; "
        "print(harvest_async.__file__, len(files('harvest_async.cli').joinpath('sample.csv').read_text('utf-8')))"
    )
    zipfile.ZipFile(wheel).extractall(tmp_path)  # noqa: S202 - our own

    ran = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
    )

    where, size = ran.stdout.split()
    assert where == str(tmp_path / "harvest_async" / "__init__.py")
    assert int(size) > 1000


def test_the_source_holds_what_it_takes_to_test_it(built):
    """Tests, and what they read: benchmarks, sessions, scripts and pages; nothing that git leaves out is in it."""
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").iterdir()}
    scripts = {path.relative_to(ROOT).as_posix() for path in (ROOT / ".ci").iterdir() if path.is_file()}
    texts = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE"}
    assert names >= PACKAGE | pages | scripts | texts | {"noxfile.py", "pyproject.toml", "tests/conftest.py"}
    hidden = {name for name in names if name.startswith(".")} - {".gitignore", ".ci", *scripts}
    assert hidden | {name for name in names if "__pycache__" in name} == set()


def test_the_dependencies_are_bounded_below_and_hardly_above():
    """Each names the oldest release that works, except the time zones, which are data: any release will do.

    httpx has an upper bound since it is before 1.0, and httpcore since we read a private list of its pool.
    """
    bounds = {re.match(r"[\w-]+", each)[0]: each for each in PROJECT["dependencies"]}

    assert [name for name, each in bounds.items() if ">=" not in each] == ["tzdata"]
    assert [name for name, each in bounds.items() if "<" in each] == ["httpcore", "httpx"]


def test_the_time_zones_come_along_on_windows():
    """Windows has no time zones of its own."""
    assert 'tzdata; sys_platform == "win32"' in PROJECT["dependencies"]


def test_the_version_is_that_of_the_installed_distribution():
    """The version is written in one place."""
    assert harvest_async.__version__ == metadata.version("harvest-async") == PROJECT["version"]
    assert "__version__" in dir(harvest_async)


def test_reading_the_version_is_what_loads_the_metadata():
    """An import alone does not read the metadata, and nothing else names the version."""
    code = "import harvest_async, sys; print('importlib.metadata' in sys.modules); print(harvest_async.__version__)"

    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert ran.stdout.split() == ["False", PROJECT["version"]]
    assert [path for path in sorted(PACKAGE) if path.endswith(".py") and names_the_version(ROOT / path)] == []


def test_a_copy_that_is_not_installed_has_no_version(monkeypatch):
    """A copy on the path that was never installed raises AttributeError with the reason."""
    monkeypatch.setattr(metadata, "version", missing)

    assert not hasattr(harvest_async, "__version__")
    with pytest.raises(AttributeError, match="harvest-async is not installed"):
        harvest_async.__version__  # noqa: B018


def missing(name):
    raise metadata.PackageNotFoundError(name)


def names_the_version(path):
    return f'"{PROJECT["version"]}"' in path.read_text("utf-8")


def test_the_changelog_tells_of_this_release():
    """The version has a chapter, or what is to come has."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")

    assert re.search(rf"^## \[(Unreleased|{re.escape(PROJECT['version'])})\]", text, flags=re.MULTILINE)
