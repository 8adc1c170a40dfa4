"""The words that cases are written in: steps, what they end with, and the refusals that several cases meet.

`{line}`, `{number}`, `{parcel}` and `{review}` stand for the newest cart line, order, parcel and review.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from orders import payments
from orders.models import Coupon, Order
from orders.outcomes import Declined, Unknown
from tests.orders.purchases import ADDRESS
from tests.parity.world import End, Refusal, World


def nothing(world: World) -> None:
    """Leave the shop as it is."""


class Step(NamedTuple):
    """One act: who does what, and what it must end with; `given` changes the shop before it."""

    act: str
    arguments: dict[str, Any]
    end: End
    who: str = "alice"
    given: Callable[[World], object] = nothing


class Case(NamedTuple):
    """One use case; `given` changes the shop before its first step."""

    name: str
    steps: list[Step]
    given: Callable[[World], object] = nothing


def row(sku: str, price: str, available: int) -> End:
    return {"sku": sku, "price": price, "currency": "EUR", "available": available}


def order(status: str, quantity: int, total: str, payment: str, name: str = "first order") -> End:
    return {
        "number": name, "status": status, "total": total, "currency": "EUR", "payment": payment,
        "lines": [{"sku": "DESK", "quantity": quantity, "line_total": total}],
    }  # fmt: skip


def add(quantity: int, who: str = "alice") -> Step:
    return Step("add to cart", {"sku": "DESK", "quantity": quantity}, {"sku": "DESK", "quantity": quantity}, who)


def press(end: End, who: str = "alice", **changed: Any) -> Step:
    wanted = {"key": "one", "payment_method": "pm_card_visa", "shipping_address": ADDRESS}
    return Step("buy", wanted | changed, end, who)


def attach(code: str = "SPRING") -> Step:
    return Step("attach coupon", {"code": code}, None)


def coupon(world: World) -> None:
    """A tenth off everything."""
    Coupon.objects.create(code="SPRING", kind="percentage", value=10)


def run_out(world: World) -> None:
    """Nobody may use the coupon any more."""
    Coupon.objects.update(uses_limit=0)


def cart(*lines: tuple[str, int], total: str | None, who: str = "alice") -> Step:
    return Step("show cart", {}, {"lines": [{"sku": sku, "quantity": n} for sku, n in lines], "total": total}, who)


DESK, CHAIR, LAMP = row("DESK", "100.00", 5), row("CHAIR", "40.00", 2), row("LAMP", "60.00", 0)
ONE_DESK = order("PAID", 1, "100.00", "AUTHORIZED")
NOTHING_HERE = Refusal("not-found", "There is nothing here, or nothing that you may see.")
NOBODY = Refusal("not-authenticated", "Authentication credentials were not provided.")
TOO_FEW = Refusal(
    "out-of-stock", "Only 5 of Desk left; you asked for 6.",
    lines=[{"sku": "DESK", "name": "Desk", "requested": 6, "available": 5}],
)  # fmt: skip
NO_FUNDS = Refusal(
    "payment-declined", "Your bank declined the payment (insufficient funds). Your cart is as it was.",
    reason="insufficient_funds", order="first order",
)  # fmt: skip
OTHER_REQUEST = Refusal(
    "idempotency-key-reused", "This Idempotency-Key was used with another request. Use a new key for a new purchase."
)
RAN_OUT = Refusal(
    "coupon-not-valid",
    "The coupon SPRING was used as often as it may be. Take it off the cart, or send if_coupon_fails: continue, to "
    "buy at the price without it.",
    code="SPRING", reason="used_up",
)  # fmt: skip
NO_KEY = Refusal(
    "idempotency-key-missing",
    "Send an Idempotency-Key header of 1 to 255 printable characters, a new one for each purchase.",
)
NOT_ALLOWED = Refusal("not-allowed", "You do not have permission to perform this action.")
STEP_UP = Refusal(
    "step-up-required", "Prove again who you are: show a code of your second factor, or log in anew.", max_age=900
)


def invalid(**errors: str) -> Refusal:
    found = [{"pointer": f"#/{name}", "detail": detail} for name, detail in errors.items()]
    return Refusal("validation-failed", "See `errors` for what to change.", errors=found)


def declining(world: World) -> None:
    world.provider.outcome = Declined("pi_1", "insufficient_funds")


def silent(world: World) -> None:
    world.provider.outcome = Unknown()


def captured(world: World) -> None:
    payments.capture(Order.objects.get().pk, gateway=world.provider)
