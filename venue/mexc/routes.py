"""Every REST call: who may ask, how often, who answers. Names in braces are parts of the path."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from venue.mexc import account, orders, plans, public, queries
from venue.mexc.call import Call
from venue.mexc.limits import Rate

Handler = Callable[[Call], object]
PUBLIC, PRIVATE = "/api/v1/contract/", "/api/v1/private/"
ONCE_IN_FIVE, BATCH, ONE_IN_TWO = Rate(1, 5000), Rate(5, 2000), Rate(1, 2000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    handler: Handler
    route: str = ""
    is_signed: bool = True
    rate: Rate = Rate()
    is_order_entry: bool = False  # worth a record of when it came


@dataclass(frozen=True, slots=True)
class Entry:
    handler: Handler
    rate: Rate = Rate()
    is_order_entry: bool = False


READS: dict[str, Entry] = {
    "ping": Entry(public.get_ping),
    "detail": Entry(public.get_details, ONCE_IN_FIVE),
    "support_currencies": Entry(public.get_currencies),
    "depth/{symbol}": Entry(public.get_depth),
    "depth_commits/{symbol}/{limit}": Entry(public.get_depth_commits),
    "index_price/{symbol}": Entry(public.get_index_price),
    "fair_price/{symbol}": Entry(public.get_fair_price),
    "funding_rate/history": Entry(public.get_funding_history),
    "funding_rate/{symbol}": Entry(public.get_funding_rate),
    "kline/index_price/{symbol}": Entry(public.get_klines),
    "kline/fair_price/{symbol}": Entry(public.get_klines),
    "kline/{symbol}": Entry(public.get_klines),
    "deals/{symbol}": Entry(public.get_deals),
    "ticker": Entry(public.get_tickers),
}
GETS: dict[str, Entry] = {
    "account/assets": Entry(account.get_assets),
    "account/asset/{currency}": Entry(account.get_asset),
    "account/transfer_record": Entry(account.get_transfers),
    "account/risk_limit": Entry(account.get_risk_limits),
    "account/tiered_fee_rate": Entry(account.get_tiered_fees),
    "account/tiered_fee_rate/v2": Entry(account.get_tiered_fees),
    "account/contract/fee_rate": Entry(account.get_fee_rates),
    "position/open_positions": Entry(account.get_positions),
    "position/list/history_positions": Entry(account.get_past_positions),
    "position/funding_records": Entry(account.get_funding_records),
    "position/position_mode": Entry(account.get_position_mode),
    "position/leverage": Entry(account.get_leverage),
    "order/list/open_orders/{symbol}": Entry(queries.get_open),
    "order/list/open_orders": Entry(queries.get_open),
    "order/list/history_orders": Entry(queries.get_history),
    "order/list/close_orders": Entry(queries.get_closed),
    "order/list/order_deals": Entry(queries.get_deals),
    "order/list/order_deals/v3": Entry(queries.get_deals),
    "order/deal_details/{order_id}": Entry(queries.get_deals_of),
    "order/fee_details": Entry(queries.get_fees_of),
    "order/external/{symbol}/{externalOid}": Entry(queries.get_named),
    "order/get/{order_id}": Entry(queries.get_order),
    "order/batch_query": Entry(queries.get_many, BATCH),
    "planorder/list/orders": Entry(plans.list_plans),
    "stoporder/list/orders": Entry(plans.list_stops),
    "stoporder/open_orders": Entry(plans.list_open_stops),
    "stoporder/order_details/{stop_order_id}": Entry(plans.get_stop),
}
POSTS: dict[str, Entry] = {
    "position/change_margin": Entry(account.change_margin),
    "position/change_auto_add_im": Entry(account.change_auto_margin),
    "position/change_leverage": Entry(account.change_leverage),
    "position/change_position_mode": Entry(account.change_position_mode),
    "position/reverse": Entry(orders.reverse, is_order_entry=True),
    "position/close_all": Entry(orders.close_all, is_order_entry=True),
    "account/change_risk_level": Entry(account.change_risk_level),
    "order/create": Entry(orders.create, is_order_entry=True),
    "order/submit": Entry(orders.submit, is_order_entry=True),
    "order/submit_batch": Entry(orders.submit_batch, ONE_IN_TWO, is_order_entry=True),
    "order/change_limit_order": Entry(orders.change_limit_order, ONE_IN_TWO, is_order_entry=True),
    "order/cancel": Entry(orders.cancel_many, is_order_entry=True),
    "order/cancel_with_external": Entry(orders.cancel_named, is_order_entry=True),
    "order/batch_cancel_with_external": Entry(orders.cancel_many_named, is_order_entry=True),
    "order/cancel_all": Entry(orders.cancel_all, is_order_entry=True),
    "order/open_order_total_count": Entry(queries.count_open),
    "order/batch_query_with_external": Entry(queries.get_many_named),
    "planorder/place": Entry(plans.place_plan, is_order_entry=True),
    "planorder/place/v2": Entry(plans.place_plan, is_order_entry=True),
    "planorder/cancel": Entry(plans.cancel_plans, is_order_entry=True),
    "planorder/cancel_all": Entry(plans.cancel_all_plans, is_order_entry=True),
    "stoporder/place": Entry(plans.place_position_stop, is_order_entry=True),
    "stoporder/cancel": Entry(plans.cancel_stops, is_order_entry=True),
    "stoporder/cancel_all": Entry(plans.cancel_all_stops, is_order_entry=True),
    "stoporder/change_price": Entry(plans.change_attached, is_order_entry=True),
    "stoporder/change_plan_price": Entry(plans.change_stop, is_order_entry=True),
}


def endpoints() -> dict[tuple[str, str], Endpoint]:
    """By method and path, in the order in which they are tried."""
    groups = (("GET", PUBLIC, READS, False), ("GET", PRIVATE, GETS, True), ("POST", PRIVATE, POSTS, True))
    return {
        (method, prefix + name): Endpoint(
            handler=entry.handler,
            route=prefix + name,
            is_signed=is_signed,
            rate=entry.rate,
            is_order_entry=entry.is_order_entry,
        )
        for method, prefix, entries, is_signed in groups
        for name, entry in entries.items()
    }


ROUTES = endpoints()
PATTERNS = [
    (method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route)), endpoint)
    for (method, route), endpoint in ROUTES.items()
    if "{" in route
]


def endpoint_for(method: str, path: str) -> tuple[Endpoint, dict[str, str]] | None:
    """The endpoint and what the path itself says."""
    if (method, path) in ROUTES:
        return ROUTES[(method, path)], {}
    for wanted, pattern, endpoint in PATTERNS:
        match = pattern.fullmatch(path) if wanted == method else None
        if match is not None:
            return endpoint, match.groupdict()
    return None
