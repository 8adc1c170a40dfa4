"""The letters about an account: promised in the transaction they speak of, written and sent later by the mail worker.

    post ─► outbox row {kind, to, facts} ─► commit ─► relay ─► worker: deliver ─► looks the address up, writes, sends

Whether an address has an account is asked at delivery, never while somebody waits for an answer: so the answer and its
time are the same either way. And since the link is made at delivery, no secret lies in the outbox.

A letter to an address that is not proven yet names nobody: its text could otherwise be chosen by a stranger.

Roadmap: commerce/transactional-email, messaging/transactional-outbox
"""

from hashlib import sha256
from typing import Any, NamedTuple
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts import trail
from accounts.letters import links
from accounts.models import User
from accounts.security_events import NOWHERE, Origin

TOPIC = "mail.account"


class Letter(NamedTuple):
    """One kind: its subject, for which no stranger's word is used, and the purpose and page of the link in it."""

    subject: str
    purpose: str = ""
    page: str = ""


LETTERS = {
    "registration": Letter("Confirm your e-mail address", links.REGISTRATION, "registration"),
    "already_registered": Letter("You already have an account"),
    "password_reset": Letter("Choose a new password", links.PASSWORD_RESET, "new-password"),
    "password_changed": Letter("Your password was changed"),
    "email_change": Letter("Confirm your new e-mail address", links.EMAIL_CHANGE, "new-address"),
    "email_change_asked": Letter("Your account is about to move to another e-mail address"),
    "email_changed_notice": Letter("Your account has moved to another e-mail address"),
    "email_taken": Letter("This e-mail address already has an account"),
    "token_reused": Letter("Somebody may be using your account"),
    "new_login_method": Letter("There is a new way into your account"),
    "login_method_removed": Letter("A way into your account was removed"),
    "locked": Letter("Logging in to your account is paused"),
    "webhook_switched_off": Letter("A webhook was switched off"),
    "account_closed": Letter("Your account is closed"),
}


#: What strangers may have sent to an address: one of a kind in so many seconds, or a form would fill mailboxes.
ON_REQUEST, QUIET = {"registration", "password_reset", "email_change"}, 300


def post(kind: str, *, to: str, origin: Origin = NOWHERE, **facts: Any) -> None:
    """Promise a letter in the caller's transaction. Facts are plain JSON for its template, and hold no secret."""
    assert kind in LETTERS, kind
    facts |= {"when": f"{timezone.now():%d %B %Y, %H:%M} UTC", "address": origin.address}
    import_string(settings.OUTBOX)(TOPIC, {"name": uuid4().hex, "kind": kind, "to": to, "facts": facts})


def deliver(*, name: str, kind: str, to: str, facts: dict[str, Any]) -> None:
    """Send the letter that fits the address by now, or none. Raises what the mail server raises.

    Sent again after a crash it has the same Message-ID, by which a mail server can tell (see `orders/mail.py`).
    """
    if kind in ON_REQUEST and cache.get_or_set(_slot(kind, to, facts), name, QUIET) != name:
        return
    fits, owner = fitting(kind, to=to), User.objects.filter(email=to).first()
    if fits is None:
        return
    letter = LETTERS[fits]
    context = facts | {"owner": owner, "site": settings.SITE_URL}
    if letter.purpose:
        about = _about(letter.purpose, to, owner, facts)
        if about is None:
            return
        token = links.token(letter.purpose, **about)
        context |= {"token": token, "link": f"{settings.SITE_URL}/account/{letter.page}/#{token}"}
    body = render_to_string(f"accounts/letters/{fits}.txt", context)
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    headers = {"Message-ID": f"<account-{name}@{domain}>"} | trail.headers()
    EmailMessage(letter.subject, body, to=[to], headers=headers).send()


def _slot(kind: str, to: str, facts: dict[str, Any]) -> str:
    """Where the cache keeps which letter of a kind an address got last, of the same person if it is about one."""
    return f"letter:{kind}:{facts.get('user', '')}:{sha256(to.encode()).hexdigest()}"


def fitting(kind: str, *, to: str) -> str | None:
    """Return which letter an address gets: who has an account needs no registration, who has none no new password."""
    if kind in {"registration", "email_change"} and User.objects.filter(email=to).exists():
        return {"registration": "already_registered", "email_change": "email_taken"}[kind]
    if kind in {"password_reset", "locked"} and not User.objects.filter(email=to, is_active=True).exists():
        return None
    return kind


def _about(purpose: str, to: str, owner: User | None, facts: dict[str, Any]) -> dict[str, Any] | None:
    """What the link says; None if the account that it speaks of is gone."""
    if purpose == links.REGISTRATION:
        return {"email": to}
    user = owner or User.objects.filter(pk=facts["user"], is_active=True).first()
    return {"user": user.pk, "email": to, "mark": links.mark(purpose, user)} if user else None
