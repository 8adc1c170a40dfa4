"""Passwords over HTTP: changed by who knows the present one, reset by who reads the mail of the account.

Roadmap: auth/user-authentication, auth/password-policy
"""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import passwords
from accounts.authentication import origin_of, person_of
from accounts.errors import LinkInvalid, TooManyAttempts, WeakPassword, WrongPassword
from accounts.serializers.passwords import (
    ChangePasswordSerializer,
    ForgottenPasswordSerializer,
    ResetPasswordSerializer,
)


class PasswordResets(APIView):
    """Ask for the link to a new password."""

    permission_classes = [AllowAny]
    authentication_classes = []
    problems = (TooManyAttempts,)

    @extend_schema(
        operation_id="request_password_reset", request=ForgottenPasswordSerializer, responses={202: None}, tags=["auth"]
    )
    def post(self, request: Request) -> Response:
        """Get a letter with a link, if the address has an account; the answer does not tell."""
        asked = ForgottenPasswordSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        passwords.request_reset(asked.validated_data["email"], origin=origin_of(request))
        return Response(status=status.HTTP_202_ACCEPTED)


class ConfirmPasswordReset(APIView):
    """Use the link."""

    permission_classes = [AllowAny]
    authentication_classes = []
    problems = (LinkInvalid, WeakPassword)

    @extend_schema(operation_id="reset_password", request=ResetPasswordSerializer, responses={204: None}, tags=["auth"])
    def post(self, request: Request) -> Response:
        """Choose a new password. Every login ends; log in with the new one."""
        chosen = ResetPasswordSerializer(data=request.data)
        chosen.is_valid(raise_exception=True)
        passwords.reset(**chosen.validated_data, origin=origin_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class Password(APIView):
    """The caller's password."""

    problems = (TooManyAttempts, WrongPassword, WeakPassword)

    @extend_schema(
        operation_id="change_password", request=ChangePasswordSerializer, responses={204: None}, tags=["account"]
    )
    def post(self, request: Request) -> Response:
        """Change the password. Every other login ends, and the owner gets a letter."""
        wanted = ChangePasswordSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        current, new = wanted.validated_data["current_password"], wanted.validated_data["new_password"]
        login = UUID(request.auth["sid"])  # type: ignore[index] # the scheme makes it a token of ours
        passwords.change(person_of(request), current=current, new=new, login=login, origin=origin_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
