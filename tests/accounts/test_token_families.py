"""Token families: exchanged, copied, replayed and logged out in any order, each has one good token at most."""

from datetime import timedelta

import pytest
from django.conf import settings as django
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from rest_framework_simplejwt.exceptions import TokenError

from accounts import passwords, tokens
from accounts.errors import TokenReused, WrongCredentials
from accounts.models import TokenFamily, User
from accounts.models.tokens import TokenFamilyQuerySet
from accounts.security_events import NOWHERE
from tests.factories import person
from tests.races.rivals import queued

LIFE = django.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"]


class FamilyMachine(RuleBasedStateMachine):
    """What it believes: of each login, which token is the latest, and whether it has ended."""

    shown = Bundle("shown")

    def __init__(self) -> None:
        super().__init__()
        User.objects.all().delete()
        self.alice = person("alice")
        self.latest: dict[str, str] = {}
        self.ended: set[str] = set()

    def sid(self, token: str) -> str:
        return str(tokens.RefreshToken(token)["sid"])

    @initialize(target=shown)
    def first_login(self) -> str:
        return self.logs_in()

    @rule(target=shown)
    def logs_in(self) -> str:
        pair = tokens.log_in(self.alice, methods=["pwd"], origin=NOWHERE)
        self.latest[self.sid(pair.refresh)] = pair.refresh
        return pair.refresh

    @rule(target=shown, token=shown)
    def exchanges(self, token: str) -> str:
        sid = self.sid(token)
        if sid in self.ended:
            with pytest.raises(TokenError):
                tokens.refresh(token, origin=NOWHERE)
            return token
        if token != self.latest[sid]:
            with pytest.raises(TokenReused):
                tokens.refresh(token, origin=NOWHERE)
            self.ended.add(sid)
            return token
        self.latest[sid] = tokens.refresh(token, origin=NOWHERE).refresh
        return self.latest[sid]

    @rule(token=shown)
    def logs_out(self, token: str) -> None:
        sid = self.sid(token)
        family = TokenFamily.objects.get(pk=sid)
        assert tokens.log_out(family.pk, user=self.alice, origin=NOWHERE) is (sid not in self.ended)
        self.ended.add(sid)

    @rule()
    def logs_out_everywhere(self) -> None:
        alive = set(self.latest) - self.ended
        assert tokens.log_out_everywhere(self.alice, origin=NOWHERE) == len(alive)
        self.ended |= alive

    @rule(token=shown, late=st.sampled_from([LIFE, LIFE + timedelta(days=1)]))
    def comes_too_late(self, token: str, late: timedelta) -> None:
        with pytest.raises(TokenError):
            tokens.refresh(token, origin=NOWHERE, now=timezone.now() + late)

    @invariant()
    def open_logins_are_those_we_believe(self) -> None:
        alive = TokenFamily.objects.open().values_list("pk", flat=True)
        assert {str(family) for family in alive} == set(self.latest) - self.ended


@pytest.mark.django_db
@pytest.mark.roadmap("auth/access-and-refresh-tokens")
def test_of_each_login_only_the_latest_token_is_good() -> None:
    short = hypothesis_settings(
        max_examples=20, stateful_step_count=20, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(FamilyMachine, settings=short)


@pytest.mark.django_db
def test_login_that_ended_is_kept_for_a_month(alice: User) -> None:
    for _ in range(3):
        tokens.log_in(alice, methods=["pwd"], origin=NOWHERE)
    now = timezone.now()
    ended, expired, _open = TokenFamily.objects.order_by("started_at")
    TokenFamily.objects.filter(pk=ended.pk).update(ended_at=now)
    TokenFamily.objects.filter(pk=expired.pk).update(expires_at=now)
    TokenFamily.objects.filter(pk=_open.pk).update(expires_at=now + LIFE * 10)

    assert tokens.forget_ended(now=now + tokens.KEPT_FOR) == 0
    assert tokens.forget_ended(now=now + tokens.KEPT_FOR + timedelta(seconds=1)) == 2
    assert TokenFamily.objects.get() == _open


@pytest.mark.asvs("7.3.2")
@pytest.mark.django_db
def test_login_ends_after_ninety_days_however_often_it_is_used(alice: User) -> None:
    began = timezone.now()
    token = tokens.log_in(alice, methods=["pwd"], origin=NOWHERE, now=began).refresh
    login = TokenFamily.objects.get()
    end = login.started_at + django.LOGINS_END_AFTER
    nearly = end - timedelta(days=1)
    TokenFamily.objects.update(expires_at=end)

    assert tokens.refresh(token, origin=NOWHERE, now=nearly)
    login.refresh_from_db()
    assert login.expires_at == end < nearly + LIFE


@pytest.mark.django_db(transaction=True)
@pytest.mark.roadmap("auth/jwt-security")
def test_of_two_exchanges_at_once_one_ends_the_login(alice: User) -> None:
    token = tokens.log_in(alice, methods=["pwd"], origin=NOWHERE).refresh
    family = TokenFamily.objects.get()

    outcomes = queued([family], *[lambda: tokens.refresh(token, origin=NOWHERE)] * 2)

    ends = sorted(type(outcome).__name__ for outcome in outcomes)
    assert ends in (["Pair", "TokenReused"], ["TokenError", "TokenReused"])  # the first may find the login ended
    assert not TokenFamily.objects.open().exists()


@pytest.mark.django_db(transaction=True)
def test_with_a_look_at_the_user_in_the_same_statement_both_are_first(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tokens.log_in(alice, methods=["pwd"], origin=NOWHERE).refresh
    family, openly = TokenFamily.objects.get(), TokenFamilyQuerySet.open
    monkeypatch.setattr(
        TokenFamilyQuerySet, "open", lambda rows, **when: openly(rows, **when).filter(user__is_active=True)
    )

    outcomes = queued([family], *[lambda: tokens.refresh(token, origin=NOWHERE)] * 2)

    assert [type(outcome).__name__ for outcome in outcomes] == ["Pair", "Pair"]


@pytest.mark.django_db
def test_login_that_a_new_password_has_overtaken_opens_nothing(alice: User) -> None:
    as_it_was = User.objects.get(pk=alice.pk)  # whose password was right a moment ago
    passwords.change(alice, current="alice-shows-the-shop", new="quite another thing 77", login=None, origin=NOWHERE)

    with pytest.raises(WrongCredentials):
        tokens.log_in(as_it_was, methods=["pwd"], origin=NOWHERE)

    assert not TokenFamily.objects.of(alice).open()
