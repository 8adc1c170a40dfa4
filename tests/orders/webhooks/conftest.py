"""A merchant's system that listens."""

from collections.abc import Iterator

import pytest

from accounts.models import User
from orders.webhooks import subscriptions
from orders.webhooks.subscriptions import Opened
from tests.orders.webhooks.receiver import Receiver, receiver


@pytest.fixture
def merchant() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture
def opened(carol: User, merchant: Receiver) -> Opened:
    """The merchant listens for what is paid and what is cancelled."""
    return subscriptions.subscribe(carol, url=merchant.url, events=["order.paid", "order.cancelled"])
