"""What is run on the project: `nox -s lint types imports tests`, and the rest by name."""

import json
import logging
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "imports", "tests"]
nox.options.reuse_existing_virtualenvs = True

PROJECT = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
VERSIONS = [
    line.rpartition(" ")[2]
    for line in PROJECT["classifiers"]
    if line.startswith("Programming Language :: Python :: 3.")
]
THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
WORKERS = () if sys.platform == "win32" else ("-n", "auto", "--dist", "worksteal")
"""How many tests run side by side: as many as there are processors."""


def _starts(version):
    """Whether there is a Python on the path that really starts; a version manager may leave empty shells of it."""
    command = shutil.which(f"python{version}")
    return command is not None and subprocess.run([command, "-c", ""], capture_output=True, check=False).returncode == 0  # noqa: S603


@nox.session
def lint(session):
    """The linter, the format, the vocabulary, and blocks that the API versions repeat."""
    session.install("ruff==0.17.6")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("python", ".ci/check_language.py")
    session.run("python", ".ci/check_duplicates.py")


@nox.session
def types(session):
    """Mypy strict and pyright."""
    session.install("-e", ".[test]", "mypy>=2", "pyright>=1.1.400", "types-xmltodict")
    session.run("mypy")
    session.run("mypy", "tests/typing", "examples/webapp", "examples/fleet")
    session.run("pyright")


@nox.session
def imports(session):
    """The import contract: floors only look down."""
    session.install("-e", ".[test]", "import-linter>=2.1")
    session.run("lint-imports", "--no-cache")


@nox.session
def docs(session):
    """Build the documentation into build/docs; a broken link or an undocumented public name is an error."""
    session.install("-e", ".[test]", "zensical>=0.0.70,<0.1", "mkdocstrings[python]>=1,<2")
    session.run("python", ".ci/prepare_docs.py")
    session.run("zensical", "build", "--clean", "--strict", "-f", "build/zensical.toml")
    session.run("python", ".ci/check_docs.py")


@nox.session
def independent(session):
    """Clients that others wrote, unmodified, against the sandbox."""
    session.install("-e", ".[test]", "python-harvest-redux==4.0.0")
    session.run("python", "-m", "pytest", "tests/independent", *session.posargs)


@nox.session
def peers(session):
    """Run tap-harvest and harvest-v2, unmodified but for the host, against API v2 of the sandbox."""
    session.install("-e", ".[test]")
    folder = Path(session.create_tmp())
    session.run("python", "-m", "venv", str(folder / "tap"))
    python = folder / "tap" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    session.run(str(python), "-m", "pip", "install", "tap-harvest==3.1.1", external=True)
    environment = {"HARVEST_TAP_PYTHON": str(python.absolute())}
    if shutil.which("npm") is None:
        session.warn("npm is missing, so harvest-v2 is left out: install Node.js")
    else:
        session.run("npm", "install", "--prefix", str(folder), "harvest-v2@3.0.0", external=True)
        environment["HARVEST_NODE"] = str(folder.absolute())
    session.run("python", "-m", "pytest", "tests/peers", *session.posargs, env=environment)


@nox.session
def contract(session):
    """Drive every method of API v2's client by the contract; `-- FILE` also compares it with the published list."""
    session.install("-e", ".[test]", "pyyaml")
    files = ("tests/test_v2_contract.py", "tests/test_sandbox_v2_contract.py", "tests/test_v2_driven.py")
    session.run("python", "-m", "pytest", "--all", *files)
    session.run("python", "-m", "tests.contract.summary", *session.posargs)


@nox.session
def fuzz(session):
    """Read ten million changed responses, headers, addresses and files: takes an hour or two; `-- --inputs N`."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "tests.fuzz", *(session.posargs or ("--inputs", "10000000")))


@nox.session
def chaos(session):
    """Put calls, imports, exports, an app and a fleet in failing networks: `-- --trials N --seed S`, `-- --list`."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "tests.chaos", *session.posargs)


@nox.session
def mutation(session):
    """Change the throttle's and the reconciliation's code, and list the changes that no test notices; takes an hour.

    `-- PATTERN` restricts it: `-- 'harvest_async.throttle.window.*'`. `tests/mutation/README.md` has the results.
    """
    session.install("-e", ".[test]", "mutmut==3.8.1")
    session.run("mutmut", "run", "--max-children", "2", *session.posargs)
    session.run("mutmut", "results")


@nox.session
def httpx2(session):
    """Run the quick tests on httpx2, by its own `alias_httpx()`: a change of the dependency is one commit then."""
    session.install("-e", ".[test]", "httpx2>=2.16")
    session.run("python", "-m", "pytest", "-p", "tests.support.use_httpx2", *WORKERS, *session.posargs)


@nox.session
def security(session):
    """Look for secrets in the files of the repository, and for published vulnerabilities of what the package needs."""
    session.install("-e", ".[all]", "detect-secrets>=1.5", "pip-audit>=2.9")
    files = session.run("git", "ls-files", external=True, silent=True).splitlines()
    # 3: nothing new was found, but known values have moved, so the file with them was updated
    scan = ("detect-secrets-hook", "--baseline", ".secrets.baseline", *files)
    session.run(*scan, log=False, success_codes=[0, 3])
    _audit(session)


def _audit(session):
    """Look for vulnerabilities; without the database of them fail in CI, and skip the session elsewhere."""
    report = Path(session.create_tmp()).absolute() / "audit.json"
    report.unlink(missing_ok=True)
    audit = ("pip-audit", "--skip-editable", "--progress-spinner", "off", "-f", "json", "-o", str(report))
    printed = session.run(*audit, *session.posargs, silent=True, success_codes=[0, 1])
    if not report.exists():
        session.log(printed.strip().rpartition("\n")[2])
        message = (
            "no secrets were found, but pip-audit can't reach the database of vulnerabilities: nothing was audited"
        )
        (session.error if os.environ.get("CI") else session.skip)(message)
    audited = json.loads(report.read_text("utf-8"))["dependencies"]
    for each in audited:
        for found in each.get("vulns", ()):
            session.warn(f"{each['name']} {each['version']}: {found['id']}, fixed in {found['fix_versions']}")
    if any(each.get("vulns") for each in audited):
        session.error("a package that is needed has a published vulnerability: raise the lower bound of its version")
    session.log(f"no published vulnerability in {len(audited)} packages")


TRIALS = {
    "cache": "from harvest_async import HttpCache; HttpCache('cache.sqlite3')",
    "cli": "from harvest_async.cli.commands import cli; cli(['--version'])",
    "docket": "from harvest_async.fleet.docket import _pydocket; _pydocket()",
    "fastapi": "import harvest_async.fastapi",
    "otel": "from harvest_async.telemetry import Telemetry; Telemetry()",
    "parquet": "import harvest_async.importer.sources.parquet, pyarrow.parquet",
    "redis": "from harvest_async import RedisLedger; RedisLedger('redis://127.0.0.1', account='acme')",
    "sandbox": "from harvest_async.sandbox import Sandbox; Sandbox().app",
    "speed": "from harvest_async.v2.clients import Client; import msgspec; Client.from_dict({'id': 7})",
    "xlsx": "import harvest_async.importer.sources.calamine, python_calamine",
}
"""What the trial of a release runs where an extra is installed."""


@nox.session
def release(session):
    """Build wheel and sdist into dist, check them, list what they need, and install them for each extra."""
    session.install("build>=1.2", "twine>=7", "check-wheel-contents>=0.6", "cyclonedx-bom>=6")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build")
    (wheel,), (sdist,) = Path("dist").glob("*.whl"), Path("dist").glob("*.tar.gz")
    session.run("twine", "check", "--strict", str(wheel), str(sdist))
    session.run("check-wheel-contents", str(wheel))
    for version in [each for each in VERSIONS if each == THIS or _starts(each)]:
        _try_installing(session, version, wheel, sdist)
    session.run("cyclonedx-py", "environment", str(_python_of(session, THIS)), "-o", "dist/sbom.cdx.json")


def _try_installing(session, version, wheel, sdist):
    """Install the wheel for each extra, the sdist and the wheel with all of them, and run what was installed."""
    extras = sorted(set(PROJECT["optional-dependencies"]) - {"test", "all"})
    alone = [(f"{wheel}[{extra}]", [TRIALS[extra]]) for extra in extras]
    for what, code in ((str(wheel), []), *alone, *((f"{each}[all]", TRIALS.values()) for each in (sdist, wheel))):
        python = _python_of(session, version)
        session.run(f"python{version}", "-m", "venv", "--clear", str(python.parents[1]), external=True)
        session.run(str(python), "-m", "pip", "install", "--quiet", what, external=True)
        for each in ("import harvest_async as h; h.HarvestV1, h.HarvestV2", *code):
            session.run(str(python), "-W", "error", "-c", each, external=True)
    session.run(str(python), "-m", "harvest_async", "--version", external=True)


def _python_of(session, version):
    """Return the path of the Python of an environment in which the package is installed for a trial."""
    name = Path("Scripts/python.exe") if sys.platform == "win32" else Path("bin/python")
    return Path(session.create_tmp()).absolute() / f"trial-{version}" / name


@nox.session
def benchmarks(session):
    """All benchmarks, into summary.json and the README: takes hours, `-- --short` a quarter of one; or some files."""
    session.install(".[test]")
    for peer in Path("benchmarks/peers.txt").read_text("utf-8").split():
        try:
            session.install(peer)
        except nox.command.CommandFailed:
            session.warn(f"{peer} can't be installed, so it is left out")
    if session.posargs and session.posargs != ["--short"]:
        for name in session.posargs:
            session.run("python", name)
        return
    session.run("python", "benchmarks/run_all.py", *session.posargs, success_codes=[0, 1])
    session.run("python", "benchmarks/summary.py", "--write")


@nox.session
@nox.parametrize("python", [nox.param(each, id=each) for each in VERSIONS if each != THIS and _starts(each)])
def tests_all(session):
    """The quick tests on each other Python that is installed."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", *WORKERS, *session.posargs)


@nox.session
def tests(session):
    """All tests with coverage, on the Python that runs nox; or what is given after `--`.

    Required coverage is checked by `tests/support/covered.py`. The last line of the output is pytest's own.
    """
    session.install("-e", ".[test]")
    if session.posargs:
        session.run("python", "-m", "pytest", *session.posargs)
        return
    session.run("coverage", "erase")
    try:
        session.run("coverage", "run", "-m", "pytest", "--all", "-p", "tests.support.covered", *WORKERS)
    finally:
        logging.getLogger("nox").addFilter(lambda _: False)
