"""The dialect of Binance USDT-M futures: REST, streams, codes and texts."""
