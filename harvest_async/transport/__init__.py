"""The way to the wire: a transport that respects an account's budget, around one that really sends."""

from harvest_async.transport.direct import direct_transport, load_transport, timeouts
from harvest_async.transport.loops import GivenTransport, LoopTransport
from harvest_async.transport.slots import SlotTransport
from harvest_async.transport.throttled import NOT_SENT, TICKET, ThrottledTransport, wire_of

__all__ = [
    "NOT_SENT",
    "TICKET",
    "GivenTransport",
    "LoopTransport",
    "SlotTransport",
    "ThrottledTransport",
    "direct_transport",
    "load_transport",
    "timeouts",
    "wire_of",
]
