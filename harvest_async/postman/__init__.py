"""API v1 as a Postman collection: every call, ready to be tried by hand.

Rules of this room: pure. `examples` makes one use of each endpoint, `collection` writes them in Postman's format 2.1.
No endpoint is listed here: all of `v1.resources.endpoints()` are included, encoded as the client encodes them.
"""

from harvest_async.postman.collection import make_collection

__all__ = ["make_collection"]
