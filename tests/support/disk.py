"""A disk that is full."""

from contextlib import contextmanager


@contextmanager
def file_size_limited(size):
    """Let no file of this process grow beyond a number of bytes.

    The system refuses such a write as it does on a disk that is full, after the part that fits.
    """
    import resource  # Windows has no such limit

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
