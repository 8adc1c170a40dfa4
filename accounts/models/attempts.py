"""How often somebody guessed wrong, and until when nobody listens.

Roadmap: auth/user-authentication
"""

from django.db import models


class Attempts(models.Model):
    """The failures of one account, one address or both together. `accounts/lockout.py` has the rules.

    The count is a debt of time: each failure adds what it takes to forget one, so it shrinks by itself, and a row whose
    moments have both passed says nothing any more.
    """

    key = models.CharField(max_length=64, primary_key=True, help_text="Keyed hash of whom it counts: says no address.")
    owed_until = models.DateTimeField(help_text="When the last failure will be forgotten.")
    locked_until = models.DateTimeField(help_text="Until then every attempt is refused.")

    class Meta:
        verbose_name_plural = "attempts"

    def __str__(self) -> str:
        return f"locked until {self.locked_until:%Y-%m-%d %H:%M}"
