"""Where the pages about one's account are.

Roadmap: frameworks/routing
"""

from django.urls import path

from accounts.views import pages

urlpatterns = [
    path("", pages.Account.as_view(), name="page-account"),
    path("log-in/", pages.LogIn.as_view(), name="page-log-in"),
    path("log-out/", pages.LogOut.as_view(), name="page-log-out"),
    path("devices/log-out/", pages.OtherDevices.as_view(), name="page-log-out-others"),
    path("devices/<uuid:id>/log-out/", pages.Device.as_view(), name="page-log-out-device"),
]
