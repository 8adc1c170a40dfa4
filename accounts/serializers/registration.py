"""The shape of a registration.

Roadmap: api/request-response-validation, security/input-validation
"""

import re
from typing import Any

from rest_framework import serializers

from accounts.passwords import LONGEST
from accounts.serializers.strict import RequestSerializer, TextField

#: A name goes into letters and pages: one line, and no character that turns the others around.
ONE_LINE = re.compile(r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*\Z")


class AddressField(serializers.EmailField):
    """An e-mail address as accounts keep it: in small letters."""

    def __init__(self) -> None:
        super().__init__(max_length=254)

    def to_internal_value(self, data: Any) -> str:
        """Return it in small letters."""
        return str(super().to_internal_value(data)).lower()


class PasswordField(TextField):
    """A password exactly as it came. What makes a good one `accounts/passwords.py` says, once it may be said."""

    def __init__(self) -> None:
        super().__init__(max_length=LONGEST, trim_whitespace=False, write_only=True)


class NameField(TextField, serializers.RegexField):
    """What somebody wants to be called."""

    def __init__(self) -> None:
        super().__init__(regex=ONE_LINE, max_length=150)


class TokenField(TextField):
    """What stands behind the # of the link in a letter."""

    def __init__(self) -> None:
        super().__init__(max_length=1000, write_only=True)


class RegistrationSerializer(RequestSerializer):
    """Ask for an account."""

    email = AddressField()


class ConfirmRegistrationSerializer(RequestSerializer):
    """Make the account."""

    token = TokenField()
    name = NameField()
    password = PasswordField()
