"""The public face: what is exported, what each module shows, what an import brings along, what a missing extra says."""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import harvest_async

ROOT = Path(harvest_async.__file__).parent
PYPROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
MODULES = sorted(
    each.name for each in pkgutil.walk_packages([str(ROOT)], "harvest_async.") if each.name != "harvest_async.__main__"
)

HIDE = """
import sys

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hide())
{code}
"""


def extras():
    """The extras, each with the modules that it brings, the collections left out."""
    homes = {}
    for module, distributions in packages_distributions().items():
        for name in distributions:
            homes.setdefault(re.sub(r"[-_.]+", "-", name).lower(), set()).add(module)
    found = {}
    for extra, requirements in PYPROJECT["project"]["optional-dependencies"].items():
        names = [re.match(r"[\w.-]+", each)[0].lower() for each in requirements]
        if extra not in {"all", "test"} and names != ["harvest-async"]:
            found[extra] = set().union(*(homes[re.sub(r"[-_.]+", "-", name)] for name in names))
    return found


EXTRAS = extras()


def run(code, hidden=()):
    """Run code in a Python of its own in which some modules are not installed."""
    program = HIDE.format(hidden=set(hidden), code=code)
    return subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)


# Exports


def test_everything_public_is_exported_in_order():
    """The face is the list of what it imports of ours: constants, classes, functions, each sorted."""
    tree = ast.parse((ROOT / "__init__.py").read_text("utf-8"))
    imports = [
        node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module.startswith("harvest_async")
    ]

    def place(name):
        return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)

    assert sorted((each.name for node in imports for each in node.names), key=place) == harvest_async.__all__


def test_a_name_is_loaded_when_it_is_first_asked_for():
    """What not every program uses is no attribute before, is the same object ever after, and is listed all along."""
    code = """
import harvest_async
before = set(vars(harvest_async))
listed = set(dir(harvest_async))
first = [getattr(harvest_async, name) for name in harvest_async.__all__]
again = [getattr(harvest_async, name) for name in harvest_async.__all__]
print(sorted(set(harvest_async.__all__) - before), first == again, set(harvest_async.__all__) <= listed)
"""

    ran = run(code)

    assert ran.stdout == f"{sorted(harvest_async._LATER)} True True\n", ran.stderr


def test_type_checkers_see_every_name():
    """The file that only type checkers read has each export in it."""
    tree = ast.parse((Path(__file__).parent / "typing" / "api.py").read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "harvest_async"]

    assert {each.name for node in imports for each in node.names} - {"exports", "imports"} == set(harvest_async.__all__)


def test_a_name_that_is_not_there_is_no_attribute():
    """A misspelled name raises the usual error."""
    with pytest.raises(AttributeError, match="'harvest_async' has no attribute 'Harvest'"):
        harvest_async.Harvest  # noqa: B018


@pytest.mark.parametrize("name", harvest_async.__all__)
def test_what_is_exported_says_what_it_does(name):
    """Each export, and each public method and property of a class, has a docstring of its own or an inherited one."""
    value = getattr(harvest_async, name)
    members = vars(value).items() if inspect.isclass(value) else ()
    described = [
        each for key, each in members if key[0] != "_" and (inspect.isroutine(each) or isinstance(each, property))
    ]

    assert [each for each in described if not inspect.getdoc(each)] == []
    assert inspect.getdoc(value)


@pytest.mark.parametrize("name", harvest_async.__all__)
def test_what_is_exported_is_ours(name):
    """Nothing of a dependency leaks into the face."""
    value = getattr(harvest_async, name)

    assert getattr(value, "__module__", type(value).__module__).startswith("harvest_async.")


@pytest.mark.parametrize("name", MODULES)
def test_a_module_states_its_rules_and_its_exports(name):
    """Each module says in its first lines what it is, and lists what others may take; every listed name is there."""
    module = importlib.import_module(name)
    path = Path(module.__file__)
    defines = any(isinstance(node, ast.ClassDef | ast.FunctionDef) for node in ast.parse(path.read_text("utf-8")).body)

    assert module.__doc__
    assert [each for each in getattr(module, "__all__", ()) if not hasattr(module, each)] == []
    assert hasattr(module, "__all__") or not defines


# Imports


def test_an_import_needs_no_extra():
    """The library can be imported, and a client made, with none of the extras installed."""
    every = set().union(*EXTRAS.values(), {"pytest", "trio", "h2", "socksio"})

    ran = run("from harvest_async import *; HarvestV1('acme', auth=BearerAuth('t'), app='me')", every)

    assert ran.returncode == 0, ran.stderr


def test_an_import_loads_no_extra():
    """Even where the extras are installed, nothing of them is loaded that httpx does not load by itself."""
    code = "import httpx, sys; before = set(sys.modules); import harvest_async; print(*set(sys.modules) - before)"

    loaded = {name.partition(".")[0] for name in run(code).stdout.split()}

    assert "harvest_async" in loaded
    assert loaded & set().union(*EXTRAS.values()) == set()


# Extras

USES = {
    # extra: code that needs it
    "cache": "from harvest_async import HttpCache; HttpCache('harvest.db')",
    "docket": "from harvest_async.fleet.docket import _pydocket; _pydocket()",
    "cli": "sys.argv = ['harvest-async', 'demo']; from harvest_async.cli import main; main()",
    "fastapi": "import harvest_async.fastapi",
    "otel": "import harvest_async.telemetry",
    "parquet": "from harvest_async.exporter.parquet import ParquetFile; ParquetFile(None, None)",
    "redis": "from harvest_async.redis_client import connect; connect('redis://127.0.0.1')",
    "sandbox": "from harvest_async.sandbox import Sandbox; Sandbox().app",
    "xlsx": "from harvest_async.importer.sources.calamine import load; load(None)",
}
FASTER = {"speed"}
"""Extras without which all works the same, only slower."""


def test_each_extra_has_a_case():
    """An extra that is added has to show here what is said where it is missing."""
    assert set(EXTRAS) - FASTER == set(USES)


@pytest.mark.parametrize("extra", USES)
def test_a_missing_extra_is_named(extra):
    """A module without its extra raises an error with the command that installs it."""
    ran = run(USES[extra], EXTRAS[extra])

    assert ran.returncode != 0
    assert f"python -m pip install 'harvest-async[{extra}]'" in ran.stderr


def test_all_is_all():
    """The extra `all` brings every other one along."""
    (everything,) = PYPROJECT["project"]["optional-dependencies"]["all"]

    assert set(re.search(r"\[(.*)\]", everything)[1].split(",")) == set(EXTRAS)


def test_the_module_runs_as_the_command():
    """`python -m harvest_async` is `harvest-async`."""
    ran = subprocess.run(
        [sys.executable, "-m", "harvest_async", "--version"], check=False, capture_output=True, text=True
    )

    assert (ran.returncode, ran.stdout) == (0, f"harvest-async, version {PYPROJECT['project']['version']}\n")
