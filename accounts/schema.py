"""An account in GraphQL: what its owner sees of it.

Roadmap: api/graphql-schema-and-resolvers
"""

import graphene


class User(graphene.ObjectType):
    """Somebody with a login."""

    email = graphene.String(required=True)
    name = graphene.String(required=True)
    is_business = graphene.Boolean(required=True, description="Approved as a business customer: sees trade prices.")
