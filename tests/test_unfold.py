"""Bodies unfold piece by piece, and never further than they were asked to."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.transport.decompress import PIECE, DecompressError, Decompressor


def raw_deflate(content):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


FOLD = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    "X-GZIP ": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
}


def undo(encoding, chunks):
    unfold = Decompressor(encoding)
    return b"".join([*(piece for chunk in chunks for piece in unfold.feed(chunk)), unfold.close()])


@pytest.mark.parametrize("encoding", FOLD)
@given(content=st.binary(max_size=2_000), size=st.integers(1, 500))
def test_what_was_folded_comes_back(encoding, content, size):
    """In every encoding that is asked for, however it is cut into chunks."""
    folded = FOLD[encoding](content)
    chunks = [folded[place : place + size] for place in range(0, len(folded), size)]

    assert undo(encoding, chunks) == content


def test_no_piece_is_large():
    """Two hundred megabytes in a small chunk come out in small pieces."""
    bomb = gzip.compress(bytes(200 << 20), 1)
    sizes = [len(piece) for piece in Decompressor("gzip").feed(bomb)]

    assert max(sizes) <= PIECE
    assert sum(sizes) + PIECE > 200 << 20


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip,deflate", "gzip\x00"])
def test_what_was_not_asked_for_is_not_undone(encoding):
    """An encoding inside an encoding unfolds to the square."""
    with pytest.raises(DecompressError, match="not asked for"):
        Decompressor(encoding)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_what_is_not_encoded_as_it_says_is_garbled(encoding):
    """A wrong header field raises."""
    with pytest.raises(DecompressError):
        undo(encoding, [b"{}", b"no such thing"])


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "Deflate"])
def test_a_body_that_breaks_off_is_garbled(encoding):
    """Half a body is none, even if it can be read so far."""
    with pytest.raises(DecompressError, match="broke off"):
        undo(encoding, [FOLD[encoding](b"hello" * 100)[:-3]])


def test_a_break_in_the_middle_is_garbled():
    """What began well may go on badly."""
    folded = bytearray(gzip.compress(bytes(range(256)) * 8))
    folded[-6:] = b"xxxxxx"
    with pytest.raises(DecompressError, match="can't be undone"):
        undo("gzip", [bytes(folded)])


def test_nothing_unfolds_to_nothing():
    """An empty body is whole in any encoding, and what comes after the end is ignored."""
    assert undo("gzip", []) == b""
    assert undo("gzip", [gzip.compress(b"x") + b"rest", b"more"]) == b"x"
