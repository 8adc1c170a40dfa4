"""Two defaults chosen at once leave one, and both choosers are heard; the lock and the index each do their part."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from django.db import IntegrityError, connection

from accounts import addresses, personal
from accounts.errors import InvalidToken, TooManyAddresses
from accounts.models import Address, User
from accounts.security_events import NOWHERE
from tests.orders.purchases import ADDRESS
from tests.races.rivals import queued
from tests.races.walls import no_row_locks

pytestmark = [pytest.mark.roadmap("databases/acid", "databases/schema-design"), pytest.mark.django_db(transaction=True)]
INDEX = "SELECT indexdef FROM pg_indexes WHERE indexname = 'one_default_address'"


def choices(alice: User) -> list[Callable[[], Address]]:
    """Two new addresses, each of them to be the default."""
    return [partial(addresses.add, alice, is_default=True, **ADDRESS | {"city": city}) for city in ("Kiel", "Bremen")]


def defaults() -> list[str]:
    return sorted(Address.objects.filter(is_default=True).values_list("city", flat=True))


def test_two_defaults_at_once_leave_the_later(alice: User) -> None:
    outcomes = queued([alice], *choices(alice))

    assert all(isinstance(outcome, Address) for outcome in outcomes), outcomes
    assert (Address.objects.count(), defaults()) == (2, ["Bremen"])


def test_old_address_and_new_one_at_once_leave_one_default(alice: User) -> None:
    old = addresses.add(alice, **ADDRESS)
    choose = partial(addresses.change, alice, old.pk, expected=None, is_default=True)

    outcomes = queued([alice], choices(alice)[0], choose)

    assert all(isinstance(outcome, Address) for outcome in outcomes), outcomes
    assert defaults() == ["Hamburg"]


def test_without_the_lock_the_index_refuses_one_of_them(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    no_row_locks(monkeypatch)

    outcomes = queued([alice], *choices(alice))

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [Address.__name__, IntegrityError.__name__]
    assert len(defaults()) == 1


@pytest.fixture
def without_index(transactional_db: None) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(INDEX)
        [definition] = cursor.fetchone()
        cursor.execute("DROP INDEX one_default_address")
        yield
        Address.objects.all().delete()
        cursor.execute(definition)


@pytest.mark.usefixtures("without_index")
def test_without_lock_and_index_there_are_two(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    no_row_locks(monkeypatch)

    queued([alice], *choices(alice))

    assert defaults() == ["Bremen", "Kiel"]


def last_places(alice: User) -> list[object]:
    """Two more at once, where there is room for one."""
    Address.objects.bulk_create(Address(user=alice, **ADDRESS) for _ in range(addresses.MOST_ADDRESSES - 1))
    return queued([alice], *[partial(addresses.add, alice, **ADDRESS)] * 2)


def test_last_place_goes_to_one_address(alice: User) -> None:
    assert [type(outcome) for outcome in last_places(alice)] == [Address, TooManyAddresses]


def close_and_add(alice: User) -> list[object]:
    """Her account is closed in one window and gets an address in the other."""
    close = partial(personal.close, alice, password="alice-shows-the-shop", origin=NOWHERE)
    return queued([alice], close, partial(addresses.add, alice, **ADDRESS))


def test_address_does_not_outlive_its_account(alice: User) -> None:
    closed, added = close_and_add(alice)

    assert (closed, type(added)) == (None, InvalidToken)
    assert not Address.objects.exists()


def test_without_the_lock_it_does(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    no_row_locks(monkeypatch)

    close_and_add(alice)

    assert Address.objects.exists()


def test_without_the_lock_there_is_one_too_many(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    no_row_locks(monkeypatch)

    last_places(alice)

    assert Address.objects.count() == addresses.MOST_ADDRESSES + 1
