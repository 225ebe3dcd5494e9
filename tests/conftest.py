"""Before any test: the whole of ccxt, once.

`adapters.ccxt_load` puts bare packages in its place where nobody has loaded it yet; tests that drive the venue with
ccxt itself then could not. In one process there can be only one ccxt, so the whole one comes first.
"""

import ccxt.pro  # noqa: F401
