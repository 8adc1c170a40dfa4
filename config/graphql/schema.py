"""The root of the GraphQL schema: what each app adds. Written to `docs/api/schema.graphql` by `make schema`.

Roadmap: api/graphql-schema-and-resolvers, api/graphql-server-libraries
"""

import graphene

from accounts.models import User as Person
from accounts.schema import User
from orders.schema import carts, history, purchases, reviews
from shop.schema import catalogue
from shop.schema.catalogue import Info
from shop.schema.guards import guarded


class Query(catalogue.Query, carts.Query, history.Query, graphene.ObjectType):
    """What can be read."""

    me = graphene.Field(User, description="The caller; null for a guest.")

    @guarded("account:read")
    async def resolve_me(root: None, info: Info) -> Person | None:
        user = info.context.request.user
        return user if user.is_authenticated else None


class Mutation(carts.Mutation, purchases.Mutation, reviews.Mutation, graphene.ObjectType):
    """What can be done. Each takes effect alone and in its order; one that fails undoes only itself."""


schema = graphene.Schema(query=Query, mutation=Mutation)
