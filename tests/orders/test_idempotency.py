"""Each row of the table in `orders/idempotency.py`, how long a key is kept, and what may be a key."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from orders import idempotency
from orders.errors import IdempotencyKeyMissing, IdempotencyKeyReused, RequestInProgress
from orders.idempotency import Answer, Claim, Request
from orders.models import IdempotencyKey
from tests.fakes import FakeGateway
from tests.orders.purchases import fresh, ordered

ANSWER = Answer(201, "application/json", "", '{"total":"12.80"}')


@pytest.fixture
def request_of_alice(alice: User) -> Request:
    return Request(alice.pk, "key-1", "fingerprint")


def claimed(request: Request, **later: float) -> Claim | Answer:
    return idempotency.claim(request, now=timezone.now() + timedelta(**later))


def claim_id(claim: Claim | Answer) -> int:
    assert isinstance(claim, Claim)
    return claim.id


@pytest.mark.roadmap("api/idempotency")
def test_new_key_lets_the_caller_go_on(request_of_alice: Request) -> None:
    claim = claimed(request_of_alice)

    assert isinstance(claim, Claim)
    assert claim.is_new


@pytest.mark.roadmap("api/idempotency")
def test_same_request_gets_the_kept_answer_byte_for_byte(request_of_alice: Request) -> None:
    idempotency.keep(claim_id(claimed(request_of_alice)), ANSWER)

    assert claimed(request_of_alice) == ANSWER


def test_same_request_while_the_first_one_runs_is_refused(request_of_alice: Request) -> None:
    claimed(request_of_alice)

    with pytest.raises(RequestInProgress):
        claimed(request_of_alice, seconds=9)


def test_request_whose_process_died_is_taken_over_by_one(request_of_alice: Request) -> None:
    first = claimed(request_of_alice)

    resumed = claimed(request_of_alice, seconds=11)

    assert resumed == Claim(claim_id(first), is_new=False)
    with pytest.raises(RequestInProgress):
        claimed(request_of_alice, seconds=12)


@pytest.mark.parametrize("is_answered", [True, False])
def test_another_request_with_the_key_is_refused(request_of_alice: Request, is_answered: bool) -> None:
    claim = claimed(request_of_alice)
    if is_answered:
        idempotency.keep(claim_id(claim), ANSWER)

    with pytest.raises(IdempotencyKeyReused):
        claimed(request_of_alice._replace(fingerprint="another"))


def test_keys_of_two_people_never_meet(request_of_alice: Request, bob: User) -> None:
    idempotency.keep(claim_id(claimed(request_of_alice)), ANSWER)

    theirs = claimed(request_of_alice._replace(user_id=bob.pk))

    assert isinstance(theirs, Claim)


def test_key_is_forgotten_after_a_day(request_of_alice: Request) -> None:
    idempotency.keep(claim_id(claimed(request_of_alice)), ANSWER)

    assert claimed(request_of_alice, hours=23.9) == ANSWER
    again = claimed(request_of_alice._replace(fingerprint="another"), hours=24.1)
    assert isinstance(again, Claim)
    assert again.is_new


def test_hourly_cleaning_drops_only_old_keys(request_of_alice: Request) -> None:
    claimed(request_of_alice)

    assert idempotency.forget_old() == 0
    assert idempotency.forget_old(now=timezone.now() + timedelta(hours=25)) == 1
    assert not IdempotencyKey.objects.exists()


def test_cleaning_goes_by_small_steps_and_leaves_the_orders(alice: User, gateway: FakeGateway) -> None:
    """One statement, hence one transaction, for a thousand keys: nobody waits for long, and what is done stays done."""
    keys = [
        IdempotencyKey(user=alice, key=str(number), fingerprint="", locked_until=timezone.now())
        for number in range(2500)
    ]
    IdempotencyKey.objects.bulk_create(keys)
    order = ordered(alice, gateway)

    with CaptureQueriesContext(connection) as statements:
        assert idempotency.forget_old(now=timezone.now() + timedelta(hours=25)) == 2501

    assert len(statements) == 3
    assert fresh(order).idempotency_key is None


def test_first_kept_answer_stays(request_of_alice: Request) -> None:
    claim = claim_id(claimed(request_of_alice))
    idempotency.keep(claim, ANSWER)

    assert idempotency.keep(claim, ANSWER._replace(status=500)) == ANSWER
    assert idempotency.keep(None, ANSWER) == ANSWER
    assert idempotency.keep(0, ANSWER) == ANSWER


@pytest.mark.parametrize("key", [None, "", "x" * 256, "tab\t", "nul\x00", "ключ", "new\nline"])
def test_what_cannot_be_a_key_is_refused(key: str | None) -> None:
    with pytest.raises(IdempotencyKeyMissing):
        idempotency.identify(user_id=1, key=key, method="POST", path="/", body=b"")


def test_request_is_known_by_method_path_and_body() -> None:
    asked = [("POST", "/a", b"1"), ("POST", "/a", b"2"), ("POST", "/b", b"1"), ("PUT", "/a", b"1")]
    seen = {
        idempotency.identify(user_id=1, key="k", method=method, path=path, body=body).fingerprint
        for method, path, body in [*asked, *asked]
    }

    assert len(seen) == 4


@pytest.mark.roadmap("databases/keys")
def test_database_keeps_a_key_once_for_each_person(request_of_alice: Request) -> None:
    claimed(request_of_alice)

    with pytest.raises(IntegrityError, match="one_request_per_key"), transaction.atomic():
        IdempotencyKey.objects.create(
            user_id=request_of_alice.user_id, key="key-1", fingerprint="", locked_until=timezone.now()
        )
    assert str(IdempotencyKey.objects.get()) == "key-1"
    assert connection.in_atomic_block
