"""Delivery addresses as clients see them, the same shape in the account and in an order.

Roadmap: api/request-response-validation
"""

from rest_framework import serializers

from accounts.models import Address
from accounts.serializers.strict import PartsOnly, RequestSerializer, TextField, YesNoField


class AddressSerializer(RequestSerializer):
    """Where the goods go."""

    name = TextField(max_length=120)
    line1 = TextField(max_length=120)
    line2 = TextField(max_length=120, required=False, allow_blank=True)
    city = TextField(max_length=80)
    postal_code = TextField(max_length=16)
    country = serializers.RegexField(r"^[A-Z]{2}$", help_text="ISO 3166-1 alpha-2, such as DE.")


class KeepAddressSerializer(AddressSerializer):
    """All of an address that is kept."""

    line2 = TextField(max_length=120, default="", allow_blank=True)
    is_default = YesNoField(default=False, help_text="True: the one that was the default no longer is.")


class ChangeAddressSerializer(PartsOnly, KeepAddressSerializer):
    """Some of an address; what is left out stays as it is."""


class KeptAddressSerializer(serializers.ModelSerializer[Address]):
    """An address that is kept."""

    class Meta:
        model = Address
        fields = ["id", "name", "line1", "line2", "city", "postal_code", "country", "is_default"]
