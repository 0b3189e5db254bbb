"""httpx and its successor httpx2: the tests run on either one (`nox -s httpx2`), and these state where they differ."""

import certifi
import httpcore
import httpx
import pytest

from harvest_async import BasicAuth, HarvestV1, InvalidArgument, ThrottledTransport
from harvest_async.transport import NOT_SENT, direct_transport

IS_HTTPX2 = httpx.__name__ == "httpx2"


class ForeignAuth:
    """Authentication that is no `httpx.Auth`, as that of the other library."""

    def auth_flow(self, request):
        """Sign nothing."""
        yield request


def test_all_classes_come_from_one_library():
    """Classes of httpx and of httpx2 don't mix in one process."""
    pool = direct_transport("https://acme.example.com")._pool

    assert issubclass(BasicAuth, httpx.Auth)
    assert issubclass(ThrottledTransport, httpx.AsyncBaseTransport)
    assert all(issubclass(kind, httpx.TransportError) for kind in NOT_SENT)
    assert isinstance(pool, httpcore.AsyncConnectionPool)
    assert httpcore.__name__ == ("httpcore2" if IS_HTTPX2 else "httpcore")


def test_the_trusted_certificates_are_those_of_certifi_or_of_the_system(monkeypatch):
    """Httpx trusts the certificates of the package certifi; httpx2 those of the operating system."""
    calls, where = [], certifi.where
    monkeypatch.setattr(certifi, "where", lambda: calls.append("certifi") or where())
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)

    httpx.create_ssl_context()

    assert calls == ([] if IS_HTTPX2 else ["certifi"])


def test_authentication_of_the_other_library_is_refused():
    """An `Auth` of httpx2 is none of httpx, and the other way round: the error names the classes that can be used."""
    with pytest.raises(InvalidArgument, match="give BasicAuth"):
        HarvestV1("acme", auth=ForeignAuth(), app="tests")


def test_only_httpx2_signs_by_a_function_class():
    """httpx2 exports the class `FunctionAuth`, which httpx does not."""
    assert hasattr(httpx, "FunctionAuth") is IS_HTTPX2
