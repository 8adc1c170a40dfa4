"""Who sends lists of deliveries, and a way to take one in."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from accounts.models import User
from orders.imports import booking
from orders.models import StockImport
from tests.factories import person


@pytest.fixture
def dave(db: None) -> User:
    """Works in the warehouse."""
    return person("dave", role="warehouse")


@pytest.fixture
def take_in(dave: User) -> Callable[..., StockImport]:
    """`take_in(("DESK", 5), ("LAMP", 2))` is a job of dave's with these rows, and nobody has worked on it."""

    @transaction.atomic
    def accept(*rows: tuple[str, int], **more: Any) -> StockImport:
        return booking.accept(dave, [{"sku": sku, "quantity": quantity, **more} for sku, quantity in rows])

    return accept
