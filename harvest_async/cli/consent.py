"""Ask the person at the terminal whether missing people may be created."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import click

from harvest_async.cli.show import Bar, err
from harvest_async.importer.planned_row import NewPerson

__all__ = ["asker"]


def asker(bar: Bar) -> bool | Callable[[tuple[NewPerson, ...]], Awaitable[bool]]:
    """Return a function that asks about missing people, or False without a terminal."""
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        return False

    async def ask(people: tuple[NewPerson, ...]) -> bool:
        with bar.paused(), _interruptible():
            return _ask(people)

    return ask


def _ask(people: tuple[NewPerson, ...]) -> bool:
    err.print("Not in the account:")
    for person in people:
        err.print(f"  {person.first_name} {person.last_name} <{person.email}>", markup=False)
    if len(people) == 1:
        question = "Create this person? They get an e-mail and take a seat."
    else:
        question = f"Create these {len(people)} people? Each gets an e-mail and takes a seat."
    try:
        return click.confirm(question, default=False, prompt_suffix=" ", err=True)
    except click.Abort:
        err.print()
        raise KeyboardInterrupt from None


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let the first Ctrl-C end the question; the event loop would cancel its task only after the reply."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
