"""What staff send about products and categories, taken literally: a price is a string, a yes is no 1.

Roadmap: api/request-response-validation, security/input-validation
"""

import re
from decimal import Decimal
from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.serializers.strict import PartsOnly, RequestSerializer, TextField, WholeNumberField, YesNoField
from shop.models import Currency
from shop.money.shapes import Priced

SKU, SLUG = r"^[A-Z0-9]+(-[A-Z0-9]+)*$", r"^[a-z0-9]+(-[a-z0-9]+)*$"
PRICE = r"^[0-9]{1,10}(\.[0-9]{1,2})?$"
#: Grams and millimetres are far below; without a bound a number of a thousand digits would reach the database.
MOST_ATTRIBUTE = 10**9
ATTRIBUTE = {
    "oneOf": [
        {"type": "string", "minLength": 1, "maxLength": 200},
        {"type": "integer", "minimum": -MOST_ATTRIBUTE, "maximum": MOST_ATTRIBUTE},
        {"type": "boolean"},
    ]
}


class AttributeField(serializers.Field[Any, Any, Any, Any]):
    """What one attribute may be: a text, a whole number, or yes and no; a list would be a shop of its own."""

    text = TextField(max_length=200, trim_whitespace=False)

    def to_internal_value(self, data: Any) -> Any:
        """Raise ValidationError for anything else."""
        if isinstance(data, int) and -MOST_ATTRIBUTE <= data <= MOST_ATTRIBUTE:
            return data
        return self.text.run_validation(data)


class NameField(TextField):
    """One of the names that a thing keeps for ever, as it is sent: no blank around it is taken away."""

    def __init__(self, pattern: str, max_length: int) -> None:
        super().__init__(max_length=max_length, trim_whitespace=False, validators=[RegexValidator(pattern)])


@extend_schema_field({"type": "string", "format": "decimal", "pattern": PRICE})
class PriceField(serializers.DecimalField):
    """An amount as a string: a JSON number would become a float in between."""

    def to_internal_value(self, data: Any) -> Decimal:
        """Raise ValidationError for anything but digits and up to two decimals."""
        if not (isinstance(data, str) and re.fullmatch(PRICE, data, re.ASCII)):
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field({"type": "object", "additionalProperties": ATTRIBUTE, "maxProperties": 50})
class AttributesField(serializers.DictField):
    """Names and values, at most fifty."""

    name = TextField(max_length=60, trim_whitespace=False)

    def __init__(self, **options: Any) -> None:
        super().__init__(child=AttributeField(), **options)

    def to_internal_value(self, data: Any) -> Any:
        """Hold the names to what PostgreSQL can keep, too: JSON can write half a character."""
        value = super().to_internal_value(data)
        if len(value) > 50:
            raise serializers.ValidationError("At most 50 attributes.")
        for name in value:
            self.name.run_validation(name)
        return value


class ReplaceProductSerializer(Priced, RequestSerializer):
    """All of a product that can be changed."""

    money = ("price",)
    category = TextField(max_length=80, help_text="By its slug.")
    name = TextField(max_length=160)
    description = TextField(max_length=20_000)
    price = PriceField(max_digits=12, decimal_places=2)
    currency = serializers.ChoiceField(Currency.choices)
    attributes = AttributesField()
    is_listed = YesNoField(help_text="False: only staff can see it.")


class AddProductSerializer(ReplaceProductSerializer):
    """A new product, and the two names that it keeps for ever."""

    sku = NameField(SKU, max_length=40)
    slug = NameField(SLUG, max_length=120)
    currency = serializers.ChoiceField(Currency.choices, default=Currency.EUR)
    attributes = AttributesField(default=dict)
    is_listed = YesNoField(default=True, help_text="False: only staff can see it.")


class ChangeProductSerializer(PartsOnly, ReplaceProductSerializer):
    """Some of a product; what is left out stays as it is."""


class ReplaceCategorySerializer(RequestSerializer):
    """All of a category that can be changed."""

    parent = TextField(  # type: ignore[assignment] # the shelf, not DRF's parent field
        max_length=80, allow_null=True, help_text="Slug of the category that it stands in."
    )
    name = TextField(max_length=80)
    description = TextField(max_length=2_000, allow_blank=True)
    position = serializers.IntegerField(min_value=0, max_value=32_767, help_text="Order among its neighbours.")


class AddCategorySerializer(ReplaceCategorySerializer):
    """A new category."""

    slug = NameField(SLUG, max_length=80)
    parent = TextField(max_length=80, allow_null=True, default=None)
    description = TextField(max_length=2_000, allow_blank=True, default="")
    position = serializers.IntegerField(min_value=0, max_value=32_767, default=0)


class ChangeCategorySerializer(PartsOnly, ReplaceCategorySerializer):
    """Some of a category; what is left out stays as it is."""


class ReceiptSerializer(RequestSerializer):
    """A delivery."""

    quantity = WholeNumberField(min_value=1, max_value=100_000)
    reference = TextField(max_length=80, help_text="The delivery note.")


class CorrectionSerializer(RequestSerializer):
    """A count."""

    on_hand = WholeNumberField(min_value=0, max_value=1_000_000, help_text="What was counted, promised units included.")
    reference = TextField(max_length=80, help_text="Why the ledger was wrong, or who counted.")
