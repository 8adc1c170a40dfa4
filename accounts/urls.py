"""Where one's sessions are under /api/v1/. Logging in is in `orders/urls.py`, since it brings the guest's cart along.

Roadmap: frameworks/routing
"""

from django.urls import path

from accounts.views import tokens

urlpatterns = [
    path("auth/token/refresh/", tokens.Refresh.as_view(), name="refresh"),
    path("auth/sessions/", tokens.Sessions.as_view(), name="sessions"),
    path("auth/sessions/<uuid:id>/", tokens.Session.as_view(), name="session"),
]
