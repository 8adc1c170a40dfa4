"""The passwords that somebody has had, as hashes, so that none of the last ones comes back.

Roadmap: auth/password-policy
"""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class UsedPassword(models.Model):
    """One password of one user, hashed like the one in force."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="used_passwords")
    password = models.CharField(max_length=128)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"password of {self.at:%Y-%m-%d}"
