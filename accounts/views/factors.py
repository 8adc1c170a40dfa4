"""One's second factors over HTTP, and the proof of one that some acts ask for (RFC 9470).

Roadmap: auth/mfa
"""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import mfa, tokens
from accounts.authentication import origin_of, person_of
from accounts.errors import NotEnrolled, StepUpRequired, TooManyCodes, TooManyFactors, WrongCode
from accounts.models import Factor
from accounts.permissions import ProvedAgain, SteppedUp
from accounts.representations.fieldsets import Sparse
from accounts.serializers import factors as shapes


class Factors(Sparse, ListAPIView[Factor]):
    """The caller's authenticator apps."""

    serializer_class = shapes.FactorSerializer
    queryset = Factor.objects.none()
    permission_classes = [ProvedAgain]
    problems = (StepUpRequired, TooManyFactors)
    keeps_body = True  # the seed of the codes

    def get_queryset(self) -> QuerySet[Factor]:
        """One query."""
        return Factor.objects.of(person_of(self.request))

    @extend_schema(operation_id="list_factors", tags=["auth"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the caller's second factors, oldest first."""
        return self.list(request)

    @extend_schema(
        operation_id="start_factor", tags=["auth"],
        request=shapes.StartFactorSerializer, responses={201: shapes.EnrolmentSerializer},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Start to set up an authenticator app. It counts when a first code has confirmed it."""
        wish = shapes.StartFactorSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        enrolment = mfa.start(person_of(request), name=wish.validated_data["name"])
        return Response(shapes.EnrolmentSerializer(enrolment).data, status.HTTP_201_CREATED)


class FactorDetail(APIView):
    """One of the caller's apps."""

    permission_classes = [ProvedAgain]
    problems = (StepUpRequired,)

    @extend_schema(operation_id="remove_factor", request=None, responses={204: None}, tags=["auth"])
    def delete(self, request: Request, id: UUID) -> Response:
        """Remove an authenticator app. Without any, a password is enough to log in again."""
        if not mfa.remove(person_of(request), id, origin=origin_of(request)):
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


class FactorConfirmation(APIView):
    """The first code of a new app."""

    permission_classes = [ProvedAgain]
    problems = (StepUpRequired, WrongCode)
    keeps_body = True  # the recovery codes

    @extend_schema(
        operation_id="confirm_factor", tags=["auth"],
        request=shapes.CodeSerializer, responses=shapes.RecoveryCodesSerializer,
    )  # fmt: skip
    def post(self, request: Request, id: UUID) -> Response:
        """Confirm a new app by its first code. With the first app come ten recovery codes."""
        shown = shapes.CodeSerializer(data=request.data)
        shown.is_valid(raise_exception=True)
        try:
            codes = mfa.confirm(person_of(request), id, shown.validated_data["code"], origin=origin_of(request))
        except Factor.DoesNotExist:
            raise Http404 from None
        return Response(shapes.RecoveryCodesSerializer({"recovery_codes": codes}).data)


class RecoveryCodes(APIView):
    """The caller's recovery codes."""

    permission_classes = [SteppedUp]
    problems = (StepUpRequired, NotEnrolled)
    keeps_body = True  # the recovery codes

    @extend_schema(
        operation_id="replace_recovery_codes", tags=["auth"],
        request=None, responses={201: shapes.RecoveryCodesSerializer},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Make ten new recovery codes; the old ones are worth nothing from now on."""
        codes = mfa.replace_recovery_codes(person_of(request), origin=origin_of(request))
        return Response(shapes.RecoveryCodesSerializer({"recovery_codes": codes}).data, status.HTTP_201_CREATED)


class StepUp(APIView):
    """A second factor, shown again for the login that asks."""

    problems = (NotEnrolled, WrongCode, TooManyCodes)
    keeps_body = True  # the token

    @extend_schema(
        operation_id="step_up", tags=["auth"], request=shapes.CodeSerializer, responses=shapes.SteppedUpSerializer
    )
    def post(self, request: Request) -> Response:
        """Prove again who you are. The access token in the answer opens for 15 minutes what asks for that."""
        shown = shapes.CodeSerializer(data=request.data)
        shown.is_valid(raise_exception=True)
        mfa.prove(person_of(request), shown.validated_data["code"], origin=origin_of(request))
        login = UUID(request.auth["sid"])  # type: ignore[index] # programs do not come so far: no scope opens this
        access = tokens.step_up(login, methods=["pwd", "otp"], origin=origin_of(request))
        return Response(shapes.SteppedUpSerializer({"access": access}).data)
