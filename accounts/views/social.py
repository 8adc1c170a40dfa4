"""Logging in from elsewhere, and connecting it to one's account: away by a button, back by the browser.

Roadmap: auth/social-login
"""

from typing import Any

from django.conf import settings
from django.contrib.auth.views import RedirectURLMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import View

from accounts import mfa, sessions
from accounts.authentication import origin_of
from accounts.errors import ForeignLoginRefused
from accounts.middleware import asking
from accounts.models import User
from accounts.oauth import identities, social

NEXT = "social-next"


class SocialView(RedirectURLMixin, View):
    """Not here at all unless a provider is configured; what goes wrong is a page with a way back."""

    next_page = "page-account"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Explain in words what did not work."""
        if not social.label():
            raise Http404
        try:
            return super().dispatch(request, *args, **kwargs)
        except (social.SocialTrouble, ForeignLoginRefused) as refusal:
            words = str(refusal) if isinstance(refusal, ForeignLoginRefused) else refusal.__doc__
            facts = {"words": words, "label": settings.SOCIAL_LABEL}
            return render(request, "accounts/oauth/refused.html", facts, status=getattr(refusal, "status", 403))


@method_decorator(never_cache, name="dispatch")
class SendOff(SocialView):
    """Go to the provider. It takes a POST with our token, so nobody is sent there by a link."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Who is logged in means to link, and must have proved lately that it is they."""
        login = sessions.login_of(request)
        if login and not any(sessions.has_proved_lately(login, method) for method in ("pwd", "otp")):
            return redirect(asking("page-log-in", reverse("page-account")))
        request.session[NEXT] = self.get_success_url()
        return social.send_off(request, back=settings.SITE_URL + reverse("page-social-back"))


@method_decorator(never_cache, name="dispatch")
class TakeBack(SocialView):
    """Come back from the provider."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Link it to who is logged in, or log in whom it belongs to; an account with a second factor asks for it."""
        who, origin = social.take_back(request), origin_of(request)
        following = request.session.get(NEXT) or self.get_success_url()
        if isinstance(request.user, User):
            identities.link(request.user, who, origin=origin)
            return redirect("page-account")
        user = identities.admit(who, origin=origin)
        if mfa.is_enrolled(user):
            sessions.await_code(request, user)
            return redirect(asking("page-code", following))
        sessions.begin(request, user, ["social"])
        return redirect(following)
