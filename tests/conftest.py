"""Before any test: the whole of ccxt, once; and other people's clients stay in environments of their own.

`adapters.ccxt.load` puts bare packages in its place where nobody has loaded it yet; tests that drive the venue with
ccxt itself then could not. In one process there can be only one ccxt, so the whole one comes first.
"""

import os

import ccxt.pro  # noqa: F401

# each of them needs its client, and some clients clash: `tox -e conformance-NAME` makes the environment and sets this
collect_ignore = [] if os.environ.get("PREDATOR_CONFORMANCE") else ["conformance"]
