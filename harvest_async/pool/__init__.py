"""Many accounts in one process: light clients that share connections, and give all accounts their turn."""

from harvest_async.pool.metrics import AccountMetrics, PoolMetrics
from harvest_async.pool.pool import HarvestPool

__all__ = ["AccountMetrics", "HarvestPool", "PoolMetrics"]
