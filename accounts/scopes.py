"""What a program may be allowed to do in somebody's name: the scopes of OAuth clients and of API keys.

A scope is a part of what the person may do and never more: the roles and policies are asked as well. Each view says in
`scopes` which one each of its methods needs; what a view does not name stays closed to programs. The sentences are what
people read before they agree.

Roadmap: auth/oauth2-scopes
"""

SCOPES = {
    "catalog:read": "see the products and their prices",
    "cart:read": "see your cart",
    "cart:write": "put things into your cart and take them out",
    "orders:read": "see your orders",
    "orders:write": "buy what is in your cart, and cancel orders",
    "account:read": "see your account",
    "catalog:write": "change products, pictures, prices and categories, if your role lets you",
    "stock:read": "see how much of everything there is, if your role lets you",
    "stock:write": "book deliveries and counts and set units aside, if your role lets you",
}
#: What a client may be given for itself, with nobody behind it: it has no cart, no orders and no account.
CLIENTS_OWN = {name: SCOPES[name] for name in ("catalog:read",)}
#: What a client may learn of the person itself, by OpenID Connect.
IDENTITY = {
    "openid": "know that it is you, each time you come",
    "profile": "know your name",
    "email": "know your e-mail address",
}
