"""What people type into pages.

Roadmap: auth/user-authentication
"""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.http import HttpRequest

from accounts.errors import WrongCredentials
from accounts.models import User
from accounts.passwords import LONGEST
from accounts.serializers.registration import ONE_LINE
from accounts.sessions import check_credentials


class CodeForm(forms.Form):
    """What an authenticator app shows, or a line from the paper."""

    code = forms.CharField(
        max_length=40, widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True})
    )


class LogInForm(forms.Form):
    """An address and a password; `user` is whose they are, once the form is valid."""

    email = forms.EmailField(
        label="E-mail address", max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )  # fmt: skip
    password = forms.CharField(
        max_length=128, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    user: User

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean(self) -> dict[str, Any]:
        """Check the credentials. The refusal does not say what was wrong."""
        typed = self.cleaned_data
        if {"email", "password"} <= typed.keys():
            try:
                self.user = check_credentials(self.request, typed["email"], typed["password"])
            except WrongCredentials:
                raise forms.ValidationError("There is no account with this e-mail address and password.") from None
        return typed


class AddressForm(forms.Form):
    """An address that a letter goes to."""

    email = forms.EmailField(
        label="E-mail address", max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
    )  # fmt: skip

    def clean_email(self) -> str:
        """As accounts keep it."""
        return str(self.cleaned_data["email"]).lower()


class LinkForm(forms.Form):
    """What stands behind the # of a letter's link; a script fills it in."""

    token = forms.CharField(
        label="What stands behind the # of the link", max_length=1000,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip


class NewPasswordForm(LinkForm):
    """A password that one chooses by a link."""

    password = forms.CharField(
        max_length=LONGEST, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )


class RegistrationForm(NewPasswordForm):
    """A name and a password for a new account."""

    name = forms.CharField(
        max_length=150, validators=[RegexValidator(ONE_LINE)], widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    field_order = ("token", "name", "password")


class ChangePasswordForm(forms.Form):
    """The password that one has, and the one that is to be."""

    current = forms.CharField(
        label="Current password", max_length=LONGEST, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )  # fmt: skip
    new = forms.CharField(
        label="New password", max_length=LONGEST, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
