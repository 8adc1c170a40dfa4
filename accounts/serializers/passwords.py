"""The shape of a change of password.

Roadmap: api/request-response-validation
"""

from accounts.serializers.registration import AddressField, PasswordField, TokenField
from accounts.serializers.strict import RequestSerializer


class ForgottenPasswordSerializer(RequestSerializer):
    """Ask for a link."""

    email = AddressField()


class ResetPasswordSerializer(RequestSerializer):
    """Use the link."""

    token = TokenField()
    password = PasswordField()


class ChangePasswordSerializer(RequestSerializer):
    """Change a password that is known."""

    current_password = PasswordField()
    new_password = PasswordField()
