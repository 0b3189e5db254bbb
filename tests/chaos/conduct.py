"""How a connection through the proxy behaves, drawn from a seed."""

import enum

from attrs import frozen

LONGEST_DELAY = 0.05
"""Seconds that a piece of a request is held back at most: far less than the guard of the throttle."""


class End(enum.Enum):
    """How a connection ends."""

    RESET = "both sides get a reset"
    CLOSE = "both sides get an end of the stream"
    SILENCE = "nothing passes any more, and no side hears of it"


@frozen
class Conduct:
    """The behaviour of one connection.

    Attributes:
        latency, jitter: seconds by which each piece is held back, and a random part beside them.
        piece: the greatest number of bytes that pass at once.
        end: how the connection ends by itself; None if it does not.
        request_bytes, response_bytes: the bytes after which it ends, counted from each side; None for no limit.
        foreign: whether the certificate is one that nobody trusts.
    """

    latency: float = 0.0
    jitter: float = 0.0
    piece: int = 65_536
    end: End | None = None
    request_bytes: int | None = None
    response_bytes: int | None = None
    foreign: bool = False


CALM = Conduct()


def latency(chance):
    """Every piece takes a while, the same on a connection."""
    return Conduct(latency=chance.uniform(0.0, LONGEST_DELAY))


def jitter(chance):
    """Every piece takes a while, each another."""
    return Conduct(jitter=LONGEST_DELAY)


def slow_bytes(chance):
    """A few bytes pass at a time."""
    return Conduct(latency=0.001, piece=chance.randrange(96, 512))


def resets(chance):
    """Half of the connections are reset, in a request or in a response."""
    return _ending(chance, End.RESET)


def cut_bodies(chance):
    """Half of the connections end in the middle of a response."""
    if chance.random() < 0.5:
        return CALM
    return Conduct(end=End.CLOSE, response_bytes=chance.randrange(1, 5_000))


def half_open(chance):
    """Half of the connections fall silent, in a request or in a response, and stay open."""
    return _ending(chance, End.SILENCE)


def tls(chance):
    """Half of the handshakes fail: by a certificate that nobody trusts, or in the middle, with or without an end."""
    if chance.random() < 0.5:
        return CALM
    end = chance.choice((None, End.CLOSE, End.SILENCE))
    if end is None:
        return Conduct(foreign=True)
    return Conduct(end=end, response_bytes=chance.randrange(1, 900))


def _ending(chance, end):
    if chance.random() < 0.5:
        return CALM
    limit = chance.randrange(1, 2_500)
    if chance.random() < 0.5:
        return Conduct(end=end, request_bytes=limit)
    return Conduct(end=end, response_bytes=limit)
