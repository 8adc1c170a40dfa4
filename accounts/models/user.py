"""The user: an e-mail address, a password hash, a name. There is no user name to remember.

Addresses are kept in lower case and a check constraint says so: "Alice@…" and "alice@…" are one account, whichever
code path wrote them, and the plain unique index serves the login.

Roadmap: auth/user-authentication, auth/password-hashing
"""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower, Now

#: RFC 2606: nobody can have an address there, so accounts that were closed do.
NOBODYS = "account.invalid"


class Users(BaseUserManager["User"]):
    """Creates users and finds them by address, however it is capitalised."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Save a new user; without a password the account cannot log in by password."""
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Save a user who may do everything (`manage.py createsuperuser`)."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find the user who logs in with this address."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody with a login."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    # Written by `accounts/business/` alone, so that whoever becomes one, or is one no more, is written down.
    is_business = models.BooleanField(
        "business customer", default=False, db_default=False, help_text="Approved: pays trade prices."
    )
    joined_at = models.DateTimeField(db_default=Now())

    objects = Users()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        permissions = [("approve_business", "Can approve business customers")]
        constraints = [models.CheckConstraint(condition=models.Q(email=Lower("email")), name="email_is_lower_case")]

    def __str__(self) -> str:
        return self.email

    @property
    def is_closed(self) -> bool:
        """Whether its owner closed it (`accounts/personal.py`). It stays so: it has forgotten whose it was."""
        return self.email.endswith(f"@{NOBODYS}")

    @property
    def pays_trade_prices(self) -> bool:
        """Whoever works here pays what everybody pays. The purchase asks the same in SQL (`orders/cart.py`)."""
        return self.is_business and not self.is_staff
