"""Other people's accounts behind the counter: what is done to one, its owner hears of."""

import pytest

from accounts import personal
from accounts.models import User
from accounts.security_events import NOWHERE
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


@pytest.mark.parametrize("page", ["change", "password"])
def test_form_that_was_open_when_the_account_was_closed_does_not_bring_it_back(
    carol: User, alice: User, page: str
) -> None:
    form = {"email": alice.email, "is_active": "on", "password1": "a-new-pass-phrase", "password2": "a-new-pass-phrase"}
    personal.close(alice, password="alice-shows-the-shop", origin=NOWHERE)

    answer = office_of(carol).post(f"/admin/accounts/user/{alice.pk}/{page}/", form)

    closed = User.objects.get(pk=alice.pk)
    assert (answer.status_code, closed.is_closed, closed.is_active) == (403, True, False)
    assert not closed.has_usable_password()


@pytest.mark.django_db(transaction=True)
def test_history_that_is_asked_for_by_a_post_needs_no_lock(carol: User, alice: User) -> None:
    assert office_of(carol).post(f"/admin/accounts/user/{alice.pk}/history/").status_code == 200
