"""What the machine believes: plain dictionaries of units and money, and the rules of a shop in a few lines each.

Nothing here reads the shop's tables or runs its code. The machine tells it what was done and what was answered; it says
what must be on the shelf, in the carts and in the provider's book.
"""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

MOST_UNITS = 99
LEAST_TOTAL = Decimal("0.50")
OWNERS = ["alice", "bob", "guest"]
SOLD = {"paid", "fulfilled", "refunded"}
#: How an order may move by itself, while nobody presses anything.
BY_ITSELF = {
    "pending": {"paid", "declined", "expired", "cancelled"},
    "paid": {"refunded"},
    "fulfilled": {"refunded"},
}


@dataclass
class Press:
    """One press of the purchase button and all its repetitions."""

    buyer: str
    key: str
    method: str
    order: str = ""
    answer: tuple[int, bytes] | None = None
    is_kept: bool = False
    is_locked: bool = False


@dataclass
class Bought:
    """One order as its buyer remembers it."""

    buyer: str
    lines: Counter[str]
    total: Decimal
    status: str = "pending"
    was_paid: bool = False
    refunded: Decimal = Decimal(0)
    parcel: str = ""

    @property
    def refundable(self) -> Decimal:
        return self.total - self.refunded


@dataclass
class Expectation:
    """`shelf` counts what was received and corrected; what is sold leaves it by being in a paid order."""

    shelf: Counter[str] = field(default_factory=Counter)
    prices: dict[str, Decimal] = field(default_factory=dict)
    unlisted: set[str] = field(default_factory=set)
    carts: dict[str, Counter[str]] = field(default_factory=lambda: {who: Counter() for who in OWNERS})
    orders: dict[str, Bought] = field(default_factory=dict)

    def units(self, sku: str, statuses: set[str]) -> int:
        return sum(order.lines[sku] for order in self.orders.values() if order.status in statuses)

    def on_hand(self, sku: str) -> int:
        return self.shelf[sku] - self.units(sku, SOLD)

    def reserved(self, sku: str) -> int:
        return self.units(sku, {"pending"})

    def add(self, owner: str, sku: str, quantity: int) -> None:
        self.carts[owner][sku] = min(self.carts[owner][sku] + quantity, MOST_UNITS)

    def pour(self, source: str, into: str) -> None:
        for sku, quantity in self.carts[source].items():
            self.add(into, sku, quantity)
        self.carts[source].clear()

    def total(self, lines: Counter[str]) -> Decimal:
        return sum((self.prices[sku] * quantity for sku, quantity in lines.items()), Decimal(0))

    def shortages(self, buyer: str) -> list[tuple[str, int, int]]:
        """Lines that cannot be bought: SKU, wanted, left."""
        lines = sorted(self.carts[buyer].items())
        left = {sku: self.on_hand(sku) - self.reserved(sku) for sku, _ in lines}
        return [(sku, wanted, left[sku]) for sku, wanted in lines if wanted > left[sku]]

    def refusal(self, buyer: str) -> str:
        """Why a press is refused before any money moves; empty when it is not."""
        if not self.carts[buyer]:
            return "cart-is-empty"
        if self.unlisted & set(self.carts[buyer]):
            return "not-for-sale"
        if self.total(self.carts[buyer]) < LEAST_TOTAL:
            return "total-too-small"
        return "out-of-stock" if self.shortages(buyer) else ""

    def open(self, number: str, buyer: str) -> Bought:
        """The cart becomes a pending order at the prices of this moment."""
        lines, self.carts[buyer] = self.carts[buyer], Counter()
        self.orders[number] = Bought(buyer, lines, self.total(lines))
        return self.orders[number]

    def move(self, number: str, status: str) -> None:
        """The order takes a step. What comes to nothing gives the lines back to the cart."""
        order = self.orders[number]
        if order.status == "pending" and status != "paid":
            for sku, quantity in order.lines.items():
                self.add(order.buyer, sku, quantity)
        if order.was_paid and status == "cancelled":
            order.refunded = order.total
        order.status, order.was_paid = status, order.was_paid or status == "paid"

    def due(self, number: str) -> tuple[Decimal, Decimal]:
        """Least and most that the buyer may be out of right now. At rest it is the least."""
        order = self.orders[number]
        if order.status in SOLD:
            return order.refundable, order.total
        return Decimal(0), order.total
