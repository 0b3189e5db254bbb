"""What a pool counts, as values."""

from __future__ import annotations

from attrs import frozen

__all__ = ["AccountMetrics", "PoolMetrics"]


@frozen
class AccountMetrics:
    """What a pool knows about one account.

    Attributes:
        account: its name.
        calls: requests that its throttle let through since the pool began, status calls and repeats included.
        refused: how many of these the server refused since the rate limit was exceeded.
        in_flight: calls whose response is awaited.
        waiting: calls that wait for a lease or for a connection.
        closed: whether the account is blocked, as of the last call.
        blocks: `async with pool.account(...)` blocks that are open.
    """

    account: str
    calls: int
    refused: int
    in_flight: int
    waiting: int
    closed: bool
    blocks: int


@frozen
class PoolMetrics:
    """What a pool has open.

    Attributes:
        accounts: accounts that have a throttle: those in use, and those whose window still matters.
        clients: how many of these have a client.
        connections: connections that are open or are being made.
        busy: how many of these requests use.
        waiting_accounts: accounts with calls that wait for a connection only.
    """

    accounts: int
    clients: int
    connections: int
    busy: int
    waiting_accounts: int
