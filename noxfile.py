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


def _runs(command):
    """Whether a command is a Python that really starts; a version manager may have empty shells of it on the path."""
    return subprocess.run([command, "-c", ""], capture_output=True, check=False).returncode == 0  # noqa: S603


def _installed():
    found = []
    for version in VERSIONS:
        path = shutil.which(f"python{version}")
        if path is not None and _runs(path):
            found.append(version)
        elif version == THIS:
            found.append(sys.executable)
        else:
            print(f"Python {version} is not installed here and is left out")  # noqa: T201
    return found or [sys.executable]


@nox.session(python=_installed())
def tests(session):
    """The tests, with branch coverage: 95 % of the package, all of the throttle."""
    session.install(".[test]")
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    session.run("coverage", "combine", "-q", success_codes=[0, 1])
    if not session.posargs:
        session.run("coverage", "report", "--fail-under=95")
        session.run("coverage", "report", "--include=*/throttle/*", "--fail-under=100")


@nox.session
def lint(session):
    """The linter and the format."""
    session.install("ruff==0.17.6")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session):
    """Mypy strict and pyright."""
    session.install(".[test]", "mypy>=2", "pyright>=1.1.400", "types-xmltodict")
    session.run("mypy")
    session.run("mypy", "tests/typing")
    session.run("pyright")


@nox.session
def imports(session):
    """The import contract: floors only look down."""
    session.install(".[test]", "import-linter>=2.1")
    session.run("lint-imports")


@nox.session
def benchmarks(session):
    """The figures that the README shows; takes about twenty minutes."""
    session.install(".[all]", "pyrate-limiter>=3")
    for name in session.posargs or sorted(str(path) for path in Path("benchmarks").glob("bench_*.py")):
        session.run("python", name)
