"""Money as clients see it: all that the versions of the REST API differ in.

    v1   "price": "149.00", "currency": "EUR"                    a text, and its currency somewhere beside or above it
    v2   "price": {"amount": 14900, "currency": "EUR"}           whole cents, and their currency with them

A shape is written as v1 has it and names its money in `Priced.money`; what later versions show and take instead is made
of that here. So nobody writes a shape twice, and no amount can differ between two versions.

Refuses: half of a money object, a fraction of a cent, a currency that is not the shop's (400, by pointer).

Roadmap: api/versioning
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.serializers.strict import RequestSerializer, WholeNumberField
from shop.models import Currency
from shop.money.units import from_minor_units, minor_units

#: The version whose money is a text; it is also what is shown where nobody asks for a version.
TEXTUAL = "v1"
#: The largest whole number that every client reads exactly, JavaScript included (RFC 8259, 6).
MOST = 2**53 - 1


def is_textual(context: Mapping[str, Any]) -> bool:
    """Whether a serializer with this context shows v1: it names a `version` itself, or has the request that does."""
    version = context.get("version") or getattr(context.get("request"), "version", None)
    return version in {None, TEXTUAL}


def told(amount: Decimal, currency: str) -> dict[str, int | str]:
    """Return the money object."""
    return {"amount": minor_units(amount), "currency": currency}


class MoneySerializer(serializers.Serializer[Any]):
    """An amount of money."""

    amount = serializers.IntegerField(
        min_value=0, max_value=MOST, help_text="In the smallest unit of the currency: 14900 is 149.00 euros."
    )
    currency = serializers.CharField(max_length=3, help_text="ISO 4217.")


class Priced:
    """A shape with money in it: `money` names the members. Stands before the serializer that it is a part of."""

    money: tuple[str, ...] = ()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The fields as they are written for v1; else money in objects, and no currency beside them."""
        fields: dict[str, Any] = super().get_fields()  # type: ignore[misc] # the serializer's beside it
        if is_textual(self.context):  # type: ignore[attr-defined] # likewise
            return fields
        kind = MoneyBodyField if isinstance(self, RequestSerializer) else MoneyField
        fields.pop("currency", None)
        return {name: kind(field) if name in self.money else field for name, field in fields.items()}

    def currency_of(self, row: Any) -> str | None:
        """What the row's money is in; without a currency there is no amount to show."""
        return str(row.currency)


@extend_schema_field(MoneySerializer)
class MoneyField(serializers.Field[Any, Any, Any, Any]):
    """In an answer: what `text` shows, as an object. Asks no query where the row has its currency at hand."""

    def __init__(self, text: serializers.Field[Any, Any, Any, Any]) -> None:
        super().__init__(source="*", allow_null=text.allow_null, required=text.required or text.read_only)
        self.text = text

    def bind(self, field_name: str, parent: Any) -> None:
        """Bind the other one, too."""
        super().bind(field_name, parent)
        self.text.bind(field_name, parent)

    def get_attribute(self, instance: Any) -> Any:
        """What the text would be made of, and its currency. Raises SkipField where the text would be left out."""
        parent: Any = self.parent
        given, currency = self.text.get_attribute(instance), parent.currency_of(instance)
        return None if given is None or currency is None else (given, currency)

    def to_representation(self, value: Any) -> dict[str, int | str] | None:
        """Take the text itself, so that no version can show another amount."""
        given, currency = value
        text = self.text.to_representation(given)
        return None if text is None else told(Decimal(text), currency)


class MoneyBodyField(RequestSerializer):
    """In a request: an object, which gives the amount under its own name and the currency as `currency`."""

    currency = serializers.ChoiceField(Currency.choices)

    def __init__(self, text: serializers.DecimalField) -> None:
        super().__init__(source="*", required=text.required, help_text=text.help_text)
        self.least, self.most = minor_units(Decimal(text.min_value or 0)), 10 ** (text.max_digits or 0) - 1
        name = "PositiveMoneyRequest" if self.least else "MoneyRequest"
        describe: Any = extend_schema_field(self.described(), component_name=name)
        describe(self)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The amount as v1 bounds it."""
        return {"amount": WholeNumberField(min_value=self.least, max_value=self.most), **super().get_fields()}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return what v1 would have been sent."""
        given = super().to_internal_value(data)
        return {str(self.field_name): from_minor_units(given["amount"]), "currency": given["currency"]}

    def described(self) -> dict[str, Any]:
        """The object in OpenAPI, with these bounds."""
        amount = {"type": "integer", "format": "int64", "minimum": self.least, "maximum": self.most}
        return {
            "type": "object",
            "description": "An amount of money, in the smallest unit of its currency.",
            "properties": {"amount": amount, "currency": {"type": "string", "enum": Currency.values}},
            "required": ["amount", "currency"],
            "additionalProperties": False,
        }
