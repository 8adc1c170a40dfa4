"""One name, one thing: what a unique constraint refuses, said as NameTaken.

The constraint is asked, and not a look before it: of two people who take one name at once, both would see it free.

Roadmap: databases/keys
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from shop.errors import NameTaken


@contextmanager
def unique(*members: str) -> Iterator[None]:
    """Run one write; raise NameTaken with the first of these members that is another row's already."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as refusal:
        constraint = getattr(getattr(refusal.__cause__, "diag", None), "constraint_name", None) or ""
        for member in members:
            if f"_{member}_" in constraint:
                raise NameTaken(member) from refusal
        raise
