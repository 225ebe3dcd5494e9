"""The Bybit v5 face of the same exchange: linear perpetuals over REST, streams and the trade socket."""
