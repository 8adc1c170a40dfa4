"""Business customers: accounts that somebody of the house has approved, and that pay trade prices from then on.

    approve ─► is_business ─► trade prices, from the next statement on ─► withdraw ─► the price that everybody pays

Nobody asks for it over the API, and no form of an account has the member: it is given in the admin, by who holds
`accounts.approve_business`, and both ways are written down with who it was. Whoever works here is none, so nobody can
approve themselves; an account that is given a role later keeps the mark and pays like everybody
(`User.pays_trade_prices`).

Roadmap: commerce/permission-based-visibility
"""

from django.db import transaction

from accounts import security_events
from accounts.models import SecurityEvent, User
from accounts.security_events import Origin


@transaction.atomic
def approve(user: User, *, by: User | None, origin: Origin) -> bool:
    """Make the account a business customer's; False for one that is one already, is closed, or belongs to the staff.

    `by` nobody: a command did it, such as the one that lets the cast in.
    """
    found = User.objects.filter(pk=user.pk, is_business=False, is_staff=False, is_active=True)
    if not found.update(is_business=True):
        return False
    security_events.record(SecurityEvent.Kind.BUSINESS_APPROVED, user=user, origin=origin, by=by.pk if by else None)
    return True


@transaction.atomic
def withdraw(user: User, *, by: User, origin: Origin) -> bool:
    """Make it a customer's like any other; False for one that is no business customer's."""
    if not User.objects.filter(pk=user.pk, is_business=True).update(is_business=False):
        return False
    security_events.record(SecurityEvent.Kind.BUSINESS_WITHDRAWN, user=user, origin=origin, by=by.pk)
    return True
