"""Pages about one's second factor: shown after the password, set up with a QR code, removed. They need no JavaScript.

Roadmap: auth/mfa
"""

from typing import Any
from uuid import UUID

from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import RedirectURLMixin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView, TemplateView, View

from accounts import mfa, sessions
from accounts.authentication import origin_of, person_of
from accounts.errors import TooManyCodes, TooManyFactors, WrongCode
from accounts.forms import CodeForm
from accounts.middleware import asking
from accounts.models import Factor, User

BOTH = ["pwd", "otp"]


class ProvedAgainMixin(LoginRequiredMixin):
    """Whoever changes what proves who they are proves it first: by the factor, or without one by a fresh login."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Lead to where the proof is asked for, and back."""
        login = sessions.login_of(request)
        if login is None:
            return self.handle_no_permission()
        has_factor = mfa.is_enrolled(login.user)
        if not sessions.has_proved_lately(login, "otp" if has_factor else ""):
            return redirect(asking("page-code" if has_factor else "page-log-in", request.get_full_path()))
        return super().dispatch(request, *args, **kwargs)


@method_decorator([never_cache, sensitive_post_parameters("code")], name="dispatch")
class Code(RedirectURLMixin, FormView):
    """The second step of a login, and the proof that some pages ask for again."""

    template_name = "accounts/pages/code.html"
    form_class = CodeForm
    next_page = "page-account"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Nobody to ask, or nothing to ask for: begin at the login page, or at setting it up."""
        self.person = sessions.awaited(request)
        if self.person and mfa.is_enrolled(self.person):
            return super().dispatch(request, *args, **kwargs)
        return redirect(asking("page-factors" if self.person else "page-log-in", self.get_success_url()))

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """`next` goes along in the form, if it leads into this shop."""
        return super().get_context_data(next=self.get_redirect_url(), **context)

    def form_valid(self, form: CodeForm) -> HttpResponse:
        """Begin the session, or raise the one that there is."""
        assert self.person
        try:
            mfa.prove(self.person, form.cleaned_data["code"], origin=origin_of(self.request))
        except (WrongCode, TooManyCodes) as refusal:
            form.add_error("code", str(refusal))
            return self.form_invalid(form)
        _raise(self.request, self.person)
        return redirect(self.get_success_url())


@method_decorator(never_cache, name="dispatch")
class Factors(ProvedAgainMixin, TemplateView):
    """One's authenticator apps."""

    template_name = "accounts/pages/factors.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """Those that count, and how much of the paper is left."""
        person = person_of(self.request)
        left = person.recovery_codes.filter(used_at=None).count()
        return super().get_context_data(factors=Factor.objects.of(person).confirmed(), left=left, **context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Start to set up another one."""
        try:
            mfa.start(person_of(request), name="Authenticator app")
        except TooManyFactors as refusal:
            return self.render_to_response(self.get_context_data(refusal=refusal))
        return redirect("page-new-factor")


@method_decorator(never_cache, name="dispatch")
class NewFactor(ProvedAgainMixin, FormView):
    """The QR code, until a first code confirms it; then the recovery codes, once."""

    template_name = "accounts/pages/new_factor.html"
    form_class = CodeForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Without anything started there is nothing to show."""
        self.enrolment = mfa.waiting(request.user) if isinstance(request.user, User) else None
        if isinstance(request.user, User) and self.enrolment is None:
            return redirect("page-factors")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """The secret as a picture and as text."""
        return super().get_context_data(enrolment=self.enrolment, **context)

    def form_valid(self, form: CodeForm) -> HttpResponse:
        """Count it in. Whoever has shown a code has proved the factor, too."""
        assert self.enrolment
        person, code = person_of(self.request), form.cleaned_data["code"]
        try:
            codes = mfa.confirm(person, self.enrolment.factor.pk, code, origin=origin_of(self.request))
        except WrongCode as refusal:
            form.add_error("code", str(refusal))
            return self.form_invalid(form)
        _raise(self.request, person)
        return show(self.request, codes) if codes else redirect("page-factors")


@method_decorator(never_cache, name="dispatch")
class Removal(ProvedAgainMixin, View):
    """One of one's apps."""

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Remove it. One that is not one's own is as good as removed."""
        mfa.remove(person_of(request), id, origin=origin_of(request))
        return redirect("page-factors")


@method_decorator(never_cache, name="dispatch")
class RecoveryCodes(ProvedAgainMixin, View):
    """The paper."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make a new one, if there is a factor that it stands in for."""
        person = person_of(request)
        if not mfa.is_enrolled(person):
            return redirect("page-factors")
        return show(request, mfa.replace_recovery_codes(person, origin=origin_of(request)))


def show(request: HttpRequest, codes: list[str]) -> HttpResponse:
    """Show recovery codes, this one time."""
    return render(request, "accounts/pages/recovery_codes.html", {"codes": codes})


def _raise(request: HttpRequest, person: User) -> None:
    if sessions.login_of(request):
        sessions.step_up(request, BOTH)
    else:
        sessions.begin(request, person, BOTH)
