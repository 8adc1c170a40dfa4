"""What the shop can be asked to do, whatever the protocol: one entry for each use case, and how it must end.

A case is some steps, each an act with its arguments in the words of REST, and what each step ends with in words that no
protocol owns (`tests/parity/world.py`). Another case is another entry; nothing else has to be touched. Here is what
shoppers do, in `warehouse.py` what the warehouse does and shoppers see of it. A protocol that cannot do an act says why
(`rest.py`, `graphql.py`, `grpc.py`), and another does it in its place.
"""

from tests.parity.reviews import REVIEWING
from tests.parity.steps import (
    CHAIR,
    DESK,
    LAMP,
    NO_FUNDS,
    NO_KEY,
    NOBODY,
    NOT_ALLOWED,
    NOTHING_HERE,
    ONE_DESK,
    OTHER_REQUEST,
    RAN_OUT,
    STEP_UP,
    TOO_FEW,
    Case,
    Refusal,
    Step,
    add,
    attach,
    cart,
    coupon,
    declining,
    invalid,
    order,
    press,
    run_out,
    silent,
)
from tests.parity.warehouse import WAREHOUSE

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
SAVING = [
    Case("a coupon on the cart, and off again", [
        add(2), attach(), cart(("DESK", 2), total="180.00"),
        Step("detach coupon", {}, None), cart(("DESK", 2), total="200.00"),
    ], coupon),
    Case("a coupon that nobody gave out", [
        attach("WINTER")._replace(
            end=Refusal("unknown-coupon", "There is no such coupon. Look at the code again.")),
    ]),
    Case("buy with a coupon", [add(1), attach(), press(ONE_DESK | {"total": "90.00"}), cart(total=None)], coupon),
    Case("a coupon that ran out meanwhile", [
        add(1), attach(), press(RAN_OUT)._replace(given=run_out),
        press(ONE_DESK, if_coupon_fails="continue"), cart(total=None),
    ], coupon),
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
        Step("refund", {"number": "{number}", "key": "two"}, NOT_ALLOWED),
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
CASES = [*BROWSING, *FILLING, *SAVING, *BUYING, *AFTERWARDS, *PEOPLE, *REVIEWING, *WAREHOUSE]
