"""The error table: every ccxt class and every known code has its row, and only what is sure is called harmless."""

from __future__ import annotations

from importlib import import_module

import pytest

from adapters.ccxt.answers import kind_of
from adapters.ccxt.errors import TABLE, Failure, judge, row_for
from adapters.ccxt.load import load_exchange
from engine.errors import (
    AccessDenied,
    MalformedMessage,
    OutcomeUnknown,
    RateLimited,
    RequestRefused,
    VenueError,
    VenueUnavailable,
)

EXCHANGES = {name: load_exchange(name) for name in ("binanceusdm", "bybit", "mexc")}
ccxt_errors = import_module("ccxt.base.errors")  # of whichever ccxt was loaded first: ours, or the whole of it


def failure(code="", status=0, classes=("BaseError",), text="", exchange="binanceusdm"):
    return Failure(exchange=exchange, code=code, status=status, classes=tuple(classes), text=text)


def ccxt_classes():
    found, waiting = set(), [ccxt_errors.BaseError]
    while waiting:
        kind = waiting.pop()
        found.add(kind)
        waiting += kind.__subclasses__()
    return sorted((kind for kind in found if kind.__module__ == "ccxt.base.errors"), key=lambda kind: kind.__name__)


def known_codes():
    """(exchange, code) of every number in ccxt's tables of the exchanges; texts have no row, their class decides."""
    for name, kind in EXCHANGES.items():
        tables = kind({}).exceptions
        exact = [tables["exact"], *([tables["linear"]["exact"]] if "linear" in tables else [])]
        found = {code for table in exact for code in table if isinstance(table[code], type)}
        yield from ((name, code) for code in sorted(found) if code.lstrip("-").isdigit())


@pytest.mark.parametrize("kind", ccxt_classes(), ids=lambda kind: kind.__name__)
def test_every_class_of_ccxt_has_a_row_of_its_own_family(kind):
    row = row_for(failure(classes=[base.__name__ for base in kind.__mro__]))

    exceptions_of_last_resort = {"BaseError", "ExchangeError", "UnsubscribeError"}
    assert "Exception" not in row.classes or kind.__name__ in exceptions_of_last_resort


def test_every_code_ccxt_knows_of_our_exchanges_is_listed():
    codes = list(known_codes())
    unlisted = [(name, code) for name, code in codes if not any(code in row.codes for row in rows_of(name))]

    assert len(codes) > 600
    assert unlisted == []


def rows_of(exchange):
    return [row for row in TABLE if row.exchange == exchange]


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_no_code_is_listed_twice_unless_a_text_tells_which(exchange):
    codes = [code for row in rows_of(exchange) if not row.texts for code in row.codes]

    assert sorted(codes) == sorted(set(codes))


def test_one_exchange_s_code_says_nothing_of_another_s():
    codes = {name: row_for(failure("10001", 200, ["ExchangeError"], exchange=name)) for name in EXCHANGES}

    assert codes["bybit"].means is RequestRefused
    assert codes["mexc"].means is AccessDenied
    assert codes["binanceusdm"].means is OutcomeUnknown


@pytest.mark.parametrize(
    ("code", "text", "means", "reason"),
    [
        ("10000", "Server Timeout", OutcomeUnknown, "unknown"),
        ("10016", "Server error.", OutcomeUnknown, "unknown"),
        ("110072", "OrderLinkedID is duplicate", OutcomeUnknown, "duplicate_client_order_id"),
        ("10002", "invalid request, please check your server timestamp", VenueUnavailable, "clock"),
        ("10006", "Too many visits", RateLimited, "rate_limited"),
        ("10018", "access too frequent", RateLimited, "banned"),
        ("10004", "error sign!", AccessDenied, "access_denied"),
        ("110001", "order not exists or too late to cancel", RequestRefused, "unknown_order"),
        ("110007", "ab not enough for new order", RequestRefused, "insufficient_margin"),
        ("110017", "Reduce-only rule not satisfied", RequestRefused, "reduce_only"),
        ("110093", "expect Falling, but trigger_price >= current", RequestRefused, "would_trigger"),
        ("110094", "Order does not meet minimum order value", RequestRefused, "minimum_notional"),
        ("110043", "leverage not modified", RequestRefused, "no_change"),
        ("10001", "Not supported symbols", RequestRefused, "unknown_symbol"),
        ("10001", "Qty invalid", RequestRefused, "quantity"),
        ("10001", "The order remains unchanged as the parameters entered match", RequestRefused, "no_change"),
        ("10001", "something new", RequestRefused, "malformed"),
        ("170132", "Order price too high.", OutcomeUnknown, "another_product"),
        ("999999", "what?", OutcomeUnknown, "unknown"),
    ],
)
def test_bybit_says_everything_with_status_200_so_the_code_decides_and_where_it_must_the_text(
    code, text, means, reason
):
    row = row_for(failure(code, 200, ["ExchangeError", "BaseError", "Exception"], text, exchange="bybit"))

    assert (row.means, row.reason) == (means, reason)


@pytest.mark.parametrize("status", [*range(400, 432), 451, *range(500, 512), *range(520, 531)])
def test_every_http_status_without_a_code_decides_and_5xx_is_never_called_harmless(status):
    row = row_for(failure(status=status, classes=["ExchangeError", "BaseError", "Exception"]))

    if status >= 500 or status in (408, 409):
        assert row.means is OutcomeUnknown


@pytest.mark.parametrize(
    ("code", "status", "classes", "means", "reason"),
    [
        ("-1000", 503, ["OperationFailed"], OutcomeUnknown, "unknown"),
        ("-1008", 503, ["OperationFailed"], VenueUnavailable, "throttled"),
        ("-1007", 408, ["RequestTimeout"], OutcomeUnknown, "unknown"),
        ("", 502, ["ExchangeNotAvailable"], OutcomeUnknown, "unknown"),
        ("", 0, ["ExchangeNotAvailable"], OutcomeUnknown, "connection_lost"),
        ("", 0, ["ClientConnectorError", "ExchangeNotAvailable"], VenueUnavailable, "not_sent"),
        ("", 0, ["TimeoutError"], OutcomeUnknown, "timeout"),
        ("-1003", 429, ["DDoSProtection"], RateLimited, "rate_limited"),
        ("-1003", 418, ["DDoSProtection"], RateLimited, "banned"),
        ("-1015", 429, ["DDoSProtection"], RateLimited, "order_limit"),
        ("-1021", 400, ["InvalidNonce", "NetworkError"], VenueUnavailable, "clock"),
        ("-2019", 400, ["InsufficientFunds"], RequestRefused, "insufficient_margin"),
        ("-2021", 400, ["OrderImmediatelyFillable", "InvalidOrder"], RequestRefused, "would_trigger"),
        ("-2022", 400, ["InvalidOrder"], RequestRefused, "reduce_only"),
        ("-2011", 400, ["OrderNotFound", "InvalidOrder"], RequestRefused, "unknown_order"),
        ("-4116", 400, ["InvalidOrder"], OutcomeUnknown, "duplicate_client_order_id"),
        ("-4046", 400, ["MarginModeAlreadySet"], RequestRefused, "no_change"),
        ("-2015", 401, ["AuthenticationError"], AccessDenied, "access_denied"),
        ("-99999", 400, ["ExchangeError"], RequestRefused, "unlisted"),
        ("-99999", 200, ["ExchangeError"], OutcomeUnknown, "unknown"),
        ("", 200, ["TypeError", "Exception"], OutcomeUnknown, "unknown"),
    ],
)
def test_code_before_status_before_class(code, status, classes, means, reason):
    row = row_for(failure(code, status, classes))

    assert (row.means, row.reason) == (means, reason)


@pytest.mark.parametrize(
    "error",
    [TimeoutError(), MalformedMessage("?"), KeyError("orderId"), ConnectionResetError("peer")],
    ids=repr,
)
def test_whatever_nobody_foresaw_is_unknown(error):
    assert type(judge(error)) is OutcomeUnknown


def test_an_error_of_ours_stays_what_it_is():
    error = RequestRefused("no", code="", reason="unknown_symbol")

    assert judge(error) is error


def test_a_ban_without_a_wait_is_a_long_one():
    judged = judge(with_answer(status=418, code="-1003", text="-1003 Way too many requests; IP banned until 1"))

    assert isinstance(judged, RateLimited)
    assert judged.is_ban
    assert judged.retry_after_ms >= 60_000


def test_too_many_orders_are_a_kind_of_their_own_and_last_as_long_as_the_window():
    judged = judge(with_answer(status=429, code="-1015", text="-1015 Too many new orders"))

    assert kind_of(judged) == "order_limit"
    assert (judged.is_ban, judged.retry_after_ms) == (False, 10_000)


def test_no_address_and_no_signature_is_in_a_text():
    error = ccxt_errors.RequestTimeout("binanceusdm GET https://fapi.binance.com/fapi/v1/order?signature=abcdef")

    assert "abcdef" not in str(judge(error))
    assert "https" not in str(judge(error))


def with_answer(**said) -> Exception:
    error = ccxt_errors.ExchangeError("x")
    for name, value in {"exchange": "binanceusdm", **said}.items():
        setattr(error, f"venue_{name}", value)
    return error


def test_every_judgement_is_a_leaf_of_our_tree():
    assert all(row.means in VenueError.__subclasses__() for row in TABLE)
