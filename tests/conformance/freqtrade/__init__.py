"""Another complete trading system on the local venue: freqtrade, live, in an environment of its own."""
