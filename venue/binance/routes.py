"""Every REST call: who may ask, what it weighs, who answers."""

from collections.abc import Callable
from dataclasses import dataclass

from venue.binance import account, algo, orders, public, statistics, terms
from venue.binance.call import Call
from venue.binance.exchange_info import get_exchange_info
from venue.binance.security import Security

Handler = Callable[[Call], object]
Weight = Callable[[dict[str, str]], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    handler: Handler
    security: Security
    weight: Weight
    orders: int = 0  # how many it takes from the order count
    is_order_entry: bool = False  # worth a record of when it came


def flat(weight: int) -> Weight:
    return lambda params: weight


def with_symbol(one: int, everything: int) -> Weight:
    return lambda params: one if params.get("symbol") else everything


def by_limit(steps: tuple[tuple[int, int], ...], default: int) -> Weight:
    """Weight that rises with the rows asked for."""

    def weigh(params: dict[str, str]) -> int:
        asked = params.get("limit", "")
        limit = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 8 else default
        return next((weight for most, weight in steps if limit <= most), steps[-1][1])

    return weigh


KLINES = by_limit(((99, 1), (499, 2), (1000, 5), (10**9, 10)), 500)
DEPTH = by_limit(((50, 2), (100, 5), (500, 10), (10**9, 20)), 500)


def public_call(handler: Handler, weight: Weight | int) -> Endpoint:
    return Endpoint(handler=handler, security=Security.NONE, weight=flat(weight) if isinstance(weight, int) else weight)


def keyed(handler: Handler, weight: int) -> Endpoint:
    return Endpoint(handler=handler, security=Security.KEY, weight=flat(weight))


def signed(handler: Handler, weight: Weight | int) -> Endpoint:
    chosen = flat(weight) if isinstance(weight, int) else weight
    return Endpoint(handler=handler, security=Security.SIGNED, weight=chosen)


def order_entry(handler: Handler, weight: int, count: int = 0) -> Endpoint:
    return Endpoint(handler=handler, security=Security.SIGNED, weight=flat(weight), orders=count, is_order_entry=True)


MARKET_DATA = {
    ("GET", "/fapi/v1/ping"): public_call(public.get_ping, 1),
    ("GET", "/fapi/v1/time"): public_call(public.get_time, 1),
    ("GET", "/fapi/v1/exchangeInfo"): public_call(get_exchange_info, 1),
    ("GET", "/fapi/v1/depth"): public_call(public.get_depth, DEPTH),
    ("GET", "/fapi/v1/trades"): public_call(public.get_trades, 5),
    ("GET", "/fapi/v1/aggTrades"): public_call(public.get_agg_trades, 20),
    ("GET", "/fapi/v1/klines"): public_call(public.get_klines, KLINES),
    ("GET", "/fapi/v1/continuousKlines"): public_call(public.get_klines, KLINES),
    ("GET", "/fapi/v1/markPriceKlines"): public_call(public.get_klines, KLINES),
    ("GET", "/fapi/v1/indexPriceKlines"): public_call(public.get_klines, KLINES),
    ("GET", "/fapi/v1/premiumIndex"): public_call(public.get_premium_index, with_symbol(1, 10)),
    ("GET", "/fapi/v1/fundingRate"): public_call(public.get_funding_rates, 1),
    ("GET", "/fapi/v1/fundingInfo"): public_call(public.get_funding_info, 1),
    ("GET", "/fapi/v1/openInterest"): public_call(public.get_open_interest, 1),
    ("GET", "/fapi/v1/ticker/24hr"): public_call(public.get_ticker_24h, with_symbol(1, 40)),
    ("GET", "/fapi/v1/ticker/price"): public_call(public.get_ticker_price, with_symbol(1, 2)),
    ("GET", "/fapi/v2/ticker/price"): public_call(public.get_ticker_price, with_symbol(1, 2)),
    ("GET", "/fapi/v1/ticker/bookTicker"): public_call(public.get_book_ticker, with_symbol(2, 5)),
}
RATIOS = (
    "openInterestHist",
    "topLongShortAccountRatio",
    "topLongShortPositionRatio",
    "globalLongShortAccountRatio",
    "takerlongshortRatio",
    "basis",
)
STATISTICS = {
    **{("GET", f"/futures/data/{name}"): public_call(statistics.get_statistics, 0) for name in RATIOS},
    ("GET", "/futures/data/delivery-price"): public_call(statistics.get_delivery_prices, 0),
    ("GET", "/fapi/v1/historicalTrades"): keyed(statistics.get_historical_trades, 20),
    ("GET", "/fapi/v1/premiumIndexKlines"): public_call(statistics.get_premium_klines, KLINES),
    ("GET", "/fapi/v1/rpiDepth"): public_call(statistics.get_rpi_depth, 20),
    ("GET", "/fapi/v1/constituents"): public_call(statistics.get_constituents, 2),
    ("GET", "/fapi/v1/indexInfo"): public_call(statistics.get_nothing, 1),
    ("GET", "/fapi/v1/assetIndex"): public_call(statistics.get_nothing, with_symbol(1, 10)),
    ("GET", "/fapi/v1/insuranceBalance"): public_call(statistics.get_insurance, 1),
    ("GET", "/fapi/v1/symbolAdlRisk"): public_call(statistics.get_adl_risk, 1),
    ("GET", "/fapi/v1/tradingSchedule"): public_call(statistics.get_trading_schedule, 5),
    ("GET", "/fapi/v1/apiTradingStatus"): signed(statistics.get_trading_status, with_symbol(1, 10)),
}
ACCOUNT = {
    **{("GET", f"/fapi/v{v}/account"): signed(account.get_account, 5) for v in (1, 2, 3)},
    **{("GET", f"/fapi/v{v}/balance"): signed(account.get_balance, 5) for v in (1, 2, 3)},
    **{("GET", f"/fapi/v{v}/positionRisk"): signed(account.get_position_risk, 5) for v in (1, 2, 3)},
    ("GET", "/fapi/v1/symbolConfig"): signed(account.get_symbol_config, 5),
    ("GET", "/fapi/v1/accountConfig"): signed(account.get_account_config, 5),
    ("GET", "/fapi/v1/leverageBracket"): signed(account.get_leverage_bracket, 1),
    ("POST", "/fapi/v1/leverage"): signed(terms.post_leverage, 1),
    ("POST", "/fapi/v1/marginType"): signed(terms.post_margin_type, 1),
    ("POST", "/fapi/v1/positionMargin"): signed(terms.post_position_margin, 1),
    ("GET", "/fapi/v1/positionSide/dual"): signed(terms.get_position_mode, 30),
    ("POST", "/fapi/v1/positionSide/dual"): signed(terms.post_position_mode, 1),
    ("GET", "/fapi/v1/multiAssetsMargin"): signed(terms.get_multi_assets, 30),
    ("POST", "/fapi/v1/multiAssetsMargin"): signed(terms.post_multi_assets, 1),
    ("POST", "/fapi/v1/feeBurn"): signed(terms.post_fee_burn, 1),
    ("GET", "/fapi/v1/positionMargin/history"): signed(terms.get_margin_history, 1),
    ("GET", "/fapi/v1/pmAccountInfo"): signed(account.get_portfolio_margin, 5),
    ("GET", "/fapi/v1/income"): signed(account.get_income, 30),
    ("GET", "/fapi/v1/commissionRate"): signed(account.get_commission_rate, 20),
    ("GET", "/fapi/v1/rateLimit/order"): signed(account.get_order_rate_limit, 1),
    ("GET", "/fapi/v1/feeBurn"): signed(terms.get_fee_burn, 30),
    ("GET", "/fapi/v1/forceOrders"): signed(account.get_force_orders, with_symbol(20, 50)),
    ("GET", "/fapi/v1/adlQuantile"): signed(account.get_adl, 5),
    ("POST", "/fapi/v1/listenKey"): keyed(account.post_listen_key, 1),
    ("PUT", "/fapi/v1/listenKey"): keyed(account.put_listen_key, 1),
    ("DELETE", "/fapi/v1/listenKey"): keyed(account.delete_listen_key, 1),
}
ORDERS = {
    ("POST", "/fapi/v1/order"): order_entry(orders.post_order, 0, count=1),
    ("POST", "/fapi/v1/order/test"): signed(orders.post_order_test, 0),
    ("PUT", "/fapi/v1/order"): order_entry(orders.put_order, 1, count=1),
    ("GET", "/fapi/v1/order"): signed(orders.get_order, 1),
    ("DELETE", "/fapi/v1/order"): order_entry(orders.delete_order, 1),
    ("POST", "/fapi/v1/batchOrders"): order_entry(orders.post_batch, 5, count=5),
    ("PUT", "/fapi/v1/batchOrders"): order_entry(orders.put_batch, 5, count=5),
    ("DELETE", "/fapi/v1/batchOrders"): order_entry(orders.delete_batch, 1),
    ("DELETE", "/fapi/v1/allOpenOrders"): order_entry(orders.delete_all, 1),
    ("POST", "/fapi/v1/countdownCancelAll"): signed(orders.post_countdown, 10),
    ("GET", "/fapi/v1/openOrder"): signed(orders.get_open_order, 1),
    ("GET", "/fapi/v1/openOrders"): signed(orders.get_open_orders, with_symbol(1, 40)),
    ("GET", "/fapi/v1/orderAmendment"): signed(orders.get_amendments, 1),
    ("GET", "/fapi/v1/allOrders"): signed(orders.get_all_orders, 5),
    ("GET", "/fapi/v1/userTrades"): signed(orders.get_trades, 5),
    ("POST", "/fapi/v1/algoOrder"): order_entry(algo.post_algo, 0, count=1),
    ("GET", "/fapi/v1/algoOrder"): signed(algo.get_algo, 1),
    ("DELETE", "/fapi/v1/algoOrder"): order_entry(algo.delete_algo, 1),
    ("GET", "/fapi/v1/openAlgoOrders"): signed(algo.get_open_algos, with_symbol(1, 40)),
    ("GET", "/fapi/v1/allAlgoOrders"): signed(algo.get_all_algos, 5),
    ("DELETE", "/fapi/v1/algoOpenOrders"): order_entry(algo.delete_all_algos, 1),
}
DOWNLOADS = [f"{what}/asyn{tail}" for what in ("income", "order", "trade") for tail in ("", "/id")]
REFUSED = {
    **{("GET", f"/fapi/v1/{name}"): signed(account.refuse_permission, 5) for name in DOWNLOADS},
    ("GET", "/fapi/v1/convert/exchangeInfo"): keyed(account.refuse_permission, 20),
    ("GET", "/fapi/v1/convert/orderStatus"): signed(account.refuse_permission, 50),
    ("POST", "/fapi/v1/convert/getQuote"): signed(account.refuse_permission, 50),
    ("POST", "/fapi/v1/convert/acceptQuote"): signed(account.refuse_permission, 200),
    ("POST", "/fapi/v1/stock/contract"): signed(account.refuse_permission, 50),
}
ROUTES: dict[tuple[str, str], Endpoint] = {**MARKET_DATA, **STATISTICS, **ACCOUNT, **ORDERS, **REFUSED}
CALLED_DIFFERENTLY = {
    "/fapi/v1/openAlgoOrder": "/fapi/v1/openAlgoOrders",
    "/fapi/v1/allAlgoOrder": "/fapi/v1/allAlgoOrders",
}


def endpoint_for(method: str, path: str) -> Endpoint | None:
    return ROUTES.get((method, CALLED_DIFFERENTLY.get(path, path)))
