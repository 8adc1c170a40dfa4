"""Who listens: opening, changing and ending a subscription, and changing its secret without missing a delivery.

    rotate: the new secret signs at once, the old one beside it for some hours, until the receiver knows the new one

Refuses: an address that nothing may be sent to (TargetRefused), more subscriptions than a shop needs
(TooManySubscriptions).

Roadmap: security/ssrf
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.utils import timezone

from accounts.keys import vault
from orders.errors import TooManySubscriptions
from orders.models import WebhookSubscription
from orders.webhooks import signing, targets

if TYPE_CHECKING:
    from accounts.models import User

#: Each event is sent to all of them. No lock stands behind it: two opened at once may be one too many, and harm nobody.
MOST = 20


class Opened(NamedTuple):
    """A subscription with a new secret, which nobody will be shown again."""

    row: WebhookSubscription
    secret: str


def subscribe(owner: "User", *, url: str, events: Sequence[str]) -> Opened:
    """Send these events to this address from now on. Raises TargetRefused, TooManySubscriptions."""
    targets.checked(url)
    if WebhookSubscription.objects.count() >= MOST:
        raise TooManySubscriptions(MOST)
    secret = signing.new_secret()
    row = WebhookSubscription(owner=owner, url=url, events=sorted(set(events)), secret=_sealed(secret))
    row.save(force_insert=True)
    return Opened(row, secret)


def change(
    row: WebhookSubscription,
    *,
    url: str | None = None,
    events: Sequence[str] | None = None,
    is_active: bool | None = None,
    now: datetime | None = None,
) -> WebhookSubscription:
    """Change what is given. Switched on again, it hears what happens from now on; the dead are replayed by hand.

    Only that is written: who changes the address does not switch on what was switched off meanwhile.
    """
    changed = []
    if url is not None:
        targets.checked(url)
        row.url = url
        changed.append("url")
    if events is not None:
        row.events = sorted(set(events))
        changed.append("events")
    if is_active is not None:
        row.disabled_at = None if is_active else row.disabled_at or now or timezone.now()
        changed.append("disabled_at")
    row.save(update_fields=changed)
    return row


def rotate(row: WebhookSubscription, *, overlap: timedelta, now: datetime | None = None) -> Opened:
    """Sign with a new secret from now on, and with the old one as well until the overlap has passed."""
    secret = signing.new_secret()
    row.old_secret, row.old_secret_until = row.secret, (now or timezone.now()) + overlap
    row.secret = _sealed(secret)
    row.save(update_fields=["secret", "old_secret", "old_secret_until"])
    return Opened(row, secret)


def secrets_of(row: WebhookSubscription, *, now: datetime) -> list[str]:
    """Return what signs at this moment, the newest first."""
    sealed = [row.secret]
    if row.old_secret and row.old_secret_until and row.old_secret_until > now:
        sealed.append(row.old_secret)
    return [vault().decrypt(secret).decode() for secret in sealed]


def _sealed(secret: str) -> str:
    return vault().encrypt(secret.encode()).decode()
