"""`manage.py audit_stock` names the product whose ledger and shelf disagree, and only that one."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.factories import product


def test_sound_ledger_is_praised(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    product(stocked=4)
    product(stocked=2)

    call_command("audit_stock")

    assert capsys.readouterr().out == "The ledger adds up for all 2 products.\n"


@pytest.mark.breaks_the_books
def test_drift_is_named(db: None) -> None:
    sound, drifted = product(stocked=4), product(stocked=4)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE shop_stock SET on_hand = 3 WHERE product_id = %s", [drifted.pk])

    with pytest.raises(CommandError) as refusal:
        call_command("audit_stock")

    assert str(refusal.value) == f"{drifted.sku}: 3 on hand, ledger says 4"
    assert sound.sku not in str(refusal.value)
