"""Orders in GraphQL, with what hangs on them; each kind of thing is one query, however many orders are asked for.

Roadmap: api/graphql-schema-and-resolvers, api/graphql-dataloader
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import graphene
from graphene_django import DjangoObjectType
from rest_framework.exceptions import NotFound

from accounts.models import User
from orders import models
from orders.models import numbers
from orders.states import FulfilmentStatus as FulfilmentStates
from orders.states import OrderStatus as OrderStates
from orders.states import PaymentStatus as PaymentStates
from orders.states import RefundStatus as RefundStates
from shop.schema import paging
from shop.schema.catalogue import Info, Money, money
from shop.schema.guards import logged_in
from shop.schema.loading import on_request_thread

Row = TypeVar("Row")
FulfilmentStatus = graphene.Enum("FulfilmentStatus", [(state.name, state.value) for state in FulfilmentStates])
OrderStatus = graphene.Enum("OrderStatus", [(state.name, state.value) for state in OrderStates])
PaymentStatus = graphene.Enum("PaymentStatus", [(state.name, state.value) for state in PaymentStates])
RefundStatus = graphene.Enum("RefundStatus", [(state.name, state.value) for state in RefundStates])


class Address(graphene.ObjectType):
    """Where the goods go."""

    name, line1, city, postal_code, country = (graphene.String(required=True) for _ in range(5))
    line2 = graphene.String()


class OrderLine(graphene.ObjectType):
    """Some units of one product at the price of that day."""

    sku = graphene.String(required=True)
    name = graphene.String(required=True)
    quantity = graphene.Int(required=True)
    unit_price = graphene.Decimal(required=True, description="In the order's currency.")
    line_total = graphene.Decimal(required=True, description="In the order's currency.")


class Refund(DjangoObjectType):
    """Money given back, or on its way."""

    class Meta:
        model = models.Refund
        fields = ("amount", "reason", "created_at")
        skip_registry = True

    id = graphene.ID(required=True)
    status = graphene.Field(RefundStatus, required=True)

    def resolve_status(root: models.Refund, info: Info) -> str:
        return str(root.status)


class Payment(graphene.ObjectType):
    """The money of an order."""

    status = graphene.Field(PaymentStatus, required=True)
    amount = graphene.Field(Money, required=True)
    refunded_amount = graphene.Field(Money, required=True)
    decline_reason = graphene.String(required=True)
    refunds = graphene.List(graphene.NonNull(Refund), required=True)

    def resolve_status(root: models.Payment, info: Info) -> str:
        return str(root.status)

    def resolve_amount(root: models.Payment, info: Info) -> Money:
        return money(root.amount, root.currency)

    def resolve_refunded_amount(root: models.Payment, info: Info) -> Money:
        return money(root.refunded_amount, root.currency)

    async def resolve_refunds(root: models.Payment, info: Info) -> list[models.Refund]:
        return await info.context.load(refunds_of, root.pk) or []


class Fulfilment(DjangoObjectType):
    """The parcel: where it is, and under which number its carrier knows it."""

    class Meta:
        model = models.Fulfilment
        fields = ("carrier", "tracking_number", "packed_at", "shipped_at", "delivered_at")
        skip_registry = True

    id = graphene.ID(required=True)
    status = graphene.Field(FulfilmentStatus, required=True)

    def resolve_status(root: models.Fulfilment, info: Info) -> str:
        return str(root.status)


class OrderEvent(graphene.ObjectType):
    """One thing that happened to the order."""

    sequence = graphene.Int(required=True)
    type = graphene.String(required=True)
    at = graphene.DateTime(required=True)


class Tax(graphene.ObjectType):
    """The tax of one rate, in hundredths: 19 is 19 %."""

    rate = graphene.String(required=True)
    gross = graphene.Decimal(required=True, description="What was paid at this rate, in the order's currency.")
    amount = graphene.Decimal(required=True, description="How much of that is tax.")


class Order(DjangoObjectType):
    """One purchase."""

    class Meta:
        model = models.Order
        fields = ("number", "placed_at", "reserved_until")
        skip_registry = True

    status = graphene.Field(OrderStatus, required=True)
    total = graphene.Field(Money, required=True)
    subtotal = graphene.Field(Money, required=True)
    discount = graphene.Field(Money, required=True)
    shipping = graphene.Field(Money, required=True)
    tax = graphene.Field(Money, description="How much of the total is tax; null for old orders, which did not keep it.")
    taxes = graphene.List(graphene.NonNull(Tax), description="By rate.")
    coupon = graphene.String(required=True, description="The code that the discount came from, or empty.")
    shipping_address = graphene.Field(Address, required=True)
    lines = graphene.List(graphene.NonNull(OrderLine), required=True)
    payment = graphene.Field(Payment, required=True)
    fulfilments = graphene.List(graphene.NonNull(Fulfilment), required=True)
    events = graphene.List(graphene.NonNull(OrderEvent), required=True)

    def resolve_status(root: models.Order, info: Info) -> str:
        return str(root.status)

    def resolve_total(root: models.Order, info: Info) -> Money:
        return money(root.total, root.currency)

    def resolve_subtotal(root: models.Order, info: Info) -> Money:
        return money(root.subtotal, root.currency)

    def resolve_discount(root: models.Order, info: Info) -> Money:
        return money(root.discount, root.currency)

    def resolve_shipping(root: models.Order, info: Info) -> Money:
        return money(root.shipping, root.currency)

    def resolve_tax(root: models.Order, info: Info) -> Money | None:
        return None if root.tax is None else money(root.tax, root.currency)

    def resolve_taxes(root: models.Order, info: Info) -> list[models.order.TaxRow] | None:
        return root.tax_rows

    def resolve_coupon(root: models.Order, info: Info) -> str:
        return root.coupon_code

    async def resolve_lines(root: models.Order, info: Info) -> list[models.OrderLine]:
        return await info.context.load(lines_of, root.pk) or []

    async def resolve_payment(root: models.Order, info: Info) -> models.Payment | None:
        return await info.context.load(payments_of, root.pk)

    async def resolve_fulfilments(root: models.Order, info: Info) -> list[models.Fulfilment]:
        return await info.context.load(parcels_of, root.pk) or []

    async def resolve_events(root: models.Order, info: Info) -> list[models.OrderEvent]:
        return await info.context.load(events_of, root.pk) or []


class OrderConnection(graphene.relay.Connection):
    """A page of orders."""

    class Meta:
        node = Order


class Query(graphene.ObjectType):
    """The caller's orders; who looks after orders sees all of them."""

    orders = graphene.Field(OrderConnection, required=True, description="Newest first.", **paging.page_arguments())
    order = graphene.Field(
        Order,
        description="One order; null, with an error, for none and for somebody else's.",
        number=graphene.String(required=True),
    )

    @logged_in("orders:read")
    async def resolve_orders(root: None, info: Info, **page: Any) -> Any:
        visible = models.Order.objects.visible_to(info.context.person)
        return await on_request_thread(paging.connect)(OrderConnection, visible, paging.window("-id", **page))

    @logged_in("orders:read")
    async def resolve_order(root: None, info: Info, number: str) -> models.Order:
        return await on_request_thread(find)(info.context.person, number)


def find(user: User, number: str) -> models.Order:
    """Return the order; raise NotFound unless the user may see it."""
    wanted = numbers.normalize(number)
    order = models.Order.objects.visible_to(user).filter(number=wanted).first() if wanted else None
    if order is None:
        raise NotFound
    return order


def lines_of(ids: list[int]) -> Mapping[int, list[models.OrderLine]]:
    """Lines by order."""
    return _grouped((line.order_id, line) for line in models.OrderLine.objects.filter(order__in=ids))


def parcels_of(ids: list[int]) -> Mapping[int, list[models.Fulfilment]]:
    """Parcels by order."""
    return _grouped((parcel.order_id, parcel) for parcel in models.Fulfilment.objects.filter(order__in=ids))


def events_of(ids: list[int]) -> Mapping[int, list[models.OrderEvent]]:
    """Events by order."""
    return _grouped((event.order_id, event) for event in models.OrderEvent.objects.filter(order__in=ids))


def refunds_of(ids: list[Any]) -> Mapping[Any, list[models.Refund]]:
    """Refunds by payment."""
    return _grouped((refund.payment_id, refund) for refund in models.Refund.objects.filter(payment__in=ids))


def payments_of(ids: list[int]) -> Mapping[int, models.Payment]:
    """Payments by order."""
    return {payment.order_id: payment for payment in models.Payment.objects.filter(order__in=ids)}


def _grouped(pairs: Iterable[tuple[Any, Row]]) -> Mapping[Any, list[Row]]:
    found: dict[Any, list[Row]] = {}
    for key, row in pairs:
        found.setdefault(key, []).append(row)
    return found
