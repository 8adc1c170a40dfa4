"""Links in letters: ours, for one purpose, for a while, and good for as long as what they would change is as it was."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import tokens
from accounts.errors import LinkInvalid
from accounts.letters import links
from accounts.models import User
from accounts.security_events import NOWHERE

NOW = timezone.now()


@pytest.mark.parametrize("purpose", links.LIFETIMES)
def test_link_is_good_for_its_purpose_and_its_time(purpose: str) -> None:
    token = links.token(purpose, email="alice@example.com", now=NOW)

    assert links.read(purpose, token, now=NOW)["email"] == "alice@example.com"
    with pytest.raises(LinkInvalid):
        links.read(purpose, token, now=NOW + links.LIFETIMES[purpose] + timedelta(seconds=1))
    for other in set(links.LIFETIMES) - {purpose}:
        with pytest.raises(LinkInvalid):
            links.read(other, token, now=NOW)


@pytest.mark.parametrize("shown", ["", ":", "a:b", "é:é", "e30:", "x" * 5000])
def test_what_is_not_ours_is_refused(shown: str) -> None:
    with pytest.raises(LinkInvalid):
        links.read(links.REGISTRATION, shown)


def test_link_that_somebody_has_changed_is_refused() -> None:
    token = links.token(links.REGISTRATION, email="alice@example.com")
    other = links.token(links.REGISTRATION, email="bob@example.com")

    with pytest.raises(LinkInvalid):
        links.read(links.REGISTRATION, other.partition(":")[0] + ":" + token.partition(":")[2])


@pytest.mark.parametrize(
    ("purpose", "change", "is_current"),
    [
        (links.PASSWORD_RESET, {"password": "new"}, False),
        (links.PASSWORD_RESET, {"email": "moved@example.com"}, False),
        (links.PASSWORD_RESET, {"name": "Alice B."}, True),
        (links.EMAIL_CHANGE, {"password": "new"}, False),
        (links.EMAIL_CHANGE, {"email": "moved@example.com"}, False),
    ],
)
def test_link_ends_with_what_it_depends_on(purpose: str, change: dict[str, str], is_current: bool, alice: User) -> None:
    said = {"mark": links.mark(purpose, alice)}
    User.objects.update(**change)

    assert links.is_current(purpose, said, User.objects.get()) is is_current


@pytest.mark.parametrize(("purpose", "is_current"), [(links.PASSWORD_RESET, False), (links.EMAIL_CHANGE, True)])
def test_login_ends_the_link_to_a_new_password_and_no_other(purpose: str, is_current: bool, alice: User) -> None:
    said = {"mark": links.mark(purpose, alice)}
    tokens.log_in(alice, methods=["pwd"], origin=NOWHERE)

    assert links.is_current(purpose, said, alice) is is_current
