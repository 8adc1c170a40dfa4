"""The pages that letters lead to, and those where one asks for a letter. They call what the API calls.

The token stands behind the # of the link, which browsers keep to themselves; a script puts it into the form.

Roadmap: auth/user-authentication
"""

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from accounts import passwords, personal, registration
from accounts.authentication import origin_of
from accounts.errors import AccountError
from accounts.forms import AddressForm, LinkForm, NewPasswordForm, RegistrationForm
from accounts.security_events import Origin

GOOD_PASSWORDS = "A password has twelve characters or more: length counts, kinds of characters do not."


@method_decorator([never_cache, sensitive_post_parameters("password", "token")], name="dispatch")
class LetterPage(FormView):
    """One form, one act; what the act refuses stands above the form."""

    template_name = "accounts/pages/letter.html"
    title = words = done_words = ""

    def form_valid(self, form: Form) -> HttpResponse:
        """Act."""
        try:
            self.act(**form.cleaned_data, origin=origin_of(self.request))
        except AccountError as refusal:
            form.add_error(None, str(refusal))
            return self.form_invalid(form)
        return self.done(self.request)

    def act(self, *, origin: Origin, **typed: Any) -> None:
        """Do what the page is for."""
        raise NotImplementedError

    def done(self, request: HttpRequest) -> HttpResponse:
        """Go on to the log-in page, and say why: what was chosen is tried out there, second factor and all."""
        messages.success(request, self.done_words)
        return redirect("page-log-in")


class Ask(LetterPage):
    """Ask for a letter; the answer is the same for every address."""

    form_class = AddressForm

    def done(self, request: HttpRequest) -> HttpResponse:
        """Say where to look."""
        return render(request, "accounts/pages/posted.html")


class Register(Ask):
    """Ask for an account."""

    title, words = "Open an account", "We send you a letter with a link; it asks for a name and a password."

    def act(self, *, origin: Origin, **typed: Any) -> None:
        """Promise the letter."""
        registration.request(**typed, origin=origin)


class ForgottenPassword(Ask):
    """Ask for a new password."""

    title, words = "Ask for a new password", "We send you a letter with a link that is good for an hour."

    def act(self, *, origin: Origin, **typed: Any) -> None:
        """Promise the letter."""
        passwords.request_reset(**typed, origin=origin)


class ConfirmRegistration(LetterPage):
    """Make the account."""

    form_class = RegistrationForm
    title, words = "Make the account", GOOD_PASSWORDS
    done_words = "The account is made. Log in with what you have just chosen."

    def act(self, *, origin: Origin, **typed: Any) -> None:
        """Make it."""
        registration.confirm(**typed, origin=origin)


class NewPassword(LetterPage):
    """Choose a new password."""

    form_class = NewPasswordForm
    title, words = "Choose a new password", f"{GOOD_PASSWORDS} Every login will end."
    done_words = "The new password is good from now on, and every login has ended. Log in with it."

    def act(self, *, origin: Origin, **typed: Any) -> None:
        """Replace it."""
        passwords.reset(**typed, origin=origin)


class NewAddress(LetterPage):
    """Move the account."""

    form_class = LinkForm
    title, words = "Use the new address", "From then on you log in with the address that the letter came to."
    done_words = "The account has moved. Log in with the new address."

    def act(self, *, origin: Origin, **typed: Any) -> None:
        """Move it."""
        personal.confirm_email_change(**typed, origin=origin)
