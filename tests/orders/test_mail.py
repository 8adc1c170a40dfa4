"""The confirmation: both parts, every line, one name however often it is sent, and no markup from a product's name."""

import pytest
from django.core import mail as django_mail
from django.core.mail import EmailMultiAlternatives

from accounts.models import User
from orders import checkout, coupons, mail
from orders.idempotency import Request
from orders.models import Coupon, Order
from shop.models import Product
from tests.factories import cart_of, product
from tests.fakes import FakeGateway
from tests.orders.purchases import ADDRESS, ordered, render


@pytest.fixture
def order(alice: User, gateway: FakeGateway) -> Order:
    return ordered(alice, gateway)


def sent(order: Order) -> EmailMultiAlternatives:
    mail.send_confirmation(order.pk)
    letter = django_mail.outbox[-1]
    assert isinstance(letter, EmailMultiAlternatives)
    return letter


@pytest.mark.roadmap("commerce/transactional-email")
def test_letter_names_order_lines_total_and_address_in_both_parts(order: Order) -> None:
    letter = sent(order)
    html = letter.alternatives[0]

    assert (letter.to, letter.subject) == (["alice@example.com"], f"Your order {order.number}")
    assert html.mimetype == "text/html"
    for part in (letter.body, html.content):
        for fact in (order.number, order.lines.get().name, order.lines.get().sku, "25.60 EUR", "Hamburg"):
            assert fact in part


def test_letter_says_what_the_total_is_made_up_of(alice: User, gateway: FakeGateway) -> None:
    Coupon.objects.create(code="SPRING", kind="percentage", value=10)
    cart_of(alice, (product(weight_g=500), 2))
    coupons.attach(alice, "SPRING")
    purchase = checkout.Purchase("pm_card_visa", ADDRESS | {"country": "FR"})
    checkout.place_order(request=Request(alice.pk, "key", "f"), purchase=purchase, gateway=gateway, render=render)

    letter = sent(Order.objects.get())

    html = letter.alternatives[0].content
    for part in (letter.body, html):
        for fact in ("25.60", "SPRING", "2.56", "8.90", "31.94 EUR", "19 % tax", "5.10"):
            assert fact in part


def test_letter_has_one_name_however_often_it_is_sent(order: Order) -> None:
    names = {sent(order).extra_headers["Message-ID"] for _ in range(2)}

    assert names == {f"<order-{order.number}@shop.example>"}


@pytest.mark.roadmap("security/output-encoding")
def test_hostile_name_is_text_in_html_and_untouched_in_text(alice: User, gateway: FakeGateway) -> None:
    order = ordered(alice, gateway)
    order.lines.update(name="<script>alert('&')</script>")
    order.buyer.__class__.objects.update(name="Eve\r\nBcc: all@example.com")

    letter = sent(order)

    assert "<script>" not in letter.alternatives[0].content
    assert "&lt;script&gt;" in letter.alternatives[0].content
    assert "<script>alert('&')</script>" in letter.body
    assert "Bcc" not in letter.message()


def test_letter_tells_what_was_true_at_the_press(order: Order) -> None:
    name = order.lines.get().name
    Product.objects.update(name="Renamed", price=1)

    letter = sent(order)

    assert name in letter.body
    assert "Renamed" not in letter.body
