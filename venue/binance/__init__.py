"""Binance USDT-M futures, as its clients meet it on the wire."""
