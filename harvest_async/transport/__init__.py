"""The way to the wire: a transport that respects an account's budget, around one that really sends."""

from harvest_async.transport.direct import direct_transport, timeouts
from harvest_async.transport.throttled import NOT_SENT, STATUS_PATH, TICKET, ThrottledTransport, wire_of

__all__ = ["NOT_SENT", "STATUS_PATH", "TICKET", "ThrottledTransport", "direct_transport", "timeouts", "wire_of"]
