"""MEXC's codes (futures and what its gateway says), by what to do about them.

Where a number means one thing to spot and another to futures, futures decides. A code of a product we do not trade
proves that something is not as we think, so it is OutcomeUnknown: whoever hears it asks.
"""

from __future__ import annotations

from adapters.ccxt.error_rows import CodesOf
from engine.errors import AccessDenied, OutcomeUnknown, RateLimited, RequestRefused, VenueUnavailable

_code = CodesOf("mexc")
_old_code = CodesOf("mexc", "-")

ROWS = (
    _code(OutcomeUnknown, "unknown", "500 501 503 504 604 801 26 730000 10098 20002"),
    _code(OutcomeUnknown, "duplicate_client_order_id", "603"),  # the earlier one lives: ask for it
    _code(VenueUnavailable, "clock", "513 700003 700005 10073"),
    _code(RateLimited, "rate_limited", "429 510"),
    _code(AccessDenied, "access_denied", "401..403 406 511 602 701..704 1000 10001 10072 30018 30020 60005 70011"),
    _code(AccessDenied, "access_denied", "700001 700002 700006 700007 730100 140001 140002"),
    _code(RequestRefused, "unknown_symbol", "1001 10007 30014 30021 730001"),
    _old_code(RequestRefused, "unknown_symbol", "1121"),
    _code(RequestRefused, "symbol_closed", "30000 30016 11444"),
    _code(RequestRefused, "insufficient_margin", "2005 10101 30004"),
    _code(RequestRefused, "reduce_only", "2009"),
    _code(RequestRefused, "quantity", "2003 10095..10097 10102 30002 30003"),
    _code(RequestRefused, "minimum_notional", "88013"),
    _code(RequestRefused, "price_band", "30010 30087"),
    _code(RequestRefused, "position_limit", "30027..30029 30032"),
    _code(RequestRefused, "no_liquidity", "30025"),
    _code(
        RequestRefused, "malformed", "400 600 601 1002 2011 10015 30001 30005 30019 30026 30041 700004 700008 700013"
    ),
    _code(RequestRefused, "malformed", "730002 730003 22222 33333 44444"),
    _old_code(RequestRefused, "malformed", "1128 2011"),
    # spot transfers, withdrawals, loans, sub-accounts
    _code(
        OutcomeUnknown, "another_product", "10099 10100 10103 10200..10202 10206 10211 10212 10216 10219 10222 10232"
    ),
    _code(OutcomeUnknown, "another_product", "10259 10265 10268 20001 88004 88009 88015 730101 730600..730602"),
    _code(OutcomeUnknown, "another_product", "730700..730707"),
)
