"""`manage.py receive` puts a delivery on the shelf, by the ledger, and refuses what no delivery is."""

import pytest
from django.core.management import CommandError, call_command

from tests.factories import product


def test_delivery_is_on_the_shelf_and_in_the_ledger(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    desk = product(sku="DESK", stocked=2)

    call_command("receive", "DESK", "5", reference="note 7")

    assert capsys.readouterr().out == "DESK: 7 on hand.\n"
    assert desk.stock_entries.filter(kind="received", quantity=5, reference="note 7").exists()


REFUSED = [("LAMP", "1", "no product"), ("DESK", "0", "at least one"), ("DESK", "2147483646", "room")]


@pytest.mark.parametrize(("sku", "quantity", "words"), REFUSED)
def test_what_is_no_delivery_is_refused(db: None, sku: str, quantity: str, words: str) -> None:
    product(sku="DESK", stocked=2)

    with pytest.raises(CommandError, match=words):
        call_command("receive", sku, quantity)
