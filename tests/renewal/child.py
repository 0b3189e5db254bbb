"""One of the processes: for each line on its standard input it makes some calls, and prints what came of them.

`python -m tests.renewal.child ADDRESS STORE plain|ours SEED`
"""

import asyncio
import random
import sys

import httpx

from harvest_async import FileTokenStore, HarvestV1, OAuth2


async def main(address, store, kind, seed):
    oauth = OAuth2("id", "secret", store=FileTokenStore(store), base_url=address)
    chance = random.Random(seed)
    ours = HarvestV1("acme", auth=oauth, app="renewal (ops@example.com)", base_url=address)
    async with ours, httpx.AsyncClient(auth=oauth, base_url=address) as plain:

        async def call():
            await asyncio.sleep(chance.uniform(0, 0.1))
            try:
                if kind == "ours":
                    await ours.clients.get(7)
                    return "200"
                return str((await plain.get("/clients/7")).status_code)
            except Exception as error:
                return f"{type(error).__name__}: {error}"

        while await asyncio.to_thread(sys.stdin.readline):
            ends = await asyncio.gather(*(call() for _ in range(3)))
            print("; ".join(sorted(set(ends))), flush=True)


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
