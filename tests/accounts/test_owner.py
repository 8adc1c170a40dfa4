"""Whose login a token names: the statement that every request pays for, against the query that says it plainly.

Roadmap: databases/query-optimization
"""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from rest_framework_simplejwt.exceptions import InvalidToken

from accounts.authentication import owner
from accounts.models import TokenFamily, User

pytestmark = pytest.mark.django_db


def plainly(family_id: UUID) -> User | None:
    login = TokenFamily.objects.open().filter(pk=family_id, user__is_active=True).select_related("user").first()
    return login and login.user


def login_of(user: User, **changes: object) -> TokenFamily:
    now = timezone.now()
    times = {"authenticated_at": now, "used_at": now, "expires_at": now + timedelta(hours=1)}
    return TokenFamily.objects.create(user=user, latest=uuid4(), methods=["pwd"], **{**times, **changes})


def test_the_owner_is_the_same_person_in_every_field(django_user_model: type[User]) -> None:
    user = django_user_model.objects.create_user(
        "ann@example.com", "a long enough passphrase", name="Ann", is_staff=True
    )
    login = login_of(user)
    found, wanted = owner(login.pk), plainly(login.pk)
    assert wanted is not None
    for field in User._meta.concrete_fields:
        assert getattr(found, field.attname) == getattr(wanted, field.attname), field.name
    assert not found.get_deferred_fields()
    assert (found._state.db, found._state.adding) == (wanted._state.db, wanted._state.adding)


@pytest.mark.parametrize(
    ("changes", "is_active"),
    [
        ({"ended_at": timezone.now()}, True),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, True),
        ({}, False),
    ],
    ids=["ended", "expired", "account closed"],
)
def test_a_login_that_opens_nothing_has_no_owner(
    django_user_model: type[User], changes: dict[str, object], is_active: bool
) -> None:
    user = django_user_model.objects.create_user("ann@example.com", "a long enough passphrase", is_active=is_active)
    login = login_of(user, **changes)
    assert plainly(login.pk) is None
    with pytest.raises(InvalidToken):
        owner(login.pk)


def test_a_login_that_never_was_has_no_owner() -> None:
    with pytest.raises(InvalidToken):
        owner(uuid4())
