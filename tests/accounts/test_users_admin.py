"""Other people's accounts behind the counter: what is done to one, its owner hears of."""

import pytest

from accounts.models import User
from tests.conftest import LettersSent
from tests.factories import office_of, person

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("auth/rbac")]


def test_who_is_moved_to_another_address_hears_of_it_at_the_old_one(alice: User, letters_sent: LettersSent) -> None:
    page = f"/admin/accounts/user/{alice.pk}/change/"

    office_of(person("dave", role="admin")).post(page, {"email": "not-hers@example.com", "is_active": "on"})

    assert User.objects.get(pk=alice.pk).email == "not-hers@example.com"
    assert [letter.to for letter in letters_sent()] == [["alice@example.com"]]
    assert alice.security_events.get(kind="email-changed").details["by"]


def test_nobody_by_that_number_is_no_crash(carol: User) -> None:
    assert office_of(carol).get("/admin/accounts/user/nobody/password/").status_code == 404
