"""Where tokens are refreshed under /api/v1/. Logging in is in `orders/urls.py`, since it brings the guest's cart along.

Roadmap: frameworks/routing
"""

from django.urls import path

from accounts import views

urlpatterns = [path("auth/token/refresh/", views.Refresh.as_view(), name="refresh")]
