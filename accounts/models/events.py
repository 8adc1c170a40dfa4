"""What happened to an account, for its owner and for whoever looks into a break-in.

Roadmap: security/insufficient-logging
"""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class SecurityEvent(models.Model):
    """One thing that happened. Never changed, never deleted: a trigger refuses."""

    class Kind(models.TextChoices):
        LOGIN = "login"
        LOGIN_FAILED = "login-failed"
        LOGOUT = "logout"
        LOGOUT_EVERYWHERE = "logout-everywhere"
        ROLE_CHANGED = "role-changed"
        TOKEN_REUSED = "token-reused"  # noqa: S105 - a name of an event
        APPLICATION_AUTHORIZED = "application-authorized"
        APPLICATION_REVOKED = "application-revoked"
        FACTOR_ADDED = "factor-added"
        FACTOR_REMOVED = "factor-removed"
        RECOVERY_CODES_MADE = "recovery-codes-made"
        RECOVERY_CODE_USED = "recovery-code-used"
        CODE_REFUSED = "code-refused"
        STEPPED_UP = "stepped-up"
        API_KEY_MADE = "api-key-made"
        API_KEY_REVOKED = "api-key-revoked"
        REGISTERED = "registered"
        PASSWORD_CHANGED = "password-changed"  # noqa: S105 - a name of an event
        EMAIL_CHANGED = "email-changed"
        ACCOUNT_CLOSED = "account-closed"
        IDENTITY_LINKED = "identity-linked"
        IDENTITY_UNLINKED = "identity-unlinked"
        LOCKED = "locked"
        BUSINESS_APPROVED = "business-approved"
        BUSINESS_WITHDRAWN = "business-withdrawn"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, blank=True, related_name="security_events",
        db_constraint=False,  # the row outlives the account that it speaks of
    )  # fmt: skip
    kind = models.CharField(max_length=30, choices=Kind)
    at = models.DateTimeField(db_default=Now())
    address = models.GenericIPAddressField(null=True, blank=True)
    agent = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["kind", "at"], name="security_events_by_kind")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M}"
