"""The second factor: codes of this half minute and its neighbours, recovery codes, each of them once; no guessing."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts import mfa
from accounts.errors import NotEnrolled, TooManyCodes, TooManyFactors, WrongCode
from accounts.models import Factor, RecoveryCode, User
from accounts.models.factors import FactorQuerySet
from accounts.security_events import NOWHERE
from orders.models import OutboxMessage
from tests.factories import app_of
from tests.races.rivals import queued

pytestmark = [pytest.mark.django_db, pytest.mark.roadmap("auth/mfa")]
NOW = timezone.now()
STEP = timedelta(seconds=30)


def accepts(user: User, code: str, now: datetime = NOW) -> bool:
    try:
        mfa.prove(user, code, origin=NOWHERE, now=now)
    except WrongCode:
        return False
    return True


def enrolled(user: User) -> tuple[pyotp.TOTP, list[str]]:
    """The whole way: QR code, first code, recovery codes."""
    enrolment = mfa.start(user, name="Telephone")
    app = pyotp.TOTP(enrolment.secret)
    return app, mfa.confirm(user, enrolment.factor.pk, app.at(NOW - STEP), origin=NOWHERE, now=NOW)


def test_uri_of_the_qr_code_is_what_apps_read(alice: User) -> None:
    enrolment = mfa.start(alice, name="Telephone")

    uri = urlsplit(enrolment.uri)
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == ("otpauth", "totp", "/Roadmap Shop:alice@example.com")
    assert parse_qs(uri.query)["secret"] == [enrolment.secret]
    assert enrolment.qr_code.startswith("data:image/svg+xml")


@pytest.mark.asvs("6.5.3", "6.5.4")
def test_secrets_come_from_the_random_generator_and_are_long_enough(alice: User) -> None:
    secrets = {mfa.start(alice, name="Telephone").secret for _ in range(20)}
    codes = [code for _ in range(20) for code in mfa._fresh_codes(alice)]

    assert (len(secrets), {len(secret) * 5 for secret in secrets}) == (20, {160})
    assert len(set(codes)) == 200
    assert all(re.fullmatch(r"([A-Z2-7]{6}-){3}[A-Z2-7]{6}", code) for code in codes)


def test_app_counts_only_from_its_first_code_on(alice: User) -> None:
    enrolment = mfa.start(alice, name="Telephone")
    app = pyotp.TOTP(enrolment.secret)

    with pytest.raises(WrongCode):
        mfa.confirm(alice, enrolment.factor.pk, "000000", origin=NOWHERE, now=NOW)
    assert not mfa.is_enrolled(alice)
    with pytest.raises(NotEnrolled):
        mfa.prove(alice, app.at(NOW), origin=NOWHERE, now=NOW)

    assert len(mfa.confirm(alice, enrolment.factor.pk, app.at(NOW), origin=NOWHERE, now=NOW)) == 10
    assert mfa.is_enrolled(alice)


@pytest.mark.asvs("6.5.5", "6.5.8")
@pytest.mark.parametrize(("steps", "passes"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_clock_may_be_half_a_minute_off(alice: User, steps: int, passes: bool) -> None:
    app = app_of(alice)

    assert accepts(alice, app.at(NOW + steps * STEP)) is passes


@pytest.mark.asvs("6.5.1")
def test_code_works_once_and_so_do_those_before_it(alice: User) -> None:
    app = app_of(alice)

    assert accepts(alice, app.at(NOW))
    assert not accepts(alice, app.at(NOW))
    assert not accepts(alice, app.at(NOW - STEP))
    assert accepts(alice, app.at(NOW + STEP))


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345x", "１２３４５６", "\ud800", "0" * 10_000, "' OR 1=1"])
def test_what_is_no_code_is_refused(alice: User, code: str) -> None:
    app_of(alice)

    assert not accepts(alice, code)


@pytest.mark.django_db(transaction=True)
def test_of_two_uses_of_a_code_at_once_one_passes(alice: User) -> None:
    app = app_of(alice)

    outcomes = queued([Factor.objects.get()], *[lambda: accepts(alice, app.at(NOW))] * 2)

    assert sorted(outcomes) == [False, True]


def without_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guesses no longer wait for each other at the user's row."""
    lock = QuerySet.select_for_update

    def lock_others(rows: Any, **how: Any) -> Any:
        return rows if rows.model is User else lock(rows, **how)

    monkeypatch.setattr(QuerySet, "select_for_update", lock_others)


def heard_at_once(user: User) -> int:
    """How many of sixteen wrong codes at the same time were looked at."""
    at_once = Barrier(16)

    def guess(number: int) -> bool:
        at_once.wait()
        try:
            mfa.prove(user, f"{number:06}", origin=NOWHERE)
        except WrongCode:
            return True
        except TooManyCodes:
            return False
        finally:
            connection.close()
        raise AssertionError("one in 20,000 runs guesses right")

    with ThreadPoolExecutor(16) as pool:
        return sum(pool.map(guess, range(16)))


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_wrong_codes_at_once_five_are_looked_at(alice: User) -> None:
    app_of(alice)

    assert heard_at_once(alice) == mfa.MOST_WRONG


@pytest.mark.django_db(transaction=True)
def test_without_turns_more_would_be(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    app_of(alice)
    without_turns(monkeypatch)

    assert heard_at_once(alice) > mfa.MOST_WRONG


def test_telephone_that_is_ahead_opens_no_half_minute_to_guessers(alice: User) -> None:
    app, now = app_of(alice), timezone.now()
    mfa.prove(alice, app.at(now + timedelta(seconds=30)), origin=NOWHERE, now=now)

    for _ in range(mfa.MOST_WRONG):
        with pytest.raises(WrongCode):
            mfa.prove(alice, "no code", origin=NOWHERE, now=now)
    with pytest.raises(TooManyCodes):
        mfa.prove(alice, "no code", origin=NOWHERE, now=now)


@pytest.mark.django_db(transaction=True)
def test_without_the_condition_in_the_update_both_would(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of(alice)

    def read_first(rows: FactorQuerySet, counter: int) -> Any:
        is_new = rows.get().last_counter < counter  # asked before the wait, as a careless `if` would
        return rows if is_new else rows.none()

    monkeypatch.setattr(FactorQuerySet, "before", read_first)
    without_turns(monkeypatch)

    outcomes = queued([Factor.objects.get()], *[lambda: accepts(alice, app.at(NOW))] * 2)

    assert outcomes == [True, True]


@pytest.mark.asvs("6.5.1", "6.5.2")
def test_recovery_code_works_once_however_it_is_typed(alice: User) -> None:
    app, codes = enrolled(alice)

    assert accepts(alice, codes[3].lower().replace("-", " "))
    assert not accepts(alice, codes[3])
    assert accepts(alice, codes[4])
    assert accepts(alice, app.at(NOW))
    assert alice.security_events.filter(kind="recovery-code-used").first().details == {"left": 8}  # type: ignore[union-attr]


@pytest.mark.django_db(transaction=True)
def test_of_two_uses_of_a_recovery_code_at_once_one_passes(alice: User) -> None:
    _app, codes = enrolled(alice)
    row = RecoveryCode.objects.get(digest=mfa._digest(codes[0]))

    assert sorted(queued([row], *[lambda: accepts(alice, codes[0])] * 2)) == [False, True]


def test_new_recovery_codes_end_the_old_ones(alice: User) -> None:
    _app, old = enrolled(alice)

    new = mfa.replace_recovery_codes(alice, origin=NOWHERE)

    assert not accepts(alice, old[0])
    assert accepts(alice, new[0])


@pytest.mark.asvs("6.6.3", "6.3.1")
def test_after_five_wrong_codes_not_even_the_right_one_is_looked_at_for_a_while(alice: User, bob: User) -> None:
    app, other, now = app_of(alice), app_of(bob), timezone.now()
    assert [accepts(alice, "000000", now) for _ in range(5)] == [False] * 5

    with pytest.raises(TooManyCodes) as refusal:
        mfa.prove(alice, app.at(now), origin=NOWHERE)

    assert 800 < refusal.value.retry_after <= 900
    assert accepts(bob, other.at(now), now)
    later = timezone.now() + mfa.WRONG_COUNTS_FOR
    assert accepts(alice, app.at(later), later)


def test_right_code_forgives_the_wrong_ones_before_it(alice: User) -> None:
    app, now = app_of(alice), timezone.now()

    for later in (now, now + 2 * STEP):
        assert [accepts(alice, "000000", later) for _ in range(4)] == [False] * 4
        assert accepts(alice, app.at(later + STEP), later)


@pytest.mark.asvs("6.5.2")
def test_database_holds_no_secret_that_can_be_read(alice: User) -> None:
    enrolment = mfa.start(alice, name="Telephone")
    app = pyotp.TOTP(enrolment.secret)
    codes = mfa.confirm(alice, enrolment.factor.pk, app.now(), origin=NOWHERE)

    with connection.cursor() as cursor:
        tables = ("accounts_factor", "accounts_recoverycode", "accounts_securityevent", "orders_outboxmessage")
        for table in tables:
            cursor.execute(f"SELECT string_agg(row::text, '') FROM {table} row")
            text = cursor.fetchone()[0] or ""
            assert not [secret for secret in [enrolment.secret, *codes] if secret in text], table


@pytest.mark.asvs("6.3.7", "6.5.6")
def test_owner_hears_of_every_change_and_it_is_written_down(alice: User) -> None:
    enrolled(alice)
    mfa.replace_recovery_codes(alice, origin=NOWHERE)
    mfa.remove(alice, Factor.objects.get().pk, origin=NOWHERE)

    kinds = [event.kind for event in alice.security_events.order_by("id")]
    assert kinds == ["factor-added", "recovery-codes-made", "factor-removed"]
    letters = OutboxMessage.objects.filter(topic="mail.account").order_by("created_at")
    assert [letter.payload["kind"] for letter in letters] == ["new_login_method"] * 2 + ["login_method_removed"]
    assert not RecoveryCode.objects.exists()


def test_second_app_brings_no_new_paper_and_takes_none_away(alice: User) -> None:
    _app, codes = enrolled(alice)

    assert enrolled(alice)[1] == []
    mfa.remove(alice, Factor.objects.of(alice).last().pk, origin=NOWHERE)  # type: ignore[union-attr]

    assert accepts(alice, codes[0])


def test_secret_that_was_never_confirmed_is_forgotten_with_the_next(alice: User) -> None:
    first, second = mfa.start(alice, name="Old telephone"), mfa.start(alice, name="Telephone")

    assert list(Factor.objects.values_list("pk", flat=True)) == [second.factor.pk]
    with pytest.raises(Factor.DoesNotExist):
        mfa.confirm(alice, first.factor.pk, pyotp.TOTP(first.secret).now(), origin=NOWHERE)


def test_nobody_has_more_apps_than_they_may(alice: User) -> None:
    for _ in range(mfa.MOST_FACTORS):
        app_of(alice)

    with pytest.raises(TooManyFactors):
        mfa.start(alice, name="One more")


@pytest.mark.django_db(transaction=True)
def test_of_two_apps_confirmed_at_once_one_brings_the_paper(alice: User) -> None:
    enrolment = mfa.start(alice, name="Telephone")
    code = pyotp.TOTP(enrolment.secret).at(NOW)

    outcomes = queued([alice], *[lambda: mfa.confirm(alice, enrolment.factor.pk, code, origin=NOWHERE, now=NOW)] * 2)

    assert [type(outcome).__name__ for outcome in outcomes] == ["list", "DoesNotExist"]
    assert RecoveryCode.objects.count() == mfa.RECOVERY_CODES
