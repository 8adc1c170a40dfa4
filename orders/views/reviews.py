"""The reviews of a product over HTTP. Anybody reads them, buyers write them, the staff hides what must not be read.

Under the product's address, but in this app: who may write one is asked of the orders. A review is a person's own word,
so no program writes one in somebody's name.

Somebody else's review cannot be changed and answers so like one that does not exist.

Roadmap: api/rest-resource-design, api/http-methods
"""

from collections.abc import Mapping

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView, get_object_or_404
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.authentication import person_of
from accounts.models import User
from accounts.permissions import Holds, WithinScope
from accounts.representations.fieldsets import Sparse
from orders import reviews as verified
from orders.errors import NotAllowed
from shop import reviews
from shop.errors import AlreadyReviewed
from shop.models import Product, Review, ReviewQuerySet
from shop.pages import Pages
from shop.serializers import ChangeReviewSerializer, ReviewSerializer, WriteReviewSerializer


class ReviewView(APIView):
    """What the endpoints share."""

    permission_classes = [IsAuthenticatedOrReadOnly, WithinScope]
    scopes: Mapping[str, str] = {"GET": "catalog:read"}

    def product(self) -> Product:
        """The listed product of the path."""
        return get_object_or_404(Product.objects.listed().only("id", "slug"), slug=self.kwargs["slug"])

    def reviews(self) -> ReviewQuerySet:
        """Every review of the product, with its author."""
        listed = Review.objects.filter(product__slug=self.kwargs["slug"], product__is_listed=True)
        return listed.select_related("author")


class ProductReviews(Sparse, ReviewView, ListAPIView[Review]):
    """The reviews of one product."""

    serializer_class = ReviewSerializer
    pagination_class = Pages
    problems = (NotAllowed, AlreadyReviewed)

    def get_queryset(self) -> QuerySet[Review]:
        """Two queries: is there such a product, and the page."""
        return Review.objects.visible().filter(product=self.product()).select_related("author").order_by("-created_at")

    @extend_schema(operation_id="list_reviews", tags=["catalogue"])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List what buyers say about a product, newest first."""
        return self.list(request)

    @extend_schema(
        operation_id="write_review",
        request=WriteReviewSerializer,
        responses={201: ReviewSerializer},
        tags=["catalogue"],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Write a review of something that the caller has bought."""
        wanted = WriteReviewSerializer().run_validation(request.data)
        review = verified.write(author=person_of(request), product=self.product(), **wanted)
        location = reverse("review", [slug, review.pk], request=request)
        return Response(ReviewSerializer(review).data, status.HTTP_201_CREATED, headers={"Location": location})


class ReviewDetail(Sparse, ReviewView):
    """One review."""

    serializer_class = ReviewSerializer

    @extend_schema(operation_id="show_review", responses=ReviewSerializer, tags=["catalogue"])
    def get(self, request: Request, slug: str, id: str) -> Response:
        """Show one review; a hidden one only to its author and to who may hide reviews."""
        reader = request.user if isinstance(request.user, User) else None
        return Response(self.get_serializer(get_object_or_404(self.reviews().visible_to(reader), pk=id)).data)

    @extend_schema(
        operation_id="change_review",
        request=ChangeReviewSerializer,
        responses=ReviewSerializer,
        tags=["catalogue"],
    )
    def patch(self, request: Request, slug: str, id: str) -> Response:
        """Change the stars or the words of the caller's own review."""
        wanted = ChangeReviewSerializer().run_validation(request.data)
        return Response(ReviewSerializer(reviews.change(self.own(), **wanted)).data)

    @extend_schema(operation_id="withdraw_review", responses={204: None}, tags=["catalogue"])
    def delete(self, request: Request, slug: str, id: str) -> Response:
        """Take the caller's own review back."""
        reviews.withdraw(self.own())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def own(self) -> Review:
        """The review of the path, if the caller wrote it; else it does not exist."""
        return get_object_or_404(self.reviews(), pk=self.kwargs["id"], author=person_of(self.request))


class ReviewHiding(ReviewView):
    """Whether one review is hidden: the resource is there, or it is not."""

    permission_classes = [Holds.the("shop.hide_review")]
    scopes = {}  # what people said is hidden by a person's hand alone

    @extend_schema(operation_id="hide_review", request=None, responses={204: None}, tags=["catalogue"])
    def put(self, request: Request, slug: str, id: str) -> Response:
        """Take a review out of sight and out of the rating."""
        reviews.hide(get_object_or_404(self.reviews(), pk=id))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="show_review_again", responses={204: None}, tags=["catalogue"])
    def delete(self, request: Request, slug: str, id: str) -> Response:
        """Let everybody see a hidden review again."""
        reviews.show(get_object_or_404(self.reviews(), pk=id))
        return Response(status=status.HTTP_204_NO_CONTENT)
