"""`manage.py receive SKU QUANTITY`: put a delivery on the shelf, with its line in the ledger.

Refuses: an unknown SKU, less than one unit.

Roadmap: commerce/inventory
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from shop import stock
from shop.errors import ShelfIsFull
from shop.models import Product


class Command(BaseCommand):
    """Take in one delivery."""

    help = "Puts units of one product on the shelf."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what is delivered."""
        parser.add_argument("sku", metavar="SKU")
        parser.add_argument("quantity", metavar="QUANTITY", type=int)
        parser.add_argument("--reference", default="delivery", help="delivery note, kept in the ledger")

    def handle(self, *args: Any, sku: str, quantity: int, reference: str, **options: Any) -> None:
        """Receive the units and say what is there now."""
        product = Product.objects.filter(sku=sku).first()
        if product is None:
            raise CommandError(f"There is no product {sku!r}.")
        if quantity < 1:
            raise CommandError("A delivery brings at least one unit.")
        try:
            with transaction.atomic():
                stock.receive(product_id=product.pk, quantity=quantity, reference=reference)
        except ShelfIsFull as full:
            raise CommandError(str(full)) from None
        product.stock.refresh_from_db()
        self.stdout.write(f"{sku}: {product.stock.on_hand} on hand.")
