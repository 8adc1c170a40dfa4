"""What may be there before an example begins, by the words that the examples use for it."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from stripe import WebhookSignature

from accounts import addresses, api_keys, mfa, tokens
from accounts.letters import links
from accounts.models import ExternalIdentity, TokenFamily
from accounts.security_events import NOWHERE
from orders import cancellation, checkout, coupons, fulfilment, payments
from orders.idempotency import Request
from orders.imports import booking
from orders.models import Coupon, Order, StockImport, WebhookDelivery, WebhookSubscription
from orders.outcomes import Declined, Unknown, Unsent
from orders.webhooks import subscriptions
from shop import images, reviews
from tests.accounts.oauth.dance import tokens_for
from tests.examples.scene import FILES, Scene
from tests.examples.stand_ins import CODE, ID, LINK, MERCHANT, ORDER, SIGNATURE, TOKEN
from tests.factories import CategoryFactory, app_of, application, cart_of
from tests.orders.purchases import ADDRESS, PURCHASE, render

Given = Callable[[Scene], object]


def desk_in_the_cart(scene: Scene, units: int = 1) -> None:
    cart = cart_of(scene.person("alice"), (scene.desk, units))
    scene.living[ID] = str(cart.lines.get().pk)


def order(scene: Scene) -> Order:
    """Paid, and its money taken."""
    desk_in_the_cart(scene)
    request = Request(scene.person("alice").pk, "an-earlier-key", "fingerprint")
    checkout.place_order(request=request, purchase=PURCHASE, gateway=scene.gateway, render=render)
    placed = Order.objects.get()
    payments.capture(placed.pk, gateway=scene.gateway)
    scene.living[ORDER] = placed.number
    return placed


def cancelled_order(scene: Scene) -> None:
    cancellation.cancel(order(scene).pk, actor=scene.person("alice"))


def packed_order(scene: Scene) -> None:
    parcel, _ = fulfilment.pack(order(scene).pk, actor=scene.person("dave"))
    scene.living[ID] = str(parcel.pk)


def shipped_order(scene: Scene) -> None:
    packed_order(scene)
    label = fulfilment.Label("DHL", "JD014600003SE")
    fulfilment.ship(UUID(scene.living[ID]), label=label, actor=scene.person("dave"))


def order_of_last_week(scene: Scene) -> None:
    order(scene)
    Order.objects.update(placed_at=F("placed_at") - timedelta(days=7))


def bank(outcome: Declined | Unknown | Unsent) -> Given:
    return lambda scene: setattr(scene.gateway, "outcome", outcome)


def signed_event(scene: Scene) -> None:
    moment = int(timezone.now().timestamp())
    signature = WebhookSignature._compute_signature(f"{moment}.{scene.body()}", settings.PAYMENT_WEBHOOK_SECRET)
    scene.living[SIGNATURE] = f"t={moment},v1={signature}"


def login_elsewhere(scene: Scene) -> None:
    scene.living[TOKEN] = tokens.log_in(scene.person("alice"), methods=["pwd"], origin=NOWHERE).refresh
    scene.living[ID] = str(TokenFamily.objects.get().pk)


def spent_token(scene: Scene) -> None:
    tokens.refresh(scene.living[TOKEN], origin=NOWHERE)


def link_to_register(scene: Scene) -> None:
    scene.living[LINK] = links.token(links.REGISTRATION, email="eve@example.com")


def link_to_a_new_password(scene: Scene) -> None:
    alice = scene.person("alice")
    scene.living[LINK] = links.token(
        links.PASSWORD_RESET, user=alice.pk, mark=links.mark(links.PASSWORD_RESET, alice)
    )  # fmt: skip


def link_to_move(scene: Scene) -> None:
    alice = scene.person("alice")
    mark = links.mark(links.EMAIL_CHANGE, alice)
    scene.living[LINK] = links.token(links.EMAIL_CHANGE, user=alice.pk, mark=mark, email="alice@example.org")


def second_factor(scene: Scene) -> None:
    alice = scene.person("alice")
    scene.living[CODE] = app_of(alice).now()
    scene.living[ID] = str(alice.factors.get().pk)


def waiting_factor(scene: Scene) -> None:
    enrolment = mfa.start(scene.person("alice"), name="Telephone")
    scene.living[CODE] = mfa._totp(enrolment.factor).now()
    scene.living[ID] = str(enrolment.factor.pk)


def api_key(scene: Scene) -> None:
    made = api_keys.make(
        scene.person("alice"), name="Nightly export", scopes=["orders:read"], networks=["192.0.2.0/24"],
        lasts=timedelta(days=30), origin=NOWHERE,
    )  # fmt: skip
    scene.living[ID] = str(made.row.pk)


def delivery_address(scene: Scene) -> None:
    kept = addresses.add(scene.person("alice"), is_default=True, **ADDRESS)
    scene.living[ID] = str(kept.pk)


def program_that_acts_for_alice(scene: Scene) -> None:
    made = application("orders:read", name="Lamp finder", client_id="lamp-finder")
    tokens_for(scene.person("alice"), *made, "orders:read")


def identity_elsewhere(scene: Scene) -> None:
    linked = ExternalIdentity.objects.create(
        user=scene.person("alice"), issuer="https://accounts.example", subject="248289761001", email="alice@example.com"
    )
    scene.living[ID] = str(linked.pk)


def no_password(scene: Scene) -> None:
    scene.person("alice").set_unusable_password()
    scene.person("alice").save()


def picture(scene: Scene) -> None:
    image = images.add(scene.desk, upload=FILES["desk.jpg"], alt="A desk in the sun")[0]
    scene.living[ID] = str(image.pk)


def review(scene: Scene) -> None:
    written = reviews.write(author=scene.person("alice"), product=scene.desk, rating=5, text="Solid as a tree.")
    scene.living[ID] = str(written.pk)


def merchants_system(scene: Scene) -> None:
    """On this machine: tests reach no other."""
    scene.living[MERCHANT] = "https://localhost:8443/webhooks"


def webhook_subscription(scene: Scene) -> WebhookSubscription:
    merchants_system(scene)
    url, events = scene.living[MERCHANT], ["order.cancelled", "order.paid"]
    row = subscriptions.subscribe(scene.person("carol"), url=url, events=events).row
    scene.living[ID] = str(row.pk)
    return row


def stock_import(scene: Scene) -> StockImport:
    rows = [{"sku": "LMP-PAP-045", "quantity": 40, "reference": "note 4711"}, {"sku": "LMP-PAP-450", "quantity": 2}]
    job = booking.accept(scene.person("dave"), rows)
    scene.living[ID] = str(job.pk)
    return job


def dead_delivery(scene: Scene) -> None:
    row = webhook_subscription(scene)
    told = {"status": "dead", "attempts": 8, "answered": 503, "error": "Come back later."}
    WebhookDelivery.objects.create(id=row.pk, subscription=row, type="order.paid", body="{}", **told)


def coupon(scene: Scene, **fields: int) -> None:
    Coupon.objects.create(code="SPRING", kind="percentage", value=10, **fields)


def coupon_on_the_cart(scene: Scene) -> None:
    coupon(scene)
    coupons.attach(scene.person("alice"), "SPRING")


GIVEN: dict[str, Given] = {
    "a coupon": coupon,
    "a coupon that is used up": lambda scene: coupon(scene, uses_limit=0),
    "a coupon on the cart": coupon_on_the_cart,
    "the coupon is used up meanwhile": lambda scene: Coupon.objects.update(uses_limit=0),
    "an empty category": lambda scene: CategoryFactory(slug="chairs", name="Chairs"),
    "a desk in the cart": desk_in_the_cart,
    "a merchant's system": merchants_system,
    "a webhook subscription": webhook_subscription,
    "a dead webhook delivery": dead_delivery,
    "four desks in the cart": lambda scene: desk_in_the_cart(scene, units=4),
    "the bank says no": bank(Declined("pi_1", "insufficient_funds")),
    "the bank is silent": bank(Unknown()),
    "the provider is away": bank(Unsent()),
    "an order": order,
    "a cancelled order": cancelled_order,
    "a packed order": packed_order,
    "a shipped order": shipped_order,
    "an order of last week": order_of_last_week,
    "a signed event": signed_event,
    "a login elsewhere": login_elsewhere,
    "its token was spent": spent_token,
    "a link to register": link_to_register,
    "a link to a new password": link_to_a_new_password,
    "a link to move": link_to_move,
    "a second factor": second_factor,
    "a factor that waits for its code": waiting_factor,
    "an API key": api_key,
    "a delivery address": delivery_address,
    "a program that acts for alice": program_that_acts_for_alice,
    "an identity elsewhere": identity_elsewhere,
    "no password": no_password,
    "a review": review,
    "a picture": picture,
    "a stock import": stock_import,
    "a stock import that is done": lambda scene: booking.work(stock_import(scene).pk),
}
