"""The cast: the five people of the demo, the tests and the README.

    alice buys · bob must not see what is alice's · carol runs the shop · dave packs in the warehouse ·
    erin buys for a business

Who works here has a second factor as well; `make code` shows what their app does. Passwords and secrets are published,
so a shop that takes real money must not let them in: `manage.py seed` leaves the cast out under production settings.
Somebody who is there already is left as they are, password included.

Roadmap: auth/user-authentication
"""

from typing import NamedTuple

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts import business, mfa, roles
from accounts.models import Factor, User
from accounts.security_events import NOWHERE


class Person(NamedTuple):
    """One member of the cast: who they are, and what they may do."""

    name: str
    part: str
    role: str = "customer"
    is_superuser: bool = False
    is_business: bool = False

    @property
    def email(self) -> str:
        """The address they log in with; example.com is reserved and belongs to nobody (RFC 2606)."""
        return f"{self.name.lower()}@example.com"

    @property
    def password(self) -> str:
        """Published on purpose, see the module."""
        return f"{self.name.lower()}-shows-the-shop"

    @property
    def secret(self) -> str:
        """What their authenticator app knows, in base32; published like the password. "" for customers."""
        return "" if self.role == "customer" else f"{self.name.upper()}SHOWSTHESHOP".ljust(32, "A")


CAST = (
    Person("Alice", "buys"),
    Person("Bob", "must not see what is Alice's"),
    Person("Carol", "runs the shop", role="admin", is_superuser=True),
    Person("Dave", "packs in the warehouse", role="warehouse"),
    Person("Erin", "buys for a business, at trade prices", is_business=True),
)


def admit_cast() -> list[Person]:
    """Give a login to everybody of the cast who has none; return those who are new."""
    return [person for person in CAST if _admit(person)]


def admit_crowd(count: int) -> int:
    """Give logins to buyer-01@example.com, buyer-02 … (password "crowd-shows-the-shop"); return how many are new.

    One hash serves all of them: hashing is slow on purpose, and this password is no secret.
    """
    known = set(User.objects.filter(email__startswith="buyer-").values_list("email", flat=True))
    wanted = [f"buyer-{number:02}@example.com" for number in range(1, count + 1)]
    password = make_password("crowd-shows-the-shop")
    new = [User(email=email, name=email.partition("@")[0], password=password) for email in wanted if email not in known]
    return len(User.objects.bulk_create(new, ignore_conflicts=True))


def _admit(person: Person) -> bool:
    fields = {
        "name": person.name,
        "password": lambda: make_password(person.password),  # hashing takes a tenth of a second, so only when needed
        "is_superuser": person.is_superuser,
    }
    user, is_new = User.objects.get_or_create(email=person.email, defaults=fields)
    if is_new and person.is_business:
        business.approve(user, by=None, origin=NOWHERE)
    if is_new and person.role != "customer":
        roles.give(user, person.role)
        secret = mfa.seal(person.secret)
        Factor.objects.create(user=user, name="The published one", secret=secret, confirmed_at=timezone.now())
    return is_new
