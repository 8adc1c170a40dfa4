"""What a client sends, taken literally: a member that nobody asked for is refused, not dropped.

Dropped silently, `"quantitiy": 3` buys one, and `"is_staff": true` looks as if it had worked. Refused, both are a 400
that points at the member, and what the form does not name cannot be set (mass assignment).

Roadmap: security/input-validation, api/request-response-validation
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.fields import empty

#: So many unknown members are named in one answer, and so much of each name.
MOST_NAMED, LONGEST_NAME = 10, 60


class RequestSerializer(serializers.Serializer[Any]):
    """Base of every body that a client may send."""

    def to_internal_value(self, data: Any) -> Any:
        """Raise ValidationError for each field that is wrong and for each member that is no field."""
        strangers = _strangers(self, data) if isinstance(data, Mapping) else {}
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as wrong:
            raise serializers.ValidationError({**wrong.detail, **strangers}) from None  # type: ignore[dict-item]
        if strangers:
            raise serializers.ValidationError(strangers)
        return value


class TextField(serializers.CharField):
    """A JSON string and nothing else; DRF would take a number for one, and 123456789012 for a password."""

    def to_internal_value(self, data: Any) -> str:
        """Raise ValidationError for anything but a string."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class YesNoField(serializers.BooleanField):
    """A JSON true or false; DRF would take "off" and 0 as well."""

    def to_internal_value(self, data: Any) -> bool:
        """Raise ValidationError for anything else."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class IdField(serializers.UUIDField):
    """The id of a thing as a JSON string; DRF would make one out of a number as well."""

    def to_internal_value(self, data: Any) -> UUID:
        """Raise ValidationError for anything else."""
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class WholeNumberField(serializers.IntegerField):
    """A JSON number; DRF would take a string of digits for one as well."""

    def to_internal_value(self, data: Any) -> int:
        """Raise ValidationError for anything else."""
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class PartsOnly:
    """Of a replacement the parts that are sent; what is left out stays as it is."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The fields of the whole, none of them required."""
        fields = super().get_fields()  # type: ignore[misc] # the serializer's beside it
        for field in fields.values():
            field.required, field.default = False, empty
        return fields


def _strangers(serializer: RequestSerializer, data: Mapping[Any, Any]) -> dict[str, list[str]]:
    names = sorted(str(name) for name in data if name not in serializer.fields or serializer.fields[name].read_only)
    return {printable(name): ["There is no such member."] for name in names[:MOST_NAMED]}


def printable(name: str) -> str:
    """A name is anything between quotes: half a character, a slash, a megabyte. RFC 6901 says how a pointer has it."""
    kept = name[:LONGEST_NAME].encode("utf-8", "backslashreplace").decode()
    return kept.replace("~", "~0").replace("/", "~1")
