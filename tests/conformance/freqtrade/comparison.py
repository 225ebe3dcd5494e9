"""freqtrade's database against what really happened at the venue."""

import re
import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.venue.processes import VenueProcess

Record = dict[str, Any]
START_BALANCE = Decimal(100_000)
CENT = 0.01
BUFFER = 0.05  # its liquidation_buffer


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: what the venue knows, what freqtrade believes."""

    what: str
    venue: object
    freqtrade: object
    agrees: bool

    def as_text(self) -> str:
        return f"{'agrees' if self.agrees else 'DIFFERS':8} {self.what:44} {self.venue!s:>22} {self.freqtrade!s:>22}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    orders: dict[str, Record]
    algos: dict[str, Record]
    trades: list[Record]
    account: Record
    their_orders: dict[str, Record]
    their_stops: dict[str, Record]
    their_trades: list[Record]


def read_books(venue: VenueProcess, folder: Path, account: str) -> Books:
    truth = venue.control("GET", f"accounts/{account}")
    database = sqlite3.connect(folder / "trades.sqlite")
    database.row_factory = sqlite3.Row
    orders = [dict(row) for row in database.execute("select * from orders")]
    trades = [dict(row) for row in database.execute("select * from trades")]
    database.close()
    return Books(
        orders={str(o["order_id"]): o for o in truth["orders"]},
        algos={str(a["algo_id"]): a for a in truth["algo_orders"]},
        trades=truth["trades"],
        account=truth,
        their_orders={o["order_id"]: o for o in orders if o["ft_order_side"] != "stoploss"},
        their_stops={o["order_id"]: o for o in orders if o["ft_order_side"] == "stoploss"},
        their_trades=trades,
    )


def compare(venue: VenueProcess, folder: Path, account: str) -> list[Row]:
    books = read_books(venue, folder, account)
    sent = {key: order for key, order in books.orders.items() if order["origin"] == "client"}
    return [
        *order_rows(books, sent),
        *stop_rows(books),
        *position_rows(books),
        *money_rows(books),
        *liquidation_rows(books),
        same("errors in its log but of stops that had just fired", 0, len(errors(folder, books))),
        at_least("fills", 6, len(books.trades)),
        at_least("stops placed on the exchange", 2, len(books.algos)),
        at_least("stops that fired", 1, sum(1 for a in books.algos.values() if a["status"] == "FINISHED")),
    ]


def same(what: str, venue: object, freqtrade: object) -> Row:
    return Row(what=what, venue=venue, freqtrade=freqtrade, agrees=venue == freqtrade)


def at_least(what: str, least: int, happened: int) -> Row:
    return Row(what=f"{what} (at least {least})", venue=happened, freqtrade="", agrees=happened >= least)


def order_rows(books: Books, sent: dict[str, Record]) -> list[Row]:
    """freqtrade deletes a trade of which nothing was ever filled, its order with it."""
    unfilled = {key for key, o in sent.items() if o["status"] == "CANCELED" and not float(o["filled"])}
    forgotten = unfilled - books.their_orders.keys()
    both = sent.keys() & books.their_orders.keys()
    filled = {key: float(sent[key]["filled"]) for key in both}
    theirs = {key: float(books.their_orders[key]["filled"] or 0) for key in both}
    executed = [key for key in both if filled[key]]
    return [
        Row(
            what=f"orders ({len(forgotten)} cancelled unfilled, so forgotten)",
            venue=len(sent) - len(forgotten),
            freqtrade=len(books.their_orders),
            agrees=sent.keys() - forgotten == books.their_orders.keys(),
        ),
        same("orders filled", len(executed), sum(1 for quantity in theirs.values() if quantity)),
        Row(
            what="filled quantity, over all",
            venue=f"{sum(filled.values()):.3f}",
            freqtrade=f"{sum(theirs.values()):.3f}",
            agrees=all(abs(filled[key] - theirs[key]) < 1e-9 for key in both),
        ),
        same(
            "orders whose average price is the venue's",
            len(executed),
            sum(1 for key in executed if is_near(sent[key]["average_price"], books.their_orders[key]["average"])),
        ),
    ]


def is_near(ours: object, theirs: object) -> bool:
    return theirs is not None and abs(float(str(ours)) - float(str(theirs))) < 1e-6 * float(str(ours))


def stop_rows(books: Books) -> list[Row]:
    fired = {key for key, algo in books.algos.items() if algo["status"] == "FINISHED"}
    believed = {key for key, order in books.their_stops.items() if order["filled"]}
    resting = {key for key, algo in books.algos.items() if algo["status"] == "NEW"}
    open_stops = {key for key, order in books.their_stops.items() if order["ft_is_open"]}
    rows = [("stops", set(books.algos), set(books.their_stops)), ("stops that fired", fired, believed)]
    rows += [("stops still resting", resting, open_stops)]
    return [
        Row(what=what, venue=len(ours), freqtrade=len(theirs), agrees=ours == theirs) for what, ours, theirs in rows
    ]


def position_rows(books: Books) -> list[Row]:
    held = {p["symbol"]: float(p["quantity"]) for p in books.account["positions"]}
    believed: dict[str, float] = defaultdict(float)
    for trade in books.their_trades:
        if trade["is_open"]:
            symbol = trade["pair"].split(":")[0].replace("/", "")
            believed[symbol] += -trade["amount"] if trade["is_short"] else trade["amount"]
    return [
        Row(
            what=f"position {symbol}",
            venue=held.get(symbol, 0.0),
            freqtrade=round(believed.get(symbol, 0.0), 8),
            agrees=abs(held.get(symbol, 0.0) - believed.get(symbol, 0.0)) < 1e-9,
        )
        for symbol in ("BTCUSDT", "ETHUSDT")
    ]


def liquidation_rows(books: Books) -> list[Row]:
    """freqtrade asks the exchange for it and keeps a twentieth of the way to it as a buffer."""
    theirs = {t["pair"].split(":")[0].replace("/", ""): t for t in books.their_trades if t["is_open"]}
    rows = []
    for position in books.account["positions"]:
        trade = theirs.get(position["symbol"], {"liquidation_price": None, "open_rate": 0})
        asked = float(position["liquidation_price"])
        kept = asked + BUFFER * (trade["open_rate"] - asked)
        believed = trade["liquidation_price"]
        agrees = believed is not None and abs(believed - kept) < 1e-4 * kept
        what = f"liquidation price {position['symbol']}, with its buffer"
        rows.append(Row(what=what, venue=round(kept, 2), freqtrade=believed, agrees=agrees))
    return rows


def money_rows(books: Books) -> list[Row]:
    """The balance is explained by fills to the last digit; freqtrade's profit by the same fills to the cent."""
    pnl, fees = (sum((Decimal(t[name]) for t in books.trades), Decimal(0)) for name in ("realized_pnl", "fee"))
    explained = START_BALANCE + pnl - fees + Decimal(books.account["funding"])
    return [
        Row(
            what="balance (venue) and its explanation by fills",
            venue=books.account["balance"],
            freqtrade=explained,
            agrees=Decimal(books.account["balance"]) == explained,
        ),
        *profit_rows(books),
    ]


def profit_rows(books: Books) -> list[Row]:
    """Before fees for all closed trades; after fees where it can know them: it keeps one fee rate for each side."""
    closed = [t for t in books.their_trades if not t["is_open"]]
    fills = {t["id"]: fills_of(books, t["id"]) for t in closed}
    gross = [(sum(float(f["realized_pnl"]) for f in fills[t["id"]]), profit_before_fees(t)) for t in closed]
    even = [t for t in closed if has_one_rate_a_side(fills[t["id"]])]
    net = [
        (sum(float(f["realized_pnl"]) - float(f["fee"]) for f in fills[t["id"]]), t["close_profit_abs"]) for t in even
    ]
    rows = [(f"profit before fees of {len(closed)} closed trades", gross)]
    rows += [(f"after fees, {len(even)} of them with one rate a side", net)]
    return [
        Row(
            what=what,
            venue=f"{sum(ours for ours, _ in pairs):.2f}",
            freqtrade=f"{sum(theirs for _, theirs in pairs):.2f}",
            agrees=all(abs(ours - theirs) <= CENT for ours, theirs in pairs),
        )
        for what, pairs in rows
    ]


def profit_before_fees(trade: Record) -> float:
    opened, closed = (trade["amount"] * trade[name] for name in ("open_rate", "close_rate"))
    return trade["close_profit_abs"] + opened * trade["fee_open"] + closed * trade["fee_close"]


def has_one_rate_a_side(fills: list[Record]) -> bool:
    rates = {(f["side"], f["is_maker"]) for f in fills}
    return len(rates) == len({side for side, _ in rates})


def fills_of(books: Books, trade_id: int) -> list[Record]:
    """What the venue filled for this trade's orders; a fired stop's order belongs to its stop's trade."""
    theirs = {**books.their_orders, **books.their_stops}
    owned = {key for key, order in theirs.items() if order["ft_trade_id"] == trade_id}
    owned |= {str(books.algos[key]["actual_order_id"]) for key in owned if key in books.algos}
    return [t for t in books.trades if str(t["order_id"]) in owned]


def errors(folder: Path, books: Books) -> list[str]:
    """Errors it logged, without those of a stop it wanted to cancel when the venue had just executed it (-2011)."""
    text = (folder / "freqtrade.log").read_text(encoding="utf-8", errors="replace")
    found = re.findall(r"^.* - (?:ERROR|CRITICAL) - .*$", text, re.MULTILINE)
    return [line for line in found if not _came_too_late(line, books)]


def _came_too_late(line: str, books: Books) -> bool:
    named = re.search(r"Could not cancel stoploss order (\d+)", line)
    return named is not None and books.algos.get(named[1], {}).get("status") == "FINISHED"
