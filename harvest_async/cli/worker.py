"""The command `harvest-async worker`."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import suppress
from typing import Any

import click

from harvest_async.cli.common import asked
from harvest_async.cli.show import err
from harvest_async.fleet.docket import run_worker
from harvest_async.fleet.load import open_setup

__all__ = ["app_option", "worker"]


def app_option(command: Any) -> Any:
    """Add `--app`."""
    return click.option(
        "--app",
        required=True,
        metavar="MODULE:FUNCTION",
        help="The function of your program that returns the setup of the fleet.",
    )(command)


@click.command(short_help="Execute jobs of many accounts.")
@app_option
@click.option("--jobs", type=click.IntRange(1, 1_000), default=10, show_default=True, help="Number of concurrent jobs.")
@click.option(
    "--redelivery",
    type=click.FloatRange(1, 86_400),
    default=60.0,
    show_default=True,
    help="Seconds after which the jobs of a worker that died are given to another one.",
)
def worker(app: str, jobs: int, redelivery: float) -> None:
    """Execute the jobs of a fleet until Ctrl-C or SIGTERM. Start as many workers as you like, on any machine.

    Needs the extra `docket`, and a Redis or Valkey server. MODULE:FUNCTION is in your program and gives the workers
    their clients and credentials; the queue has neither. A worker that ends returns its jobs to the queue.

    \b
      harvest-async worker --app fleet_setup:setup
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asked(lambda: _work(app, jobs, redelivery))


async def _work(app: str, jobs: int, redelivery: float) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(each, stop.set)
    async with open_setup(app) as setup:
        err.print(f"worker of the fleet {setup.name!r}: up to {jobs} jobs at a time. Ctrl-C ends it.", markup=False)
        await run_worker(setup, concurrency=jobs, redelivery=redelivery, stop=stop)
