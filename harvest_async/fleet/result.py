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
    """

    state: str
    message: str = ""
