"""What each victim does before it dies: the shop's own functions, called as the shop's processes call them.

A play prepares in peace, then lies in wait, then acts. Purchases go through Django's whole request path, so that the
buyer's retry over HTTP is the same request to the last byte.
"""

import hashlib
import hmac
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from celery.signals import worker_ready
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from accounts.models import User
from config.celery import app
from deploy.demo.shopper import ADDRESS
from orders import book, cancellation, cart, gateways, outbox, payments, pricing, tasks
from orders.models import Order, OutboxMessage, Payment
from orders.models.numbers import new_number
from orders.outcomes import Authorized
from shop.models import Product
from tests.crashes.steps import READ, Step
from tests.crashes.tracer import lie_in_wait
from tests.factories import ProductFactory, cart_of, stock, token_of

SKUS = ("CRASH-DESK", "CRASH-LAMP")
PLENTY = 1_000_000
Tell = Callable[[dict[str, Any]], None]


class Scene(NamedTuple):
    """The buyer with two lines in the cart, and the request that the button sends."""

    step: Step
    victim: str
    buyer: User
    token: str
    relay: int

    def hold_the_relay(self) -> None:
        """Until this process is dead no other one gets its messages, nor hears from the provider that it has paid."""
        if self.relay:
            os.kill(self.relay, signal.SIGSTOP)

    def press(self) -> None:
        """Press the button, in this process."""
        body = {"payment_method": self.step.method, "shipping_address": ADDRESS}
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": self.victim}
        client = Client(HTTP_HOST="127.0.0.1")
        answer = client.post("/api/v1/orders/", json.dumps(body), "application/json", headers=headers)
        assert answer.status_code < 300, answer.content

    @property
    def order(self) -> Order:
        return Order.objects.select_related("payment").get(buyer=self.buyer)

    def message(self, topic: str) -> UUID:
        order = self.order
        keys = [{"order": order.pk}, {"event": f"evt_{self.victim}"}]
        keys += [{"refund": str(refund.pk)} for refund in order.payment.refunds.all()]
        return OutboxMessage.objects.get(topic=topic, payload__in=keys).pk

    def die_at_the_step(self) -> None:
        if self.step.path:
            lie_in_wait(self.step.path)


def warm_up() -> None:
    """Load in the parent what every child needs, opening nothing: a first child buys and tells what it imported."""
    _ = get_resolver().url_patterns
    app.loader.import_default_modules()
    known, (ours, its) = set(sys.modules), os.pipe()
    if os.fork() == 0:
        with suppress(Exception):
            perform(Step("rehearsal", "buy", ()), uuid4().hex, lambda words: None)
        os.write(its, " ".join(sorted(set(sys.modules) - known)).encode())
        os._exit(0)
    os.wait()
    for name in os.read(ours, 65536).decode().split():
        with suppress(ImportError):
            importlib.import_module(name)


def perform(step: Step, victim: str, tell: Tell, relay: int = 0) -> None:
    """Set the scene, tell who one is, and play until death."""
    if step.play in {"webhook", "hear", "reconcile"}:
        _leave_pending(step, victim)
        buyer = User.objects.get(email=_address(victim))
    else:
        buyer = User.objects.create_user(_address(victim))
        cart_of(buyer, *((product, 2) for product in _shelf()))
    scene = Scene(step, victim, buyer, token_of(buyer), relay)
    tell({"born": victim, "buyer": buyer.pk, "token": scene.token, "pid": os.getpid()})
    PLAYS[step.play](scene)


def _address(victim: str) -> str:
    return f"{victim}@crash.example"


def _shelf() -> list[Product]:
    """Two products that never sell out; the first victim puts them on the shelf."""
    with suppress(Exception), transaction.atomic():
        for sku in SKUS if not Product.objects.filter(sku=SKUS[0]).exists() else ():
            made = ProductFactory(sku=sku, slug=sku.lower(), category__slug=sku.lower(), category__name=sku)
            stock.receive(product_id=made.pk, quantity=PLENTY, reference="crashes")
    return list(Product.objects.filter(sku__in=SKUS))


def _leave_pending(step: Step, victim: str) -> None:
    """First another process dies between the charge and its answer: the money is held, the order is pending."""
    child = os.fork()
    if child == 0:
        perform(step._replace(play="buy", path=(READ,)), victim, lambda words: None)
        os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert os.WTERMSIG(status) == signal.SIGKILL


def stay(scene: Scene) -> None:
    """Live on, with a cart."""


def buy(scene: Scene) -> None:
    scene.hold_the_relay()
    scene.die_at_the_step()
    scene.press()


def relay(scene: Scene) -> None:
    scene.hold_the_relay()
    scene.press()
    scene.die_at_the_step()
    outbox.publish_due(tasks.publish)


def mail(scene: Scene) -> None:
    scene.hold_the_relay()
    scene.press()
    message = scene.message("mail.order_confirmation")
    scene.die_at_the_step()
    tasks.deliver_mail(str(message))


def worker(scene: Scene) -> None:
    """A whole Celery worker with a queue of its own, so that no other worker gets this delivery."""
    queue = f"crash-{scene.victim}"

    def give_it_work(**signal: object) -> None:
        scene.hold_the_relay()
        scene.press()
        message = scene.message("mail.order_confirmation")
        tasks.deliver_mail.apply_async(args=[str(message)], queue=queue)
        scene.die_at_the_step()

    worker_ready.connect(give_it_work, weak=False)
    signal.alarm(20)  # when the live worker was faster nothing ends this one
    name = f"{queue}@%h"  # RabbitMQ refuses two workers of one name
    quiet = ["--without-gossip", "--without-mingle", "-l", "ERROR"]
    app.worker_main(["worker", "-n", name, "--pool", "solo", "-Q", queue, *quiet])


def capture(scene: Scene) -> None:
    scene.hold_the_relay()
    scene.press()
    message = scene.message("payment.capture")
    scene.die_at_the_step()
    tasks.move_money(str(message))


def together(scene: Scene) -> None:
    """The capture travels behind a message for which there is nothing to do."""
    scene.hold_the_relay()
    scene.press()
    outbox.post("payment.void", {"order": scene.order.pk})
    messages = [str(scene.message(topic)) for topic in ("payment.void", "payment.capture")]
    scene.die_at_the_step()
    tasks.move_money(*messages)


def void(scene: Scene) -> None:
    scene.hold_the_relay()
    scene.press()
    cancellation.cancel(scene.order.pk)
    message = scene.message("payment.void")
    scene.die_at_the_step()
    tasks.move_money(str(message))


def refund(scene: Scene) -> None:
    scene.hold_the_relay()
    scene.press()
    tasks.move_money(str(scene.message("payment.capture")))
    cancellation.cancel(scene.order.pk)
    message = scene.message("payment.refund")
    scene.die_at_the_step()
    tasks.move_money(str(message))


def webhook(scene: Scene) -> None:
    body, signature = _news_of(scene)
    scene.die_at_the_step()
    _announce(body, signature)


def hear(scene: Scene) -> None:
    scene.hold_the_relay()
    _announce(*_news_of(scene))
    message = scene.message("payment.event")
    scene.die_at_the_step()
    tasks.move_money(str(message))


def _news_of(scene: Scene) -> tuple[str, str]:
    """The provider's signed word that the money is held."""
    payment = scene.order.payment
    found = gateways.configured().find(payment)
    assert isinstance(found, Authorized), found
    intent = {"id": found.provider_id, "metadata": {"payment": str(payment.pk)}}
    kind, now = "payment_intent.amount_capturable_updated", int(time.time())
    body = json.dumps({"object": "event", "id": f"evt_{scene.victim}", "type": kind, "data": {"object": intent}})
    secret = settings.PAYMENT_WEBHOOK_SECRET.encode()
    return body, f"t={now},v1={hmac.new(secret, f'{now}.{body}'.encode(), hashlib.sha256).hexdigest()}"


def _announce(body: str, signature: str) -> None:
    client = Client(HTTP_HOST="127.0.0.1", headers={"Stripe-Signature": signature})
    answer = client.post("/api/v1/webhooks/payments/", body, "application/json")
    assert answer.status_code < 300, answer.content


def reconcile(scene: Scene) -> None:
    scene.die_at_the_step()
    while not payments.reconcile(gateway=gateways.configured(), now=timezone.now() + timedelta(seconds=12)):
        time.sleep(0.1)  # another victim's round is under way


def textbook(scene: Scene) -> None:
    """Wrong on purpose: check, charge, and only then write anything down."""
    with transaction.atomic():
        quote = pricing.quote(cart.take(scene.buyer.pk).items)
        transaction.set_rollback(True)
    order = Order(number=new_number(), buyer=scene.buyer, total=quote.total, currency=quote.currency)
    payment = Payment(
        order=order, method=scene.step.method, amount=quote.total, currency=quote.currency, created_at=timezone.now()
    )
    scene.die_at_the_step()
    gateways.configured().authorize(payment)


def unboxed(scene: Scene) -> None:
    """Wrong on purpose: the mail is queued after the commit instead of written down within it."""

    record = book.record

    def without_the_mail(*args: Any, messages: Any = (), **kwargs: Any) -> Any:
        others = [message for message in messages if not message.topic.startswith("mail.")]
        return record(*args, messages=others, **kwargs)

    book.record = without_the_mail
    scene.hold_the_relay()
    scene.die_at_the_step()
    scene.press()
    # here the textbook says: send_confirmation.delay(order.pk)


PLAYS: dict[str, Callable[[Scene], None]] = {
    play.__name__: play
    for play in (
        stay, buy, relay, mail, worker, capture, together, void, refund, webhook, hear, reconcile, textbook, unboxed,
    )
}  # fmt: skip
