"""One instrument's book: synthetic depth around the replayed price, and the customers' own resting orders in it.

The last price is the best bid; the best ask is one tick above. Synthetic levels are one tick apart and their size
depends only on seed, symbol, side and price. What was taken from them comes back with a new price, and half of it with
each step in which the price stays. At one price customers come first, oldest first. What comes to a resting order that
the price only touches is as much as one level holds; when the price goes beyond it, it fills whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from zlib import crc32

from venue.core.instrument import Instrument
from venue.core.orders import ZERO, Order, Side


@dataclass(frozen=True, slots=True)
class Offer:
    """What a taker meets: a price, a quantity, and whose order it is (None: synthetic)."""

    price: Decimal
    quantity: Decimal
    maker: Order | None = None


@dataclass(slots=True, kw_only=True)
class Book:
    instrument: Instrument
    seed: int
    level_notional: Decimal
    last: Decimal
    mark_offset: Decimal = ZERO
    status: str = "TRADING"
    resting: dict[int, Order] = field(default_factory=dict)
    taken: dict[tuple[Side, Decimal], Decimal] = field(default_factory=dict)
    update_id: int = 0
    last_trade_id: int = 0

    @property
    def bid(self) -> Decimal:
        return self.last

    @property
    def ask(self) -> Decimal:
        return self.last + self.instrument.tick

    @property
    def mark(self) -> Decimal:
        return self.last + self.mark_offset

    def arrive(self, price: Decimal) -> None:
        """The price is now here. At a new one the synthetic depth is whole again, else half of what was taken is."""
        self.taken = self._still_taken() if price == self.last else {}
        self.last = price
        self.update_id += 1

    def _still_taken(self) -> dict[tuple[Side, Decimal], Decimal]:
        step = self.instrument.step
        halved = {key: taken / 2 // step * step for key, taken in self.taken.items()}
        return {key: taken for key, taken in halved.items() if taken}

    def flow_to(self, order: Order) -> Decimal | None:
        """How much trades with this resting order now that the price is at it; None: all of it, the price went on."""
        if order.price != self.last:
            return None
        return self.level_quantity(order.request.side.other, order.price)

    def facing(self, taker: Side) -> Decimal:
        """The best synthetic price a taker of this side meets."""
        return self.ask if taker is Side.BUY else self.bid

    def level_quantity(self, taker: Side, price: Decimal) -> Decimal:
        """0.5 to 1.5 times the usual size, the same for the same seed and price."""
        draw = crc32(f"{self.seed}:{self.instrument.symbol}:{taker}:{price}".encode()) % 1000
        size = self.level_notional / price * (500 + draw) / 1000
        steps = (size / self.instrument.step).to_integral_value()
        return max(steps, Decimal(1)) * self.instrument.step

    def synthetic(self, taker: Side) -> Iterator[Offer]:
        """Levels from the best outwards, less what was taken; ends at one tick."""
        start, tick = self.facing(taker), self.instrument.tick
        for distance in count():
            price = start + distance * tick * taker.sign
            if price < tick:
                return
            left = self.level_quantity(taker, price) - self.taken.get((taker, price), ZERO)
            if left > 0:
                yield Offer(price, left)

    def customers(self, taker: Side) -> list[Offer]:
        """Resting orders a taker of this side can meet, best and oldest first."""
        orders = [o for o in self.resting.values() if o.request.side is taker.other]
        orders.sort(key=lambda o: (o.price * taker.sign, o.order_id))
        return [Offer(o.price, o.leaves, o) for o in orders]

    def offers(self, taker: Side, limit: Decimal | None) -> Iterator[Offer]:
        """All that a taker may meet up to `limit`, in the order in which it meets it."""
        customers = self.customers(taker)
        for level in self.synthetic(taker):
            while customers and within(taker, customers[0].price, level.price):
                yield from allowed(taker, customers.pop(0), limit)
            if limit is not None and not within(taker, level.price, limit):
                return
            yield level

    def take(self, taker: Side, offer: Offer, quantity: Decimal) -> None:
        if offer.maker is None:
            key = (taker, offer.price)
            self.taken[key] = self.taken.get(key, ZERO) + quantity

    def would_cross(self, side: Side, price: Decimal) -> bool:
        return next(self.offers(side, price), None) is not None

    def matched(self, side: Side, mode: str) -> Decimal:
        """The price of a level for an order of `side`: OPPONENT is across the spread, QUEUE on its own side."""
        opposite, _, level = mode.partition("_")
        levels = self.depth(side if opposite == "OPPONENT" else side.other, int(level or 1))
        return levels[-1][0]

    def depth(self, taker: Side, levels: int) -> list[tuple[Decimal, Decimal]]:
        """Price and quantity per level, customers' orders included."""
        found: dict[Decimal, Decimal] = {}
        for offer in self.offers(taker, None):
            if offer.price not in found and len(found) == levels:
                break
            found[offer.price] = found.get(offer.price, ZERO) + offer.quantity
        return sorted(found.items(), reverse=taker is Side.SELL)


def within(taker: Side, price: Decimal, limit: Decimal) -> bool:
    """Is `price` at least as good for the taker as `limit`?"""
    return price <= limit if taker is Side.BUY else price >= limit


def allowed(taker: Side, offer: Offer, limit: Decimal | None) -> Iterator[Offer]:
    if limit is None or within(taker, offer.price, limit):
        yield offer
