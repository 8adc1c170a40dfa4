"""What a test committed is gone before the next one, in the tables too that are otherwise left alone."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import TransactionTestCase

from shop.models import StockEntry
from tests.emptying import empty
from tests.factories import product


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("touched", [False, True])
def test_nothing_is_left_of_what_was_committed(touched: bool) -> None:
    empty(TransactionTestCase())  # from here on the tables that stay are known
    before = sorted(Permission.objects.values_list("codename", flat=True))
    product(stocked=3)
    if touched:
        Group.objects.create(name="left behind")

    empty(TransactionTestCase())

    assert not StockEntry.objects.exists()
    assert not Group.objects.filter(name="left behind").exists()
    assert sorted(Permission.objects.values_list("codename", flat=True)) == before != []
