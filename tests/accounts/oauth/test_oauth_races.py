"""Two exchange one code, or one refresh token, at the same moment: one gets tokens, and they end with the other's try.

Each has its negative control: without the locks the copy goes unnoticed, and the tokens live on.
"""

import json
from typing import Any

import pytest
from django.db.models import QuerySet
from oauth2_provider.models import Grant, RefreshToken

from accounts.models import Application, User
from tests.accounts.oauth.dance import call, code_for, exchange, renew, tokens_for
from tests.factories import application, person
from tests.races.rivals import queued

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice(transactional_db: None) -> User:
    return person("alice")


@pytest.fixture
def partner(transactional_db: None) -> tuple[Application, str]:
    return application("orders:read")


@pytest.fixture(params=["with locks", "without"])
def has_locks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param == "without":
        monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)
    return bool(request.param == "with locks")


def is_noticed(answers: list[Any]) -> bool:
    """Whether one got tokens, the other a refusal, and the tokens ended with it. Without locks it may also be a 500."""
    told = {getattr(answer, "status_code", 500): answer for answer in answers}
    if set(told) != {200, 400}:
        return False
    return bool(call(json.loads(told[200].content)["access_token"]).status_code == 401)


@pytest.mark.asvs("10.4.2")
def test_code_that_two_exchange_at_once_is_noticed(
    alice: User, partner: tuple[Application, str], has_locks: bool
) -> None:
    code = code_for(alice, partner[0], "orders:read")

    answers = queued(Grant.objects.all(), lambda: exchange(*partner, code), lambda: exchange(*partner, code))

    assert is_noticed(answers) is has_locks


@pytest.mark.asvs("10.4.5")
def test_refresh_token_that_two_exchange_at_once_is_noticed(
    alice: User, partner: tuple[Application, str], has_locks: bool
) -> None:
    token = tokens_for(alice, *partner, "orders:read")["refresh_token"]

    answers = queued(RefreshToken.objects.all(), lambda: renew(*partner, token), lambda: renew(*partner, token))

    assert is_noticed(answers) is has_locks
