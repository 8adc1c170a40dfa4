"""Logins of people with a browser: the password checked, a session begun, used and ended.

    log in ─► new session id, new row ─► each request reads the row ─► idle for 30 min, 12 h old, ended elsewhere,
                                          (moves `used_at` once a minute)   account closed: the session is thrown away

What the browser holds is a random id and nothing else. The session behind it says which row of `TokenFamily` it belongs
to, and that row, read from PostgreSQL at every request, decides: a session that some cache still knows, after its login
has ended, opens nothing.

Roadmap: auth/cookies-and-session-ids, auth/session-fixation, auth/user-authentication, frameworks/session-management
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from rest_framework.request import Request

from accounts import lockout, security_events, tokens
from accounts.authentication import origin_of
from accounts.errors import WrongCredentials
from accounts.mfa import PROOF_LASTS
from accounts.models import SecurityEvent, TokenFamily, User
from accounts.models.tokens import LoginKind

#: Where the session keeps the id of its row, and whose password was right while the code is still missing.
LOGIN, HALFWAY = "login", "halfway"
#: How long a right password waits for its code.
CODE_WAITS = timedelta(minutes=10)
#: A device is known for a year after its last login.
DEVICE_AGE, DEVICE_SALT = timedelta(days=365), "device"


def check_credentials(request: HttpRequest | Request, email: str, password: str) -> User:
    """Return whose these are. Raises WrongCredentials, after as much work whatever was wrong, or TooManyAttempts."""
    origin, owner = origin_of(request), User.objects.filter(email=email.strip().lower()).first()
    with lockout.attempt("password", email, owner=owner, origin=origin, device=_device(request, owner)):
        user = auth.authenticate(request, username=email, password=password)
        if user is None:
            security_events.record(SecurityEvent.Kind.LOGIN_FAILED, user=owner, origin=origin)
            raise WrongCredentials
    return user


def remember_device(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Let this browser be known as one of the user's, so that no stranger's guesses can shut it out.

    It keeps its name, and with it its count; a new password makes strangers of all.
    """
    name = f"{user.pk}:{_device(request, user) or secrets.token_hex(16)}:{_password_mark(user)}"
    response.set_signed_cookie(
        settings.DEVICE_COOKIE_NAME, name, salt=DEVICE_SALT, max_age=DEVICE_AGE,
        secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax",
    )  # fmt: skip


def _device(request: HttpRequest | Request, owner: User | None) -> str | None:
    """Return the known device of this account that sends the request, if it is one."""
    shown = request.get_signed_cookie(settings.DEVICE_COOKIE_NAME, "", salt=DEVICE_SALT, max_age=DEVICE_AGE)
    account, device, mark = [*(shown or "").split(":"), "", ""][:3]
    return device if owner and (account, mark) == (str(owner.pk), _password_mark(owner)) else None


def _password_mark(user: User) -> str:
    return salted_hmac(DEVICE_SALT, user.password, algorithm="sha256").hexdigest()[:16]


def begin(request: HttpRequest, user: User, methods: Sequence[str], *, now: datetime | None = None) -> TokenFamily:
    """Log the browser in. Nothing of the session that it came with lives on, and least of all its id."""
    now = now or timezone.now()
    if LOGIN in request.session:
        end(request)
    request.session.flush()
    auth.login(request, user, settings.AUTHENTICATION_BACKENDS[0])
    login = TokenFamily.objects.create(
        kind=LoginKind.PAGES, user=user, methods=list(methods), authenticated_at=now, used_at=now,
        started_at=now, expires_at=now + settings.PAGES_IDLE_AFTER, **origin_of(request)._asdict(),
    )  # fmt: skip
    request.session[LOGIN] = str(login.pk)
    request.login = request.begun = login  # type: ignore[attr-defined]
    security_events.record(SecurityEvent.Kind.LOGIN, user=user, origin=origin_of(request), methods=list(methods))
    return login


def await_code(request: HttpRequest, user: User, *, now: datetime | None = None) -> None:
    """Remember that the password was right, in a fresh session that is nobody's yet."""
    if LOGIN in request.session:
        end(request)
    request.session.flush()
    until = ((now or timezone.now()) + CODE_WAITS).timestamp()
    request.session[HALFWAY] = [user.pk, until, user.get_session_auth_hash()]


def awaited(request: HttpRequest, *, now: datetime | None = None) -> User | None:
    """Return whose code the browser should show: of who is logged in, or whose password was right a moment ago and
    is still theirs."""
    if isinstance(request.user, User):
        return request.user
    user_id, until, shown = request.session.get(HALFWAY, (None, 0, ""))
    is_late = (now or timezone.now()).timestamp() > until
    user = None if is_late else User.objects.filter(pk=user_id, is_active=True).first()
    return user if user and constant_time_compare(user.get_session_auth_hash(), shown) else None


def has_proved_lately(login: TokenFamily, method: str = "", *, now: datetime | None = None) -> bool:
    """Whether the person of this login has proved who they are within the last 15 minutes, by this if it is named."""
    return (not method or method in login.methods) and login.authenticated_at > (now or timezone.now()) - PROOF_LASTS


def step_up(request: HttpRequest, methods: Sequence[str], *, now: datetime | None = None) -> None:
    """The person has proved more: write it down at the login, and change the session's id with its rights."""
    login = login_of(request)
    assert login is not None, "only somebody who is logged in can prove more"
    login.methods, login.authenticated_at = list(methods), now or timezone.now()
    login.save(update_fields=["methods", "authenticated_at"])
    request.session.cycle_key()
    rotate_token(request)


def end(request: HttpRequest) -> None:
    """Log the browser out: its row ends, its session is thrown away."""
    login = login_of(request)
    if login:
        tokens.log_out(login.pk, user=login.user, origin=origin_of(request))
    request.session.flush()
    request.user, request.login = AnonymousUser(), None  # type: ignore[attr-defined]


def login_of(request: HttpRequest) -> TokenFamily | None:
    """Return the row of the browser's login, if it has one that is open."""
    return getattr(request, "login", None) if request.user.is_authenticated else None


def user_of(request: HttpRequest, *, now: datetime | None = None) -> User | AnonymousUser:
    """Return who uses this browser. A session without an open login is thrown away and nobody's.

    Costs two queries with a session, none without.
    """
    user = auth.get_user(request)
    now = now or timezone.now()
    login = _used(str(request.session.get(LOGIN, "")), user, now) if isinstance(user, User) else None
    request.login = login  # type: ignore[attr-defined]
    if login is None:
        if auth.SESSION_KEY in request.session:
            request.session.flush()
        return AnonymousUser()
    return login.user


def _used(login_id: str, user: User, now: datetime) -> TokenFamily | None:
    """Return the row if it is open, and write down once a minute that it was used."""
    login = TokenFamily.objects.of(user).open(now=now).filter(pk=_uuid(login_id), kind=LoginKind.PAGES).first()
    if login is None:
        return None
    login.user = user
    if now - login.used_at >= settings.PAGES_NOTE_USE_EVERY:
        ends = min(now + settings.PAGES_IDLE_AFTER, login.started_at + settings.PAGES_END_AFTER)
        TokenFamily.objects.open(now=now).filter(pk=login.pk).update(used_at=now, expires_at=ends)
    return login


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)  # no row has it
