"""Reviews in GraphQL: written by buyers, changed and taken back by their authors, hidden by the staff, as in REST.

Roadmap: api/graphql-queries-and-mutations
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import graphene
from rest_framework.exceptions import NotFound

from accounts.models import User
from accounts.permissions import Holds
from orders import reviews as verified
from shop import models, reviews
from shop.schema.guards import logged_in
from shop.schema.loading import Info, on_request_thread
from shop.schema.reviews import Review
from shop.serializers import ChangeReviewSerializer, WriteReviewSerializer


class WriteReview(graphene.Mutation):
    """Write a review of something that the caller has bought."""

    class Arguments:
        slug = graphene.String(required=True, description="Of the product.")
        rating = graphene.Int(required=True, description="Stars, five for the best.")
        text = graphene.String(default_value="")

    review = graphene.Field(Review, required=True)

    @logged_in("")
    async def mutate(root: None, info: Info, slug: str, **wanted: Any) -> "WriteReview":
        review = await on_request_thread(_write)(info.context.person, slug, wanted)
        info.context.forget()
        return WriteReview(review=review)


class ChangeReview(graphene.Mutation):
    """Change the stars or the words of the caller's own review."""

    class Arguments:
        id = graphene.ID(required=True)
        rating = graphene.Int()
        text = graphene.String()

    review = graphene.Field(Review, required=True)

    @logged_in("")
    async def mutate(root: None, info: Info, id: str, **wanted: Any) -> "ChangeReview":
        review = await on_request_thread(_change)(info.context.person, id, wanted)
        info.context.forget()
        return ChangeReview(review=review)


class WithdrawReview(graphene.Mutation):
    """Take the caller's own review back."""

    class Arguments:
        id = graphene.ID(required=True)

    id = graphene.ID(required=True, description="What it was called.")

    @logged_in("")
    async def mutate(root: None, info: Info, id: str) -> "WithdrawReview":
        await on_request_thread(lambda: reviews.withdraw(_review(id, author=info.context.person)))()
        info.context.forget()
        return WithdrawReview(id=id)


class HideReview(graphene.Mutation):
    """Take a review out of sight and out of the rating, or let everybody see it again."""

    class Arguments:
        id = graphene.ID(required=True)
        is_hidden = graphene.Boolean(default_value=True)

    review = graphene.Field(Review, required=True)

    @logged_in("", Holds.the("shop.hide_review"))
    async def mutate(root: None, info: Info, id: str, is_hidden: bool) -> "HideReview":
        act: Callable[[models.Review], None] = reviews.hide if is_hidden else reviews.show
        await on_request_thread(lambda: act(_review(id)))()
        info.context.forget()
        return HideReview(review=await on_request_thread(_review)(id))


class Mutation(graphene.ObjectType):
    """What can be done with reviews."""

    write_review = WriteReview.Field(required=True)
    change_review = ChangeReview.Field(required=True)
    withdraw_review = WithdrawReview.Field(required=True)
    hide_review = HideReview.Field(required=True)


def _write(author: User, slug: str, wanted: dict[str, Any]) -> models.Review:
    valid = WriteReviewSerializer().run_validation(wanted)
    product = models.Product.objects.listed().filter(slug=slug).first()
    if product is None:
        raise NotFound
    return verified.write(author=author, product=product, **valid)


def _change(author: User, id: str, wanted: dict[str, Any]) -> models.Review:
    return reviews.change(_review(id, author=author), **ChangeReviewSerializer().run_validation(wanted))


def _review(id: str, **owner: User) -> models.Review:
    """The review, if it is the owner's; any other does not exist."""
    try:
        wanted = UUID(id)
    except ValueError:
        raise NotFound from None
    found = models.Review.objects.filter(product__is_listed=True, pk=wanted, **owner).select_related("author").first()
    if found is None:
        raise NotFound
    return found
