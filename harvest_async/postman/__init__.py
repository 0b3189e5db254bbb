"""Create a Postman collection (format 2.1) with every call of an API version, encoded as the client encodes it."""

from harvest_async.postman.collection import make_collection

__all__ = ["make_collection"]
