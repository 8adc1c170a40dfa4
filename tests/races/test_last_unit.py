"""Two buyers, one unit, both stopped after they have seen it: the shortest race, and the one that most shops lose."""

from functools import partial

import pytest

from accounts.models import User
from orders.idempotency import Answer
from shop.errors import OutOfStock
from tests.factories import cart_of, product
from tests.fakes import FakeGateway
from tests.races.counter import press
from tests.races.rivals import queued


@pytest.mark.django_db(transaction=True)
@pytest.mark.roadmap("commerce/inventory")
def test_last_unit_goes_to_one_buyer(alice: User, bob: User, gateway: FakeGateway) -> None:
    desk = product(stocked=1)
    for buyer in (alice, bob):
        cart_of(buyer, (desk, 1))

    ends = queued([desk.stock], *(partial(press, buyer, gateway) for buyer in (alice, bob)))

    assert [type(end) for end in ends] == [Answer, OutOfStock]
    assert len(gateway.book) == 1
