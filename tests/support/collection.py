"""A Postman collection, as tests read it."""

import re


def path_of(request):
    """Return the path with its places as the contract has them."""
    return "/" + "/".join(re.sub(r"\{\{\w+\}\}", "{}", each) for each in request["url"]["path"])
