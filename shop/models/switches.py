"""The switches of the house: what a manager turns off and on while the shop runs.

Roadmap: workflow/configuration-management
"""

from django.db import models
from django.db.models.functions import Now


class Switch(models.Model):
    """One switch that somebody has touched; what was never touched has no row and its default."""

    class Name(models.TextChoices):
        """The switches that the code asks about. A row of another name could not be made, and would change nothing."""

        SALES = "sales", "Purchases may begin"

    name = models.CharField(max_length=30, choices=Name, primary_key=True)
    is_on = models.BooleanField()
    note = models.CharField(max_length=200, blank=True, help_text="What buyers are told while it is off.")
    changed_at = models.DateTimeField(auto_now=True, db_default=Now())

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "switches"

    def __str__(self) -> str:
        return f"{self.get_name_display()}: {'on' if self.is_on else 'off'}"
