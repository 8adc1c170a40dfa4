"""One's own account over HTTP: looked at, renamed, moved to another address, taken along, closed.

Roadmap: auth/user-authentication
"""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import personal
from accounts.authentication import origin_of, person_of
from accounts.errors import LinkInvalid, StepUpRequired, StillInCharge, TooManyAttempts, WrongPassword
from accounts.permissions import ProvedAgain
from accounts.representations.fieldsets import Sparse
from accounts.serializers.account import (
    AccountSerializer,
    ChangeAccountSerializer,
    ChangeEmailSerializer,
    CloseAccountSerializer,
    ConfirmEmailSerializer,
)


class Account(Sparse):
    """The caller's account."""

    serializer_class = AccountSerializer
    scopes = {"GET": "account:read"}

    @extend_schema(operation_id="show_account", responses=AccountSerializer, tags=["account"])
    def get(self, request: Request) -> Response:
        """Show who the shop takes the caller for."""
        return Response(self.get_serializer(person_of(request)).data)

    @extend_schema(
        operation_id="rename_account", request=ChangeAccountSerializer, responses=AccountSerializer, tags=["account"]
    )
    def patch(self, request: Request) -> Response:
        """Change the name that letters and pages use."""
        wanted = ChangeAccountSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        return Response(AccountSerializer(personal.rename(person_of(request), **wanted.validated_data)).data)


class Email(APIView):
    """The caller's e-mail address. Where it leads, a forgotten password leads: it asks for all that one has."""

    permission_classes = [ProvedAgain]
    problems = (StepUpRequired, TooManyAttempts, WrongPassword)

    @extend_schema(
        operation_id="request_email_change", request=ChangeEmailSerializer, responses={202: None}, tags=["account"]
    )
    def post(self, request: Request) -> Response:
        """Get a letter at the new address, and a notice at the old one. The account moves when the link comes back."""
        wanted = ChangeEmailSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        personal.request_email_change(person_of(request), **wanted.validated_data, origin=origin_of(request))
        return Response(status=status.HTTP_202_ACCEPTED)


class ConfirmEmail(APIView):
    """Use the link from the new address."""

    permission_classes = [AllowAny]
    authentication_classes = []
    problems = (LinkInvalid,)

    @extend_schema(
        operation_id="confirm_email_change", request=ConfirmEmailSerializer, responses={204: None}, tags=["account"]
    )
    def post(self, request: Request) -> Response:
        """Move the account to the address that the link came to."""
        shown = ConfirmEmailSerializer(data=request.data)
        shown.is_valid(raise_exception=True)
        personal.confirm_email_change(**shown.validated_data, origin=origin_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class Closure(APIView):
    """The end of the caller's account."""

    problems = (TooManyAttempts, WrongPassword, StillInCharge)

    @extend_schema(
        operation_id="close_account", request=CloseAccountSerializer, responses={204: None}, tags=["account"]
    )
    def post(self, request: Request) -> Response:
        """Close the account and forget the person. Orders stay in the books, the address is free again."""
        proof = CloseAccountSerializer(data=request.data)
        proof.is_valid(raise_exception=True)
        personal.close(person_of(request), **proof.validated_data, origin=origin_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
