"""A pytest plugin that runs the tests on httpx2 in place of httpx: `pytest -p tests.support.use_httpx2`.

The package and its tests import `httpx`; httpx2 takes that name before anything else can import it.
"""

import httpx2

httpx2.alias_httpx()
