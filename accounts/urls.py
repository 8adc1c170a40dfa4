"""Where accounts live under /api/v1/. What brings a guest's cart along, as a login does, is in `orders/urls.py`.

Roadmap: frameworks/routing
"""

from django.urls import path

from accounts.views import (
    account,
    addresses,
    api_keys,
    connections,
    factors,
    passwords,
    registration,
    security_events,
    tokens,
)

urlpatterns = [
    path("auth/registrations/", registration.Registrations.as_view(), name="registrations"),
    path("auth/password-resets/", passwords.PasswordResets.as_view(), name="password-resets"),
    path("auth/password-resets/confirmation/", passwords.ConfirmPasswordReset.as_view(), name="confirm-password-reset"),
    path("account/", account.Account.as_view(), name="account"),
    path("account/email/", account.Email.as_view(), name="email"),
    path("account/email/confirmation/", account.ConfirmEmail.as_view(), name="confirm-email"),
    path("account/addresses/", addresses.Addresses.as_view(), name="addresses"),
    path("account/addresses/<uuid:id>/", addresses.AddressDetail.as_view(), name="address"),
    path("account/closure/", account.Closure.as_view(), name="closure"),
    path("account/security-events/", security_events.SecurityEvents.as_view(), name="security-events"),
    path("account/password/", passwords.Password.as_view(), name="password"),
    path("auth/token/refresh/", tokens.Refresh.as_view(), name="refresh"),
    path("auth/sessions/", tokens.Sessions.as_view(), name="sessions"),
    path("auth/sessions/<uuid:id>/", tokens.Session.as_view(), name="session"),
    path("auth/step-up/", factors.StepUp.as_view(), name="step-up"),
    path("auth/factors/", factors.Factors.as_view(), name="factors"),
    path("auth/factors/<uuid:id>/", factors.FactorDetail.as_view(), name="factor"),
    path("auth/factors/<uuid:id>/confirmation/", factors.FactorConfirmation.as_view(), name="factor-confirmation"),
    path("auth/api-keys/", api_keys.ApiKeys.as_view(), name="api-keys"),
    path("auth/api-keys/<uuid:id>/", api_keys.ApiKeyDetail.as_view(), name="api-key"),
    path("auth/api-keys/<uuid:id>/rotation/", api_keys.ApiKeyRotation.as_view(), name="api-key-rotation"),
    path("auth/recovery-codes/", factors.RecoveryCodes.as_view(), name="recovery-codes"),
    path("account/applications/", connections.Applications.as_view(), name="applications"),
    path("account/applications/<slug:slug>/", connections.ApplicationDetail.as_view(), name="application"),
    path("account/identities/", connections.Identities.as_view(), name="identities"),
    path("account/identities/<uuid:id>/", connections.IdentityDetail.as_view(), name="identity"),
]
