"""What Celery runs: shells that load nothing and decide nothing, only hand a message or the clock to the core.

Roadmap: messaging/background-workers, messaging/point-to-point-vs-pubsub
"""

import logging
from collections.abc import Sequence
from uuid import UUID

from celery import shared_task

from accounts import letters
from orders import cart, gateways, idempotency, mail, outbox, payments
from orders.imports import booking
from orders.webhooks import deliveries, shelves
from shop import images

logger = logging.getLogger(__name__)

#: Which function acts on which message. A topic that is missing here fails loudly and ends among the dead letters.
CONSUMERS: dict[str, outbox.Consumer] = {
    "mail.order_confirmation": lambda message: mail.send_confirmation(message["order"]),
    "mail.order_shipped": lambda message: mail.send_shipping_notice(message["order"]),
    "mail.account": lambda message: letters.deliver(**message),
    "payment.capture": lambda message: payments.capture(message["order"], gateway=gateways.configured()),
    "payment.void": lambda message: payments.void(message["order"], gateway=gateways.configured()),
    "payment.refund": lambda message: payments.refund(UUID(message["refund"]), gateway=gateways.configured()),
    "webhook.event": deliveries.announce,
    "webhook.stock": shelves.look,
    "webhook.delivery": lambda message: deliveries.deliver(UUID(message["delivery"])),
    "payment.event": lambda message: payments.hear(message["event"], gateway=gateways.configured()),
    "image.uploaded": lambda message: images.make_sizes(message["image"]),
    "image.removed": lambda message: images.discard(message["image"]),
    "stock.import": lambda message: booking.work(UUID(message["import"])),
}
#: Which function hears that a message was given up, where somebody waits for what it was to bring.
MOURNERS: dict[str, outbox.Consumer] = {
    "stock.import": lambda message: booking.give_up(UUID(message["import"])),
}


@shared_task
def deliver_mail(message_id: str) -> None:
    """Send one letter; a mail server may take minutes to accept it."""
    outbox.perform(UUID(message_id), CONSUMERS, lease=mail.lease())


# Interrupted before it is killed, so that what waited behind a call that hangs is given back then, and not when the
# claim ends. Later than a second in which messages are begun and the longest PAYMENT_DEADLINE_SECONDS, which is that of
# one call: a capture that gets no answer asks what became of it, and a void or a refund may need several calls. Those
# that are cut off have failed and come again, as after a crash.
@shared_task(soft_time_limit=11)
def move_money(*message_ids: str) -> None:
    """Capture, void or refund payments, or work on the provider's news: one message, or several fresh ones."""
    if len(message_ids) == 1:
        outbox.perform(UUID(message_ids[0]), CONSUMERS)
    else:
        outbox.perform_together([UUID(message_id) for message_id in message_ids], CONSUMERS)


@shared_task
def tell_merchants(message_id: str) -> None:
    """Send one webhook, or find out who wants to hear of an event."""
    outbox.perform(UUID(message_id), CONSUMERS)


@shared_task
def tend_catalogue(message_id: str) -> None:
    """Make or delete the files of one picture."""
    outbox.perform(UUID(message_id), CONSUMERS)


@shared_task
def book_deliveries(message_id: str) -> None:
    """Book some of a list of deliveries."""
    outbox.perform(UUID(message_id), CONSUMERS, mourners=MOURNERS)


#: What works on a topic that begins so; move_money on all others.
LANES = {"mail": deliver_mail, "webhook": tell_merchants, "image": tend_catalogue, "stock": book_deliveries}


def publish(message_ids: Sequence[UUID], topic: str) -> None:
    """Hand outbox messages to the broker, as one task. No retry here: the row itself is the retry."""
    task = LANES.get(topic.partition(".")[0], move_money)
    task.apply_async(args=[str(message_id) for message_id in message_ids], retry=False)


@shared_task(time_limit=30)  # longer than a round and the two calls about its last order, each of nine seconds at most
def reconcile_pending_orders() -> None:
    """Finish the purchases that nobody finished."""
    payments.reconcile(gateway=gateways.configured())


@shared_task
def forget_old_keys() -> None:
    """Drop idempotency keys older than a day."""
    logger.info("forgot %s idempotency keys", idempotency.forget_old())


@shared_task
def forget_abandoned_carts() -> None:
    """Drop guests' carts that nobody came back to."""
    logger.info("forgot %s guests' carts", cart.forget_abandoned())


@shared_task
def forget_letters() -> None:
    """Drop letters about accounts that have left."""
    logger.info("forgot %s letters", outbox.forget_letters())


@shared_task
def forget_webhooks() -> None:
    """Drop what was sent to merchants long ago."""
    logger.info("forgot %s webhooks", deliveries.forget_settled())
