"""The operations of a client: the public methods of its resources."""

from harvest_async.client.resource import Resource


def operations(client):
    """Return all operations of a client as `resource.method`."""
    found = set()
    for name in dir(client):
        resource = None if name.startswith("_") else getattr(client, name)
        if isinstance(resource, Resource):
            methods = (each for each in dir(type(resource)) if not each.startswith("_") and each not in dir(Resource))
            found |= {f"{name}.{each}" for each in methods if callable(getattr(resource, each))}
    return found
