"""The sandbox's API versions: each is a folder that can be deleted, and any method reaches them."""

import shutil
import subprocess
import sys
from pathlib import Path

import harvest_async
from harvest_async.sandbox.account import Account
from harvest_async.sandbox.app import make_app
from harvest_async.sandbox.settings import Settings
from harvest_async.sandbox.versions import PACKAGES, mount_versions, version_for
from tests.support.sandbox import call_app

CODE = """
import asyncio, json, sys
import httpx
from harvest_async.sandbox import Sandbox

async def main():
    sandbox = Sandbox()
    transport = httpx.ASGITransport(sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        paths = ("/_sandbox/throttle", "/clients", "/oauth2/authorize")
        print(json.dumps([[(r := await client.get(path)).status_code, r.text] for path in paths]))
        print(sandbox.throttled(), [name for name in sys.modules if name.startswith("harvest_async.sandbox.v")])

asyncio.run(main())
"""


def copy_without(folder, *versions, keep_empty_folder):
    """Copy the package into a folder and delete versions of the sandbox."""
    package = folder / "harvest_async"
    shutil.copytree(Path(harvest_async.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    for version in versions:
        shutil.rmtree(package / "sandbox" / version)
        if keep_empty_folder:
            (package / "sandbox" / version).mkdir()
    return folder


def run_without(folder, *versions, keep_empty_folder=False):
    """Run `CODE` with such a copy and return what it prints."""
    copy = copy_without(folder, *versions, keep_empty_folder=keep_empty_folder)
    command = [sys.executable, "-W", "error", "-c", CODE]
    environment = {"PYTHONPATH": str(copy), "PATH": ""}
    ran = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_sandbox_runs_without_a_version(tmp_path):
    """Serves its own pages, and refuses all other paths with 404, after the folders of the versions are deleted."""
    printed = run_without(tmp_path, "v1", "v2")
    assert '[[200, "{\\"max_in_window\\":0' in printed
    assert printed.count('[404, "No API version of this sandbox serves /') == 2
    assert "0 ['harvest_async.sandbox.versions']" in printed


def test_each_version_runs_without_the_other(tmp_path):
    """Serves the paths of the version that is left."""
    assert run_without(tmp_path / "v2", "v1").count("No API version of this sandbox serves /clients") == 1
    assert "No API version" not in run_without(tmp_path / "v1", "v2")


def test_an_empty_folder_is_no_version(tmp_path):
    """Ignores a folder of a version that has no modules."""
    assert "[404, " in run_without(tmp_path, "v1", "v2", keep_empty_folder=True)


def test_versions_that_exist_are_mounted():
    """Mounts the versions of the table that exist, and gives v1 the paths that no other version serves."""
    account = Account(Settings(), ["tests.no_such_package", *PACKAGES])
    assert [type(version).__name__ for version in account._versions] == ["V2", "V1"]
    assert version_for("/v2/clients", account._versions) is account._versions[0]
    assert version_for("/clients", account._versions) is account._versions[1]
    assert mount_versions(account._services, []) == ()


def test_any_method_reaches_a_version():
    """Passes requests with PATCH, and their bodies, to the version that serves the path."""
    app = make_app(Account(Settings(), ["tests.support.echo"]))
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        assert call_app(app, method, "/echo/1", content="hello").text == f"{method} hello"
    assert call_app(app, "PATCH", "/clients/1").status_code == 404


def test_each_version_writes_its_own_refusal():
    """Uses the status and the body that the version chooses when the rate limit is exceeded."""
    app = make_app(Account(Settings(calls=1), ["tests.support.echo"]))
    assert call_app(app, "GET", "/echo/1").status_code == 200
    refused = call_app(app, "GET", "/echo/1")
    assert (refused.status_code, refused.text, refused.headers["retry-after"]) == (429, "later", "15")
    assert call_app(app, "GET", "/clients").status_code == 404


def test_each_version_names_its_status_call_and_its_sign_in_page():
    """Does not count the version's status call, and lets other sites link to its sign-in page only."""
    account = Account(Settings(calls=1, status_counts=False), ["tests.support.echo"])
    app, foreign = make_app(account), {"sec-fetch-site": "cross-site"}
    assert [call_app(app, "GET", "/echo/status").status_code for _ in range(3)] == [200] * 3
    assert call_app(app, "GET", "/echo/sign-in", headers=foreign).status_code == 200
    assert call_app(app, "GET", "/oauth2/authorize", headers=foreign).status_code == 403
