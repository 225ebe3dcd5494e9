"""The MEXC face of the same exchange: USDT perpetuals over REST (`/api/v1`) and one socket (`/edge`)."""
