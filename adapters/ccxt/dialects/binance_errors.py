"""Binance USDT-M's codes, by what to do about them."""

from __future__ import annotations

from adapters.ccxt.error_rows import CodesOf
from engine.errors import AccessDenied, OutcomeUnknown, RateLimited, RequestRefused, VenueUnavailable

_code = CodesOf("binanceusdm", "-")

ORDER_LIMIT = _code(RateLimited, "order_limit", "1015")  # comes with 429, but only orders are limited
ROWS = (
    _code(OutcomeUnknown, "unknown", "1000 1001 1006 1007 1010 1016 2012 4078"),
    _code(OutcomeUnknown, "duplicate_client_order_id", "4116"),  # the earlier one lives: ask for it
    _code(VenueUnavailable, "throttled", "1008"),  # documented as never executed
    _code(VenueUnavailable, "clock", "1021 5028"),
    _code(RateLimited, "rate_limited", "1003"),
    _code(AccessDenied, "access_denied", "1002 1005 1011 1022 1099 1109 2014 2015 2017 4056 4057 4080 4192"),
    _code(AccessDenied, "access_denied", "4202 4203 4205 4206 4400..4403 4109"),
    _code(RequestRefused, "unknown_order", "2011 2013"),
    _code(RequestRefused, "unknown_symbol", "1108 1121 1122 1126 4144 20121"),
    _code(RequestRefused, "symbol_closed", "4108 4140 4141"),
    _code(RequestRefused, "insufficient_margin", "2018 2019 2024 4050 4051"),
    _code(RequestRefused, "would_trigger", "2021 4142"),
    _code(RequestRefused, "reduce_only", "2022 4118 4137 4138"),
    _code(RequestRefused, "minimum_notional", "4164"),
    _code(RequestRefused, "position_limit", "2027"),
    _code(RequestRefused, "triggering", "4117"),
    _code(RequestRefused, "leverage", "2028 4028 4161 4300 4301"),
    _code(RequestRefused, "too_many_orders", "2025 4045 4032"),
    _code(RequestRefused, "post_only", "5021 5022"),
    _code(RequestRefused, "price_band", "4016 4024 4131"),
    _code(RequestRefused, "price", "4001 4002 4007 4013 4014 4006 4015"),
    _code(RequestRefused, "quantity", "4003 4004 4005 4008 4009 4010..4012 4017..4023 4055"),
    _code(RequestRefused, "precision", "1111 4025..4027 4029..4031 4033"),
    _code(RequestRefused, "no_change", "4046 4059 4099 5027"),
    _code(RequestRefused, "margin_mode", "4047..4049 4167..4172"),
    _code(RequestRefused, "position_mode", "4060..4062 4067 4068"),
    _code(RequestRefused, "wrong_endpoint", "1020 4120"),
    _code(RequestRefused, "listen_key_gone", "1125"),
    _code(RequestRefused, "account_restricted", "4087 4088"),
    _code(RequestRefused, "no_liquidity", "1112 2020 5041"),
    _code(RequestRefused, "liquidation", "2023 2026 2016"),
    _code(RequestRefused, "amend", "5024..5026 5040 5047"),
    _code(
        RequestRefused, "malformed", "1004 2007 1013 1014 1023 1100..1106 1110 1113..1120 1127 1128 1130 1136 2010 4000"
    ),
    _code(
        RequestRefused, "malformed", "4044 4052..4054 4058 4063..4066 4069..4077 4079 4081..4086 4104 4114 4115 4135"
    ),
    _code(RequestRefused, "malformed", "4130 4136 4139 4165 4183 4184 4208..4211 4531 5037..5039"),
    _code(RequestRefused, "malformed", "20124 20130 20132 20194..20196 20198 20204"),
)
