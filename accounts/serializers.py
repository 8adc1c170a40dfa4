"""The shape of a login: an address and a password in, a pair of tokens out.

Roadmap: api/request-response-validation
"""

from typing import Any

from django.contrib.auth import authenticate
from rest_framework import serializers
from rest_framework_simplejwt.tokens import RefreshToken

from accounts.errors import WrongCredentials


class LogInSerializer(serializers.Serializer[Any]):
    """Checks the credentials and issues the tokens."""

    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=128, trim_whitespace=False, write_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raise WrongCredentials unless the pair fits an open account; it hashes either way, so time tells nothing."""
        user = authenticate(self.context.get("request"), username=attrs["email"], password=attrs["password"])
        if user is None:
            raise WrongCredentials
        refresh = RefreshToken.for_user(user)
        return {"access": str(refresh.access_token), "refresh": str(refresh), "user": user}


class TokenPairSerializer(serializers.Serializer[Any]):
    """A short-lived access token for every call, and a refresh token to get the next one."""

    access = serializers.CharField(help_text="Send it as `Authorization: Bearer …`; valid for 30 minutes.")
    refresh = serializers.CharField(help_text="Exchange it at `auth/token/refresh/`; valid for 7 days.")
