"""A coupon: a code, what it takes off, from when to when, and how many orders may use it.

`uses` is counted by `orders/coupons` alone, in the transaction that writes the order; `deploy/audit/invariants.sql`
holds it against the orders themselves.

Roadmap: databases/keys, databases/schema-design
"""

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from shop.models import Currency

CODE = r"^[A-Z0-9][A-Z0-9-]{2,29}$"


class Coupon(models.Model):
    """Not deleted while an order names it: its end is `ends_at`."""

    class Kind(models.TextChoices):
        """What it takes off; `orders.coupons.DISCOUNTS` has a class for each."""

        PERCENTAGE = "percentage"
        FIXED_AMOUNT = "fixed_amount"
        BUY_N_GET_ONE = "buy_n_get_one"

    code = models.CharField(
        max_length=30, unique=True,
        validators=[RegexValidator(CODE, "Capital letters, digits and dashes; at least three.")],
    )  # fmt: skip
    kind = models.CharField(max_length=20, choices=Kind)
    value = models.DecimalField(
        max_digits=12, decimal_places=2, validators=[MinValueValidator(0)],
        help_text="The percentage, the amount, or the n of buy n, get one.",
    )  # fmt: skip
    currency = models.CharField(max_length=3, choices=Currency, blank=True, help_text="Of a fixed amount.")
    starts_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField(null=True, blank=True, help_text="From then on it is over; empty: never.")
    uses_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="Orders that may use it; empty: any number."
    )
    uses = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        ordering = ["code"]
        constraints = [
            # The wall behind `orders.coupons.redeem`: whatever Python does, PostgreSQL counts no use too many.
            models.CheckConstraint(
                condition=Q(uses_limit=None) | Q(uses__lte=F("uses_limit")),
                name="coupon_is_not_used_too_often",
                violation_error_message="More orders than that have used it already.",
            ),
            models.CheckConstraint(condition=Q(code__regex=CODE), name="code_is_written_in_one_way"),
            models.CheckConstraint(
                condition=Q(kind="percentage", value__gt=0, value__lte=100, currency="")
                | (Q(kind="fixed_amount", value__gt=0) & ~Q(currency=""))
                | Q(kind="buy_n_get_one", value__gte=1, currency=""),
                name="coupon_takes_something_off",
                violation_error_message="A percentage is above 0 and at most 100, a fixed amount has a currency (the "
                "others have none), and n is at least 1.",
            ),
        ]

    def __str__(self) -> str:
        return self.code
