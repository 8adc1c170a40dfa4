"""Where one's sessions are under /api/v1/. Logging in is in `orders/urls.py`, since it brings the guest's cart along.

Roadmap: frameworks/routing
"""

from django.urls import path

from accounts.views import factors, tokens

urlpatterns = [
    path("auth/token/refresh/", tokens.Refresh.as_view(), name="refresh"),
    path("auth/sessions/", tokens.Sessions.as_view(), name="sessions"),
    path("auth/sessions/<uuid:id>/", tokens.Session.as_view(), name="session"),
    path("auth/step-up/", factors.StepUp.as_view(), name="step-up"),
    path("auth/factors/", factors.Factors.as_view(), name="factors"),
    path("auth/factors/<uuid:id>/", factors.FactorDetail.as_view(), name="factor"),
    path("auth/factors/<uuid:id>/confirmation/", factors.FactorConfirmation.as_view(), name="factor-confirmation"),
    path("auth/recovery-codes/", factors.RecoveryCodes.as_view(), name="recovery-codes"),
]
