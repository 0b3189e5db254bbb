"""The ledger on a server with TLS, and with a user who may do no more than the documentation states."""

import asyncio
import shutil
import ssl
import subprocess
from contextlib import asynccontextmanager

import pytest
import redis

from harvest_async import RedisLedger, Throttle
from harvest_async.errors import StorageError
from harvest_async.throttle.lease import Ticket
from tests.support.valkey import Valkey

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.socket,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate"),
]

_COMMANDS = (
    *(
        "evalsha",
        "eval",
        "time",
        "get",
        "set",
        "hget",
        "hmget",
        "hset",
        "hvals",
        "hdel",
        "pexpire",
        "publish",
        "subscribe",
        "unsubscribe",
    ),
    *("ping", "select", "info", "client|setinfo"),
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of 127.0.0.1 that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    names = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    files = ("-keyout", str(key), "-out", str(certificate))
    command = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files)
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return certificate, key


@pytest.fixture(scope="module")
def valkey(tmp_path_factory):
    """A server with a user who may use the ledger, and nothing else."""
    with Valkey(tmp_path_factory.mktemp("valkey")) as server:
        with redis.Redis.from_url(server.url) as client:
            rights = [f"+{command}" for command in _COMMANDS]
            keys = ("~harvest_async:*", "&harvest_async:*")
            client.execute_command("ACL", "SETUSER", "me", "on", ">secret", *keys, *rights)
        yield server


async def _copy(reader, writer):
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()


@asynccontextmanager
async def _tls(valkey, certificate):
    """Yield a port at which the server is reached by TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    async def serve(reader, writer):
        upstream, downstream = await asyncio.open_connection("127.0.0.1", valkey.port)
        ways = [asyncio.create_task(_copy(*way)) for way in ((reader, downstream), (upstream, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            downstream.close()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0.05)


async def _call(url):
    ledger = RedisLedger(url, account="acme")
    try:
        lease = await Throttle(5, 1, ledger=ledger).acquire(Ticket())
        lease.responded()
        lease.release()
        await asyncio.sleep(0.1)  # notices are listened to meanwhile
    finally:
        await ledger.aclose()


async def test_a_server_is_used_by_tls_with_a_user_and_a_password(valkey, certificate, caplog, monkeypatch):
    """The documented commands and options of the URL suffice, and nothing is logged."""
    monkeypatch.setattr("harvest_async.throttle.ledgers.redis_connection._QUIET", 0.02)
    async with _tls(valkey, certificate) as port:
        await _call(f"rediss://me:secret@127.0.0.1:{port}/1?ssl_ca_certs={certificate[0]}")

    with redis.Redis.from_url(valkey.url) as client:
        assert client.execute_command("ACL", "LOG") == []
    assert caplog.text == ""


async def test_a_certificate_that_nobody_vouches_for_is_refused(valkey, certificate, caplog):
    """The error says so and names the server without its user and password; nothing is granted."""
    async with _tls(valkey, certificate) as port:
        with pytest.raises(StorageError) as raised:
            await _call(f"rediss://me:secret@127.0.0.1:{port}/0")

    assert f"rediss://127.0.0.1:{port}/0 can't be reached" in raised.value.message
    assert "certificate verify failed" in raised.value.message
    assert "secret" not in raised.value.message + caplog.text


async def test_a_server_without_tls_is_named_without_the_password(valkey, caplog):
    """A URL for TLS at a plain port fails the first call."""
    with pytest.raises(StorageError, match=f"rediss://127.0.0.1:{valkey.port}/0 can't be reached") as raised:
        await _call(f"rediss://me:secret@127.0.0.1:{valkey.port}/0?socket_connect_timeout=0.2")

    assert "secret" not in raised.value.message + caplog.text
