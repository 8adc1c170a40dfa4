"""Logging in over the API: credentials become a pair of tokens, the pair is renewed, a login is looked at and ended.

Roadmap: auth/user-authentication, auth/access-and-refresh-tokens
"""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import InvalidToken

from accounts import keys, mfa, tokens
from accounts.authentication import origin_of, person_of
from accounts.errors import (
    SecondFactorRequired,
    TokenReused,
    TooManyAttempts,
    TooManyCodes,
    WrongCode,
    WrongCredentials,
)
from accounts.models import TokenFamily, User
from accounts.representations.fieldsets import Sparse
from accounts.serializers.tokens import LogInSerializer, RefreshSerializer, SessionSerializer, TokenPairSerializer


class LogIn(APIView):
    """Exchange an e-mail address and a password for a pair of tokens."""

    permission_classes = [AllowAny]
    authentication_classes = []
    problems = (WrongCredentials, SecondFactorRequired, WrongCode, TooManyCodes, TooManyAttempts)
    keeps_body = True  # the tokens

    @extend_schema(request=LogInSerializer, responses=TokenPairSerializer, operation_id="log_in", tags=["auth"])
    def post(self, request: Request) -> Response:
        """Log in with an address and a password, and a code if the account has a second factor."""
        serializer = LogInSerializer(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        user, code = serializer.validated_data["user"], serializer.validated_data.get("code", "")
        methods = mfa.second_step(user, code, origin=origin_of(request))
        pair = tokens.log_in(user, methods=methods, origin=origin_of(request))
        self.welcome(user, request)
        return Response(TokenPairSerializer(pair).data)

    def welcome(self, user: User, request: Request) -> None:
        """What an app to the left does for somebody who just logged in; nothing here."""


class Refresh(APIView):
    """Exchange a refresh token for the next pair."""

    permission_classes = [AllowAny]
    authentication_classes = []
    problems = (InvalidToken, TokenReused)
    keeps_body = True  # the tokens

    @extend_schema(
        request=RefreshSerializer, responses=TokenPairSerializer, operation_id="refresh_token", tags=["auth"]
    )
    def post(self, request: Request) -> Response:
        """Get the next pair. Each refresh token works once; one that comes twice ends the login."""
        serializer = RefreshSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        pair = tokens.refresh(serializer.validated_data["refresh"], origin=origin_of(request))
        return Response(TokenPairSerializer(pair).data)


class Sessions(Sparse, ListAPIView[TokenFamily]):
    """The caller's open logins, one for each device or client."""

    serializer_class = SessionSerializer
    queryset = TokenFamily.objects.none()

    def get_queryset(self) -> QuerySet[TokenFamily]:
        """One query."""
        return TokenFamily.objects.of(person_of(self.request)).open()

    @extend_schema(operation_id="list_sessions", tags=["auth"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List where the caller is logged in, the latest use first."""
        return self.list(request)

    @extend_schema(operation_id="end_all_sessions", responses={204: None}, tags=["auth"])
    def delete(self, request: Request) -> Response:
        """Log out everywhere, here included."""
        tokens.log_out_everywhere(person_of(request), origin=origin_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class Session(APIView):
    """One of the caller's logins."""

    @extend_schema(operation_id="end_session", request=None, responses={204: None}, tags=["auth"])
    def delete(self, request: Request, id: UUID) -> Response:
        """Log out there: neither of its tokens opens anything from now on."""
        if not tokens.log_out(id, user=person_of(request), origin=origin_of(request)):
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


@require_safe
@cache_control(public=True, max_age=int(keys.LEAD.total_seconds()) - keys.CACHE)
def jwks(request: HttpRequest) -> JsonResponse:
    """Show the public keys, by which anybody can verify our tokens (RFC 7517).

    Roadmap: auth/resource-server
    """
    return JsonResponse({"keys": keys.published()}, content_type="application/jwk-set+json")
