"""Pictures of products in GraphQL: one query for all that an answer shows.

Roadmap: api/graphql-dataloader
"""

from collections.abc import Mapping

import graphene

from shop import models
from shop.models.images import THUMBNAILS, WHOLE
from shop.schema.loading import Info


class Thumbnail(graphene.ObjectType):
    """A picture made small."""

    size = graphene.Int(required=True, description="The longest side in pixels.")
    url = graphene.String(required=True)


class Image(graphene.ObjectType):
    """A picture of a product."""

    url = graphene.String(required=True)
    thumbnails = graphene.List(graphene.NonNull(Thumbnail), required=True)
    alt = graphene.String(required=True, description="What can be seen, for who cannot see it.")
    width = graphene.Int(required=True)
    height = graphene.Int(required=True)

    def resolve_url(root: models.ProductImage, info: Info) -> str:
        return info.context.request.build_absolute_uri(root.url(WHOLE))

    def resolve_thumbnails(root: models.ProductImage, info: Info) -> list[Thumbnail]:
        absolute = info.context.request.build_absolute_uri
        return [Thumbnail(size=size, url=absolute(root.url(size))) for size in THUMBNAILS]


def images_of(ids: list[int]) -> Mapping[int, list[models.ProductImage]]:
    """Pictures by product, the oldest first."""
    found: dict[int, list[models.ProductImage]] = {}
    for image in models.ProductImage.objects.ready().filter(product__in=ids):
        found.setdefault(image.product_id, []).append(image)
    return found
