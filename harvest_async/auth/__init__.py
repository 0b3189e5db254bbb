"""Authentication of requests: `signing` has credentials that do not expire, `oauth2` those that do.

Invariants:
- No credential is shown anywhere, not even by `repr`.
- A request is signed for the address that it already has, and never sent to another one.
- `oauth2` and the modules behind it are imported only where they are used.
"""

from harvest_async.auth.refreshable import Renewing, Send
from harvest_async.auth.signing import QUERY_TOKEN, BasicAuth, BearerAuth, QueryTokenAuth, Signing, Unsigned

__all__ = ["QUERY_TOKEN", "BasicAuth", "BearerAuth", "QueryTokenAuth", "Renewing", "Send", "Signing", "Unsigned"]
