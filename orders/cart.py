"""Filling a cart: a guest's by token, a user's by login, and the one poured into the other when the guest logs in.

A cart promises nothing: stock and price are decided when the button is pressed. `take` empties it for that press.

Refuses: a product that is not listed (UnknownProduct), a line beyond the hundredth (CartIsFull).

Roadmap: commerce/order-processing, databases/dml
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from orders.errors import CartIsFull
from orders.models import Cart, CartLine, Order
from orders.models.cart import MOST_LINES, MOST_UNITS
from orders.pricing import Item
from orders.pricing.lines import breaks
from shop.errors import UnknownProduct
from shop.models import Product
from shop.stock import Line

if TYPE_CHECKING:
    from accounts.models import User

#: How long a guest's cart is kept after its last line came in.
KEPT_FOR = timedelta(days=30)


def open_for_user(user: "User") -> Cart:
    """Return the user's one cart, made on first use; two first uses at once get the same one."""
    opened = Cart.objects.get_or_create(user=user)[0]
    opened.user = user  # who was read already need not be read again to say what a line costs them
    return opened


def open_for_guest(token: str) -> Cart:
    """Return the cart that the token opens, made on first use. No server remembers a guest: the token is all there is.

    Roadmap: api/stateless-api
    """
    return Cart.objects.get_or_create(token_digest=_digest(token))[0]


def new_token() -> str:
    """Return a token for a guest's cart: 256 random bits, so that holding it proves who one is."""
    return secrets.token_urlsafe(32)


def of(owner: "User | str") -> QuerySet[Cart]:
    """The cart, if any, of a user or of the guest who holds the token."""
    return Cart.objects.filter(**{"token_digest": _digest(owner)} if isinstance(owner, str) else {"user": owner})


@transaction.atomic
def put(owner: "User | str", *, sku: str, quantity: int) -> CartLine:
    """Put units into the cart of a user, or of the guest who holds the token. A refusal makes no cart."""
    cart = open_for_guest(owner) if isinstance(owner, str) else open_for_user(owner)
    return add(cart, sku=sku, quantity=quantity)


def add(cart: Cart, *, sku: str, quantity: int) -> CartLine:
    """Put units into the cart, on top of those already there, up to the limit of a line.

    Every line costs locks and time when the button is pressed, hence the limit of lines. Two clicks at once may pass it
    by one.
    """
    product = Product.objects.listed().filter(sku=sku).first()
    if product is None:
        raise UnknownProduct(sku)
    held = set(cart.lines.values_list("product_id", flat=True)[:MOST_LINES])
    if len(held) == MOST_LINES and product.pk not in held:
        raise CartIsFull(MOST_LINES)
    [(line_id, units)] = _top_up(cart, [Line(product.pk, quantity)])
    return CartLine(id=line_id, cart=cart, product=product, quantity=units)


def change(line: CartLine, *, quantity: int) -> bool:
    """Set how many units the line has; False when a purchase has taken it meanwhile."""
    line.quantity = quantity
    return bool(CartLine.objects.filter(pk=line.pk).update(quantity=quantity))


def remove(line: CartLine) -> None:
    """Take the line out of its cart; one that a purchase has taken meanwhile is gone already."""
    line.delete()


# What is poured is what was deleted: of two merges at once the second finds the lines gone.
POUR_OUT = """
WITH poured AS (
    DELETE FROM orders_cartline WHERE id IN (
        SELECT id FROM orders_cartline WHERE cart_id = %(guest)s ORDER BY added_at, id LIMIT greatest(%(most)s - (
            SELECT count(*) FROM orders_cartline WHERE cart_id = %(into)s
        ), 0)
    )
    RETURNING product_id, quantity, added_at, id
)
SELECT product_id, quantity FROM poured ORDER BY added_at, id
"""


@transaction.atomic
def merge(guest: Cart, into: Cart) -> None:
    """Pour a guest's cart into the user's, as far as there is room for its lines.

    The empty one stays, for a click that is still on its way to it; `forget_abandoned` clears it away.

    Roadmap: frameworks/session-management, databases/dml
    """
    _lock(into)
    if guest.coupon_id is not None:
        Cart.objects.filter(pk=into.pk, coupon=None).update(coupon=guest.coupon_id)
    with connection.cursor() as cursor:
        cursor.execute(POUR_OUT, {"guest": guest.pk, "into": into.pk, "most": MOST_LINES})
        _top_up(into, [Line(*row) for row in cursor.fetchall()])


def put_back(order: Order) -> None:
    """Give the buyer the lines and the coupon of an order back that came to nothing; what was added meanwhile stays."""
    cart = open_for_user(order.buyer)
    _lock(cart)
    _top_up(cart, order.stock_lines())
    if order.coupon_id is not None:
        Cart.objects.filter(pk=cart.pk, coupon=None).update(coupon=order.coupon_id)


def forget_abandoned(*, now: datetime | None = None, limit: int = 500) -> int:
    """Delete up to `limit` guests' carts that nobody put anything into for a month; return how many."""
    month_ago = (now or timezone.now()) - KEPT_FOR
    old = Cart.objects.filter(user=None, created_at__lt=month_ago).exclude(lines__added_at__gte=month_ago)
    return Cart.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()[1].get("orders.Cart", 0)


def _lock(cart: Cart) -> None:
    """Whoever changes several lines takes the cart first, as `take` does; else the two could wait for each other."""
    Cart.objects.select_for_update().get(pk=cart.pk)


# An upsert, so that two quick clicks never meet the unique constraint, and a click during a purchase either is still
# bought or makes a new line: reading the line first would find one that is gone when it is written. Locks are taken in
# the order of products, while `added_at` keeps the order in which the lines were given.
TOP_UP = """
INSERT INTO orders_cartline AS line (id, cart_id, product_id, quantity, added_at)
SELECT gen_random_uuid(), %(cart)s, product_id, least(quantity, %(most)s),
    statement_timestamp() + position * interval '1 microsecond'
FROM unnest(%(products)s::bigint[], %(quantities)s::int[]) WITH ORDINALITY AS wanted(product_id, quantity, position)
ORDER BY product_id
ON CONFLICT (cart_id, product_id) DO UPDATE SET quantity = least(line.quantity + excluded.quantity, %(most)s)
RETURNING id, quantity
"""


def _top_up(cart: Cart, lines: Sequence[Line]) -> list[tuple[UUID, int]]:
    """Add to the lines or make them, up to the limit of a line; return id and units of each."""
    parameters: dict[str, Any] = {
        "cart": cart.pk,
        "products": [line.product_id for line in lines],
        "quantities": [line.quantity for line in lines],
        "most": MOST_UNITS,
    }
    with connection.cursor() as cursor:
        cursor.execute(TOP_UP, parameters)
        return cursor.fetchall()


# The row lock on the cart makes a second press wait; the DELETE then finds no line left for it. Two statements, because
# a statement sees the database as it was when it began: one that has waited for the lock would take the lines as they
# were before, and miss those that came in meanwhile.
LOCK = "SELECT id, coupon_id FROM orders_cart WHERE user_id = %s FOR UPDATE"
# Which price a buyer pays is asked in the statement that reads it, and of the account as it stands there: no token, no
# cart and no client has a say. `least` leaves out a trade price that is empty.
TAKE = """
WITH taken AS (
    DELETE FROM orders_cartline line WHERE line.cart_id = %s
    RETURNING line.product_id, line.quantity, line.added_at, line.id
)
SELECT product.id, product.sku, product.name,
    CASE WHEN (SELECT is_business AND NOT is_staff FROM accounts_user WHERE id = %s)
        THEN least(product.price, product.trade_price) ELSE product.price END,
    product.currency, product.is_listed, taken.quantity,
    product.tax_class, product.weight_g, product.bulk_from, product.bulk_prices
FROM taken JOIN shop_product product ON product.id = taken.product_id
ORDER BY taken.added_at, taken.id
"""


class Taken(NamedTuple):
    """What was in a cart: its lines, and the coupon that lay on them."""

    items: list[Item]
    coupon_id: int | None = None


def take(user_id: int) -> Taken:
    """Empty the user's cart for one purchase and return its lines with the prices of this moment.

    Only one of two presses gets the lines. Must run in the purchase's transaction: a refusal leaves the cart as it was.
    A coupon costs one statement more, to take it off.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [user_id])
        cart_id, coupon_id = cursor.fetchone() or (None, None)
        cursor.execute(TAKE, [cart_id, user_id])
        items = [
            Item(*of_line, breaks(quantities, prices), tax_class, weight_g)  # type: ignore[call-arg] # it has seven
            for *of_line, tax_class, weight_g, quantities, prices in cursor.fetchall()
        ]
    if coupon_id is not None:
        Cart.objects.filter(user=user_id).update(coupon=None)
    return Taken(items, coupon_id)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
