"""What the shop can be asked to do, whatever the protocol: one entry for each use case, and how it must end.

A case is some steps, each an act with its arguments in the words of REST, and what each step ends with in words that no
protocol owns (`tests/parity/world.py`). `{line}` and `{number}` stand for the newest cart line and order. Another case
is another entry; nothing else has to be touched. A protocol that cannot do an act says why (`rest.py`, `graphql.py`).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from orders.outcomes import Declined, Unknown
from tests.orders.purchases import ADDRESS
from tests.parity.world import End, Refusal, World


class Step(NamedTuple):
    """One act: who does what, and what it must end with."""

    act: str
    arguments: dict[str, Any]
    end: End
    who: str = "alice"


class Case(NamedTuple):
    """One use case; `given` changes the shop before its first step."""

    name: str
    steps: list[Step]
    given: Callable[[World], object] = lambda world: None


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
NO_KEY = Refusal(
    "idempotency-key-missing",
    "Send an Idempotency-Key header of 1 to 255 printable characters, a new one for each purchase.",
)


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


BROWSING = [
    Case("browse", [Step("browse", {}, [CHAIR, DESK, LAMP], "guest")]),
    Case("search", [Step("browse", {"search": "desks"}, [DESK], "guest")]),
    Case("a shelf with what stands below it", [Step("browse", {"category": "rooms"}, [CHAIR, DESK], "guest")]),
    Case("between two prices", [Step("browse", {"min_price": "50", "max_price": "99"}, [LAMP], "guest")]),
    Case("only what is in stock", [Step("browse", {"in_stock": True}, [CHAIR, DESK], "guest")]),
    Case("dearest first", [Step("browse", {"ordering": "-price"}, [DESK, LAMP, CHAIR], "guest")]),
    Case("a price that is none", [
        Step("browse", {"min_price": "-1"}, invalid(min_price="Ensure this value is greater than or equal to 0."),
             "guest"),
    ]),
    Case("the shelves", [
        Step("list shelves", {}, [{"slug": "rooms", "parent": None}, {"slug": "desks", "parent": "rooms"},
                                  {"slug": "lamps", "parent": None}], "guest"),
    ]),
    Case("one product", [Step("show product", {"slug": "desk"}, DESK, "guest")]),
    Case("a product that is not there", [Step("show product", {"slug": "sofa"}, NOTHING_HERE, "guest")]),
    Case("a product that is not for sale", [Step("show product", {"slug": "pencil"}, NOTHING_HERE, "guest")]),
]  # fmt: skip
FILLING = [
    Case("fill, change and empty the cart", [
        cart(total=None), add(2), cart(("DESK", 2), total="200.00"),
        Step("change line", {"line": "{line}", "quantity": 3}, {"sku": "DESK", "quantity": 3}),
        add(1)._replace(end={"sku": "DESK", "quantity": 4}), cart(("DESK", 4), total="400.00"),
        Step("remove line", {"line": "{line}"}, None), cart(total=None),
    ]),
    Case("a guest's cart", [add(1, "guest"), cart(("DESK", 1), total="100.00", who="guest"), cart(total=None)]),
    Case("a product that nobody sells", [
        Step("add to cart", {"sku": "PENCIL", "quantity": 1},
             Refusal("unknown-product", "There is no product 'PENCIL' in the shop.", sku="PENCIL")),
    ]),
    Case("no units", [
        Step("add to cart", {"sku": "DESK", "quantity": 0},
             invalid(quantity="Ensure this value is greater than or equal to 1.")),
    ]),
    Case("a line of somebody else's cart", [
        add(1), Step("remove line", {"line": "{line}"}, NOTHING_HERE, "bob"),
        Step("change line", {"line": "{line}", "quantity": 9}, NOTHING_HERE, "bob"), cart(("DESK", 1), total="100.00"),
    ]),
]  # fmt: skip
BUYING = [
    Case("buy", [
        add(2), press(order("PAID", 2, "200.00", "AUTHORIZED")), cart(total=None),
        Step("show product", {"slug": "desk"}, DESK | {"available": 3}),
        Step("show order", {"number": "{number}"}, order("PAID", 2, "200.00", "AUTHORIZED")),
    ]),
    Case("an empty cart", [press(Refusal("cart-is-empty", "Your cart is empty."))]),
    Case("more than there is", [
        add(6), press(TOO_FEW), cart(("DESK", 6), total="600.00"), Step("list orders", {}, []),
    ]),
    Case("a card that the bank declines", [add(1), press(NO_FUNDS), cart(("DESK", 1), total="100.00")], declining),
    Case("a decline, repeated", [add(1), press(NO_FUNDS), press(NO_FUNDS)], declining),
    Case("a provider that does not answer", [add(1), press(order("PENDING", 1, "100.00", "CREATED"))], silent),
    Case("the button pressed twice", [
        add(1), press(ONE_DESK), press(ONE_DESK),
        Step("list orders", {}, [{"number": "first order", "status": "PAID", "total": "100.00"}]),
    ]),
    Case("a key of another purchase", [add(1), press(ONE_DESK), press(OTHER_REQUEST, payment_method="pm_card_amex")]),
    Case("no key", [add(1), press(NO_KEY, key="")]),
    Case("a card number instead of a card's token", [
        press(invalid(payment_method="This value does not match the required pattern."),
              payment_method="4242424242424242"),
    ]),
    Case("a guest presses the button", [press(NOBODY, "guest")]),
]  # fmt: skip
AFTERWARDS = [
    Case("cancel, and once more", [
        add(1), press(ONE_DESK),
        *[Step("cancel", {"number": "{number}"}, order("CANCELLED", 1, "100.00", "VOIDING"))] * 2,
        Step("show product", {"slug": "desk"}, DESK),
    ]),
    Case("somebody else's order", [
        add(1), press(ONE_DESK), Step("show order", {"number": "{number}"}, NOTHING_HERE, "bob"),
        Step("cancel", {"number": "{number}"}, NOTHING_HERE, "bob"), Step("list orders", {}, [], "bob"),
    ]),
    Case("an order that is not there", [Step("show order", {"number": "7KQ2-M4XD-9RTC"}, NOTHING_HERE)]),
    Case("a guest asks for orders", [Step("list orders", {}, NOBODY, "guest")]),
    Case("a part given back, and once more", [
        add(1), press(ONE_DESK),
        *[Step("refund", {"number": "{number}", "key": "two", "amount": "30.00", "reason": "Scratched"},
               {"amount": "30.00", "reason": "Scratched", "status": "PENDING"}, "carol")] * 2,
        Step("refund", {"number": "{number}", "key": "three", "amount": "70.01"},
             Refusal("refund-too-large", "At most 70.00 EUR of this order can still be refunded.",
                     refundable="70.00", currency="EUR"), "carol"),
    ]),
    Case("a buyer gives to herself", [
        add(1), press(ONE_DESK),
        Step("refund", {"number": "{number}", "key": "two"},
             Refusal("not-allowed", "You do not have permission to perform this action.")),
    ]),
    Case("money without a second factor", [
        add(1), press(ONE_DESK),
        Step("refund", {"number": "{number}", "key": "two"},
             STEP_UP, "carol without a code"),
    ]),
]  # fmt: skip
PEOPLE = [
    Case("log in", [Step("log in", {"email": "alice@example.com", "password": "alice-shows-the-shop"}, "logged in")]),
]
CASES = [*BROWSING, *FILLING, *BUYING, *AFTERWARDS, *PEOPLE]
