"""The cart in GraphQL. A guest sends and gets the token in X-Cart-Token, as with REST.

Roadmap: api/graphql-queries-and-mutations
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import graphene
from rest_framework.exceptions import NotFound

from orders import cart, coupons, models
from orders.coupons.estimates import Estimate, estimate
from orders.pricing.shipping import HOME_COUNTRY
from orders.serializers.carts import AddLineSerializer, AttachCouponSerializer, ChangeLineSerializer, WhereToSerializer
from shop.models import Product as ShopProduct
from shop.schema.catalogue import Info, Money, Product, money, products
from shop.schema.guards import guarded
from shop.schema.loading import Context, on_request_thread


class CartLine(graphene.ObjectType):
    """Some units of one product, at the price of now."""

    id = graphene.ID(required=True)
    quantity = graphene.Int(required=True)
    product = graphene.Field(Product, required=True)
    unit_price = graphene.Field(Money, required=True, description="Lower where so many units have earned it.")

    async def resolve_unit_price(root: models.CartLine, info: Info) -> Money:
        line = await _with_product(root, info)
        return money(line.unit_price, line.product.currency)

    async def resolve_product(root: models.CartLine, info: Info) -> ShopProduct | None:
        return await info.context.load(products, root.product_id)


class CartCoupon(graphene.ObjectType):
    """The coupon of a cart, and whether it would be taken now."""

    code = graphene.String(required=True)
    problem = graphene.String(description="Why it takes nothing off; null: it does.")


async def part(root: "Cart", info: Info) -> Money | None:
    """Resolve one amount of the whole: what the cart's quote has under the name of the field."""
    quote = (await root.estimated(info)).quote
    return money(getattr(quote, info.field_name), quote.currency) if quote and quote.currency else None


class Cart(graphene.ObjectType):
    """What somebody means to buy; no stock is promised. The amounts are null for no lines, and for two currencies."""

    lines = graphene.List(graphene.NonNull(CartLine), required=True)
    subtotal = graphene.Field(Money, resolver=part, description="Sum of the lines.")
    discount = graphene.Field(Money, resolver=part, description="What the coupon takes off.")
    shipping = graphene.Field(Money, resolver=part, description="What it costs to send to the shipping country.")
    tax = graphene.Field(Money, resolver=part, description="How much of the total is tax.")
    total = graphene.Field(Money, resolver=part, description="Null for no lines, and for lines of two currencies.")
    shipping_country = graphene.String(required=True, default_value=HOME_COUNTRY)
    coupon = graphene.Field(CartCoupon)

    async def resolve_coupon(root: "Cart", info: Info) -> CartCoupon | None:
        coupon = await root.own_coupon(info)
        return CartCoupon(coupon.code, (await root.estimated(info)).problem or None) if coupon else None

    async def estimated(self, info: Info) -> Estimate:
        """What it would cost now; adding it up again for each amount costs less than keeping it."""
        items = [(await _with_product(line, info)).as_item() for line in self.lines]
        return estimate(items, await self.own_coupon(info), country=self.shipping_country)

    async def own_coupon(self, info: Info) -> models.Coupon | None:
        """It was read along with the lines; of a cart without lines it is asked for."""
        if self.lines:
            coupon: models.Coupon | None = self.lines[0].cart.coupon
            return coupon
        return await info.context.load(coupons_of, info.context.owner)


class Query(graphene.ObjectType):
    """The caller's cart."""

    cart = graphene.Field(
        Cart, required=True, country=graphene.String(description="Where the goods would go (ISO 3166-1 alpha-2).")
    )

    @guarded("cart:read")
    async def resolve_cart(root: None, info: Info, **where: str) -> Cart:
        return await show(info.context, **WhereToSerializer().run_validation(where))


async def show(context: Context, country: str = HOME_COUNTRY) -> Cart:
    """Return the caller's cart as it is now."""
    return Cart(lines=await context.load(lines_of, context.owner) or [], shipping_country=country)


def coupons_of(owners: list[Any]) -> Mapping[Any, models.Coupon | None]:
    """The coupons of these owners' carts; there is one owner to a request."""
    carts = {owner: cart.of(owner).select_related("coupon").first() for owner in owners}
    return {owner: found.coupon for owner, found in carts.items() if found}


async def _with_product(line: models.CartLine, info: Info) -> models.CartLine:
    """Give the line the product that all who ask for it share."""
    product = await info.context.load(products, line.product_id)
    if product:
        line.product = product
    return line


def lines_of(owners: list[Any]) -> Mapping[Any, list[models.CartLine]]:
    """The lines of these owners' carts; there is one owner to a request."""
    return {
        owner: list(
            models.CartLine.objects.filter(cart__in=cart.of(owner))
            .select_related("cart__coupon", "cart__user")
            .order_by("added_at", "id")
        )
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


class AttachCoupon(graphene.Mutation):
    """Put a coupon on the cart, in the place of any other. It is counted when the cart is bought."""

    class Arguments:
        code = graphene.String(required=True)

    cart = graphene.Field(Cart, required=True)

    @guarded("cart:write")
    async def mutate(root: None, info: Info, code: str) -> "AttachCoupon":
        wanted = AttachCouponSerializer().run_validation({"code": code})
        await on_request_thread(coupons.attach)(info.context.owner, wanted["code"])
        info.context.forget()
        return AttachCoupon(cart=await show(info.context))


class DetachCoupon(graphene.Mutation):
    """Take the coupon off the cart, if there is one."""

    cart = graphene.Field(Cart, required=True)

    @guarded("cart:write")
    async def mutate(root: None, info: Info) -> "DetachCoupon":
        await on_request_thread(coupons.detach)(info.context.owner)
        info.context.forget()
        return DetachCoupon(cart=await show(info.context))


class Mutation(graphene.ObjectType):
    """What can be done with the cart."""

    attach_coupon = AttachCoupon.Field(required=True)
    detach_coupon = DetachCoupon.Field(required=True)
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
