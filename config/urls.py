"""Where every request enters.

Roadmap: frameworks/routing
"""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView

from accounts.views.pages import LogOut
from accounts.views.tokens import jwks
from config import views
from config.browsers.reports import Reports
from config.graphql.endpoint import GraphQL
from shop.views.images import picture
from shop.views.pages import product_page

admin.site.site_header = admin.site.site_title = "Roadmap Shop"
admin.site.index_title = "Behind the counter"
# The admin has no way in or out of its own: one login page, one lock, one list of logins.
admin.site.login = RedirectView.as_view(pattern_name="page-log-in", query_string=True)  # type: ignore[method-assign, assignment]
# Django's own form for a new password would leave the logins of other devices open, and tell nobody.
admin.site.password_change = RedirectView.as_view(pattern_name="page-password")  # type: ignore[method-assign, assignment]
admin.site.logout = LogOut.as_view()  # type: ignore[method-assign, assignment]

#: The documents and their pages are for everybody, and look at no token.
OPEN: dict[str, Any] = {"permission_classes": [], "authentication_classes": []}

urlpatterns = [
    path("api/v1/", include(("config.api", "api"), namespace="v1")),
    path("api/v2/", include(("config.api", "api"), namespace="v2")),
    path("", views.door, name="door"),
    path(".well-known/jwks.json", jwks, name="jwks"),
    path("", include("accounts.oauth.urls")),
    path("graphql/", GraphQL.as_view(), name="graphql"),
    path("graphql/ui/", views.graphiql, name="graphiql"),
    path("api/versions/", views.versions, name="versions"),
    path("api/schema/", SpectacularAPIView.as_view(api_version="v1", **OPEN), name="schema"),
    path("api/schema/v2/", SpectacularAPIView.as_view(api_version="v2", **OPEN), name="schema-v2"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema", **OPEN)),
    path("api/docs/v2/", SpectacularSwaggerView.as_view(url_name="schema-v2", **OPEN)),
    path("api/redoc/", SpectacularRedocView.as_view(url_name="schema", **OPEN)),
    path("api/redoc/v2/", SpectacularRedocView.as_view(url_name="schema-v2", **OPEN)),
    path("media/images/<uuid:id>/<int:size>.webp", picture, name="picture"),
    path("products/<slug:slug>/", product_page, name="page-product"),
    path("problems/<slug:slug>/", views.problem_page, name="problem"),
    path("reports/csp/", Reports.as_view(), name="csp-reports"),
    path("healthz/", include("config.health")),
    path("account/", include("accounts.views.page_urls")),
    path(settings.ADMIN_PATH, admin.site.urls),
]
handler404 = views.not_found
handler500 = views.server_error
