"""Products, people and carts for tests. Stock comes in through `shop.stock.receive`, as in life."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import factory
import pyotp
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from accounts import mfa, roles, sessions, tokens
from accounts.models import Application, Factor, User
from accounts.security_events import NOWHERE
from orders.models import Cart, CartLine
from shop import stock
from shop.models import Category, Product


class CategoryFactory(factory.django.DjangoModelFactory):
    name = factory.Sequence(lambda n: f"Shelf {n}")
    slug = factory.Sequence(lambda n: f"shelf-{n}")

    class Meta:
        model = Category


class ProductFactory(factory.django.DjangoModelFactory):
    category = factory.SubFactory(CategoryFactory)
    sku = factory.Sequence(lambda n: f"THING-{n}")
    slug = factory.Sequence(lambda n: f"thing-{n}")
    name = factory.Sequence(lambda n: f"Thing {n}")
    description = "It does what it should."
    price = Decimal("12.80")

    class Meta:
        model = Product


def product(*, stocked: int = 10, **fields: Any) -> Product:
    """A listed product with units on the shelf."""
    made = ProductFactory(**fields)
    if stocked:
        with transaction.atomic():
            stock.receive(product_id=made.pk, quantity=stocked, reference="test")
    return made


def person(name: str, *, role: str = "customer", **fields: Any) -> User:
    """One of the cast, with the password of the demo."""
    user = User.objects.create_user(f"{name}@example.com", f"{name}-shows-the-shop", name=name.title(), **fields)
    if role != "customer":
        roles.give(user, role)
    return user


def manager() -> User:
    """Somebody who may give any amount back and is not the buyer; not saved, since no table needs them."""
    return User(pk=0, is_staff=True, is_superuser=True)


def token_of(user: User, methods: Sequence[str] = ("pwd",), now: datetime | None = None) -> str:
    """An access token, as a login gives it; with `otp` among the methods it has shown a second factor."""
    return tokens.log_in(user, methods=methods, origin=NOWHERE, now=now).access


def app_of(user: User) -> pyotp.TOTP:
    """The user's authenticator app, set up and confirmed; `app.at(now)` is what it shows."""
    secret = pyotp.random_base32()
    Factor.objects.create(user=user, name="Telephone", secret=mfa.seal(secret), confirmed_at=timezone.now())
    return pyotp.TOTP(secret)


def browser_of(user: User, *, methods: Sequence[str] = ("pwd",), now: datetime | None = None) -> Client:
    """A browser that is logged in as by the login page. `Client.force_login` makes a session without a login's row,
    and the shop throws such a session away."""
    client = Client()
    request = HttpRequest()
    request.session = client.session
    sessions.begin(request, user, methods, now=now)
    request.session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key
    return client


def office_of(user: User, *, now: datetime | None = None) -> Client:
    """The browser of somebody behind the counter, who has set up a second factor and shown it."""
    app_of(user)
    return browser_of(user, methods=["pwd", "otp"], now=now)


def cart_of(user: User, *lines: tuple[Product, int]) -> Cart:
    """The user's cart with these lines in it."""
    cart = Cart.objects.get_or_create(user=user)[0]
    CartLine.objects.bulk_create(CartLine(cart=cart, product=wanted, quantity=units) for wanted, units in lines)
    return cart


def application(*scopes: str, **fields: Any) -> tuple[Application, str]:
    """A client that people let act for them, and its secret."""
    redirect = {"redirect_uris": "http://127.0.0.1:9/back", "client_type": Application.CLIENT_CONFIDENTIAL}
    made = Application(**({"name": "Partner", "scopes": list(scopes)} | redirect | fields))
    secret = made.renew_secret()
    made.full_clean()
    made.save()
    return made, secret
