"""Lists of deliveries that were sent as a whole: the job, and of its rows those that wait or were refused.

What is booked stands in the ledger under the job's id (`StockEntry.source`), and nowhere else.

Roadmap: databases/schema-design, messaging/background-workers
"""

from typing import TYPE_CHECKING
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from shop.errors import ShelfIsFull, ShopError, UnknownProduct

if TYPE_CHECKING:
    from accounts.models import User


class StockImportQuerySet(models.QuerySet["StockImport"]):
    """The reads that all share."""

    def visible_to(self, user: "User") -> "StockImportQuerySet":
        """Managers see all of them, the warehouse its own; somebody else's does not exist."""
        return self if user.has_perm("orders.view_stockimport") else self.filter(owner=user)


class StockImport(models.Model):
    """A list of deliveries that is booked in the background, row by row in the order in which they were sent."""

    class Status(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    # PROTECT: the ledger names the job, and who sent it is to be known for as long as the ledger is.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    row_count = models.PositiveIntegerField()
    booked = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = StockImportQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(row_count__gte=F("booked") + F("refused")), name="import_books_no_row_twice"
            ),
            models.CheckConstraint(
                condition=~Q(status="done") | Q(row_count=F("booked") + F("refused"), finished_at__isnull=False),
                name="import_is_done_with_its_last_row",
            ),
        ]
        indexes = [
            # The list, newest first: of one person, and of all for managers.
            models.Index(fields=["owner", "-created_at", "-id"], name="imports_of_one"),
            models.Index(fields=["-created_at", "-id"], name="imports_of_all"),
        ]

    def __str__(self) -> str:
        return f"{self.row_count} rows, {self.status}"

    @property
    def position(self) -> int:
        """The number of the next row."""
        return self.booked + self.refused

    @property
    def is_finished(self) -> bool:
        """Whether nothing more comes of it by itself."""
        return self.status in {self.Status.DONE, self.Status.FAILED}


class StockImportRow(models.Model):
    """One row that waits, or that was refused. The booked ones go when the job is done."""

    class Refusal(models.TextChoices):
        """Why it was not booked; empty while it was not refused."""

        UNKNOWN_PRODUCT = "unknown_product"
        SHELF_IS_FULL = "shelf_is_full"

    job = models.ForeignKey(StockImport, models.CASCADE, related_name="rows", db_index=False)
    number = models.PositiveIntegerField(help_text="Its place in the list, the first one is 0.")
    sku = models.CharField(max_length=40)
    quantity = models.PositiveIntegerField()
    reference = models.CharField(max_length=80)
    refusal = models.CharField(max_length=20, choices=Refusal, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="rows_are_numbered_once")]

    def __str__(self) -> str:
        return f"{self.number}: {self.quantity} × {self.sku}"

    @property
    def problem(self) -> ShopError:
        """The error that a single delivery like this one would have ended in."""
        errors = {self.Refusal.UNKNOWN_PRODUCT.value: UnknownProduct, self.Refusal.SHELF_IS_FULL.value: ShelfIsFull}
        return errors[self.refusal](self.sku)
