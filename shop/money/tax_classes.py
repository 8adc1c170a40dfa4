"""What kind of thing a product is to the tax office: its rate stands in `orders/pricing/taxes.py`.

Roadmap: languages/syntax-basics
"""

from django.db import models


class TaxClass(models.TextChoices):
    """Most things are taxed at the standard rate; books and food, for example, at the reduced one."""

    STANDARD = "standard"
    REDUCED = "reduced"
