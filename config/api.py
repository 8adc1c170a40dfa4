"""The root of the REST API: which app answers which part of /api/v1/.

Roadmap: frameworks/routing, architecture/modular-monolith
"""

from django.urls import include, path

urlpatterns = [
    path("", include("accounts.urls")),
    path("", include("shop.urls")),
    path("", include("orders.urls")),
]
