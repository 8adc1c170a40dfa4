"""One's delivery addresses over HTTP. A program may be let to read them; where parcels go, only the person decides.

Somebody else's address answers like one that does not exist.

Roadmap: api/crud-endpoints, api/rest-resource-design, api/http-methods
"""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts import addresses
from accounts.authentication import person_of
from accounts.errors import TooManyAddresses
from accounts.models import Address
from accounts.preconditions.headers import Versioned
from accounts.representations.fieldsets import Sparse
from accounts.serializers.addresses import ChangeAddressSerializer, KeepAddressSerializer, KeptAddressSerializer
from accounts.serializers.strict import RequestSerializer


class Addresses(Sparse, ListAPIView[Address]):
    """The caller's delivery addresses."""

    scopes = {"GET": "account:read"}
    problems = (TooManyAddresses,)
    serializer_class = KeptAddressSerializer
    queryset = Address.objects.none()

    def get_queryset(self) -> QuerySet[Address]:
        """One query."""
        return Address.objects.of(person_of(self.request))

    @extend_schema(operation_id="list_addresses", tags=["account"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the caller's delivery addresses, oldest first."""
        return self.list(request)

    @extend_schema(
        operation_id="add_address", tags=["account"],
        request=KeepAddressSerializer, responses={201: KeptAddressSerializer},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Keep a delivery address, at most twenty. As the default it takes the place of the one that was."""
        wanted = KeepAddressSerializer().run_validation(request.data)
        address = addresses.add(person_of(request), **wanted)
        place = reverse("address", [address.pk], request=request)
        return Response(KeptAddressSerializer(address).data, status.HTTP_201_CREATED, headers={"Location": place})


class AddressDetail(Sparse, Versioned):
    """One delivery address of the caller."""

    scopes = {"GET": "account:read"}
    serializer_class = KeptAddressSerializer
    queryset = Address.objects.none()
    lookup_field = "id"

    def get_queryset(self) -> QuerySet[Address]:
        """Nobody else's."""
        return Address.objects.of(person_of(self.request))

    @extend_schema(operation_id="show_address", tags=["account"])
    def get(self, request: Request, id: UUID) -> Response:
        """Show one delivery address."""
        address = self.get_object()
        return self.answer(address, self.get_serializer(address).data)

    @extend_schema(operation_id="replace_address", request=KeepAddressSerializer, tags=["account"])
    def put(self, request: Request, id: UUID) -> Response:
        """Replace all of a delivery address. Orders that went to the old one keep it."""
        return self.write(id, KeepAddressSerializer())

    @extend_schema(operation_id="change_address", request=ChangeAddressSerializer, tags=["account"])
    def patch(self, request: Request, id: UUID) -> Response:
        """Change some of a delivery address, or make it the default. What is left out stays as it is."""
        return self.write(id, ChangeAddressSerializer())

    def write(self, address_id: UUID, shape: RequestSerializer) -> Response:
        """Write what the body says, unless it was changed elsewhere meanwhile."""
        wanted = shape.run_validation(self.request.data)
        address = addresses.change(person_of(self.request), address_id, expected=self.expected(), **wanted)
        if address is None:
            raise Http404
        return self.answer(address, self.get_serializer(address).data)

    @extend_schema(operation_id="remove_address", request=None, responses={204: None}, tags=["account"])
    def delete(self, request: Request, id: UUID) -> Response:
        """Forget a delivery address."""
        if not addresses.remove(person_of(request), id, expected=self.expected()):
            raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)
