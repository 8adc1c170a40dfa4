"""`manage.py audit_stock`: name every product whose ledger does not add up to what is on hand. Exit 1 if there is one.

Roadmap: databases/aggregate-functions
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from shop.models import Stock


class Command(BaseCommand):
    """Add up the ledger, product by product."""

    help = "Compares the stock ledger with the stock on hand and names any drift."

    def handle(self, *args: Any, **options: Any) -> None:
        """Raise CommandError naming each product that drifted; one query."""
        counted = Stock.objects.annotate(ledger=Coalesce(Sum("product__stock_entries__quantity"), 0))
        drifted = counted.exclude(ledger=F("on_hand")).select_related("product")
        lines = [f"{row.product.sku}: {row.on_hand} on hand, ledger says {row.ledger}" for row in drifted]
        if lines:
            raise CommandError("\n".join(lines))
        self.stdout.write(f"The ledger adds up for all {Stock.objects.count()} products.")
