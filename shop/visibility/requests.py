"""The table of this package at the edge: a view that has and takes the members that its caller may see, and fields.

Roadmap: commerce/permission-based-visibility
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from accounts.representations.fieldsets import Sparse
from shop.models import Product
from shop.visibility.sight import EVERYBODY, INSIDE, Sight, sight_of


def sight_in(context: Mapping[str, Any]) -> Sight:
    """Return what may be shown to whom a serializer with this context answers; without a request, to everybody."""
    request: Request | None = context.get("request")
    return sight_of(request.user, getattr(request.auth, "scopes", None)) if request else EVERYBODY


class Discreet(Sparse):
    """A view of products. To whom a member may not be shown, it does not exist: `fields=cost` is refused like a word
    that was made up, and the refusal names what there is without it.
    """

    @cached_property
    def sight(self) -> Sight:
        """What the caller sees; one query for who says who they are, and two more for staff."""
        return sight_in({"request": self.request})

    def members(self) -> list[str]:
        """What this caller can ask for."""
        return [name for name in super().members() if self.sight.is_inside or name not in INSIDE]

    def shows(self, member: str) -> bool:
        """Whether the answer has it."""
        return (self.sight.is_inside or member not in INSIDE) and super().shows(member)


class OwnPriceField(serializers.DecimalField):
    """What one unit costs whoever asks."""

    def get_attribute(self, instance: Product) -> Decimal:
        """Read from the row which of its prices it is."""
        return instance.price_for(self.context["request"].user if "request" in self.context else None)


class InsideField(serializers.DecimalField):
    """An amount that is left out unless its reader may see it, whichever view or serializer it stands in."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=12, decimal_places=2, required=False, allow_null=True, **options)

    def get_attribute(self, instance: Product) -> Any:
        """Raise SkipField, by which DRF leaves a member out, for whom it is not meant."""
        if not sight_in(self.context).is_inside:
            raise serializers.SkipField
        return super().get_attribute(instance)
