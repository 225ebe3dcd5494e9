"""Real exchanges through ccxt: one adapter, a dialect for each exchange, and what their errors mean for an order."""
