"""How many Python functions of this package does one call run through?

Counts `sys.setprofile` "call" events in our files during one `clients.get`, the 21st of its client, over an
`httpx.MockTransport`. Each resumption of a coroutine or generator counts as one call.
"""

import asyncio
import sys
from collections import Counter
from pathlib import Path

import httpx
from support import heading, show

import harvest_async
from harvest_async import BasicAuth, HarvestV1, Throttle

PACKAGE = str(Path(harvest_async.__file__).parent)
CALLS, FILES = 90, 18
WARM = 20
RESPONSE = {"client": {"id": 1, "name": "ACME", "active": True, "currency": "Euro - EUR"}}
STATUS = {"count": 0, "timeframe_limit": 15, "max_calls": 100, "lockout_seconds": 16, "last_access_at": None}


def respond(request):
    """Respond to the status call and the call for a client."""
    if request.url.path.startswith("/account"):
        return httpx.Response(200, json=STATUS)
    return httpx.Response(200, json=RESPONSE)


async def count_calls():
    """Return how often each function ran, as `(file, function, line)`, during the 21st call."""
    seen = Counter()

    def note(frame, event, _):
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(PACKAGE):
            seen[code.co_filename.removeprefix(PACKAGE)[1:], code.co_qualname, code.co_firstlineno] += 1

    auth = BasicAuth("admin@example.com", "secret")
    transport = httpx.MockTransport(respond)
    async with HarvestV1("sandbox", auth=auth, app="benchmarks", throttle=Throttle(), transport=transport) as harvest:
        for _ in range(WARM):
            await harvest.clients.get(1)
        sys.setprofile(note)
        try:
            client = await harvest.clients.get(1)
        finally:
            sys.setprofile(None)
        assert client.id == 1
    return seen


def main():
    heading(__doc__.splitlines()[0])
    seen = asyncio.run(count_calls())
    files = Counter()
    for (file, _, _), times in seen.items():
        files[file] += times
    rows = sorted(((f"{file}: {name}", times) for (file, name, _), times in seen.items()), key=lambda row: row[0])
    show(("function", "calls"), rows, f"at most {CALLS} calls in {FILES} files")
    rows = [*files.most_common(), ("all files", files.total())]
    show((f"{len(files)} files", "calls"), rows, f"at most {CALLS} calls in {FILES} files")


if __name__ == "__main__":
    main()
