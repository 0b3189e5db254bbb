"""Does a program get its calls through, or does Harvest block it?

Calls in burst pace against 100 calls in 15 s, where each call made while the account is blocked prolongs the block;
beside us what one would pick instead. The bound of 250 calls is 30 s: the third hundred can't begin earlier.

| situation | calls | each way | another program on the account |
| --- | --- | --- | --- |
| good network | 250 | 20-150 ms | no |
| bad network | 250 | 20-1,000 ms | no |
| many calls | 1,000 | 20-150 ms | no |
| other program | 250 | 20-150 ms | a call each second, which waits as long as `Retry-After` says |

Rules:
- Each contestant runs three times (`--short`: once) in each situation, each time in a process of its own, against a
  sandbox in a process of its own. All contestants of a situation take the same minutes, and begin one second apart, so
  that they compete little for the processor; the situations come one after the other.
- Each has 250 calls under way or waiting at a time. With 1,000 in its pool, httpx alone keeps a processor busy.
- Each makes the same calls by httpx. After a refusal it waits as long as `Retry-After` says, after an error of the
  connection for a second; then asks its limiter again.
- Nobody goes on for more than 1.25 of the bound and 25 s (65 s beside another program), or 400 refusals.
- Refusals of the other program aren't counted. Where there is one, somebody has to be refused sooner or later.
- A window that is stamped at the sending has to be refused: a sandbox that lets it pass judges wrongly.
"""

import asyncio
import sys
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import repeat
from pathlib import Path

import httpx
from aiolimiter import AsyncLimiter
from attrs import define, field, frozen
from picture import draw
from support import SHORT, finish, heading, installed, results, sandboxes, show, trailing

from harvest_async import Throttle

LIMIT, PERIOD = 100, 15.0
MOST_REFUSALS = 400
RUNS = 1 if SHORT else 3
TOGETHER = 250
"""Calls under way or waiting at a time."""
PATH = "/account/who_am_i"
OTHER = "/clients"
"""What the other program reads, by which its calls are recognised."""
JUDGED = "window stamped at sending"
OURS = "harvest_async"
TIMEOUT = httpx.Timeout(60, pool=None)
"""A call may wait for a connection for as long as it takes: the others are before it."""
PICTURE = Path(__file__).with_name("window.svg")


@frozen
class Situation:
    """What all contestants meet."""

    name: str
    calls: int
    high: float
    asked: float
    other: bool = False

    @property
    def bound(self):
        """Seconds after which the last call may begin, if no call takes any time and no other program calls."""
        return (-(-self.calls // LIMIT) - 1) * PERIOD

    @property
    def patience(self):
        """Seconds after which a contestant is stopped."""
        return 1.25 * self.bound + (65 if self.other else 25)


SITUATIONS = (
    Situation("good network", 250, 0.15, 1.08),
    Situation("bad network", 250, 1.0, 1.2),
    Situation("many calls", 1_000, 0.15, 1.08),
    Situation("other program", 250, 0.15, 2.0, other=True),
)


class SendWindow:
    """At most 100 sends in any 15 s: exact on this side of the network."""

    def __init__(self, calls=LIMIT, period=PERIOD):
        self._calls, self._period = calls, period
        self._sent = deque()
        self._lock = asyncio.Lock()

    async def acquire(self):
        """Wait for the right to send."""
        async with self._lock:
            while len(self._sent) == self._calls:
                wait = self._sent[0] + self._period - time.monotonic()
                if wait <= 0:
                    self._sent.popleft()
                else:
                    await asyncio.sleep(wait)
            self._sent.append(time.monotonic())


@define
class Tally:
    """How a contestant did."""

    name: str
    situation: Situation
    done: int = 0
    refused: int = 0
    seconds: float = 0.0
    ended: bool = False
    requests: list = field(factory=list)

    @property
    def most(self):
        """The most arrivals in any window."""
        return max(trailing([each["arrival"] for each in self.requests]), default=0)

    @property
    def refusals(self):
        """How many calls of the contestant the server refused."""
        return sum(each["status"] == 503 and each["path"] != OTHER for each in self.requests)

    @property
    def outcome(self):
        """All of it in a line."""
        stopped = f"did not finish: {self.done} of {self.situation.calls} in {self.seconds:.0f} s"
        end = f"{self.seconds:.1f} s" if self.ended else stopped
        return f"{end}, {self.refusals} refused, {self.most} in one window"


# Contestants


async def ours(server, tally):
    async with server.harvest(Throttle(pace="burst")) as harvest:

        async def one():
            await harvest.account.who_am_i()
            tally.done += 1

        with harvest.bulk():
            tally.ended = await finish(workers(one, tally), tally.situation.patience)


def workers(make_call, tally):
    """Return coroutines that make all calls together."""
    waiting = iter(range(tally.situation.calls))

    async def work():
        for _ in waiting:
            await make_call()

    return [work() for _ in range(min(TOGETHER, tally.situation.calls))]


def limited(make):
    """A contestant that asks a limiter before each call."""

    async def contest(server, tally):
        async with server.plain(timeout=TIMEOUT) as client:
            await all_calls(client, make(), tally)

    return contest


async def all_calls(client, acquire, tally):
    enough = asyncio.Event()
    calls = workers(lambda: call(client, acquire, tally, enough), tally)
    tally.ended = await finish(calls, tally.situation.patience, enough)


async def call(client, acquire, tally, enough):
    while (wait := await try_once(client, acquire, tally)) is not None:
        if tally.refused >= MOST_REFUSALS:
            enough.set()
        await asyncio.sleep(wait)
    tally.done += 1


async def try_once(client, acquire, tally):
    """Make a call; return the seconds after which it has to be made again, None if it was accepted."""
    await acquire()
    try:
        response = await client.get(PATH)
    except httpx.TransportError:
        return 1.0
    if response.status_code != 503:
        response.raise_for_status()
        return None
    tally.refused += 1
    return float(response.headers["retry-after"])


async def at_once():
    """Let a call go without any wait."""


def pyrate():
    from pyrate_limiter import Duration, Limiter, Rate

    return Limiter(Rate(LIMIT, Duration.SECOND * 15)).try_acquire_async


def throttled():
    from throttled.asyncio import Throttled, rate_limiter

    quota = rate_limiter.per_duration(timedelta(seconds=PERIOD), LIMIT)
    throttle = Throttled(key="harvest", using="sliding_window", quota=quota, timeout=10 * PERIOD)

    async def acquire():
        while (await throttle.limit()).limited:
            pass

    return acquire


async def httpx_limiter(server, tally):
    from httpx_limiter import AsyncRateLimitedTransport, Rate
    from httpx_limiter.aiolimiter import AiolimiterAsyncLimiter

    limiter = AiolimiterAsyncLimiter.create(Rate.create(magnitude=LIMIT, duration=PERIOD))
    transport = AsyncRateLimitedTransport(limiter=limiter, transport=httpx.AsyncHTTPTransport())
    async with server.plain(transport=transport, timeout=TIMEOUT) as client:
        await all_calls(client, at_once, tally)


async def aiometer(server, tally):
    import aiometer

    async with server.plain(timeout=TIMEOUT) as client:
        enough = asyncio.Event()

        async def one(_number):
            await call(client, at_once, tally, enough)

        rate = LIMIT / PERIOD
        work = aiometer.run_on_each(one, range(tally.situation.calls), max_at_once=TOGETHER, max_per_second=rate)
        tally.ended = await finish([work], tally.situation.patience, enough)


CONTESTANTS = {
    OURS: ours,
    "aiolimiter 100 in 15 s": limited(lambda: AsyncLimiter(LIMIT, PERIOD).acquire),
    "aiolimiter 1 in 0.15 s": limited(lambda: AsyncLimiter(1, PERIOD / LIMIT).acquire),
    "httpx-limiter 100 in 15 s": httpx_limiter,
    "pyrate-limiter 100 in 15 s": limited(pyrate),
    "throttled-py 100 in 15 s": limited(throttled),
    "aiometer 6.67 a second": aiometer,
    "retry only": limited(lambda: at_once),
    JUDGED: limited(lambda: SendWindow().acquire),
}
NEEDED = {
    "httpx-limiter 100 in 15 s": "httpx-limiter",
    "pyrate-limiter 100 in 15 s": "pyrate-limiter",
    "throttled-py 100 in 15 s": "throttled-py",
    "aiometer 6.67 a second": "aiometer",
}


# A round


@asynccontextmanager
async def other_program(server, runs):
    """Let another program call once a second meanwhile, which waits when it is refused."""

    async def call_each_second():
        async with server.plain() as client:
            while True:
                response = await client.get(OTHER)
                await asyncio.sleep(float(response.headers["retry-after"]) if response.status_code == 503 else 1)

    work = asyncio.ensure_future(call_each_second()) if runs else None
    try:
        yield
    finally:
        if work is not None:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


async def contest(name, situation, server, delay):
    tally = Tally(name, situation)
    await asyncio.sleep(delay)
    async with other_program(server, situation.other):
        began = time.monotonic()
        await CONTESTANTS[name](server, tally)
        tally.seconds = time.monotonic() - began
    tally.requests = await asyncio.to_thread(server.requests)
    return tally


def take_part(name, situation, server, delay):
    """Run a contestant in a situation, in a process of its own."""
    return asyncio.run(contest(name, situation, server, delay))


def run(names, situation):
    """Return the tallies of a situation, one for each contestant."""
    with sandboxes(len(names)) as servers, ProcessPoolExecutor(len(names)) as processes:
        for server in servers:
            server.latency(0.02, situation.high)
        return list(processes.map(take_part, names, repeat(situation), servers, range(len(names))))


# What is printed


def row(tallies):
    first = tallies[0]
    seconds, bound = max(each.seconds for each in tallies), first.situation.bound
    ended = all(each.ended for each in tallies)
    return (
        first.name,
        f"{sum(each.ended for each in tallies)} of {len(tallies)}",
        f"{min(each.done for each in tallies):,} of {first.situation.calls:,}",
        f"{seconds:.1f} s" if ended else f"stopped at {seconds:.0f} s",
        f"{seconds / bound:.3f}" if ended else "-",
        max(each.refusals for each in tallies),
        max(each.most for each in tallies),
    )


def title(situation):
    other = ", another program makes a call each second" if situation.other else ""
    ways = f"20-{situation.high * 1000:,.0f} ms each way"
    return f"{situation.calls:,} calls, {ways}{other}; the limit allows {situation.bound:.0f} s"


def in_words(tallies):
    """Return how a contestant did, in the words of the README's table."""
    ended = [each for each in tallies if each.ended]
    refused = max(each.refusals for each in tallies)
    refusals = f", {refused} refused" if refused else ", none refused"
    if len(ended) < len(tallies):
        return f"not finished{refusals}"
    return f"{max(each.seconds for each in ended):.1f} s{refusals}"


def give_headline(situation, found):
    """Give the README's table a line: ours, and the others by name."""
    others = [f"{name}: {in_words(found[name])}" for name in found if name not in {OURS, JUDGED}]
    results.headline(title(situation), in_words(found[OURS]), "; ".join(others))


def worst(tallies):
    return min(tallies, key=lambda each: (each.done, -each.refusals, -each.seconds))


def main():
    heading(__doc__.splitlines()[0], "aiolimiter")
    names = list(installed(CONTESTANTS, NEEDED))
    rounds = [[run(names, situation) for situation in SITUATIONS] for _ in range(RUNS)]
    columns = ("", "runs ended", "fewest done", "longest", "of the bound", "most refused", "most in a window")
    for place, situation in enumerate(SITUATIONS):
        found = {name: [each[place][nth] for each in rounds] for nth, name in enumerate(names)}
        print(title(situation))
        asked = f"harvest_async at most {situation.asked} of the bound"
        asked += "" if situation.other else ", 0 refused, at most 100 in a window"
        show(columns, [row(tallies) for tallies in found.values()], asked)
        give_headline(situation, found)
        if not place:
            draw(PICTURE, [worst(found[name]) for name in names if name != JUDGED])
    if not any(each.refusals for one in rounds for tallies in one for each in tallies if each.name == JUDGED):
        sys.exit("The window stamped at sending was not refused: the sandbox judges wrongly.")


if __name__ == "__main__":
    main()
