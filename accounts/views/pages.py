"""Pages about one's own account: log in, log out, see where one is logged in, change the password. No JavaScript.

Every POST carries Django's CSRF token, no page is kept by any cache, and `next` leads nowhere but into this shop.

Roadmap: auth/user-authentication, frameworks/mvc
"""

from math import ceil
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import RedirectURLMixin
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView, TemplateView, View

from accounts import mfa, passwords, sessions, tokens
from accounts.authentication import origin_of, person_of
from accounts.errors import TooManyAttempts, WeakPassword, WrongPassword
from accounts.forms import ChangePasswordForm, LogInForm
from accounts.middleware import asking
from accounts.models import TokenFamily, User
from accounts.oauth import grants, social

#: So many of the latest security events stand on the page; the API lists all of them.
LATEST = 10


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class LogIn(RedirectURLMixin, FormView):
    """Log in with an address and a password. Somebody who is logged in may become somebody else here."""

    template_name = "accounts/pages/log_in.html"
    form_class = LogInForm
    next_page = "page-account"

    def get_form_kwargs(self) -> dict[str, Any]:
        """The form checks the credentials, and writes down where they came from."""
        return super().get_form_kwargs() | {"request": self.request}

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """`next` goes along in the form, if it leads into this shop."""
        return super().get_context_data(next=self.get_redirect_url(), social=social.label(), **context)

    def form_valid(self, form: LogInForm) -> HttpResponse:
        """Begin the session, unless the account asks for a code first."""
        if mfa.is_enrolled(form.user):
            sessions.await_code(self.request, form.user)
            return redirect(asking("page-code", self.get_success_url()))
        sessions.begin(self.request, form.user, ["pwd"])
        return redirect(self.get_success_url())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Whoever guessed too often is told how long to wait."""
        try:
            return super().post(request, *args, **kwargs)
        except TooManyAttempts as refusal:
            return too_many(request, refusal)


@method_decorator(never_cache, name="dispatch")
class LogOut(FormView):
    """Log this browser out. A link or a picture on somebody's page cannot: it takes a POST with our token."""

    template_name = "accounts/pages/log_out.html"
    form_class = Form

    def form_valid(self, form: Form) -> HttpResponse:
        """End the login."""
        sessions.end(self.request)
        return redirect("page-log-in")


@method_decorator(never_cache, name="dispatch")
class Account(LoginRequiredMixin, TemplateView):
    """Where one is logged in, and what happened to the account lately."""

    template_name = "accounts/pages/account.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Five queries: the session's two, the programs, the logins, the events."""
        user = person_of(self.request)
        events = user.security_events.order_by("-id")[:LATEST]
        logins = TokenFamily.objects.of(user).open()
        return super().get_context_data(
            programs=grants.applications_of(user), logins=logins, events=events,
            current=sessions.login_of(self.request), social=social.label(), **context,
        )  # fmt: skip


@method_decorator([never_cache, sensitive_post_parameters("current", "new")], name="dispatch")
class Password(LoginRequiredMixin, FormView):
    """Change a password that one knows. The admin's link leads here, too."""

    template_name = "accounts/pages/password.html"
    form_class = ChangePasswordForm

    def form_valid(self, form: ChangePasswordForm) -> HttpResponse:
        """Replace it, as the API does; this browser stays logged in."""
        person, login = person_of(self.request), sessions.login_of(self.request)
        assert login is not None
        try:
            passwords.change(person, **form.cleaned_data, login=login.pk, origin=origin_of(self.request))
        except TooManyAttempts as refusal:
            return too_many(self.request, refusal)
        except (WrongPassword, WeakPassword) as refusal:
            form.add_error("current" if isinstance(refusal, WrongPassword) else "new", str(refusal))
            return self.form_invalid(form)
        return self.changed(person)

    def changed(self, person: User) -> HttpResponse:
        """Keep this browser logged in, under a new session id."""
        update_session_auth_hash(self.request, person)
        messages.success(self.request, "The new password is good from now on. Every other login has ended.")
        return redirect("page-account")


@method_decorator(never_cache, name="dispatch")
class Device(LoginRequiredMixin, View):
    """One of one's logins, seen from a page."""

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """End it, be it this one. One that is not one's own, or has ended, is as good as ended."""
        tokens.log_out(id, user=person_of(request), origin=origin_of(request))
        return redirect("page-account")


@method_decorator(never_cache, name="dispatch")
class OtherDevices(LoginRequiredMixin, View):
    """All of one's logins but this one."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """End them."""
        login = sessions.login_of(request)
        assert login is not None
        tokens.log_out_everywhere(person_of(request), origin=origin_of(request), but=login.pk)
        return redirect("page-account")


@method_decorator(never_cache, name="dispatch")
class Program(LoginRequiredMixin, View):
    """A program that may act for one."""

    def post(self, request: HttpRequest, client_id: str) -> HttpResponse:
        """Take back what it was given. One that was given nothing, or nothing any more, is as good as gone."""
        grants.revoke(person_of(request), client_id, origin=origin_of(request))
        return redirect("page-account")


def too_many(request: HttpRequest, refusal: TooManyAttempts) -> HttpResponse:
    """Refuse as the API does, for people."""
    minutes = ceil(refusal.retry_after / 60)
    page = render(request, "accounts/pages/too_many.html", {"minutes": minutes}, status=429)
    page["Retry-After"] = str(refusal.retry_after)
    return page
