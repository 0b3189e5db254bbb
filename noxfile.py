"""What is run on the project: `nox -s tests lint types imports benchmarks`."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nox

nox.options.sessions = ["tests", "lint", "types", "imports"]
nox.options.reuse_existing_virtualenvs = True

PROJECT = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
VERSIONS = [
    line.rpartition(" ")[2]
    for line in PROJECT["classifiers"]
    if line.startswith("Programming Language :: Python :: 3.")
]
THIS = f"{sys.version_info.major}.{sys.version_info.minor}"


def _starts(version):
    """Whether there is a Python on the path that really starts; a version manager may leave empty shells of it."""
    command = shutil.which(f"python{version}")
    return command is not None and subprocess.run([command, "-c", ""], capture_output=True, check=False).returncode == 0  # noqa: S603


def _others():
    """The other Pythons of this machine on which the tests run, too."""
    found = []
    for version in VERSIONS:
        if version == THIS:
            continue
        if _starts(version):
            found.append(version)
        else:
            print(f"Python {version}: none on the path that starts, left out")  # noqa: T201
    return found


@nox.session
@nox.parametrize("python", [*(nox.param(each, id=each) for each in _others()), nox.param(sys.executable, id=THIS)])
def tests(session):
    """The tests: all of them, with coverage, on the Python that runs nox; the quick ones on the others.

    Coverage is demanded by the last of them (`tests/support/covered.py`).
    """
    session.install("-e", ".[test]")
    if session.python != sys.executable:
        session.run("python", "-m", "pytest", "-m", "not realtime and not slow", *session.posargs)
    elif session.posargs:
        session.run("python", "-m", "pytest", *session.posargs)
    else:
        session.run("coverage", "erase")
        session.run("coverage", "run", "-m", "pytest", "-p", "tests.support.covered")


@nox.session
def lint(session):
    """The linter and the format."""
    session.install("ruff==0.17.6")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session):
    """Mypy strict and pyright."""
    session.install("-e", ".[test]", "mypy>=2", "pyright>=1.1.400", "types-xmltodict")
    session.run("mypy")
    session.run("mypy", "tests/typing")
    session.run("pyright")


@nox.session
def imports(session):
    """The import contract: floors only look down."""
    session.install("-e", ".[test]", "import-linter>=2.1")
    session.run("lint-imports", "--no-cache")


@nox.session
def independent(session):
    """Clients that others wrote, unmodified, against the sandbox."""
    session.install("-e", ".[test]", "python-harvest-redux==4.0.0")
    session.run("python", "-m", "pytest", "tests/independent", *session.posargs)


@nox.session
def benchmarks(session):
    """The figures that the README shows; takes about twenty minutes."""
    session.install(".[all]", "pyrate-limiter>=3")
    for name in session.posargs or sorted(str(path) for path in Path("benchmarks").glob("bench_*.py")):
        session.run("python", name)
