"""Passwords: what makes a good one, and how one is replaced by its owner or by who holds the link from a letter.

    forgotten: request_reset ─► letter ─► reset ─┐
    known:                      change ──────────┴─► new hash, other logins end, the owner is told

A password is taken as it comes: counted in code points, never cut, never normalised. Whoever types it gets exactly it.

Refuses: a password against the policy (WeakPassword), a wrong current one (WrongPassword), a link that is not good
(LinkInvalid).

Roadmap: auth/password-policy, auth/password-hashing, auth/password-salting, auth/user-authentication
"""

import re
import string
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password
from django.contrib.auth.password_validation import CommonPasswordValidator, validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import api_keys, letters, lockout, security_events, tokens
from accounts.errors import LinkInvalid, WeakPassword, WrongPassword
from accounts.letters import links
from accounts.models import SecurityEvent, UsedPassword, User
from accounts.security_events import Origin

#: Code points. Hashing a megabyte would be a cheap way to keep a server busy.
LONGEST = 128
#: So many passwords that somebody had must not come back; each costs a hash to compare, at a change only.
REMEMBERED = 5
#: What people put around a word to make it longer, and the least that must be at the heart of all repetitions.
DECORATION, SHORTEST_HEART = string.digits + string.punctuation + string.whitespace, 5
#: So much must be left of a password when the words are taken out that everybody here would try first.
LEFT_WITHOUT_HOUSE_WORDS = 8


class Argon2Hasher(Argon2PasswordHasher):
    """How passwords are hashed: Argon2id, at the cost that the environment sets, each with a salt of its own.

    A hash says by itself how it was made. So older ones (bcrypt, scrypt, PBKDF2, Argon2 at another cost) go on being
    verified, and the next login that succeeds makes them anew (`PASSWORD_HASHERS`).
    """

    def params(self) -> Any:
        """Return passes, memory and lanes; docs/decisions/0010-passwords.md says why these."""
        return replace(super().params(), **settings.ARGON2)


class NotTooLong:
    """Policy: at most `LONGEST` characters."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError."""
        if len(password) > LONGEST:
            raise ValidationError(self.get_help_text())

    def get_help_text(self) -> str:
        """The rule as a sentence."""
        return f"Your password must contain at most {LONGEST} characters."


class NotCommonAtHeart(CommonPasswordValidator):
    """Policy: not one of 20,000 common passwords, nor one of them repeated or with digits and signs around it.

    Few common passwords have twelve characters, and people who must make theirs longer do it like this.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError."""
        super().validate(password, user)
        heart = password.lower().strip(DECORATION) or password.lower()
        repeated = heart[: (heart * 2).find(heart, 1)]  # "abcabc" is found in "abcabcabcabc" at 3
        if repeated in self.passwords or len(repeated) < SHORTEST_HEART:
            super().validate("password")


class NotOfThisHouse:
    """Policy: more than the name of the shop and a year."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError."""
        words = "|".join(map(re.escape, settings.PASSWORD_HOUSE_WORDS))
        left, found = re.subn(words, "", password.lower())
        if found and len(re.sub(r"[\W_]", "", left)) < LEFT_WITHOUT_HOUSE_WORDS:
            raise ValidationError(self.get_help_text())

    def get_help_text(self) -> str:
        """The rule as a sentence."""
        return "Your password can't be made of the words that everybody would try here, such as the name of the shop."


class NotUsedBefore:
    """Policy: none of the last `REMEMBERED` passwords of the same user, the present one included."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError."""
        known = user is not None and user.pk is not None
        used = user.used_passwords.values_list("password", flat=True)[:REMEMBERED] if known else []
        present = [user.password] if known else []
        if any(check_password(password, hashed) for hashed in {*used, *present}):
            raise ValidationError(self.get_help_text())

    def password_changed(self, password: str, user: User) -> None:
        """Django tells us when a user is saved with a new password, whichever way it came."""
        remember(user)

    def get_help_text(self) -> str:
        """The rule as a sentence."""
        return f"Your password can't be one of your last {REMEMBERED}."


def remember(user: User) -> None:
    """Put the user's present hash among those that must not come back, and forget the oldest."""
    UsedPassword.objects.create(user=user, password=user.password)
    oldest = user.used_passwords.order_by("-id").values("pk")[REMEMBERED:]
    user.used_passwords.filter(pk__in=list(oldest.values_list("pk", flat=True))).delete()


def require_good(password: str, user: User) -> None:
    """Raise WeakPassword with everything that the policy (`AUTH_PASSWORD_VALIDATORS`) has against it."""
    try:
        validate_password(password, user)
    except ValidationError as refusal:
        raise WeakPassword(list(refusal.messages)) from None


def prove(user: User, password: str, *, origin: Origin) -> None:
    """Raise WrongPassword unless it is the user's: what cannot be taken back asks for it again, logged in or not.

    Guesses count with those of the login; who makes too many hears TooManyAttempts.
    """
    with lockout.attempt("password", user.email, owner=user, origin=origin):
        if not user.check_password(password):
            security_events.record(SecurityEvent.Kind.LOGIN_FAILED, user=user, origin=origin, asked="again")
            raise WrongPassword


def change(user: User, *, current: str, new: str, login: UUID | None, origin: Origin) -> None:
    """Replace a password that its owner knows, and end all logins but the one that asks."""
    prove(user, current, origin=origin)
    require_good(new, user)
    if not _replace(user, make_password(new), keep=login, origin=origin):
        raise WrongPassword  # it was changed a moment ago, by somebody else who knew it


def request_reset(email: str, *, origin: Origin) -> None:
    """Promise a letter. Whether the address has an account is nobody's business here; see `accounts/letters/`.

    Raises TooManyAttempts for a network that asks for many.
    """
    lockout.ration("letters", origin=origin)
    letters.post("password_reset", to=email, origin=origin)


def reset(token: str, *, password: str, origin: Origin, now: datetime | None = None) -> None:
    """Replace a forgotten password and end all logins. It logs nobody in: a second factor is asked for as ever."""
    said = links.read(links.PASSWORD_RESET, token, now=now)
    user = User.objects.filter(pk=said["user"], is_active=True).first()
    if user is None or not links.is_current(links.PASSWORD_RESET, said, user):
        raise LinkInvalid
    require_good(password, user)
    if not _replace(user, make_password(password), keep=None, origin=origin):
        raise LinkInvalid


def was_set(user: User, *, origin: Origin) -> None:
    """What has to follow when somebody of the house has set the password of another: logins end, the owner is told."""
    tokens.log_out_everywhere(user, origin=origin)
    security_events.record(SecurityEvent.Kind.PASSWORD_CHANGED, user=user, origin=origin)
    letters.post("password_changed", to=user.email, origin=origin)


@transaction.atomic
def _replace(user: User, hashed: str, *, keep: UUID | None, origin: Origin) -> bool:
    """Write the new hash in the place of the one that was looked at; False if that is no longer there.

    So of two who come with one link, or one password, the first wins; and no lock is held while passwords are hashed.
    """
    if not User.objects.filter(pk=user.pk, password=user.password).update(password=hashed):
        return False
    user.password = hashed
    remember(user)
    tokens.log_out_everywhere(user, but=keep, origin=origin)
    if keep is None:  # whoever had the account may have made keys
        api_keys.revoke_all(user)
    security_events.record(SecurityEvent.Kind.PASSWORD_CHANGED, user=user, origin=origin)
    letters.post("password_changed", to=user.email, origin=origin)
    return True
