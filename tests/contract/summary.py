"""Count the contract of API v2, and compare it with the published list: `python -m tests.contract.summary [FILE]`."""

import sys
from pathlib import Path

from tests.contract.v2 import amendments, operations, published

VERBS = ("get", "post", "patch", "put", "delete")


def main():
    """Print the numbers; with a file, what differs from the published list."""
    found, fields = operations().values(), published()
    numbers = {
        "operations": len(found),
        "parameters": sum(len(each.query) for each in found),
        "body fields": sum(len(each.body) for each in found),
        "record fields": sum(map(len, fields.values())),
        "amendments": sum(map(len, amendments().values())),
    }
    print(", ".join(f"{number} {what}" for what, number in numbers.items()))
    differing = compare(Path(sys.argv[1])) if len(sys.argv) > 1 else []
    for each in differing:
        print(each)
    if len(sys.argv) > 1:
        print(f"compared with {Path(sys.argv[1]).name}: {len(differing)} differ")
    sys.exit(bool(differing))


def compare(path):
    """Return what differs between the contract and a published description in OpenAPI's form."""
    import yaml

    document = yaml.safe_load(path.read_text("utf-8"))
    schemas, found, known = document["components"]["schemas"], {}, operations()
    for template, item in document["paths"].items():
        for verb in VERBS:
            if verb in item:
                given = [*item.get("parameters", ()), *item[verb].get("parameters", ())]
                query = {each["name"] for each in given if each.get("in") == "query"}
                found[item[verb]["operationId"]] = verb.upper(), template, query, body_of(item[verb], schemas)
    differing = [f"operation {name} is in one list only" for name in found.keys() ^ known.keys()]
    for name in sorted(found.keys() & known.keys()):
        method, template, query, body = found[name]
        own = known[name]
        for what, theirs, ours in (
            ("path", {(method, template.removeprefix("/v2"))}, {(own.method, own.path)}),
            ("parameters", query, set(own.query)),
            ("body", body, set(own.body)),
        ):
            if theirs != ours:
                differing.append(f"{name}: {what} differ: {sorted(map(str, theirs ^ ours))}")
    for name, fields in published().items():
        theirs = set(schemas[name].get("properties", {}))
        if theirs != {each.partition("{")[0] for each in fields}:
            differing.append(f"{name}: fields differ")
    return differing


def body_of(operation, schemas):
    """Return the fields of an operation's body."""
    found = set()
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"]
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rpartition("/")[2]]
        found |= set(schema.get("properties", {}))
    return found


if __name__ == "__main__":
    main()
