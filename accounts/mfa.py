"""The second factor: an app that shows a code every half minute, and ten codes on paper for when it is gone.

    start ─► a secret, shown once as a QR code ─► confirm with a first code ─► counts from now on
    prove ─► code of this half minute, the one before or after it, and never of one that has been used

A clock that is half a minute off is forgiven. A code that somebody looked over the shoulder for is not: the last
half minute that was accepted is kept, and one UPDATE decides, so of two uses at once one passes. Five wrong codes, and
none is looked at for a while, at the login and afterwards alike: a million codes are soon guessed otherwise.

The app's secret must be readable, so it is sealed (`accounts.keys.vault`); the codes on paper need only be recognised,
so they are hashed.

Refuses: a wrong or used code (WrongCode), guessing (TooManyCodes).

Roadmap: auth/mfa
"""

import base64
import re
import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

import pyotp
import segno
from django.db import transaction
from django.utils import timezone
from pyotp.exceptions import OTPVerificationError

from accounts import letters, security_events
from accounts.errors import NotEnrolled, SecondFactorRequired, TooManyCodes, TooManyFactors, WrongCode
from accounts.keys import vault
from accounts.models import Factor, RecoveryCode, SecurityEvent, User
from accounts.security_events import Origin

ISSUER = "Roadmap Shop"
#: Steps of half a minute by which a clock may be wrong: RFC 6238 advises one.
DRIFT = 1
#: A telephone, a tablet, a spare; more is somebody else's.
MOST_FACTORS = 5
RECOVERY_CODES = 10
#: Wrong codes within the time below, after which none is looked at: after a year a guesser has less than half a chance.
MOST_WRONG = 5
WRONG_COUNTS_FOR = timedelta(minutes=15)
#: How long a proof of who one is lasts for acts that cannot be taken back: RFC 9470 calls it `max_age`.
PROOF_LASTS = timedelta(minutes=15)
Kind = SecurityEvent.Kind


class Enrolment(NamedTuple):
    """What the person needs to set up the app; shown once. `qr_code` is an SVG as a data URI, of `uri`."""

    factor: Factor
    secret: str
    uri: str
    qr_code: str


def is_enrolled(user: User) -> bool:
    """Whether a password alone is not enough for this account."""
    return Factor.objects.of(user).confirmed().exists()


@transaction.atomic
def start(user: User, *, name: str) -> Enrolment:
    """Make a secret for a new app; one that was started before and never confirmed is forgotten."""
    User.objects.select_for_update().get(pk=user.pk)  # two at once would both leave one waiting
    Factor.objects.of(user).filter(confirmed_at=None).delete()
    if Factor.objects.of(user).count() >= MOST_FACTORS:
        raise TooManyFactors(MOST_FACTORS)
    return _enrolment(Factor.objects.create(user=user, name=name, secret=seal(pyotp.random_base32())))


def waiting(user: User) -> Enrolment | None:
    """Return what was started and waits for its first code, for a page that is loaded again."""
    factor = Factor.objects.of(user).filter(confirmed_at=None).select_related("user").first()
    return _enrolment(factor) if factor else None


@transaction.atomic
def confirm(user: User, factor_id: UUID, code: str, *, origin: Origin, now: datetime | None = None) -> list[str]:
    """Let the app count from now on. Returns the recovery codes if it is the first, else none.

    Raises Factor.DoesNotExist unless it waits for its first code, and WrongCode.
    """
    now = now or timezone.now()
    User.objects.select_for_update().get(pk=user.pk)  # so that only one of two can be the first
    is_first = not is_enrolled(user)
    factor = Factor.objects.of(user).get(pk=factor_id, confirmed_at=None)
    if not _fits(factor, code, now):
        raise WrongCode
    Factor.objects.filter(pk=factor.pk).update(confirmed_at=now)
    security_events.record(Kind.FACTOR_ADDED, user=user, origin=origin, factor=str(factor.pk))
    letters.post("new_login_method", to=user.email, origin=origin, method="an authenticator app")
    return _fresh_codes(user) if is_first else []


def second_step(user: User, code: str, *, origin: Origin, now: datetime | None = None) -> list[str]:
    """Ask for the factor if the account has one, after the password was right; return how they proved who they are.

    Raises SecondFactorRequired without a code, and what `prove` raises. The names are those of RFC 8176.
    """
    if not is_enrolled(user):
        return ["pwd"]
    if not code:
        raise SecondFactorRequired
    prove(user, code, origin=origin, now=now)
    return ["pwd", "otp"]


def prove(user: User, code: str, *, origin: Origin, now: datetime | None = None) -> None:
    """Accept a code of one of the user's apps, or a recovery code, for the first time.

    Raises NotEnrolled, WrongCode and TooManyCodes. What it writes down stays written, so no transaction goes around it.
    """
    now = now or timezone.now()
    factors = list(Factor.objects.of(user).confirmed())
    if not factors:
        raise NotEnrolled
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)  # fifty guesses at once would all see a count of 0
        _refuse_guessing(user, factors, now)
        is_right = any(_fits(factor, code, now) for factor in factors) or _is_on_paper(user, code, origin, now)
        if not is_right:
            security_events.record(Kind.CODE_REFUSED, user=user, origin=origin)
    if not is_right:  # raised in there, it would take the count back
        raise WrongCode


@transaction.atomic
def remove(user: User, factor_id: UUID, *, origin: Origin) -> bool:
    """Forget an app, and the recovery codes with the last one; False if the user has no such app."""
    User.objects.select_for_update().get(pk=user.pk)
    factor = Factor.objects.of(user).filter(pk=factor_id).first()
    if factor is None:
        return False
    factor.delete()
    if factor.confirmed_at:
        if not is_enrolled(user):
            user.recovery_codes.all().delete()
        security_events.record(Kind.FACTOR_REMOVED, user=user, origin=origin, factor=str(factor_id))
        letters.post("login_method_removed", to=user.email, origin=origin, method="an authenticator app")
    return True


@transaction.atomic
def replace_recovery_codes(user: User, *, origin: Origin) -> list[str]:
    """Return ten new ones; the old paper is worth nothing from now on. Raises NotEnrolled."""
    User.objects.select_for_update().get(pk=user.pk)
    if not is_enrolled(user):
        raise NotEnrolled
    security_events.record(Kind.RECOVERY_CODES_MADE, user=user, origin=origin)
    letters.post("new_login_method", to=user.email, origin=origin, method="a new set of recovery codes")
    return _fresh_codes(user)


def seal(secret: str) -> str:
    """Return what the database may see of an app's secret."""
    return vault().encrypt(secret.encode()).decode()


def _enrolment(factor: Factor) -> Enrolment:
    totp = _totp(factor)
    uri = totp.provisioning_uri(name=factor.user.email, issuer_name=ISSUER)
    return Enrolment(factor, totp.secret, uri, segno.make(uri, error="m").svg_data_uri(scale=5, border=4))


def _totp(factor: Factor) -> pyotp.TOTP:
    return pyotp.TOTP(vault().decrypt(factor.secret).decode())


def _fits(factor: Factor, code: str, now: datetime) -> bool:
    """Whether the app shows this code now and it is used for the first time. The UPDATE decides, and takes it."""
    if not re.fullmatch(r"[0-9]{6}", code, re.ASCII):
        return False
    try:
        counter = _totp(factor).verify_and_get_timecode(code, for_time=now, valid_window=DRIFT)
    except OTPVerificationError:
        return False
    return bool(Factor.objects.filter(pk=factor.pk).before(counter).update(last_counter=counter))


def _is_on_paper(user: User, code: str, origin: Origin, now: datetime) -> bool:
    """Whether this is a recovery code that nobody has used. It is found by its hash, so time tells nothing of it."""
    unused = user.recovery_codes.filter(digest=_digest(code), used_at=None)
    if not unused.update(used_at=now):
        return False
    left = user.recovery_codes.filter(used_at=None).count()
    security_events.record(Kind.RECOVERY_CODE_USED, user=user, origin=origin, left=left)
    return True


def _refuse_guessing(user: User, factors: list[Factor], now: datetime) -> None:
    """Only the owner has right codes, so one of those forgives the wrong ones before it."""
    # A telephone that is ahead leaves a half minute that is still to come, before which nothing would count.
    last_counter = min(max(factor.last_counter for factor in factors), int(now.timestamp()) // 30)
    last_right = datetime.fromtimestamp(30 * last_counter, UTC)
    lately = max(now - WRONG_COUNTS_FOR, last_right)
    wrong = user.security_events.filter(kind=Kind.CODE_REFUSED, at__gt=lately).order_by("-at")[:MOST_WRONG]
    times = list(wrong.values_list("at", flat=True))
    if len(times) == MOST_WRONG:
        raise TooManyCodes(max(1, round((times[-1] + WRONG_COUNTS_FOR - now).total_seconds())))


def _fresh_codes(user: User) -> list[str]:
    user.recovery_codes.all().delete()
    codes = [_code() for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(code)) for code in codes)
    return codes


def _code() -> str:
    """120 random bits as 24 letters and digits, in groups that can be typed from paper."""
    text = base64.b32encode(secrets.token_bytes(15)).decode()
    return "-".join(text[place : place + 6] for place in range(0, 24, 6))


def _digest(code: str) -> str:
    """However it was typed: small letters, spaces, no dashes."""
    return sha256(re.sub(r"[^A-Z2-7]", "", code.upper()).encode()).hexdigest()
