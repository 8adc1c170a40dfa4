"""Programs of others that act for our customers, or for themselves: who they are and how far they may reach.

Roadmap: auth/authorization-server, auth/social-login
"""

from hashlib import sha256
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django.utils.crypto import get_random_string
from oauth2_provider.generators import generate_client_id
from oauth2_provider.models import AbstractApplication
from oauth2_provider.validators import AllowedURIValidator

from accounts.scopes import CLIENTS_OWN, IDENTITY, SCOPES


class Application(AbstractApplication):
    """A client in the words of RFC 6749, registered by hand in the admin.

    Addresses are compared as strings, nothing in them may vary. The secret is random, so its SHA-256 is kept: who reads
    the table cannot use it, and no client waits for a slow hash.
    """

    client_id = models.CharField(max_length=100, unique=True, default=generate_client_id, editable=False)
    client_secret = models.CharField(max_length=64, blank=True, editable=False, help_text="SHA-256; empty: has none.")
    name = models.CharField(max_length=100)
    authorization_grant_type = models.CharField(
        "acts for", max_length=44, default=AbstractApplication.GRANT_AUTHORIZATION_CODE,
        choices=[
            (AbstractApplication.GRANT_AUTHORIZATION_CODE, "people who agree"),
            (AbstractApplication.GRANT_CLIENT_CREDENTIALS, "itself"),
        ],
    )  # fmt: skip
    scopes = ArrayField(models.CharField(max_length=30), help_text="The most that it may ask for.")
    is_resource_server = models.BooleanField(default=False, help_text="May ask what others' tokens are good for.")

    # What the library can do beyond this, the shop does not.
    user, cimd_expires_at, allowed_origins = None, None, ""
    algorithm, hash_client_secret, skip_authorization = AbstractApplication.RS256_ALGORITHM, True, False
    registration_source = AbstractApplication.RegistrationSource.MANUAL

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def acts_for_people(self) -> bool:
        """Or only for itself."""
        return self.allows_grant_type(self.GRANT_AUTHORIZATION_CODE)

    def renew_secret(self) -> str:
        """Make a new secret and return it; nobody can read it again. A program in a browser or a phone keeps none."""
        # Letters and digits only, 256 bits: one that began with a dash would be an option on every command line.
        secret = get_random_string(43) if self.client_type == self.CLIENT_CONFIDENTIAL else ""
        self.client_secret = digest(secret) if secret else ""
        return secret

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Letter by letter (RFC 9700, 4.1)."""
        return uri in self.redirect_uris.split()

    def post_logout_redirect_uri_allowed(self, uri: str) -> bool:
        """Letter by letter."""
        return uri in self.post_logout_redirect_uris.split()

    def clean(self) -> None:
        """Refuse addresses that no browser could be sent to safely, and scopes that nothing opens."""
        errors: dict[str, str] = {}
        check = AllowedURIValidator(self.get_allowed_schemes(), "redirect address", allow_path=True, allow_query=True)
        for field in ("redirect_uris", "post_logout_redirect_uris"):
            for uri in getattr(self, field).split():
                try:
                    check(uri)
                except ValidationError:
                    errors[field] = f"{uri} is no absolute address beginning with {' or '.join(check.schemes)}."
        if self.acts_for_people and not self.redirect_uris.split():
            errors["redirect_uris"] = "Where does the browser go after the person has agreed?"
        if unknown := set(self.scopes or ()) - set(IDENTITY | SCOPES if self.acts_for_people else CLIENTS_OWN):
            errors["scopes"] = f"Not for this kind of client: {', '.join(sorted(unknown))}."
        if not self.acts_for_people and self.client_type != self.CLIENT_CONFIDENTIAL:
            errors["client_type"] = "Who acts for itself must be able to keep a secret."
        if errors:
            raise ValidationError(errors)

    def get_allowed_schemes(self) -> list[str]:
        """Only https in production."""
        return list(settings.OAUTH2_PROVIDER["ALLOWED_REDIRECT_URI_SCHEMES"])


class ExternalIdentity(models.Model):
    """Somebody as another provider knows them. Issuer and subject together never change hands."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    email = models.CharField(max_length=254, blank=True, help_text="As the provider told it; nothing goes by it.")
    linked_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "external identities"
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="one_account_for_each_identity")]

    def __str__(self) -> str:
        return f"{self.email or self.subject} at {self.issuer}"


def digest(secret: str) -> str:
    """What is kept of a random secret."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
