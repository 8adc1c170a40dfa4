"""The accounts tables: who somebody is, where they are logged in, and the keys that sign for it."""

from accounts.models.events import SecurityEvent
from accounts.models.oauth import Application
from accounts.models.tokens import SigningKey, TokenFamily
from accounts.models.user import User

__all__ = ["Application", "SecurityEvent", "SigningKey", "TokenFamily", "User"]
