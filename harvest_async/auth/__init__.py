"""How requests are signed: `signing` has credentials that stand, `oauth2` those that go out of date.

Rules of this room: a credential is shown nowhere, not even by `repr`. A request is signed for the address that it
already has; nothing is ever sent elsewhere. `oauth2` and what belongs to it is loaded by those who use it.
"""

from harvest_async.auth.refreshable import Renewing, Send
from harvest_async.auth.signing import QUERY_TOKEN, BasicAuth, BearerAuth, QueryTokenAuth, Signing, Unsigned

__all__ = ["QUERY_TOKEN", "BasicAuth", "BearerAuth", "QueryTokenAuth", "Renewing", "Send", "Signing", "Unsigned"]
