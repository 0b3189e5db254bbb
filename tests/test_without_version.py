"""The package without an API version: what is left can be imported, and without any the general tests pass."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import harvest_async

ROOT = Path(__file__).parents[1]
PACKAGE = Path(harvest_async.__file__).parent
VERSIONS = ("v1", "v2")

VERSION = re.compile(r"(?<![a-z])v[12](?![a-z0-9])|V[12](?![0-9])|harvest_(?:client|sandbox|address)\b")
"""A text that names an API version, or a fixture that works with the default version."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SHARED = {each.name: each for each in ast.parse((ROOT / "tests/conftest.py").read_text("utf-8")).body
          if isinstance(each, FUNCTIONS)}  # fmt: skip
"""The functions in `tests/conftest.py` by name, among them the fixtures of all tests."""

LEAST_FILES, LEAST_PASSED = 40, 1_400
PROJECT = {
    Path(__file__).name,
    *(f"test_{each}.py" for each in ("deployment_files", "fleet_plan", "packaging", "runs")),
} | {each.name for each in ROOT.glob("tests/test_benchmark_*.py")}
"""Tests of the project's own set-up, which need more than the package and its tests."""


@pytest.fixture(scope="module")
def without(tmp_path_factory):
    """Return a function that returns a folder with a copy of the package and its tests that lacks some versions."""

    def copy(*removed):
        folder = tmp_path_factory.mktemp("without")
        ignored = shutil.ignore_patterns("__pycache__", ".hypothesis")
        shutil.copytree(PACKAGE, folder / "harvest_async", ignore=ignored)
        shutil.copytree(ROOT / "tests", folder / "tests", ignore=ignored)
        shutil.copytree(ROOT / ".ci", folder / ".ci", ignore=ignored)
        shutil.copy(ROOT / "pyproject.toml", folder)
        for version in removed:
            shutil.rmtree(folder / "harvest_async" / version)
            shutil.rmtree(folder / "harvest_async" / "sandbox" / version)
        return folder

    return cache(copy)


def run(folder, *arguments):
    """Run Python in a folder, with the package of that folder."""
    program = [sys.executable, *arguments]
    own = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    return subprocess.run(program, check=False, capture_output=True, text=True, cwd=folder, timeout=280, env=own)


def modules(folder):
    """Return the names of the modules of the package in a folder; `__main__` runs the command line and is left out."""
    paths = (each.relative_to(folder).with_suffix("") for each in folder.glob("harvest_async/**/*.py"))
    names = (".".join(each.parts).removesuffix(".__init__") for each in paths)
    return sorted(name for name in names if not name.endswith("__main__"))


def imported(path):
    """Return the files of `tests` that a test file imports, directly or not, and the file itself."""
    found, left = set(), [path]
    while left:
        each = left.pop()
        if each not in found:
            found.add(each)
            left += [file for name in names_of(each) for file in files_of(name)]
    return found


def names_of(path):
    """Return the names in `tests` that a file or its shared fixtures import, or that it names as modules to run."""
    text = path.read_text("utf-8")
    yield from imports_in(ast.parse(text))
    yield from re.findall(r"\btests(?:\.\w+)+", text)


def imports_in(tree):
    """Return the names that a part of a file imports, by itself or by the fixtures of all tests that it uses."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (node.module, *(f"{node.module}.{each.name}" for each in node.names))
    functions = [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]
    used = {name for function in functions for name in fixtures_of(function)}
    for name in used - {function.name for function in functions}:
        if name in SHARED:
            yield from imports_in(SHARED[name])


def fixtures_of(function):
    """Return the arguments of a test or a fixture without those that are its parameters; none of any other function."""
    marks = " ".join(ast.unparse(each) for each in function.decorator_list)
    takes_some = function.name.startswith("test_") or "fixture" in marks
    return {each.arg for each in function.args.args if takes_some} - set(re.findall(r"\w+", marks))


def files_of(name):
    """Return the files of a module or a package in `tests`; none for any other name."""
    path = ROOT.joinpath(*name.split("."))
    files = (path.with_suffix(".py"), *path.glob("*.py")) if name.startswith("tests.") else ()
    return [each for each in files if each.exists()]


def general_tests():
    """Return the test files that name no version, in their text or in what they import from `tests`."""
    files = sorted(each for each in ROOT.glob("tests/test_*.py") if each.name not in PROJECT)
    return [each for each in files if not any(VERSION.search(file.name + file.read_text()) for file in imported(each))]


@pytest.mark.parametrize("removed", [("v1",), ("v2",), VERSIONS], ids=" ".join)
def test_every_module_is_imported(without, removed):
    """Imports every module that is left, each from the copy."""
    copy = without(*removed)
    names = modules(copy)
    code = (
        "import importlib, json, sys; sys.path.insert(0, sys.argv[1]);"
        "print(json.dumps([importlib.import_module(each).__file__ for each in json.loads(sys.argv[2])]))"
    )
    ran = run(copy, "-c", code, str(copy), json.dumps(names))

    assert ran.returncode == 0, ran.stderr
    assert len(names) > 150
    assert all(each.startswith(str(copy)) for each in json.loads(ran.stdout))


@pytest.mark.parametrize(("version", "name"), [("v1", "HarvestV1"), ("v1", "Directory"), ("v2", "HarvestV2")])
def test_a_name_of_the_version_is_an_attribute_error(without, version, name):
    """Raises an AttributeError that says which version is missing and how to install it."""
    ran = run(without(version), "-c", f"import harvest_async; harvest_async.{name}")

    last = ran.stderr.splitlines()[-1]
    assert last.startswith(f"AttributeError: harvest_async.{name}: API {version} is not available"), ran.stderr
    assert "python -m pip install" in last


def test_a_conversion_names_the_missing_version(without):
    """Raises an InvalidArgument that says which version a record can't be converted into."""
    code = "from harvest_async import migrate; from harvest_async.v1.models import Task; migrate.to_v2(Task(id=3))"
    ran = run(without("v2"), "-c", code)

    last = ran.stderr.splitlines()[-1]
    assert last.startswith("harvest_async.errors.InvalidArgument: API v2 is not available"), ran.stderr


def test_the_selection_of_general_tests_is_not_empty():
    """Finds at least forty files that name no version, among them those of the throttle and of the importer."""
    names = {each.name for each in general_tests()}

    assert len(names) >= LEAST_FILES
    assert {"test_throttle_window.py", "test_importer_run.py", "test_transport.py"} <= names
    assert "test_v1_client.py" not in names


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_general_tests_pass(without):
    """Passes the general tests against the package without any version; those that draw inputs find no more here."""
    copy = without(*VERSIONS)
    files = [f"tests/{each.name}" for each in general_tests()]
    quick = ("-m", "not (hypothesis or slow or realtime)")
    ran = run(copy, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", *quick, *files)

    assert ran.returncode == 0, ran.stdout[-4_000:] + ran.stderr[-2_000:]
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed is not None
    assert int(passed[1]) >= LEAST_PASSED
