"""What relay and worker do with webhooks, one after the other."""

from django.utils import timezone

from orders import outbox
from orders.models import OutboxMessage
from orders.tasks import CONSUMERS


def run_webhooks() -> None:
    """As relay and worker do, until nothing is due: announcing makes deliveries, and those are messages again."""
    waiting = OutboxMessage.objects.waiting().filter(topic__startswith="webhook.").order_by("created_at")
    while message := waiting.filter(due_at__lte=timezone.now()).first():
        assert outbox.perform(message.pk, CONSUMERS)
