"""An account in GraphQL: what its owner sees of it.

Roadmap: api/graphql-schema-and-resolvers
"""

import graphene


class User(graphene.ObjectType):
    """Somebody with a login."""

    email = graphene.String(required=True)
    name = graphene.String(required=True)
