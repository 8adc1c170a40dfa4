"""Where the pages about one's account are.

Roadmap: frameworks/routing
"""

from django.urls import path

from accounts.views import factor_pages, letter_pages, pages, social

urlpatterns = [
    path("", pages.Account.as_view(), name="page-account"),
    path("log-in/", pages.LogIn.as_view(), name="page-log-in"),
    path("social/", social.SendOff.as_view(), name="page-social"),
    path("social/back/", social.TakeBack.as_view(), name="page-social-back"),
    path("log-out/", pages.LogOut.as_view(), name="page-log-out"),
    path("password/", pages.Password.as_view(), name="page-password"),
    path("programs/<slug:client_id>/end/", pages.Program.as_view(), name="page-end-program"),
    path("devices/log-out/", pages.OtherDevices.as_view(), name="page-log-out-others"),
    path("devices/<uuid:id>/log-out/", pages.Device.as_view(), name="page-log-out-device"),
    path("register/", letter_pages.Register.as_view(), name="page-register"),
    path("registration/", letter_pages.ConfirmRegistration.as_view(), name="page-confirm-registration"),
    path("forgotten-password/", letter_pages.ForgottenPassword.as_view(), name="page-forgotten-password"),
    path("new-password/", letter_pages.NewPassword.as_view(), name="page-new-password"),
    path("new-address/", letter_pages.NewAddress.as_view(), name="page-new-address"),
    path("code/", factor_pages.Code.as_view(), name="page-code"),
    path("factors/", factor_pages.Factors.as_view(), name="page-factors"),
    path("factors/new/", factor_pages.NewFactor.as_view(), name="page-new-factor"),
    path("factors/<uuid:id>/removal/", factor_pages.Removal.as_view(), name="page-remove-factor"),
    path("recovery-codes/", factor_pages.RecoveryCodes.as_view(), name="page-recovery-codes"),
]
