"""Candles and funding rates on disk: stored, imported, generated, and those an instance received."""
