"""Every REST call: who may ask, how often in a second, who answers."""

from collections.abc import Callable
from dataclasses import dataclass

from venue.bybit import account, batch, orders, public, queries, statements, trading_stop, transfers
from venue.bybit.call import Call
from venue.bybit.errors import JsonObject

Handler = Callable[[Call], JsonObject]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    handler: Handler
    is_signed: bool = True
    per_second: int = 50  # requests of one account
    is_order_entry: bool = False  # worth a record of when it came


def public_call(handler: Handler) -> Endpoint:
    return Endpoint(handler=handler, is_signed=False)


def signed(handler: Handler, per_second: int = 50) -> Endpoint:
    return Endpoint(handler=handler, per_second=per_second)


def order_entry(handler: Handler, per_second: int = 10) -> Endpoint:
    return Endpoint(handler=handler, per_second=per_second, is_order_entry=True)


ROUTES: dict[tuple[str, str], Endpoint] = {
    ("GET", "/v5/market/time"): public_call(public.get_time),
    ("GET", "/v5/market/instruments-info"): public_call(public.get_instruments),
    ("GET", "/v5/market/kline"): public_call(public.get_klines),
    ("GET", "/v5/market/mark-price-kline"): public_call(public.get_klines),
    ("GET", "/v5/market/index-price-kline"): public_call(public.get_klines),
    ("GET", "/v5/market/tickers"): public_call(public.get_tickers),
    ("GET", "/v5/market/orderbook"): public_call(public.get_order_book),
    ("GET", "/v5/market/recent-trade"): public_call(public.get_trades),
    ("GET", "/v5/market/funding/history"): public_call(public.get_funding_history),
    ("GET", "/v5/market/risk-limit"): public_call(public.get_risk_limits),
    ("GET", "/v5/market/open-interest"): public_call(public.get_open_interest),
    ("POST", "/v5/order/create"): order_entry(orders.create),
    ("POST", "/v5/order/amend"): order_entry(orders.amend_one),
    ("POST", "/v5/order/cancel"): order_entry(orders.cancel_one),
    ("POST", "/v5/order/cancel-all"): order_entry(orders.cancel_all),
    ("POST", "/v5/order/create-batch"): order_entry(batch.batch),
    ("POST", "/v5/order/amend-batch"): order_entry(batch.batch),
    ("POST", "/v5/order/cancel-batch"): order_entry(batch.batch),
    ("POST", "/v5/order/disconnected-cancel-all"): signed(orders.disconnected_cancel_all, 5),
    ("GET", "/v5/order/realtime"): signed(queries.get_realtime),
    ("GET", "/v5/order/history"): signed(queries.get_history),
    ("GET", "/v5/execution/list"): signed(queries.get_executions),
    ("GET", "/v5/position/closed-pnl"): signed(statements.get_closed_pnl),
    ("GET", "/v5/account/transaction-log"): signed(statements.get_transactions),
    ("POST", "/v5/asset/transfer/inter-transfer"): signed(transfers.post_transfer, 20),
    ("GET", "/v5/asset/transfer/query-inter-transfer-list"): signed(transfers.get_transfers, 60),
    ("GET", "/v5/asset/transfer/query-account-coins-balance"): signed(transfers.get_coin_balances, 5),
    ("GET", "/v5/account/query-dcp-info"): signed(account.get_dcp, 10),
    ("GET", "/v5/account/smp-group"): signed(account.get_smp_group, 10),
    ("POST", "/v5/position/add-margin"): signed(account.post_margin, 10),
    ("GET", "/v5/position/list"): signed(account.get_positions),
    ("POST", "/v5/position/set-leverage"): signed(account.post_leverage, 10),
    ("POST", "/v5/position/switch-mode"): signed(account.post_position_mode, 10),
    ("POST", "/v5/position/switch-isolated"): signed(account.post_isolated, 10),
    ("POST", "/v5/position/trading-stop"): order_entry(trading_stop.post_trading_stop),
    ("POST", "/v5/account/set-margin-mode"): signed(account.post_margin_mode, 10),
    ("GET", "/v5/account/wallet-balance"): signed(account.get_wallet),
    ("GET", "/v5/account/info"): signed(account.get_info),
    ("GET", "/v5/account/fee-rate"): signed(account.get_fee_rates, 10),
    ("GET", "/v5/user/query-api"): signed(account.get_api_key, 10),
    ("GET", "/v5/asset/coin/query-info"): signed(account.get_coins, 5),
}


def endpoint_for(method: str, path: str) -> Endpoint | None:
    return ROUTES.get((method, path))
