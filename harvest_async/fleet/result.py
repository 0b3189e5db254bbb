"""The result of one delivery of a job."""

from __future__ import annotations

from attrs import frozen

__all__ = ["Result"]


@frozen
class Result:
    """The result of one delivery of a job that did not fail.

    Attributes:
        state: the state of the job.
        message: what was done.
        retry_after: seconds after which the job is continued; None if it is finished.
    """

    state: str
    message: str = ""
    retry_after: float | None = None
