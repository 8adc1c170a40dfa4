"""Registration over HTTP: ask with an address, come back with the link's token.

Roadmap: auth/user-authentication
"""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import registration, tokens
from accounts.authentication import origin_of
from accounts.errors import LinkInvalid, TooManyAttempts, WeakPassword
from accounts.models import User
from accounts.serializers.registration import ConfirmRegistrationSerializer, RegistrationSerializer
from accounts.serializers.tokens import TokenPairSerializer


class Registrations(APIView):
    """Ask for an account."""

    permission_classes = [AllowAny]
    authentication_classes = []
    problems = (TooManyAttempts,)

    @extend_schema(operation_id="ask_to_register", request=RegistrationSerializer, responses={202: None}, tags=["auth"])
    def post(self, request: Request) -> Response:
        """Get a letter with a link. The answer is the same whether or not the address has an account."""
        asked = RegistrationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        registration.request(asked.validated_data["email"], origin=origin_of(request))
        return Response(status=status.HTTP_202_ACCEPTED)


class ConfirmRegistration(APIView):
    """Make the account that was asked for."""

    permission_classes = [AllowAny]
    authentication_classes = []
    problems = (LinkInvalid, WeakPassword)
    keeps_body = True  # the tokens

    @extend_schema(
        operation_id="confirm_registration",
        request=ConfirmRegistrationSerializer,
        responses={201: TokenPairSerializer},
        tags=["auth"],
    )
    def post(self, request: Request) -> Response:
        """Choose a name and a password; the account is made and logged in."""
        chosen = ConfirmRegistrationSerializer(data=request.data)
        chosen.is_valid(raise_exception=True)
        user = registration.confirm(**chosen.validated_data, origin=origin_of(request))
        pair = tokens.log_in(user, methods=["pwd"], origin=origin_of(request))
        self.welcome(user, request)
        return Response(TokenPairSerializer(pair).data, status.HTTP_201_CREATED)

    def welcome(self, user: User, request: Request) -> None:
        """What an app to the left does for somebody who just came in; nothing here."""
