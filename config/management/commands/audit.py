"""`manage.py audit`: check the shop's books, and hold them against the payment provider's. Exit 1 if anything is off.

Roadmap: testing/database-load-tests
"""

from argparse import ArgumentParser
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.audit import Finding, check_books, compare, promises


class Command(BaseCommand):
    """Print every promise and whether it holds."""

    help = "Checks that stock, orders, payments and messages are consistent, here and at the payment provider."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the switches."""
        parser.add_argument(
            "--at-rest", action="store_true", help="also check what holds only when nothing is under way"
        )

    def handle(self, *args: Any, at_rest: bool, **options: Any) -> None:
        """Run all checks; raise CommandError naming what is broken."""
        findings = check_books(at_rest=at_rest)
        broken = {finding.promise for finding in findings}
        for promise in promises(at_rest=at_rest):
            self.stdout.write(f"{'BROKEN' if promise in broken else 'holds '}  {promise}")
        findings += self._provider(at_rest=at_rest)
        if findings:
            raise CommandError("\n".join(str(finding) for finding in findings))

    def _provider(self, *, at_rest: bool) -> list[Finding]:
        """Compare with the stand-in's book; the real Stripe shows its own in its dashboard."""
        if not settings.PAYMENT_API_BASE:
            self.stdout.write("unseen  P1 The provider's book and ours agree (no stand-in provider is running)")
            return []
        try:
            ledger = httpx.get(f"{settings.PAYMENT_API_BASE}/_ledger", timeout=10).raise_for_status().json()
        except httpx.HTTPError as failure:
            raise CommandError(f"The payment provider does not show its book: {failure}") from failure
        findings = compare(ledger, at_rest=at_rest)
        self.stdout.write(f"{'BROKEN' if findings else 'holds '}  P1 The provider's book and ours agree")
        return findings
