"""Bybit v5's codes (`retCode`), by what to do about them. Most answers have HTTP status 200 whatever they say.

The table is written for linear perpetuals. A code of a product we do not trade proves that something is not as we
think, so it is OutcomeUnknown: whoever hears it asks.
"""

from __future__ import annotations

from adapters.ccxt.error_rows import CodesOf
from engine.errors import AccessDenied, OutcomeUnknown, RateLimited, RequestRefused, VenueUnavailable

_code = CodesOf("bybit")
_old_code = CodesOf("bybit", "-")

ROWS = (
    _code(OutcomeUnknown, "unknown", "5004 10000 10016 170001 170007 170032 170035 170146 170147 170149 170150 170234"),
    _code(OutcomeUnknown, "unknown", "340099 131003 131200 131201 30078"),
    # the earlier one lives: ask for it
    _code(OutcomeUnknown, "duplicate_client_order_id", "10014 12141 30001 110030 110072 140030 170141"),
    _code(VenueUnavailable, "clock", "10002"),
    _old_code(VenueUnavailable, "clock", "1021"),
    _code(RateLimited, "rate_limited", "10006 10429 170222 30035"),
    _code(RateLimited, "banned", "10009 10018"),
    _code(AccessDenied, "access_denied", "10003..10005 10007 10008 10010 10020 10024 10027 10028 100028 33004 131004"),
    _code(
        AccessDenied, "access_denied", "110065 110067..110069 110071 140065 140067..140069 170201 170209 170224 170241"
    ),
    _old_code(AccessDenied, "access_denied", "2015"),
    _code(RequestRefused, "unknown_order", "20001 30032 30034 30037 110001 110008 110010 140001 140008 140010"),
    _code(RequestRefused, "unknown_order", "170139 170142 170143 170190 170213"),
    _old_code(RequestRefused, "unknown_order", "2013"),
    # 10001 is said of anything that is wrong with a parameter
    _code(RequestRefused, "unknown_symbol", "10001", "not supported symbol", "symbol invalid", "symbol is not exist"),
    _code(RequestRefused, "no_change", "10001", "unchanged", "not modified"),
    _code(RequestRefused, "quantity", "10001", "qty", "number of contracts", "quantity"),
    _code(RequestRefused, "precision", "10001", "decimal"),
    _code(RequestRefused, "price", "10001", "price"),
    _code(RequestRefused, "position_mode", "10001", "position idx"),
    _code(RequestRefused, "malformed", "10001"),
    _code(RequestRefused, "unknown_symbol", "10029 20005 20006 181002 110037 140037"),
    _code(RequestRefused, "symbol_closed", "110023 110042 110063 110066 110070 140023 140042 140063 140066 140070"),
    _code(RequestRefused, "insufficient_margin", "110004 110006 110007 110012 110014 110044 110045 110051..110053"),
    _code(RequestRefused, "insufficient_margin", "140004 140006 140007 140012 140014 140044 140045 140051..140053"),
    _code(RequestRefused, "insufficient_margin", "130021 131001 30010 30021 30031 30042 30049 30067 3200300"),
    _code(RequestRefused, "would_trigger", "110092 110093 130074 30074 30075"),
    _code(RequestRefused, "reduce_only", "110017 110034 140017 140034 30009 30014 30015 30041 30063"),
    _code(RequestRefused, "minimum_notional", "110094 170140"),
    _old_code(RequestRefused, "minimum_notional", "1140"),
    _code(RequestRefused, "quantity", "30003 30004 35015 3100116 130006 20009..20012 110022 110064 140022 140064"),
    _code(RequestRefused, "precision", "12137"),
    _code(RequestRefused, "price_band", "110003 140003 30005 30007 30026"),
    _code(RequestRefused, "price", "20013 20014"),
    _code(RequestRefused, "position_limit", "110016 110021 110090 140016 140021 30036 30057"),
    _code(RequestRefused, "too_many_orders", "110009 110020 140009 140020 30033"),
    _code(RequestRefused, "no_change", "110025..110027 110043 140025..140027 140043 34026 34036"),
    _code(RequestRefused, "leverage", "110013 110036 110038 140013 140036 140038 20022 20023 20031 30051 30052"),
    _code(RequestRefused, "margin_mode", "110015 110073 140015 3400045"),
    _code(RequestRefused, "position_mode", "110024 110028 110029 140024 140028 140029"),
    _code(
        RequestRefused, "liquidation", "110005 110011 110035 110039 110040 110046 140005 140011 140035 140039 140040"
    ),
    _code(RequestRefused, "liquidation", "140046 30011..30013 30017 30018 30022 30023 30043..30045 30050"),
    _code(RequestRefused, "wrong_endpoint", "10017"),
    _code(RequestRefused, "malformed", "7001 20003 20004 20007 20008 20015..20021 20070 20071 20084 30008 30016 30019"),
    _code(RequestRefused, "malformed", "30020 30024 30025 30027..30030 30054 30068 3100198 12201 181000 181001"),
    _code(
        RequestRefused, "malformed", "181003 181004 181017 182000 110018 110019 110031..110033 110041 110047..110050"
    ),
    _code(
        RequestRefused, "malformed", "110054..110062 140018 140019 140031..140033 140041 140047..140050 140054..140062"
    ),
    _old_code(RequestRefused, "malformed", "1004 1103 10009"),
    # spot, transfers, leveraged tokens, loans
    _code(
        OutcomeUnknown, "another_product", "131002 131084..131086 131088..131099 131202..131217 131231 131232 131212"
    ),
    _code(OutcomeUnknown, "another_product", "170005 170010 170011 170019 170031 170033 170034 170036 170037 170105"),
    _code(OutcomeUnknown, "another_product", "170115..170117 170121 170124 170130..170137 170144 170145 170148 170151"),
    _code(OutcomeUnknown, "another_product", "170157 170159 170191..170200 170202..170204 170206 170210 170217 170218"),
    _code(
        OutcomeUnknown, "another_product", "170221 170223 170226..170229 170371 170372 175000..175010 175012..175017"
    ),
    _code(OutcomeUnknown, "another_product", "175027 176002..176031 176034..176040"),
    _old_code(OutcomeUnknown, "another_product", "1197 6017 6025 6029"),
)
