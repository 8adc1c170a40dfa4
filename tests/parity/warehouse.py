"""What the warehouse does, and what shoppers see of it: units set aside, parcels, and who may look at a shelf.

Only gRPC sets units aside, and only REST packs; whatever protocol plays a case, such a step goes through the one that
can, and the next step shows whether the others know of it.
"""

from tests.parity.steps import (
    DESK,
    NOBODY,
    NOT_ALLOWED,
    NOTHING_HERE,
    ONE_DESK,
    TOO_FEW,
    Case,
    End,
    Refusal,
    Step,
    add,
    captured,
    cart,
    press,
)

BOX, CRATE = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
SOLD_OUT = Refusal(
    "out-of-stock", "Desk is sold out.", lines=[{"sku": "DESK", "name": "Desk", "requested": 1, "available": 0}]
)
NO_SOFA = Refusal("unknown-product", "There is no product 'SOFA' in the shop.", sku="SOFA")
OTHER_UNITS = Refusal("reservation-differs", f"Reservation {BOX} was made for other units.", key=BOX)
NO_SUCH_BOX = Refusal("unknown-reservation", f"There is no reservation {BOX}.", key=BOX)
UNPAID = Refusal("payment-not-captured", "The money for this order is still on its way. Ship it in a moment.")
PACKED = Refusal("not-cancellable", "This order is packed and can no longer be cancelled.")
LABEL = {"carrier": "DHL", "tracking_number": "JD0001"}


def beyond(scope: str) -> Refusal:
    return Refusal("insufficient-scope", f"This needs the scope {scope}.", scope=scope)


def left(available: int, who: str = "dave") -> Step:
    return Step("see what is left", {"slug": "desk"}, {"sku": "DESK", "available": available}, who)


def shelf(on_hand: int, reserved: int) -> Step:
    end = {"on_hand": on_hand, "reserved": reserved, "available": on_hand - reserved}
    return Step("show shelf", {"slug": "desk"}, end, "dave")


def aside(quantity: int, end: End = None, who: str = "dave", sku: str = "DESK", key: str = BOX) -> Step:
    held = {"sku": sku, "quantity": quantity, "state": "HELD"}
    return Step("set aside", {"key": key, "sku": sku, "quantity": quantity}, end or held, who)


def back(quantity: int = 0, end: End = None, who: str = "dave") -> Step:
    given = {"sku": "DESK", "quantity": quantity, "state": "RELEASED"}
    return Step("give back", {"key": BOX}, end or given, who)


def parcel(status: str, carrier: str = "", tracking_number: str = "") -> End:
    return {"status": status, "carrier": carrier, "tracking_number": tracking_number}


def parcels(*ends: End, who: str = "alice") -> Step:
    return Step("show parcels", {"number": "{number}"}, list(ends), who)


def move(act: str, end: End, who: str = "dave") -> Step:
    """Pack, ship or deliver the newest parcel."""
    place = {"number": "{number}"} if act == "pack" else {"number": "{number}", "parcel": "{parcel}"}
    return Step(act, place | (LABEL if act == "ship" else {}), end, who)


SHIPPED, DELIVERED = parcel("SHIPPED", **LABEL), parcel("DELIVERED", **LABEL)
SHELVES = [
    Case("units that the warehouse set aside", [
        left(5), aside(2), left(3), shelf(5, 2), aside(2), back(2), back(2), left(5), shelf(5, 0),
    ]),
    Case("units that a buyer took", [add(2), press(ONE_DESK | {
        "total": "200.00", "lines": [{"sku": "DESK", "quantity": 2, "line_total": "200.00"}],
    }), left(3), shelf(3, 0)]),
    Case("the warehouse was first", [
        aside(5), add(1), press(SOLD_OUT), cart(("DESK", 1), total="100.00"), aside(1, SOLD_OUT, key=CRATE), left(0),
    ]),
    Case("more than there is, for a buyer and for the warehouse", [add(6), press(TOO_FEW), aside(6, TOO_FEW)]),
    Case("a product that there never was", [
        Step("add to cart", {"sku": "SOFA", "quantity": 1}, NO_SOFA), aside(1, NO_SOFA, sku="SOFA"),
    ]),
    Case("another reservation under the same key", [aside(2), aside(1, OTHER_UNITS)]),
    Case("a reservation of somebody else", [aside(2), back(end=NO_SUCH_BOX, who="carol")]),
]  # fmt: skip
KEPT_OUT = [
    Case("a shelf is the warehouse's", [
        Step("show shelf", {"slug": "desk"}, NOBODY, "guest"), aside(1, NOBODY, "guest"),
        Step("show shelf", {"slug": "desk"}, NOT_ALLOWED, "alice"), aside(1, NOT_ALLOWED, "alice"),
        Step("show shelf", {"slug": "desk"}, beyond("stock:read"), "dave's scanner"),
        aside(1, beyond("stock:write"), "dave's scanner"), shelf(5, 0),
    ]),
    Case("orders, for a program that may see the catalogue", [
        Step("list orders", {}, beyond("orders:read"), "dave's scanner"),
    ]),
]  # fmt: skip
PARCELS = [
    Case("a parcel on its way", [
        add(1), press(ONE_DESK), parcels(), move("pack", parcel("PACKED")), parcels(parcel("PACKED")),
        move("ship", SHIPPED)._replace(given=captured), parcels(SHIPPED),
        move("deliver", DELIVERED), move("deliver", DELIVERED), parcels(DELIVERED),
        Step("show order", {"number": "{number}"}, ONE_DESK | {"status": "FULFILLED", "payment": "CAPTURED"}),
    ]),
    Case("a parcel before the money", [
        add(1), press(ONE_DESK), move("pack", parcel("PACKED")), move("ship", UNPAID), parcels(parcel("PACKED")),
    ]),
    Case("a buyer packs", [add(1), press(ONE_DESK), move("pack", NOT_ALLOWED, "alice"), parcels()]),
    Case("a parcel of somebody else", [
        add(1), press(ONE_DESK), move("pack", parcel("PACKED")), parcels(who="bob")._replace(end=NOTHING_HERE),
    ]),
    Case("an order in its parcel is not cancelled", [
        add(1), press(ONE_DESK), move("pack", parcel("PACKED")),
        Step("cancel", {"number": "{number}"}, PACKED),
        Step("show product", {"slug": "desk"}, DESK | {"available": 4}),
    ]),
]  # fmt: skip
WAREHOUSE = [*SHELVES, *KEPT_OUT, *PARCELS]
