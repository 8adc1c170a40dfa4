"""The shape of a login: an address and a password in, a pair of tokens out.

Roadmap: api/request-response-validation
"""

from typing import Any

from rest_framework import serializers

from accounts.models import TokenFamily
from accounts.serializers.strict import RequestSerializer, TextField
from accounts.sessions import check_credentials


class LogInSerializer(RequestSerializer):
    """Checks the credentials."""

    email = serializers.EmailField(max_length=254)
    password = TextField(max_length=128, trim_whitespace=False, write_only=True)
    code = TextField(
        max_length=40, required=False, write_only=True,
        help_text="Of the authenticator app, or a recovery code; only for accounts that have a second factor.",
    )  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raise WrongCredentials unless the pair fits an open account."""
        return attrs | {"user": check_credentials(self.context["request"], attrs["email"], attrs["password"])}


class TokenPairSerializer(serializers.Serializer[Any]):
    """A short-lived access token for every call, and a refresh token to get the next pair."""

    access = serializers.CharField(help_text="Send it as `Authorization: Bearer …`; valid for 10 minutes.")
    refresh = serializers.CharField(help_text="Exchange it at `auth/token/refresh/`, once; valid for 7 days.")


class RefreshSerializer(RequestSerializer):
    """A refresh token to be exchanged."""

    refresh = TextField(max_length=4000, trim_whitespace=False, write_only=True)


class SessionSerializer(serializers.ModelSerializer[TokenFamily]):
    """One login; `is_current` is the one that asks."""

    is_current = serializers.SerializerMethodField()

    class Meta:
        model = TokenFamily
        fields = ["id", "kind", "is_current", "methods", "address", "agent", "started_at", "used_at", "expires_at"]

    def get_is_current(self, login: TokenFamily) -> bool:
        """Whether it is this very one."""
        return bool(self.context["request"].auth["sid"] == str(login.pk))
