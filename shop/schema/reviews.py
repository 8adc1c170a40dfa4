"""Reviews and ratings in GraphQL: whatever is asked for, one query for the reviews and one for the ratings.

Roadmap: api/graphql-dataloader
"""

from collections.abc import Mapping

import graphene
from graphene_django import DjangoObjectType

from shop import models
from shop.schema import paging
from shop.schema.loading import Info


class Review(DjangoObjectType):
    """What one buyer says about a product."""

    class Meta:
        model = models.Review
        fields = ("text", "is_hidden", "created_at", "updated_at")
        skip_registry = True

    id = graphene.ID(required=True)
    author = graphene.String(required=True, description="The buyer's first name.")
    rating = graphene.Int(required=True, description="Stars, five for the best.")

    def resolve_author(root: models.Review, info: Info) -> str:
        return root.author_name


class ReviewConnection(graphene.relay.Connection):
    """A page of reviews."""

    class Meta:
        node = Review


def rating_of(ids: list[int]) -> Mapping[int, models.Rating]:
    """Rating by product."""
    return models.Rating.objects.in_bulk(ids)


def reviews_of(ids: list[int], wanted: paging.Window) -> Mapping[int, list[models.Review]]:
    """The same page of visible reviews of each of these products, with their authors."""
    visible = models.Review.objects.visible().filter(product__in=ids)
    return paging.of_each("product_id", visible.select_related("author"), wanted)
