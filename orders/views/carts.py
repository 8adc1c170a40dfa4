"""The cart over HTTP. A guest carries the token that the first answer gave; a login brings the guest's cart along.

Roadmap: api/http-methods, auth/stateless-authentication
"""

import re
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.permissions import WithinScope
from accounts.representations.fieldsets import FIELDS, Sparse
from accounts.views.registration import ConfirmRegistration
from accounts.views.tokens import LogIn
from orders import cart, coupons, errors
from orders.models import CartLine
from orders.serializers.carts import (
    AddLineSerializer,
    AttachCouponSerializer,
    CartLineSerializer,
    CartSerializer,
    ChangeLineSerializer,
    WhereToSerializer,
)
from shop.errors import UnknownProduct

HEADER = "X-Cart-Token"
#: Lines and their products in one query.
LINES = Prefetch("lines", CartLine.objects.select_related("product"))
#: What is shown of a cart that no line has made yet; reading makes none.
NO_CART = SimpleNamespace(lines=CartLine.objects.none(), coupon=None)
WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{43}")
TOKEN = OpenApiParameter(
    HEADER, str, OpenApiParameter.HEADER, description="A guest's cart, as the first answer named it."
)

COUNTRY = OpenApiParameter(
    "country", {"type": "string", "pattern": "^[A-Z]{2}$"}, description="Where the goods would go (ISO 3166-1 alpha-2)."
)


def cart_owner(request: Request, headers: dict[str, str]) -> User | str:
    """Return whose cart the request is about: the user's, or a guest's, whose token then goes into the headers."""
    if isinstance(request.user, User) and request.user.is_authenticated:
        return request.user
    offered = request.headers.get(HEADER, "")
    headers[HEADER] = offered if WELL_FORMED.fullmatch(offered) else cart.new_token()
    return headers[HEADER]


class CartView(APIView):
    """What the cart's endpoints share: open to guests, and the guest's token goes back with every answer."""

    permission_classes = [AllowAny, WithinScope]
    scopes = {
        "GET": "cart:read",
        "POST": "cart:write",
        "PUT": "cart:write",
        "PATCH": "cart:write",
        "DELETE": "cart:write",
    }

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Find the guest's token, or make one. Reading writes nothing: the cart is made by the first line."""
        super().initial(request, *args, **kwargs)
        self.owner = cart_owner(request, self.headers)  # DRF sends these with every answer, refusals included

    def line(self, line_id: UUID) -> CartLine:
        """Return a line of the caller's own cart; any other does not exist."""
        line = (
            CartLine.objects.select_related("product", "cart__user")
            .filter(pk=line_id, cart__in=cart.of(self.owner))
            .first()
        )
        if line is None:
            raise Http404
        return line


class CartDetail(CartView, Sparse):
    """The caller's cart."""

    serializer_class = CartSerializer
    choices = (FIELDS, "country")

    @extend_schema(operation_id="show_cart", responses=CartSerializer, parameters=[TOKEN, COUNTRY], tags=["cart"])
    def get(self, request: Request) -> Response:
        """Show what is in the cart and what it would cost now."""
        found: Any = cart.of(self.owner).select_related("coupon", "user").prefetch_related(LINES).first() or NO_CART
        return Response(self.get_serializer(found).data)

    def get_serializer_context(self) -> dict[str, Any]:
        """Where the goods would go is a matter of the question; no cart remembers it."""
        asked = {name: value for name, value in self.request.query_params.items() if name == "country"}
        return {**super().get_serializer_context(), **WhereToSerializer().run_validation(asked)}


class CartCoupon(CartView):
    """The coupon of the caller's cart."""

    problems = (errors.UnknownCoupon, errors.CouponNotValid)

    @extend_schema(
        operation_id="attach_coupon",
        request=AttachCouponSerializer,
        responses={204: None},
        parameters=[TOKEN],
        tags=["cart"],
    )
    def put(self, request: Request) -> Response:
        """Put a coupon on the cart, in the place of any other. It is counted when the cart is bought."""
        wanted = AttachCouponSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        coupons.attach(self.owner, wanted.validated_data["code"])
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="detach_coupon", responses={204: None}, parameters=[TOKEN], tags=["cart"])
    def delete(self, request: Request) -> Response:
        """Take the coupon off the cart, if there is one."""
        coupons.detach(self.owner)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CartLines(CartView):
    """The lines of the caller's cart."""

    problems = (UnknownProduct, errors.CartIsFull)

    @extend_schema(
        operation_id="add_to_cart",
        request=AddLineSerializer,
        responses={201: CartLineSerializer},
        parameters=[TOKEN],
        tags=["cart"],
    )
    def post(self, request: Request) -> Response:
        """Put units of a product into the cart, on top of those already there."""
        wanted = AddLineSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        line = cart.put(self.owner, **wanted.validated_data)
        return Response(CartLineSerializer(line, context={"request": request}).data, status.HTTP_201_CREATED)


class CartLineDetail(CartView):
    """One line of the caller's cart."""

    @extend_schema(
        operation_id="change_cart_line",
        request=ChangeLineSerializer,
        responses=CartLineSerializer,
        parameters=[TOKEN],
        tags=["cart"],
    )
    def patch(self, request: Request, line_id: UUID) -> Response:
        """Set how many units the line has."""
        wanted = ChangeLineSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        line = self.line(line_id)
        if not cart.change(line, quantity=wanted.validated_data["quantity"]):
            raise Http404
        return Response(CartLineSerializer(line, context={"request": request}).data)

    @extend_schema(operation_id="remove_cart_line", responses={204: None}, parameters=[TOKEN], tags=["cart"])
    def delete(self, request: Request, line_id: UUID) -> Response:
        """Take the line out of the cart."""
        cart.remove(self.line(line_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class WithCart:
    """A way in that brings the guest's cart along."""

    def welcome(self, user: User, request: Request) -> None:
        """Pour the guest's cart into the user's."""
        guest = cart.of(request.headers.get(HEADER, "")).first()
        if guest:
            cart.merge(guest, into=cart.open_for_user(user))


class LogInWithCart(WithCart, LogIn):
    """Exchange an e-mail address and a password for a pair of tokens; a guest's cart comes along."""


class RegisterWithCart(WithCart, ConfirmRegistration):
    """Make the account that was asked for; a guest's cart comes along."""
