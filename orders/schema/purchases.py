"""The purchase, the cancellation and the refund in GraphQL: one call each of the function that REST calls.

A key that is sent twice ends as it did the first time; the fields show the order as it is now.

Roadmap: api/graphql-queries-and-mutations
"""

import json
from typing import Any

import graphene

from accounts.models import User
from accounts.permissions import Holds, SteppedUp
from orders import cancellation, checkout, errors, gateways, idempotency, models, refunds
from orders.idempotency import Answer
from orders.schema.history import Order, Refund, find
from orders.serializers import AskRefundSerializer, PlaceOrderSerializer
from orders.states import OrderStatus
from shop.schema.catalogue import Info
from shop.schema.guards import logged_in
from shop.schema.loading import on_request_thread

PLACE_ORDER, ASK_REFUND = PlaceOrderSerializer(), AskRefundSerializer()


class AddressInput(graphene.InputObjectType):
    """Where the goods go."""

    name, line1, city, postal_code = (graphene.String(required=True) for _ in range(4))
    line2 = graphene.String()
    country = graphene.String(required=True, description="ISO 3166-1 alpha-2, such as DE.")


class Purchase(graphene.Mutation):
    """Buy what is in the cart. An order that comes back `PENDING` is finished in the background: look at it again."""

    class Arguments:
        idempotency_key = graphene.String(required=True, description="A new one for each purchase, kept for a retry.")
        payment_method = graphene.String(required=True, description="The provider's token of a card.")
        shipping_address = AddressInput(description="Either this, or `address`.")
        address = graphene.ID(description="One that the account keeps; the order copies it.")
        if_coupon_fails = graphene.String(
            description="`continue`: at the price without it; else the purchase is refused."
        )

    order = graphene.Field(Order, required=True)

    @logged_in("orders:write")
    async def mutate(root: None, info: Info, idempotency_key: str, **wanted: Any) -> "Purchase":
        order = await on_request_thread(_purchase)(info.context.person, idempotency_key, wanted)
        info.context.forget()
        return Purchase(order=order)


class CancelOrder(graphene.Mutation):
    """Call the order off before it is sent."""

    class Arguments:
        number = graphene.String(required=True)

    order = graphene.Field(Order, required=True)

    @logged_in("orders:write")
    async def mutate(root: None, info: Info, number: str) -> "CancelOrder":
        order = await on_request_thread(_cancel)(info.context.person, number)
        info.context.forget()
        return CancelOrder(order=order)


class RefundOrder(graphene.Mutation):
    """Give money back, all that is left or a part. Support may up to a limit, managers beyond it."""

    class Arguments:
        number = graphene.String(required=True)
        idempotency_key = graphene.String(required=True)
        amount = graphene.Decimal(description="Left out: all that is left.")
        reason = graphene.String(default_value="")

    refund = graphene.Field(Refund, required=True)

    @logged_in("", Holds.the("orders.refund_order"), SteppedUp)
    async def mutate(root: None, info: Info, number: str, idempotency_key: str, **wanted: Any) -> "RefundOrder":
        refund = await on_request_thread(_refund)(info.context.person, number, idempotency_key, wanted)
        info.context.forget()
        return RefundOrder(refund=refund)


class Mutation(graphene.ObjectType):
    """What can be done with orders."""

    purchase = Purchase.Field(required=True)
    cancel_order = CancelOrder.Field(required=True)
    refund_order = RefundOrder.Field(required=True)


def _purchase(buyer: User, key: str, wanted: dict[str, Any]) -> models.Order:
    valid = PLACE_ORDER.run_validation(wanted)
    answer = checkout.place_order(
        request=_identify(buyer, key, "purchase", valid),
        purchase=checkout.Purchase(**valid),
        gateway=gateways.configured(),
        render=lambda order: Answer(0, "", "", json.dumps([order.number, order.status])),
    )
    number, ended_as = json.loads(answer.body)
    order = models.Order.objects.select_related("payment").get(number=number)
    if ended_as == OrderStatus.DECLINED:
        payment = order.payment
        raise errors.PaymentDeclined(payment.decline_reason, order.number, by_bank=bool(payment.provider_id))
    if ended_as in {OrderStatus.CANCELLED, OrderStatus.EXPIRED}:
        raise errors.OrderClosed(order.number, ended_as)
    return order


def _cancel(actor: User, number: str) -> models.Order:
    return cancellation.cancel(find(actor, number).pk, actor=actor)[0]


def _refund(actor: User, number: str, key: str, wanted: dict[str, Any]) -> models.Refund:
    valid = ASK_REFUND.run_validation(wanted)
    order = find(actor, number)
    answer = refunds.request_refund(
        order_id=order.pk,
        amount=valid.get("amount"),
        reason=valid["reason"],
        actor=actor,
        request=_identify(actor, key, f"refund {order.number}", valid),
        render=lambda refund: Answer(0, "", "", json.dumps(str(refund.pk))),
    )
    return models.Refund.objects.get(pk=json.loads(answer.body))


def _identify(user: User, key: str, act: str, wanted: Any) -> idempotency.Request:
    """A key of GraphQL is no key of REST: the two answer differently, so one is refused where the other was used."""
    body = json.dumps(wanted, sort_keys=True, default=str).encode()
    return idempotency.identify(user_id=user.pk, key=key, method="GRAPHQL", path=act, body=body)
