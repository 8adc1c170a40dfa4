"""Logging in over the API: credentials become a short-lived access token and a refresh token.

Roadmap: auth/stateless-authentication, auth/access-and-refresh-tokens
"""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.views import TokenRefreshView

from accounts.errors import WrongCredentials
from accounts.models import User
from accounts.serializers import LogInSerializer, TokenPairSerializer


class LogIn(APIView):
    """Exchange an e-mail address and a password for a pair of tokens."""

    permission_classes = [AllowAny]
    authentication_classes = []
    problems = (WrongCredentials,)

    @extend_schema(request=LogInSerializer, responses=TokenPairSerializer, operation_id="log_in", tags=["auth"])
    def post(self, request: Request) -> Response:
        """Log in with an address and a password."""
        serializer = LogInSerializer(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        self.welcome(serializer.validated_data.pop("user"), request)
        return Response(serializer.validated_data)

    def welcome(self, user: User, request: Request) -> None:
        """What an app to the left does for somebody who just logged in; nothing here."""


class Refresh(TokenRefreshView):
    """Exchange a refresh token for a new access token."""

    permission_classes = (AllowAny,)  # type: ignore[assignment] # simplejwt types it as the empty tuple
    problems = (InvalidToken,)

    @extend_schema(operation_id="refresh_token", tags=["auth"])
    def post(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Get a new access token."""
        try:
            return super().post(request, *args, **kwargs)
        except User.DoesNotExist:  # deleted since; simplejwt does not expect it
            raise InvalidToken from None
