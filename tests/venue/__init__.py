"""The local venue's tests. They know nothing of the trading system."""
