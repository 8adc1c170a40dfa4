"""The cart in GraphQL. A guest sends and gets the token in X-Cart-Token, as with REST.

Roadmap: api/graphql-queries-and-mutations
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import graphene
from rest_framework.exceptions import NotFound

from orders import cart, models
from orders.serializers import AddLineSerializer, ChangeLineSerializer
from shop.models import Product as ShopProduct
from shop.schema.catalogue import Info, Money, Product, money, products
from shop.schema.guards import guarded
from shop.schema.loading import Context, on_request_thread


class CartLine(graphene.ObjectType):
    """Some units of one product, at the price of now."""

    id = graphene.ID(required=True)
    quantity = graphene.Int(required=True)
    product = graphene.Field(Product, required=True)

    async def resolve_product(root: models.CartLine, info: Info) -> ShopProduct | None:
        return await info.context.load(products, root.product_id)


class Cart(graphene.ObjectType):
    """What somebody means to buy; no stock is promised."""

    lines = graphene.List(graphene.NonNull(CartLine), required=True)
    total = graphene.Field(Money, description="Null for no lines, and for lines of two currencies.")

    async def resolve_total(root: "Cart", info: Info) -> Money | None:
        prices = [(await info.context.load(products, line.product_id), line.quantity) for line in root.lines]
        totals = cart.running_totals((product.price, product.currency, units) for product, units in prices if product)
        [(currency, amount)] = totals.items() if len(totals) == 1 else [("", None)]
        return money(amount, currency) if amount is not None else None


class Query(graphene.ObjectType):
    """The caller's cart."""

    cart = graphene.Field(Cart, required=True)

    @guarded("cart:read")
    async def resolve_cart(root: None, info: Info) -> Cart:
        return await show(info.context)


async def show(context: Context) -> Cart:
    """Return the caller's cart as it is now."""
    return Cart(lines=await context.load(lines_of, context.owner) or [])


def lines_of(owners: list[Any]) -> Mapping[Any, list[models.CartLine]]:
    """The lines of these owners' carts; there is one owner to a request."""
    return {
        owner: list(models.CartLine.objects.filter(cart__in=cart.of(owner)).order_by("added_at", "id"))
        for owner in owners
    }


class AddToCart(graphene.Mutation):
    """Put units of a product into the cart, on top of those already there."""

    class Arguments:
        sku = graphene.String(required=True)
        quantity = graphene.Int(default_value=1)

    cart = graphene.Field(Cart, required=True)

    @guarded("cart:write")
    async def mutate(root: None, info: Info, sku: str, quantity: int) -> "AddToCart":
        wanted = AddLineSerializer().run_validation({"sku": sku, "quantity": quantity})
        await on_request_thread(cart.put)(info.context.owner, **wanted)
        info.context.forget()
        return AddToCart(cart=await show(info.context))


class ChangeCartLine(graphene.Mutation):
    """Set how many units a line has."""

    class Arguments:
        id = graphene.ID(required=True)
        quantity = graphene.Int(required=True)

    cart = graphene.Field(Cart, required=True)

    @guarded("cart:write")
    async def mutate(root: None, info: Info, id: str, quantity: int) -> "ChangeCartLine":
        wanted = ChangeLineSerializer().run_validation({"quantity": quantity})
        await on_request_thread(_change)(info.context.owner, id, wanted["quantity"])
        info.context.forget()
        return ChangeCartLine(cart=await show(info.context))


class RemoveCartLine(graphene.Mutation):
    """Take a line out of the cart."""

    class Arguments:
        id = graphene.ID(required=True)

    cart = graphene.Field(Cart, required=True)

    @guarded("cart:write")
    async def mutate(root: None, info: Info, id: str) -> "RemoveCartLine":
        await on_request_thread(lambda: cart.remove(_line(info.context.owner, id)))()
        info.context.forget()
        return RemoveCartLine(cart=await show(info.context))


class Mutation(graphene.ObjectType):
    """What can be done with the cart."""

    add_to_cart = AddToCart.Field(required=True)
    change_cart_line = ChangeCartLine.Field(required=True)
    remove_cart_line = RemoveCartLine.Field(required=True)


def _change(owner: Any, line_id: str, quantity: int) -> None:
    if not cart.change(_line(owner, line_id), quantity=quantity):
        raise NotFound


def _line(owner: Any, line_id: str) -> models.CartLine:
    """A line of the caller's own cart; any other does not exist."""
    try:
        wanted = UUID(line_id)
    except ValueError:
        raise NotFound from None
    line = models.CartLine.objects.filter(pk=wanted, cart__in=cart.of(owner)).first()
    if line is None:
        raise NotFound
    return line
