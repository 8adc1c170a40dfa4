"""The purchase button, from top to bottom.

    open ─► authorize ─► settle ─┬─► confirm   the order is paid
                                 ├─► abandon   declined: stock and cart as before
                                 └─► (no answer) stays pending; `payments.reconcile` and the webhook finish it

Two short transactions with the network between them: nothing waits for the provider while it holds a lock, and a crash
at any line leaves either nothing or a pending order that is finished by asking the provider again with the same key.
`docs/purchase.md` says for each line what a crash there leaves behind and who repairs it.

Refuses: an empty cart, products that are gone or sold out, a total under the provider's least, a coupon that is used up
or over (unless the buyer said to go on without it), an address that is not the buyer's, a key of another request, a
provider known to be away, a shop whose sales are paused.

Roadmap: commerce/purchase-flow, databases/tcl, foundations/client-server-responsibilities, architecture/n-tier
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from opentelemetry import trace

from accounts.models import Address
from orders import book, cart, coupons, figures, idempotency, pricing
from orders.cart import Taken
from orders.errors import CouponNotValid, PaymentUnavailable, UnknownAddress
from orders.gateways import PaymentGateway
from orders.idempotency import Answer, Request
from orders.models import Coupon, Order, Payment
from orders.models.numbers import new_number
from orders.outcomes import Outcome, Unknown, Unsent
from orders.pricing.shipping import HOME_COUNTRY
from orders.settlement import Render, settle
from orders.states import OrderStatus
from shop import stock, switches

tracer = trace.get_tracer(__name__)


class Purchase(NamedTuple):
    """What the buyer sent with the press of the button: the provider's token of a card, and where to send the goods.

    That is a text, or in its place the id of one of their addresses. `if_coupon_fails` is "continue" from a buyer who
    would rather pay the whole price than hear that the coupon of the cart is used up.
    """

    payment_method: str
    shipping_address: Mapping[str, str] | None = None
    address: UUID | None = None
    if_coupon_fails: str = "refuse"


@figures.pressed
def place_order(*, request: Request, purchase: Purchase, gateway: PaymentGateway, render: Render) -> Answer:
    """Turn the buyer's cart into a paid order and return the answer. Pressing twice with one key gives one order.

    `render` says how the order is answered; the answer is kept with the key. At most 10 SQL statements in 2 commits
    when all goes well, however many lines; one more for an address of the account, and one every five seconds for the
    switches. Raises what stands under
    "Refuses" above, having changed nothing, and PaymentUnavailable for a provider that nobody could reach: cart, units
    and key are as before, and the order stays in the history as cancelled.

    Roadmap: foundations/what-is-a-backend
    """
    opened = _open(request, purchase, is_refusing=gateway.is_refusing(), now=timezone.now())
    if isinstance(opened, Answer):
        figures.ended("repeated")
        return opened  # the button was pressed before, and this is what it answered
    order, is_new = opened
    outcome = _authorize(order, gateway, is_new=is_new)
    order, answer = settle(order.pk, outcome, render=render, known=order)
    if isinstance(outcome, Unsent) and order.status == OrderStatus.CANCELLED:
        raise PaymentUnavailable  # not of an order that another process got paid while this one slept
    figures.ended(order.status)
    return answer or idempotency.keep(order.idempotency_key_id, render(order))


@tracer.start_as_current_span("open")
@transaction.atomic(durable=True)  # durable: refuses to run inside another transaction, which would span the charge
def _open(request: Request, purchase: Purchase, *, is_refusing: bool, now: datetime) -> tuple[Order, bool] | Answer:
    """Reserve everything or nothing. The key comes first: a second press waits here and finds the first one's work."""
    claim = idempotency.claim(request, now=now)
    if isinstance(claim, Answer):
        return claim
    if not claim.is_new:
        return Order.objects.select_related("payment").get(idempotency_key=claim.id), False
    switches.demand_sales()  # after the key: who has bought may ask what became of it
    if is_refusing:
        raise PaymentUnavailable
    destination = _destination(request.user_id, purchase)
    quote, coupon = _price(cart.take(request.user_id), destination.get("country", HOME_COUNTRY), purchase, now=now)
    order = Order(
        number=new_number(),
        buyer_id=request.user_id,
        idempotency_key_id=claim.id,
        total=quote.total,
        currency=quote.currency,
        discount=quote.discount,
        shipping=quote.shipping,
        taxes=[{name: str(amount) for name, amount in asdict(tax).items()} for tax in quote.taxes],
        coupon=coupon,
        coupon_code=coupon.code if coupon else "",
        shipping_address=destination,
        placed_at=now,
        reserved_until=now + settings.RESERVATION_TIME,
    )
    payment = Payment(
        order=order, method=purchase.payment_method, amount=quote.total, currency=quote.currency, created_at=now
    )
    book.enter(order, payment, quote)
    stock.reserve(stock.Line(line.product_id, line.quantity) for line in quote.lines)  # last: the rows others wait for
    return order, True


def _price(taken: Taken, country: str, purchase: Purchase, *, now: datetime) -> tuple[pricing.Quote, Coupon | None]:
    """Price what was in the cart. The coupon is used inside a savepoint: if it fails, what it did is undone, and only
    that, and the purchase goes on at the full price for a buyer who said so; for any other it ends here, as a whole.

    Roadmap: databases/tcl
    """
    if taken.coupon_id is not None:
        try:
            with transaction.atomic():  # inside another one: SAVEPOINT, then RELEASE or ROLLBACK TO
                return coupons.redeem(taken.coupon_id, taken.items, country=country, now=now)
        except CouponNotValid:
            if purchase.if_coupon_fails != "continue":
                raise
    return pricing.quote(taken.items, country=country), None


def _destination(buyer_id: int, purchase: Purchase) -> dict[str, str]:
    """Return the text to keep. Read after the key was claimed: a retry needs no address that is gone meanwhile."""
    if purchase.shipping_address is not None:
        return dict(purchase.shipping_address)
    kept = Address.objects.filter(user_id=buyer_id, pk=purchase.address).first() if purchase.address else None
    if kept is None:
        raise UnknownAddress(purchase.address)
    return kept.as_text()


@tracer.start_as_current_span("authorize")
def _authorize(order: Order, gateway: PaymentGateway, *, is_new: bool) -> Outcome:
    """Ask the provider to hold the money. No transaction is open, and nothing can be lost: the key finds it again."""
    if order.status != OrderStatus.PENDING:
        return Unknown()  # the periodic question or the webhook was faster than this retry
    outcome = gateway.authorize(order.payment)
    if isinstance(outcome, Unsent) and not is_new:
        return Unknown()  # this try reached nobody, but the one that died may have
    return outcome
