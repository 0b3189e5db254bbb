"""A job: an account, what to do, and where its file is. It has no credentials and no objects."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Final, Self

from attrs import asdict, field, frozen

from harvest_async.errors import InvalidArgument

__all__ = ["EXPORT", "IMPORT", "Job"]

IMPORT: Final = "import"
EXPORT: Final = "export"


@frozen
class Job:
    """One piece of work for one account.

    Attributes:
        account: the account's id by API v2, its subdomain by API v1.
        location: where its file or folder is, in words that each worker understands: a path on shared storage, or an
            address that `Setup.fetch` downloads.
        kind: `import`, `export`, or the name of an action of the setup.
        id: identifies the job; by default it is made of the three others, so that the same file for the same account is
            one job, however often it is queued.
    """

    account: str = field(converter=str)
    location: str = ""
    kind: str = IMPORT
    id: str = ""

    def __attrs_post_init__(self) -> None:
        if not self.account:
            raise InvalidArgument("Job(account=''): name the account")
        if not self.id:
            whole = json.dumps([self.account, self.location, self.kind])
            object.__setattr__(self, "id", sha256(whole.encode()).hexdigest()[:20])

    def dump(self) -> str:
        """Return the job as a text, which is all that a queue gets."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str | bytes) -> Self:
        """Return the job of a text.

        Raises:
            InvalidArgument: it is not the text of a job.
        """
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise InvalidArgument("a task of the queue does not have the text of a job") from error
