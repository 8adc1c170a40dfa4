"""The accounts tables: who somebody is, where they are logged in, and the keys that sign for it."""

from accounts.models.addresses import Address
from accounts.models.api_keys import ApiKey
from accounts.models.attempts import Attempts
from accounts.models.events import SecurityEvent
from accounts.models.factors import Factor, RecoveryCode
from accounts.models.oauth import Application, ExternalIdentity
from accounts.models.passwords import UsedPassword
from accounts.models.tokens import SigningKey, TokenFamily
from accounts.models.user import User

__all__ = [
    "Address", "ApiKey", "Application", "Attempts", "ExternalIdentity", "Factor", "RecoveryCode", "SecurityEvent",
    "SigningKey", "TokenFamily", "UsedPassword", "User",
]  # fmt: skip
