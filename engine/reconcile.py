"""Reconciliation: our view against the exchange's. Differences come out, each with its severity and a text for people.

The exchange is the source of truth. Nothing is repaired here: the executor took in what the snapshot could explain
before its view was made, so whatever still differs is something nobody decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from engine import ids
from engine.messages.control import ViewReported
from engine.messages.exchange import AccountSnapshot, OrderReport
from engine.order import Order, OrderStatus

ZOMBIE = "zombie order"


class Verdict(StrEnum):
    """Only HEALTHY trades."""

    HEALTHY = "HEALTHY"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing on which the two do not agree."""

    kind: str
    severity: Verdict
    text: str


def compare(
    view: ViewReported, snapshot: AccountSnapshot, *, instance: str, owns_wallet: bool, epsilon: Decimal
) -> tuple[Difference, ...]:
    """Every difference between `view` and `snapshot` (of the same moment). Empty means healthy.

    `owns_wallet` is True when nobody else trades on the account, so that its balance can be explained in full. A light
    snapshot's balance is of another moment, so it proves nothing. Of an instrument that somebody else on the account
    may trade, and on which nothing is ours, the holder judges: who does not hold it must not halt the one who does.
    """
    is_ours = not view.traded_by or bool(view.position_quantity or view.open_orders)
    return (
        *(_holdings(view, snapshot, instance) if is_ours else _of_another(view, snapshot, instance)),
        *(_wallet(view, snapshot, epsilon) if owns_wallet and not snapshot.is_light else ()),
    )


def kind_in(text: str) -> str:
    """The kind of the difference of which this text tells: two with other figures are still the same trouble."""
    return text.partition(":")[0]


def worst(differences: tuple[Difference, ...]) -> Verdict:
    """The verdict these differences make."""
    severities = {difference.severity for difference in differences}
    if Verdict.CRITICAL in severities:
        return Verdict.CRITICAL
    return Verdict.WARNING if severities else Verdict.HEALTHY


def _holdings(view: ViewReported, snapshot: AccountSnapshot, instance: str) -> tuple[Difference, ...]:
    return (*_position(view, snapshot), *_orders(view, snapshot, instance), *_amended(view, snapshot))


def _of_another(view: ViewReported, snapshot: AccountSnapshot, instance: str) -> tuple[Difference, ...]:
    """What stands there is theirs, except for what our own id proves to be ours."""
    unknown = [_unknown(report, instance) for report in snapshot.open_orders]
    zombies = tuple(one for one in unknown if one.kind == ZOMBIE)
    held, orders = snapshot.position_quantity, len(unknown) - len(zombies)
    if not held and not orders:
        return zombies
    text = f"traded by {view.traded_by}: its position is {held}, its open orders are {orders}"
    return (*zombies, Difference(kind="traded by another", severity=Verdict.WARNING, text=text))


def _position(view: ViewReported, snapshot: AccountSnapshot) -> tuple[Difference, ...]:
    ours, theirs = view.position_quantity, snapshot.position_quantity
    if ours == theirs:
        return ()
    kind = "phantom position" if not theirs else "untracked position" if not ours else "position differs"
    return (
        Difference(kind=kind, severity=Verdict.CRITICAL, text=f"{kind}: we hold {ours}, the exchange says {theirs}"),
    )


def _orders(view: ViewReported, snapshot: AccountSnapshot, instance: str) -> tuple[Difference, ...]:
    ours = {order.client_order_id for order in view.open_orders}
    theirs = {_name(report): report for report in snapshot.open_orders}
    missing = sorted(ours - theirs.keys())
    unknown = [report for key, report in theirs.items() if key not in ours]
    return (
        *(
            Difference(kind="missing order", severity=Verdict.CRITICAL, text=f"the exchange does not have {key}")
            for key in missing
        ),
        *(_unknown(report, instance) for report in unknown),
    )


def is_amended(ours: Order, theirs: OrderReport, held: Decimal) -> bool:
    """Whether somebody changed an order of ours that waits for its trigger; we place a new one instead, always.

    What an exchange cut off because it exceeds the position, `held` there, is no such change.
    """
    is_waiting = ours.kind.is_conditional and ours.status is theirs.status is OrderStatus.ACCEPTED
    if not is_waiting or not theirs.is_conditional or theirs.trigger_price is None:
        return False
    known, there = ours.leaves_quantity, theirs.quantity - theirs.filled_quantity
    was_cut = held <= there < known
    return theirs.trigger_price != ours.trigger_price or (there != known and not was_cut)


def _amended(view: ViewReported, snapshot: AccountSnapshot) -> tuple[Difference, ...]:
    ours, held = {order.client_order_id: order for order in view.open_orders}, abs(snapshot.position_quantity)
    both = ((ours[report.client_order_id], report) for report in snapshot.open_orders if report.client_order_id in ours)
    return tuple(
        Difference(
            kind="amended order",
            severity=Verdict.CRITICAL,
            text=f"somebody amended {mine.client_order_id}: we know {mine.quantity} at {mine.trigger_price}, "
            f"the exchange has {report.quantity} at {report.trigger_price}",
        )
        for mine, report in both
        if is_amended(mine, report, held)
    )


def _name(report: OrderReport) -> str:
    """Its client id; the exchange's own where whoever sent it gave none, so that no two of those are taken for one."""
    return report.client_order_id or report.venue_order_id


def _unknown(report: OrderReport, instance: str) -> Difference:
    what = f"{report.side} {report.quantity} ({_name(report)})"
    if report.client_order_id.startswith(ids.owner_prefix(instance)):
        return Difference(kind=ZOMBIE, severity=Verdict.WARNING, text=f"{ZOMBIE} being cancelled: {what}")
    return Difference(kind="ghost order", severity=Verdict.CRITICAL, text=f"an order nobody here sent: {what}")


def _wallet(view: ViewReported, snapshot: AccountSnapshot, epsilon: Decimal) -> tuple[Difference, ...]:
    expected, theirs = view.wallet_expected, snapshot.wallet_balance
    if expected is None or abs(expected - theirs) <= epsilon:
        return ()
    text = f"balance drift: {expected} is explained, the exchange says {theirs}"
    return (Difference(kind="balance drift", severity=Verdict.CRITICAL, text=text),)
