"""The sandbox on a real socket: what only a real connection shows."""

import asyncio
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from harvest_async.sandbox import Sandbox, serve
from tests.support.sandbox import new_sandbox

pytestmark = pytest.mark.socket

AUTH = ("admin@example.com", "sandbox")
JSON = {"Accept": "application/json", "Content-Type": "application/json"}


@pytest.fixture
def sandbox():
    made = Sandbox(calls=10_000)
    yield made
    made.close()


@pytest.fixture
def client(address):
    with httpx.Client(base_url=address, auth=AUTH, headers=JSON, timeout=10) as client:
        yield client


def names(sandbox):
    return [each["name"] for each in sandbox.world.clients()]


def test_a_client_is_made_and_read(client):
    """Over a connection that is kept."""
    made = client.post("/clients/", json={"client": {"name": "ACME"}})

    assert (made.status_code, made.content) == (201, b" ")
    assert client.get(made.headers["location"]).json()["client"]["name"] == "ACME"


@pytest.mark.alone
def test_an_answer_is_not_held_back(client):
    """Small responses leave at once: a hundred calls, one after the other, take no 40 ms each."""
    client.get("/clients")
    begin = time.perf_counter()
    for _ in range(100):
        client.get("/clients")

    assert time.perf_counter() - begin < 2


@pytest.mark.parametrize(("kind", "kept"), [("drop_before", []), ("drop_after", ["ACME"]), ("cut_body", ["ACME"])])
def test_connections_break(sandbox, client, kind, kept):
    """The client sees a broken connection or half a body; the next call finds the server in order."""
    sandbox.fault(kind)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        client.post("/clients", json={"client": {"name": "ACME"}})

    assert names(sandbox) == kept
    assert client.get("/clients").status_code == 200


def test_a_late_commit(sandbox, client):
    """The call is executed after the connection broke."""
    sandbox.fault("late_commit", seconds=0.05)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        client.post("/clients", json={"client": {"name": "ACME"}})
    before, deadline = names(sandbox), time.monotonic() + 5
    while not names(sandbox) and time.monotonic() < deadline:
        time.sleep(0.01)

    assert (before, names(sandbox)) == ([], ["ACME"])


def test_a_path_is_read_as_it_was_sent(client):
    """An escaped slash is none that parts a path."""
    assert client.get("/people/admin%40example.com").json()["user"]["id"] == 1
    assert client.get("/people/a%2F..%2Fb@example.com").status_code == 404


def test_a_304_has_no_body(client):
    """And leaves the connection in order."""
    tag = client.get("/clients").headers["etag"]
    same = client.get("/clients", headers={"If-None-Match": tag})

    assert (same.status_code, same.content) == (304, b"")
    assert client.get("/clients").status_code == 200


def test_a_receipt_travels(client, sandbox):
    """Bytes of any kind, both ways."""
    number = sandbox.world.add("expense", {"user_id": 1}, sandbox._account.clock.today())["id"]
    content = bytes(range(256)) * 400
    with httpx.Client(base_url=client.base_url, auth=AUTH, headers={"Accept": "application/json"}) as plain:
        attached = plain.post(
            f"/expenses/{number}/receipt", files={"expense[receipt]": ("r.png", content, "image/png")}
        )
        shown = plain.get(f"/expenses/{number}/receipt")

    assert attached.status_code == 200
    assert (shown.headers["content-type"], shown.content) == ("image/png", content)


def test_many_connections_at_once(sandbox, address):
    """Every create is there once."""

    def work(number):
        with httpx.Client(base_url=address, auth=AUTH, headers=JSON, timeout=10) as client:
            return [client.post("/clients", json={"client": {"name": f"{number}.{i}"}}).status_code for i in range(10)]

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for each in pool.map(work, range(8)) for status in each]

    assert statuses == [201] * 80
    assert len(set(names(sandbox))) == 80


def test_the_throttle_judges_the_arrivals_of_all_connections(address, sandbox):
    """However many there are, the account is one."""
    sandbox.set_limits(calls=5)

    async def act():
        async with httpx.AsyncClient(base_url=address, auth=AUTH, headers=JSON) as client:
            return [
                response.status_code for response in await asyncio.gather(*(client.get("/clients") for _ in range(12)))
            ]

    assert sorted(asyncio.run(act())) == [200] * 5 + [503] * 7
    assert sandbox.max_in_window() == 12


# Addresses


def test_it_listens_on_loopback_by_default():
    """The passwords are public; names of this machine are known."""
    with pytest.raises(ValueError, match="can be reached from other machines"):
        serve.bind("0.0.0.0", 0)  # noqa: S104 - refused
    for host, options in (("localhost", {}), ("127.0.0.1", {}), ("0.0.0.0", {"allow_remote": True})):  # noqa: S104
        with serve.bind(host, 0, **options) as bound:
            assert bound.getsockname()[1] > 0


def test_an_ipv6_address_is_in_brackets():
    """As addresses are written."""
    try:
        bound = serve.bind("::1", 0)
    except OSError:
        pytest.skip("no IPv6 here")
    with bound:
        assert serve.address_of(bound).startswith("http://[::1]:")


def test_a_port_that_is_taken_is_reported(address, sandbox):
    """With the error that sockets have."""
    port = int(address.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"), sandbox.serve_in_thread(port=port):
        pass


def test_it_can_be_served_again(sandbox):
    """At another address, with the same account; the old address is closed."""
    with sandbox.serve_in_thread() as first:
        httpx.post(f"{first}/clients?client[name]=ACME", auth=AUTH, headers=JSON)
    with sandbox.serve_in_thread() as second:
        listed = httpx.get(f"{second}/clients", auth=AUTH, headers=JSON).json()

    assert [each["client"]["name"] for each in listed] == ["ACME"]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{first}/clients")


def test_it_is_served_from_asynchronous_code_too():
    """With an event loop of its own, so that the caller's is free."""
    sandbox = new_sandbox()

    async def act():
        async with sandbox.serve() as address, httpx.AsyncClient(base_url=address) as client:
            return (await client.get("/_sandbox/throttle")).json()["requests"]

    assert asyncio.run(act()) == 0


def test_it_runs_until_it_is_stopped():
    """`run` says where it is once it listens, and ends by Ctrl-C."""
    code = "from harvest_async.sandbox import Sandbox; Sandbox().run('127.0.0.1', 0, lambda at: print(at, flush=True))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().strip()
        status = httpx.get(f"{address}/_sandbox/throttle").status_code
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=15)
    finally:
        process.kill()
        process.communicate()

    assert (address.startswith("http://127.0.0.1:"), status) == (True, 200)


def test_a_server_that_does_not_start_is_reported():
    """With what ended it as the cause, and nobody waits for it."""
    with (
        serve.bind("127.0.0.1", 0) as bound,
        pytest.raises(RuntimeError, match="did not start") as raised,
        serve.running("nowhere:app", bound),
    ):
        pass

    assert raised.value.__cause__ is not None
