"""Four stand-ins for the payment provider, each where it fits, and a test that shows what a mock does not see."""

from datetime import timedelta
from unittest.mock import create_autospec

import pytest

from accounts.models import User
from orders import payments
from orders.gateways import PaymentGateway
from orders.models import Order
from orders.outcomes import Authorized, Declined, Unknown
from orders.states import PaymentStatus
from tests.fakes import FakeGateway
from tests.orders.purchases import fresh, ordered

pytestmark = [pytest.mark.roadmap("testing/mocks-and-stubs")]


def test_stub_answers_what_the_test_needs_and_nothing_else(alice: User) -> None:
    says_no = FakeGateway(Declined("pi_1", "insufficient_funds"))

    order = ordered(alice, says_no)

    assert (order.status, order.payment.decline_reason) == ("declined", "insufficient_funds")


def test_fake_remembers_so_what_was_done_twice_is_seen(alice: User) -> None:
    provider = FakeGateway()
    order = ordered(alice, provider)

    payments.capture(order.pk, gateway=provider)
    payments.capture(order.pk, gateway=provider)

    assert provider.book == {str(order.payment.pk): "taken"}
    assert fresh(order).payment.status == PaymentStatus.CAPTURED


def test_mock_checks_the_call_itself_where_the_call_is_the_promise(alice: User) -> None:
    order = ordered(alice, FakeGateway())
    provider = create_autospec(PaymentGateway, instance=True)

    payments.capture(order.pk, gateway=provider)

    provider.capture.assert_called_once()
    assert provider.capture.call_args.args[0].pk == order.payment.pk
    provider.void.assert_not_called()


def test_mock_of_the_real_shape_refuses_what_the_provider_does_not_have() -> None:
    provider = create_autospec(PaymentGateway, instance=True)

    with pytest.raises(AttributeError):
        provider.charge_now()
    with pytest.raises(TypeError):
        provider.capture()


def test_clock_is_handed_in_so_nobody_waits(alice: User) -> None:
    silent = FakeGateway(Unknown())
    order = ordered(alice, silent)
    later = order.placed_at + timedelta(minutes=1)

    silent.outcome = Authorized("pi_late")
    payments.reconcile(gateway=silent, now=later)

    assert fresh(order).status == "paid"


def test_who_mocks_the_database_too_proves_only_that_the_mock_was_called(alice: User) -> None:
    orders, order = create_autospec(Order.objects), ordered(alice, FakeGateway())
    orders.filter.return_value.update.return_value = 1

    changed = orders.filter(pk=order.pk, statsu="paid").update(status="no such state")

    assert changed == 1  # green, with a misspelt column and a state that the real table would refuse
    with pytest.raises(Exception, match="statsu"):
        Order.objects.filter(pk=order.pk, statsu="paid").update(status="no such state")
